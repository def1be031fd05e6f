"""The plugin's detectors on another array library, as data: what `on_*` declare."""

from __future__ import annotations

import attrs

from pynomaly.ports.specs import Capability, DetectorSpec
from pynomaly_gpu_cupy.specs import DETECTORS


def specs_on(library: str, module: str, install: str) -> list[DetectorSpec]:
    """The specs, made by ``libraries.create_on_LIBRARY``, which knows no device to choose."""
    return [
        attrs.evolve(
            spec,
            id=f"{library}.{spec.name}",
            factory=f"libraries:create_on_{library}",
            capabilities=spec.capabilities - {Capability.GPU},
            requires=(module,),
            install=install,
        )
        for spec in DETECTORS
    ]
