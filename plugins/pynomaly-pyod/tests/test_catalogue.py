from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

import pynomaly_pyod
from pynomaly.domain.errors import MissingRequirement
from pynomaly.ports import Capability, DetectorSpec, Modality
from pynomaly.ports.specs import spec_to_dict
from pynomaly.testing import load_package
from pynomaly_pyod.catalogue import DETECTORS
from pynomaly_pyod.generating.source import models_folder
from pynomaly_pyod.saving import EXTRA_TYPES

if TYPE_CHECKING:
    from pathlib import Path

_LIGHT = """
import sys
import pynomaly_pyod
list(pynomaly_pyod.pynomaly_detectors())
print(*sorted(sys.modules))
"""


def _ids(*capabilities: Capability) -> set[str]:
    return {spec.name for spec in DETECTORS if set(capabilities) <= spec.capabilities}


def test_the_hook_lists_every_detector_once() -> None:
    listed = list(pynomaly_pyod.pynomaly_detectors())
    assert listed == list(DETECTORS)
    assert len({spec.id for spec in listed}) == len(listed) == 62


def test_listing_imports_no_library_and_no_parameters() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LIGHT], capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    heavy = {"numpy", "pyod", "sklearn", "skops", "json", "pynomaly_pyod.params"}
    assert not imported & (heavy - {"json"})
    assert "pynomaly_pyod.adapter" not in imported


@pytest.mark.parametrize("spec", DETECTORS, ids=lambda spec: spec.id)
def test_a_spec_says_all_that_a_chooser_needs(spec: DetectorSpec) -> None:
    assert DetectorSpec(**json.loads(json.dumps(spec_to_dict(spec)))) == spec
    assert spec.title
    assert spec.summary.endswith(".")
    assert spec.time
    assert spec.space
    assert spec.family
    assert bool(spec.requires) == bool(spec.install)


def test_quadratic_and_cubic_detectors_have_a_row_limit() -> None:
    costly = {s.name for s in DETECTORS if "n^2" in s.time or "n^3" in s.time}
    assert {spec.name for spec in DETECTORS if spec.row_limit is None}.isdisjoint(costly)


def test_detectors_whose_scores_depend_on_their_batch_claim_no_batch_invariance() -> None:
    breakers = {"ecod", "copod", "cof", "sod", "sos", "rod", "rgraph"}
    assert not breakers & _ids(Capability.ROWWISE)
    assert not breakers & _ids(Capability.THREAD_SAFE)


def test_detectors_that_never_look_at_what_they_were_fitted_on_are_not_inductive() -> None:
    transductive = {"cd", "cof", "lmdd", "loci", "matrixprofile", "sod", "sos"}
    assert not transductive & _ids(Capability.INDUCTIVE)
    assert not transductive & _ids(Capability.SAVES)


def test_types_are_allowed_only_for_detectors_that_save() -> None:
    assert set(EXTRA_TYPES) <= _ids(Capability.SAVES)


def test_detectors_of_other_data_name_what_they_need(specs: dict[str, DetectorSpec]) -> None:
    graphs = [spec for spec in DETECTORS if Modality.GRAPH in spec.modalities]
    assert len(graphs) == 8
    assert all("torch_geometric" in spec.requires for spec in graphs)
    assert specs["audioae"].requires == ("torch", "librosa")
    assert specs["dif"].requires == ("torch",)
    assert "tqdm" in specs["autoencoder"].requires


@pytest.mark.parametrize("name", ["autoencoder", "featurebagging", "xgbod", "lstmad", "dominant"])
def test_a_missing_requirement_names_the_command_that_installs_it(
    name: str, specs: dict[str, DetectorSpec]
) -> None:
    spec = specs[name]
    if all(find_spec(package) for package in spec.requires):
        pytest.skip(f"{', '.join(spec.requires)} is installed here")
    with pytest.raises(MissingRequirement) as caught:
        load_package("pynomaly_pyod").registry.create_detector(spec.id)
    assert spec.install in str(caught.value)


def test_a_module_whose_import_needs_more_is_declared_to(specs: dict[str, DetectorSpec]) -> None:
    """Sources that import torch, or a module of PyOD's that does, belong to specs that say so."""
    folder = models_folder()
    for spec in specs.values():
        module = spec.target.partition(":")[0].rpartition(".")[2]
        for package in ("torch", "xgboost", "pandas", "tqdm"):
            if _imports(folder / f"{module}.py", package):
                assert package in spec.requires, spec.id


def _imports(path: Path, package: str) -> bool:
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return any(line.startswith((f"import {package}", f"from {package}")) for line in lines)
