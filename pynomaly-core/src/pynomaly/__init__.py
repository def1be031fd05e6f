"""Pynomaly: anomaly detection whose alarms hold their rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pynomaly.api import create_detector as create_detector
    from pynomaly.api import detect as detect
    from pynomaly.api import detectors as detectors
    from pynomaly.api import fit as fit
    from pynomaly.api import inspect as inspect
    from pynomaly.api import load_model as load_model
    from pynomaly.domain.datasets import Table as Table
    from pynomaly.domain.errors import PynomalyError as PynomalyError
    from pynomaly.domain.graphs import Graph as Graph
    from pynomaly.items import Items as Items
    from pynomaly.results import Model as Model
    from pynomaly.results import Result as Result

__version__ = "0.1.0"

_EXPORTS = {
    "Graph": "pynomaly.domain.graphs",
    "Items": "pynomaly.items",
    "Model": "pynomaly.results",
    "PynomalyError": "pynomaly.domain.errors",
    "Result": "pynomaly.results",
    "Table": "pynomaly.domain.datasets",
    "create_detector": "pynomaly.api",
    "detect": "pynomaly.api",
    "detectors": "pynomaly.api",
    "fit": "pynomaly.api",
    "inspect": "pynomaly.api",
    "load_model": "pynomaly.api",
}

__all__ = [*_EXPORTS, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'pynomaly' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
