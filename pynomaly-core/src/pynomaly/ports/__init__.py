"""What a plugin declares (specs), how (hookspecs) and what it implements (protocols, params)."""

from pynomaly.ports.hookspecs import API, hookimpl
from pynomaly.ports.runtime import Runtime
from pynomaly.ports.specs import (
    Capability,
    DetectorSpec,
    EnvironmentSpec,
    ExplainerSpec,
    LoaderSpec,
    Modality,
    PublisherSpec,
    Status,
    Supervision,
    TransformerSpec,
)

__all__ = [
    "API",
    "Capability",
    "DetectorSpec",
    "EnvironmentSpec",
    "ExplainerSpec",
    "LoaderSpec",
    "Modality",
    "PublisherSpec",
    "Runtime",
    "Status",
    "Supervision",
    "TransformerSpec",
    "hookimpl",
]
