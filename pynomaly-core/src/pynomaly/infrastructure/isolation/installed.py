"""The worker's side of an installed plugin that runs in a process of its own by choice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from importlib_metadata import EntryPoint

from pynomaly.domain.errors import PluginFailed
from pynomaly.infrastructure.plugins import Source, load_plugins
from pynomaly.infrastructure.registry import Registry
from pynomaly.ports.hookspecs import PROJECT
from pynomaly.ports.protocols import Detector
from pynomaly.ports.runtime import Runtime


def create(
    plugin: str,
    module: str,
    id: str,
    params: Mapping[str, Any],
    seed: int,
    runtime: Mapping[str, Any],
) -> Detector:
    """An unfitted detector.

    Args:
        plugin: Name of the plugin.
        module: The object that its entry point names, as an import string.
        id: Id of the detector.
        params: Its parameters.
        seed: For all that it draws at random.
        runtime: Fields of a `Runtime`, which a detector is told that can choose where to compute.

    Raises:
        PynomalyError: As `Registry.create_detector`.
    """
    return _registry(plugin, module).create_detector(id, params, seed, Runtime(**runtime))[2]


@cache
def _registry(name: str, module: str) -> Registry:
    entry = EntryPoint(name, module, PROJECT)
    plugins, problems = load_plugins([Source(name, f"pynomaly-{name}", "", "", module, entry.load)])
    if not plugins:
        raise PluginFailed(name, problems[0].stage, problems[0].error)
    return Registry(plugins, problems)
