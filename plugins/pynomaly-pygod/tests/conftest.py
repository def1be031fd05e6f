"""Graphs that several modules of tests share."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from pathlib import Path

import pytest

from pynomaly.testing.samples import usual_graph
from pynomaly_pygod.catalogue import DETECTORS

# What several of these modules need lies beside them.
sys.path.insert(0, str(Path(__file__).parent))
from pygod_environment import MISSING


@pytest.fixture(scope="session")
def libraries():
    """Skip where what the detectors need is not installed."""
    if MISSING:
        pytest.skip(f"needs {', '.join(MISSING)}: `nox -s tests-torch` has them")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns of itself while it is imported
        import_module("pynomaly_pygod.adapter")


@pytest.fixture(scope="session")
def specs():
    return {spec.name: spec for spec in DETECTORS}


@pytest.fixture(scope="session")
def make(libraries, specs):
    from pynomaly.ports.params import structure_params
    from pynomaly_pygod import params
    from pynomaly_pygod.adapter import PyGODDetector

    def make(name, seed=0, **values):
        spec = specs[name]
        cls = getattr(params, spec.params.partition(":")[2])
        return PyGODDetector(spec, structure_params(cls, values, owner=spec.id), seed)

    return make


@pytest.fixture(scope="session")
def graph():
    return usual_graph(40)
