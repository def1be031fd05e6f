"""TODS's detectors on series, in environments of their own."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import DetectorSpec, EnvironmentSpec

__all__ = ["pynomaly_detectors", "pynomaly_environments"]


@hookimpl
def pynomaly_detectors() -> Iterable[DetectorSpec]:
    """The detectors `tods.*`."""
    from pynomaly_tods.specs import DETECTORS

    return DETECTORS


@hookimpl
def pynomaly_environments() -> Iterable[EnvironmentSpec]:
    """What they run in."""
    from pynomaly_tods.specs import ENVIRONMENTS

    return ENVIRONMENTS
