"""A plugin: the detectors on array-api-strict, which has what the standard has, and no more."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports import DetectorSpec, hookimpl


@hookimpl
def pynomaly_detectors() -> Iterable[DetectorSpec]:
    from variants import specs_on

    return specs_on("strict", "array_api_strict", "pip install array-api-strict")
