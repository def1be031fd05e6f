"""What the installed plugins offer, and the way from an id to a working object."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import redirect_stdout
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

import attrs

from pynomaly.domain.errors import (
    FAILURES,
    DeviceUnavailable,
    MissingRequirement,
    PluginFailed,
    PynomalyError,
    UnknownId,
    UsageError,
)
from pynomaly.infrastructure.isolation import Isolation, IsolationSettings
from pynomaly.infrastructure.isolation.environments import is_built
from pynomaly.infrastructure.plugins import (
    Plugin,
    Problem,
    Source,
    chosen,
    describe,
    installed,
    load_plugins,
    names_in,
)
from pynomaly.ports.params import NoParams, structure_params
from pynomaly.ports.protocols import Detector, Transformer
from pynomaly.ports.runtime import AUTO, CPU, Runtime
from pynomaly.ports.specs import (
    KINDS,
    Capability,
    DetectorSpec,
    EnvironmentSpec,
    Spec,
    TransformerSpec,
)

__all__ = ["Plugin", "Problem", "Registry", "discover"]


def discover(
    *,
    disable: Collection[str] = (),
    only: Collection[str] | None = None,
    isolation: IsolationSettings | None = None,
) -> Registry:
    """Load the installed plugins, without importing what they wrap.

    Args:
        disable: Plugins or distributions to leave out, besides those in ``PYNOMALY_DISABLE``.
        only: The only ones to load; None for all, or those in ``PYNOMALY_PLUGINS`` if it is set.
        isolation: Which of them run in processes of their own.
    """
    disable = {*disable, *(names_in("PYNOMALY_DISABLE") or ())}
    only = names_in("PYNOMALY_PLUGINS") if only is None else only
    misnamed: list[Problem] = []
    sources = list(installed(misnamed))
    wanted = [source for source in sources if chosen(source, disable=disable, only=only)]
    plugins, problems = load_plugins(wanted)
    disabled = tuple(source.name for source in sources if source not in wanted)
    if isolation is not None:
        _check_isolated(isolation, plugins, sources)
    return Registry(plugins, (*misnamed, *problems), disabled, Isolation(isolation))


def _check_isolated(
    isolation: IsolationSettings, plugins: Sequence[Plugin], sources: Sequence[Source]
) -> None:
    """Refuse a name that is no plugin's and no detector's: it would isolate nothing.

    Raises:
        UsageError: With names that look like it.
    """
    known = {source.name for source in sources}
    known |= {spec.id for plugin in plugins for spec in plugin.specs["detectors"]}
    for name in isolation.plugins:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"the setting isolation.plugins names {name!r}, and no plugin and no detector is"
                f" called so: {hint}`pynomaly plugins` lists the plugins"
            )


@attrs.frozen
class Registry:
    """What the plugins declare.

    Attributes:
        plugins: Those that were loaded, the core first, then by name.
        problems: What is wrong with any.
        disabled: Names of installed plugins that were left out by choice.
        isolation: Where detectors run that do not run in this process.
    """

    plugins: tuple[Plugin, ...] = ()
    problems: tuple[Problem, ...] = ()
    disabled: tuple[str, ...] = ()
    isolation: Isolation = attrs.field(factory=Isolation, eq=False, repr=False)

    @cached_property
    def _specs(self) -> dict[str, dict[str, Spec]]:
        return {
            kind.name: {
                spec.id: spec
                for plugin in self.plugins
                for spec in sorted(plugin.specs.get(kind.name, ()), key=lambda spec: spec.id)
            }
            for kind in KINDS
        }

    def specs(self, kind: str) -> tuple[Spec, ...]:
        """All specs of a kind, such as ``"detectors"``, sorted by id."""
        return tuple(spec for _, spec in sorted(self._specs[kind].items()))

    def get(self, kind: str, id: str) -> Spec:
        """The spec called `id`.

        Raises:
            UnknownId: With ids that look like it.
            PluginFailed: If the plugin that should have it is broken.
            UsageError: If that plugin is disabled.
        """
        spec = self._specs[kind].get(id)
        if spec is not None:
            return spec
        plugin = id.partition(".")[0]
        if plugin in self.disabled:
            raise UsageError(
                f"{id} belongs to plugin {plugin}, which is disabled:"
                " see PYNOMALY_DISABLE, PYNOMALY_PLUGINS and your settings"
            )
        for problem in self.problems:
            if problem.plugin == plugin:
                raise PluginFailed(plugin, "load", problem.error)
        raise UnknownId(kind, id, self._suggestions(kind, id))

    def _suggestions(self, kind: str, id: str) -> list[str]:
        known = self._specs[kind]
        asked = id.lower()
        same_name = [key for key, spec in known.items() if asked.rpartition(".")[2] == spec.name]
        close = get_close_matches(asked, known, n=3, cutoff=0.7)
        by_name = {spec.name: key for key, spec in reversed(known.items())}
        near = [by_name[name] for name in get_close_matches(asked, by_name, n=3, cutoff=0.7)]
        return list(dict.fromkeys([*same_name, *close, *near]))[:3]

    def missing(self, spec: Spec) -> tuple[str, ...]:
        """What the spec requires and is not there: import names, and the id of an environment."""
        missing = [name for name in spec.requires if not _installed(name.partition(".")[0])]
        needed = spec.id if isinstance(spec, EnvironmentSpec) else getattr(spec, "environment", "")
        found = self._specs["environments"].get(needed) if needed else None
        if needed and not (isinstance(found, EnvironmentSpec) and is_built(found)):
            missing.append(needed)
        return tuple(missing)

    def hint(self, spec: Spec) -> str:
        """The command that brings what is missing."""
        missing = self.missing(spec)
        if missing and missing[-1] in self._specs["environments"]:
            return f"pynomaly env create {missing[-1]}"
        return spec.install or f"pip install {' '.join(missing)}"

    def resolve(self, spec: Spec) -> Any:
        """The factory that the spec names.

        Raises:
            MissingRequirement: With the command that installs it.
            PluginFailed: If it cannot be imported.
        """
        self._require(spec)
        return _import(spec.id, spec.factory)

    def _require(self, spec: Spec) -> None:
        if isinstance(spec, DetectorSpec) and spec.environment:
            self.get("environments", spec.environment)
        missing = self.missing(spec)
        if missing:
            raise MissingRequirement(spec.id, missing, self.hint(spec))

    def params_class(self, spec: Spec) -> type:
        """The attrs class of the spec's parameters.

        Raises:
            PluginFailed: If it cannot be imported, or is no attrs class with defaults.
        """
        if not spec.params:
            return NoParams
        found = cast("type", _import(spec.id, spec.params))
        fields = attrs.fields(found) if attrs.has(found) else None
        if fields is None or any(field.default is attrs.NOTHING for field in fields):
            reason = f"{spec.params} is no attrs class with a default for each field"
            raise PluginFailed(spec.id, "load", reason)
        return found

    def create_detector(
        self,
        id: str,
        params: Mapping[str, Any] | None = None,
        seed: int = 0,
        runtime: Runtime | None = None,
    ) -> tuple[DetectorSpec, Any, Detector]:
        """An unfitted detector, with its spec and structured parameters.

        Raises:
            UnknownId: If no plugin declares it.
            InvalidParams: With all that is wrong with `params`.
            MissingRequirement: With the command that installs it.
            DeviceUnavailable: If it cannot compute where `runtime` says.
            PluginFailed: If the plugin cannot make one.
        """
        spec = cast("DetectorSpec", self.get("detectors", id))
        where = _where(spec, runtime or Runtime())
        values, detector = self._make(spec, params, seed, *where)
        methods = ["fit", "score"]
        if Capability.SAVES in spec.capabilities:
            methods += ["get_state", "set_state"]
        _check_methods(id, detector, methods)
        return spec, values, detector

    def create_transformer(
        self, id: str, params: Mapping[str, Any] | None = None, seed: int = 0
    ) -> tuple[TransformerSpec, Any, Transformer]:
        """A transformer, with its spec and structured parameters.

        Raises:
            UnknownId, InvalidParams, MissingRequirement, PluginFailed: As `create_detector`.
        """
        spec = cast("TransformerSpec", self.get("transformers", id))
        values, transformer = self._make(spec, params, seed)
        _check_methods(id, transformer, ["fit", "transform", "get_state", "set_state"])
        return spec, values, transformer

    def _make(
        self, spec: Spec, params: Mapping[str, Any] | None, seed: int, *where: Runtime
    ) -> tuple[Any, Any]:
        """Structured parameters, and what the spec's factory makes of them."""
        self._require(spec)
        values: Any = structure_params(self.params_class(spec), params or {}, owner=spec.id)
        try:
            return values, self._build(spec, values, seed, *where)
        except PynomalyError:
            raise
        except FAILURES as error:
            raise PluginFailed(spec.id, "start", describe(error)) from error

    def _build(self, spec: Spec, params: Any, seed: int, *where: Runtime) -> Any:
        """Made in this process, or in the one that it runs in."""
        if isinstance(spec, DetectorSpec) and spec.environment:
            environment = cast("EnvironmentSpec", self.get("environments", spec.environment))
            return self.isolation.create_in(environment, spec, params, seed)
        if isinstance(spec, DetectorSpec) and self.isolation.chosen(spec):
            plugin = next(plugin for plugin in self.plugins if plugin.name == spec.plugin)
            told = where[0] if where else Runtime()
            return self.isolation.create_installed(spec, plugin, params, seed, told)
        return self.resolve(spec)(spec, params, seed, *where)


def _where(spec: DetectorSpec, runtime: Runtime) -> tuple[Runtime, ...]:
    """What the detector's factory is told about where to compute: nothing, unless it can choose.

    Raises:
        DeviceUnavailable: If it cannot choose, and another device is asked for.
    """
    if Capability.GPU in spec.capabilities:
        return (runtime,)
    if runtime.device not in {AUTO, CPU}:
        raise DeviceUnavailable(
            spec.id,
            runtime.device,
            "it knows no device but the processor; `pynomaly detectors --can gpu` lists those that"
            " know more",
        )
    return ()


def _check_methods(id: str, made: object, methods: list[str]) -> None:
    lacking = [name for name in methods if not callable(getattr(made, name, None))]
    if lacking:
        reason = f"{type(made).__name__} has no method {' or '.join(lacking)}"
        raise PluginFailed(id, "start", reason)


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # it is loaded, but not by the import system
        return True


def _import(id: str, target: str) -> Any:
    module, _, name = target.partition(":")
    # Some libraries print while they are imported; stdout belongs to results.
    with redirect_stdout(sys.stderr):
        try:
            return getattr(import_module(module), name)
        except FAILURES as error:
            raise PluginFailed(id, "load", describe(error)) from error
