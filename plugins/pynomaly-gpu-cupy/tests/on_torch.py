"""A plugin: the detectors on torch, on the processor."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports import DetectorSpec, hookimpl


@hookimpl
def pynomaly_detectors() -> Iterable[DetectorSpec]:
    from variants import specs_on

    return specs_on("torch", "torch", "pip install torch==2.13.0")
