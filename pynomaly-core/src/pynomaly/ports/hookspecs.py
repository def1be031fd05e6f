"""The hooks a plugin may implement. All are optional, take no arguments and return specs."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from pynomaly.ports.specs import (
    DetectorSpec,
    EnvironmentSpec,
    ExplainerSpec,
    LoaderSpec,
    PublisherSpec,
    TransformerSpec,
)

PROJECT = "pynomaly"
"""Name of the pluggy project and of the entry-point group."""

API = (1, 0)
"""Version of this contract; a plugin built for a newer one sets `PYNOMALY_API` higher."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def pynomaly_detectors() -> Iterable[DetectorSpec]:  # type: ignore[empty-body]
    """Detectors that the plugin offers."""


@hookspec
def pynomaly_transformers() -> Iterable[TransformerSpec]:  # type: ignore[empty-body]
    """Transformers that the plugin offers."""


@hookspec
def pynomaly_loaders() -> Iterable[LoaderSpec]:  # type: ignore[empty-body]
    """Loaders that the plugin offers."""


@hookspec
def pynomaly_explainers() -> Iterable[ExplainerSpec]:  # type: ignore[empty-body]
    """Explainers that the plugin offers."""


@hookspec
def pynomaly_publishers() -> Iterable[PublisherSpec]:  # type: ignore[empty-body]
    """Publishers that the plugin offers."""


@hookspec
def pynomaly_environments() -> Iterable[EnvironmentSpec]:  # type: ignore[empty-body]
    """Environments that the plugin's isolated detectors run in."""
