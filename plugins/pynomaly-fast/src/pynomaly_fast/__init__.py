"""Pynomaly's own detectors: compiled, row by row, thread safe, explained, saved as arrays."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import DetectorSpec


@hookimpl
def pynomaly_detectors() -> Iterable[DetectorSpec]:
    """The detectors `fast.*`."""
    from pynomaly_fast.specs import DETECTORS

    return DETECTORS
