"""PyOD's detectors in Pynomaly. This module holds only hooks: listing imports no library."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports import DetectorSpec, hookimpl


@hookimpl
def pynomaly_detectors() -> Iterable[DetectorSpec]:
    """Every detector that PyOD ships, those with further requirements included."""
    from pynomaly_pyod.catalogue import DETECTORS

    return DETECTORS
