"""PyGOD's detectors in Pynomaly. This module holds only hooks: listing imports no library."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports import DetectorSpec, hookimpl


@hookimpl
def pynomaly_detectors() -> Iterable[DetectorSpec]:
    """Every detector of PyGOD 1.1."""
    from pynomaly_pygod.catalogue import DETECTORS

    return DETECTORS
