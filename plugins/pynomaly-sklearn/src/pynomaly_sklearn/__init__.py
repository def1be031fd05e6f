"""scikit-learn's detectors in Pynomaly, and Pynomaly's detectors as scikit-learn estimators."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import DetectorSpec

if TYPE_CHECKING:
    from pynomaly_sklearn.estimator import PynomalyDetector, as_estimator

__all__ = ["PynomalyDetector", "as_estimator", "pynomaly_detectors"]


@hookimpl
def pynomaly_detectors() -> Iterable[DetectorSpec]:
    """The detectors `sklearn.*`."""
    from pynomaly_sklearn.specs import DETECTORS

    return DETECTORS


def __getattr__(name: str) -> object:
    if name not in ("PynomalyDetector", "as_estimator"):
        raise AttributeError(f"module 'pynomaly_sklearn' has no attribute {name!r}")
    from pynomaly_sklearn import estimator

    return getattr(estimator, name)
