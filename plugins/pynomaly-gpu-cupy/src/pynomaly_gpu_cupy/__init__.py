"""Detectors on a GPU: written once against the Python array API standard, run on CuPy."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import DetectorSpec


@hookimpl
def pynomaly_detectors() -> Iterable[DetectorSpec]:
    """The detectors `gpu-cupy.*`."""
    from pynomaly_gpu_cupy.specs import DETECTORS

    return DETECTORS
