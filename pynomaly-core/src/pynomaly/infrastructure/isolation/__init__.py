"""Detectors in processes of their own: what cannot live with us, or should not.

This module imports nothing heavy: a registry has an `Isolation` whether it is used or not.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, cast

import attrs

from pynomaly.infrastructure.isolation.settings import IsolationSettings
from pynomaly.ports.params import unstructure_params

if TYPE_CHECKING:
    from pynomaly.infrastructure.isolation.launching import Launch
    from pynomaly.infrastructure.isolation.room import Room
    from pynomaly.infrastructure.plugins import Plugin
    from pynomaly.ports.protocols import Detector
    from pynomaly.ports.runtime import Runtime
    from pynomaly.ports.specs import DetectorSpec, EnvironmentSpec

__all__ = ["Isolation", "IsolationSettings"]

_INSTALLED = {"module": "pynomaly.infrastructure.isolation.installed", "path": None}


class Isolation:
    """The rooms that detectors run in, outside this process."""

    def __init__(self, settings: IsolationSettings | None = None) -> None:
        self.settings = settings or IsolationSettings()
        self._rooms: dict[str, Room] = {}
        self._lock = threading.Lock()

    @property
    def rooms(self) -> tuple[Room, ...]:
        """Those that were opened."""
        return tuple(self._rooms.values())

    def chosen(self, spec: DetectorSpec) -> bool:
        """Whether the settings ask for isolation of this detector."""
        return bool({spec.id, spec.plugin}.intersection(self.settings.plugins))

    def create_installed(
        self, spec: DetectorSpec, plugin: Plugin, params: Any, seed: int, runtime: Runtime
    ) -> Detector:
        """An unfitted detector of an installed plugin, in a process of the same interpreter.

        Raises:
            PynomalyError: What its factory raised, or how its process failed.
        """
        from pynomaly.infrastructure.isolation.launching import Launch

        limits = self.settings
        how = Launch(
            path=tuple(sys.path),
            memory_mib=limits.memory_mib,
            call_seconds=limits.call_seconds,
        )
        told = attrs.asdict(runtime)
        args = (plugin.name, plugin.module, spec.id, unstructure_params(params), seed, told)
        return self._create(spec.plugin, how, spec.id, _INSTALLED | {"name": "create"}, args)

    def create_in(
        self, environment: EnvironmentSpec, spec: DetectorSpec, params: Any, seed: int
    ) -> Detector:
        """An unfitted detector in an environment of its own, which must be built.

        Raises:
            PynomalyError: What its factory raised, or how its process failed.
        """
        from pynomaly.infrastructure.isolation.environments import environment_path
        from pynomaly.infrastructure.isolation.launching import file_factory, launch_in

        how = launch_in(environment, environment_path(environment), self.settings)
        args = (spec.id, unstructure_params(params), seed)
        return self._create(environment.id, how, spec.id, file_factory(spec.factory), args)

    def _create(self, name: str, how: Launch, id: str, factory: Any, args: Any) -> Detector:
        from pynomaly.infrastructure.isolation.proxy import Recipe, isolate

        return cast("Detector", isolate(self._room(name, how), Recipe(id, factory, args)))

    def _room(self, name: str, how: Launch) -> Room:
        from pynomaly.infrastructure.isolation.room import Room

        with self._lock:
            if name not in self._rooms:
                self._rooms[name] = Room(how, self.settings.workers)
            return self._rooms[name]

    def close(self) -> None:
        """End all processes. Detectors that can be saved go on in new ones when they are used."""
        with self._lock:
            rooms = list(self._rooms.values())
        for room in rooms:
            room.close()
