"""What every plugin must do, and every spec of it, whatever its kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import attrs

from pynomaly.domain.errors import MissingRequirement
from pynomaly.infrastructure.plugins import CORE
from pynomaly.ports.params import json_schema, structure_params, unstructure_params
from pynomaly.ports.specs import Capability, DetectorSpec, spec_to_dict
from pynomaly.testing.kit import Check, Package, SkippedError, Subject, require

HEAVY = frozenset(
    [
        *[
            "numpy",
            "polars",
            "pandas",
            "pyarrow",
            "scipy",
            "sklearn",
            "numba",
            "torch",
            "cupy",
            "pyod",
        ],
        *["shap", "optuna", "litestar", "cattrs", "structlog", "rich"],
        *["onnxruntime", "safetensors", "tokenizers", "statsmodels", "stumpy"],
    ]
)
"""Packages that listing must not import."""

_SENTINEL = "pynomaly-imported:"
_LISTING = f"""
import sys
from pynomaly.infrastructure.plugins import Source, load_plugins
load = lambda: __import__(sys.argv[1], fromlist=["_"])
load_plugins([Source(sys.argv[2], "", "", "", sys.argv[1], load)])
print("\\n{_SENTINEL}" + " ".join(sys.modules))
"""


def has_no_problems(package: Package) -> None:
    """The core loads it, and takes all that it declares."""
    require(not package.problems, "; ".join(str(problem) for problem in package.problems))
    require(package.specs, "it declares nothing: are its hooks marked with @hookimpl?")


def lists_without_heavy_imports(package: Package) -> None:
    """Loading it and calling its hooks imports no algorithm library."""
    command = [sys.executable, "-c", _LISTING, package.module, package.plugin.name]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command, env=environment, capture_output=True, text=True, check=False
    )
    require(done.returncode == 0, f"loading it failed: {done.stderr[-300:]}")
    imported = set(done.stdout.rpartition(_SENTINEL)[2].split()) & HEAVY
    require(not imported, f"listing it imports {', '.join(sorted(imported))}")


def has_the_entry_point_of_its_name(package: Package) -> None:
    """Once installed, an entry point of group ``pynomaly`` bears its distribution's name."""
    from importlib_metadata import PackageNotFoundError, distribution

    if package.plugin.name == CORE:
        raise SkippedError("the core is built in: it needs no entry point")
    name = package.plugin.distribution
    try:
        entries = distribution(name).entry_points.select(group="pynomaly")
    except PackageNotFoundError:
        raise SkippedError(f"{name} is not installed here") from None
    found = {entry.name: entry.value for entry in entries}
    require(
        found == {package.plugin.name: package.module},
        f"its entry points are {found}, not {{{package.plugin.name!r}: {package.module!r}}}",
    )


def survives_json(subject: Subject) -> None:
    """The spec is pure data: JSON gives back an equal one."""
    data = json.loads(json.dumps(spec_to_dict(subject.spec)))
    require(type(subject.spec)(**data) == subject.spec, "JSON gives back another spec")


def says_what_a_chooser_needs(subject: Subject) -> None:
    """It has a title and a summary, and the command that installs what it requires."""
    spec = subject.spec
    require(spec.title.strip() and spec.summary.strip(), "it has no title or no summary")
    require("\n" not in spec.summary, "its summary is more than one line")
    require(
        spec.install or not spec.requires,
        "it requires packages, but `install` is empty",
    )


def resolves_its_import_strings(subject: Subject) -> None:
    """Every import string leads to something, or a requirement that is named is missing."""
    registry = subject.package.registry
    if not subject.spec.factory:
        return
    try:
        factory = registry.resolve(subject.spec)
    except MissingRequirement as missing:
        raise SkippedError(str(missing)) from missing
    require(callable(factory), f"{subject.spec.factory} is not callable")
    target = getattr(subject.spec, "target", "")
    if target:
        registry.resolve(attrs.evolve(subject.spec, factory=target))


def has_sound_params(subject: Subject) -> None:
    """Its params class has defaults within bounds, help for each field and a JSON Schema."""
    try:
        cls = subject.package.registry.params_class(subject.spec)
    except Exception:
        if subject.package.registry.missing(subject.spec):
            raise SkippedError("its params need a requirement that is missing") from None
        raise
    values = json.loads(json.dumps(unstructure_params(cls())))
    again: Any = structure_params(cls, values, owner=subject.spec.id)
    require(again == cls(), "its defaults do not survive JSON")
    schema = json.loads(json.dumps(json_schema(cls)))
    bare = [n for n, field in schema["properties"].items() if not field.get("description")]
    require(not bare, f"no help for {', '.join(bare)}")


def names_real_capabilities_and_checks(subject: Subject) -> None:
    """Capabilities are known ones; each expected failure names a check and gives a reason."""
    from pynomaly.testing.detectors import DETECTOR_CHECKS
    from pynomaly.testing.graphs import GRAPH_CHECKS
    from pynomaly.testing.isolation import ISOLATION_CHECKS

    if not isinstance(subject.spec, DetectorSpec):
        return
    unknown = sorted(
        {str(claim) for claim in subject.spec.capabilities} - set(map(str, Capability))
    )
    require(not unknown, f"unknown capabilities: {', '.join(unknown)}")
    behaviour = (*DETECTOR_CHECKS, *GRAPH_CHECKS, *ISOLATION_CHECKS)
    checks = {check.name for check in (*SPEC_CHECKS, *IMPORT_CHECKS, *behaviour)}
    unknown = sorted(set(subject.spec.expected_failures) - checks)
    require(not unknown, f"expected_failures names no such check: {', '.join(unknown)}")
    bare = [name for name, reason in subject.spec.expected_failures.items() if not reason.strip()]
    require(not bare, f"expected_failures gives no reason for {', '.join(bare)}")


PLUGIN_CHECKS: tuple[Check, ...] = (
    Check(has_no_problems),
    Check(lists_without_heavy_imports),
    Check(has_the_entry_point_of_its_name),
)
"""Checks for a plugin as a whole."""

SPEC_CHECKS: tuple[Check, ...] = (
    Check(survives_json),
    Check(says_what_a_chooser_needs),
    Check(names_real_capabilities_and_checks),
    Check(has_sound_params),
)
"""Checks for every spec, of any kind: what it says."""

IMPORT_CHECKS: tuple[Check, ...] = (Check(resolves_its_import_strings),)
"""Checks for every spec, of any kind, that import what it names."""
