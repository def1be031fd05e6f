"""The plugin's detectors on another array library, as data: what `on_*` declare."""

from __future__ import annotations

import attrs

from pynomaly.ports.specs import DetectorSpec
from pynomaly_gpu_cupy.specs import DETECTORS


def specs_on(library: str, module: str, install: str) -> list[DetectorSpec]:
    """The specs, made by ``libraries.create_on_LIBRARY``."""
    return [
        attrs.evolve(
            spec,
            id=f"{library}.{spec.name}",
            factory=f"libraries:create_on_{library}",
            requires=(module,),
            install=install,
        )
        for spec in DETECTORS
    ]
