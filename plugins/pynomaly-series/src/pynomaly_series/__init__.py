"""Detectors made for series: matrix profile, spectral residual and seasonal residual."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import DetectorSpec

__all__ = ["pynomaly_detectors"]


@hookimpl
def pynomaly_detectors() -> Iterable[DetectorSpec]:
    """The detectors `series.*`."""
    from pynomaly_series.specs import DETECTORS

    return DETECTORS
