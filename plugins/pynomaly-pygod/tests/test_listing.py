"""What holds without torch: the list, and the way to what is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pygod_environment import MISSING

import pynomaly_pygod
from pynomaly.domain.errors import MissingRequirement
from pynomaly.ports import Capability, Modality
from pynomaly.testing import load_package
from pynomaly_pygod.catalogue import DETECTORS

_LIGHT = """
import sys
import pynomaly_pygod
list(pynomaly_pygod.pynomaly_detectors())
print(*sorted(sys.modules))
"""


def test_all_sixteen_are_listed_in_order():
    ids = [spec.id for spec in pynomaly_pygod.pynomaly_detectors()]
    assert ids == sorted(set(ids))
    assert len(ids) == 16


def test_listing_imports_no_library():
    done = subprocess.run(
        [sys.executable, "-c", _LIGHT], capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "torch", "torch_geometric", "pygod", "pynomaly_pygod.adapter"}
    assert not set(done.stdout.split()) & heavy


@pytest.mark.parametrize("spec", DETECTORS, ids=lambda spec: spec.id)
def test_a_spec_says_all_that_a_chooser_needs(spec):
    assert spec.modalities == {Modality.GRAPH}
    assert spec.summary.endswith(".")
    assert spec.time
    assert spec.space
    assert spec.paper
    assert "n^2" not in spec.space or spec.row_limit is not None


def test_only_those_that_score_new_graphs_are_saved():
    for spec in DETECTORS:
        saves = Capability.SAVES in spec.capabilities
        assert saves == (Capability.INDUCTIVE in spec.capabilities)


def test_without_torch_the_error_says_how_to_install_it():
    if not MISSING:
        pytest.skip("what it needs is installed here")
    with pytest.raises(MissingRequirement, match=r"pynomaly-pygod\[torch\]"):
        load_package("pynomaly_pygod").registry.create_detector("pygod.dominant")
