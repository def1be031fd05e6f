"""Loads plugins one by one, so that a broken one harms no other: failures are values.

A plugin is the object that an entry point of the group ``pynomaly`` names. Its name is its
distribution's name without ``pynomaly-``, and the ids of all that it declares begin with it.
Nothing here imports more than importlib-metadata, pluggy and attrs.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import attrs
import importlib_metadata
import pluggy

from pynomaly import __version__
from pynomaly.domain.errors import FAILURES
from pynomaly.ports import hookspecs
from pynomaly.ports.hookspecs import API, PROJECT
from pynomaly.ports.specs import KINDS, Kind, Spec

CORE = "core"
"""Name of the plugin that is built in: the core's own loaders and publishers."""

_BUILTIN = "pynomaly.infrastructure.builtin"
_PREFIX = "pynomaly-"


@attrs.frozen
class Problem:
    """Something wrong with a plugin, and where it showed.

    Attributes:
        plugin: The plugin's name, or its distribution's where it may not bear that name.
        stage: ``"name"``, ``"load"``, ``"api"``, ``"register"``, or the kind that was listed.
        error: What is wrong, in a sentence.
    """

    plugin: str
    stage: str
    error: str

    def __str__(self) -> str:
        return f"plugin {self.plugin} ({self.stage}): {self.error}"


@attrs.frozen
class Plugin:
    """A plugin that was loaded.

    Attributes:
        name: Prefix of its ids.
        distribution: What pip calls it.
        version: Version of the distribution.
        origin: Where an editable or direct install came from; ``""`` otherwise.
        module: The object that its entry point names, as an import string.
        specs: Kind to what it declares of that kind.
    """

    name: str
    distribution: str
    version: str
    origin: str
    module: str
    specs: Mapping[str, tuple[Spec, ...]]

    @property
    def counts(self) -> dict[str, int]:
        """Kind to the number of specs; kinds without any are left out."""
        return {kind: len(specs) for kind, specs in self.specs.items() if specs}


@attrs.frozen
class Source:
    """An entry point, not loaded yet."""

    name: str
    distribution: str
    version: str
    origin: str
    module: str
    load: Callable[[], Any]


def load_plugins(
    sources: Iterable[Source],
) -> tuple[tuple[Plugin, ...], tuple[Problem, ...]]:
    """Load each source and collect what it declares; no failure reaches another plugin."""
    plugins: list[Plugin] = []
    problems: list[Problem] = []
    for source in sources:
        try:
            plugins.append(_load(source, problems))
        except _RefusedError as refused:
            problems.append(Problem(source.name, refused.stage, str(refused)))
    return tuple(plugins), tuple(problems)


def builtin() -> Source:
    """The plugin that the core itself is."""
    return Source(CORE, "pynomaly-core", __version__, "", _BUILTIN, lambda: import_module(_BUILTIN))


def installed(problems: list[Problem]) -> Iterator[Source]:
    """The built-in plugin, then all installed ones by name; wrongly named ones are problems."""
    found: dict[str, Source] = {CORE: builtin()}
    # Where distributions "x" and "pynomaly-x" both exist, the name belongs to the latter.
    entries = sorted(_entries(problems), key=lambda e: (not e[0].startswith(_PREFIX), e[0]))
    for distribution, entry in entries:
        wanted = distribution.removeprefix(_PREFIX)
        if entry.name != wanted:
            error = f"its entry point is called {entry.name!r}, but must be called {wanted!r}"
            problems.append(Problem(distribution, "name", f"{error} after its distribution"))
        elif wanted in found:
            error = f"the name {wanted!r} belongs to {found[wanted].distribution}"
            problems.append(Problem(distribution, "name", error))
        else:
            found[wanted] = _source(entry, distribution)
    return iter(sorted(found.values(), key=lambda source: (source.name != CORE, source.name)))


def chosen(source: Source, *, disable: Collection[str], only: Collection[str] | None) -> bool:
    """Whether to load it: by plugin or distribution name. The core always is."""
    names = {source.name, source.distribution}
    if source.name == CORE:
        return True
    return not names & set(disable) and (only is None or bool(names & set(only)))


def names_in(variable: str) -> tuple[str, ...] | None:
    """The names in a comma-separated environment variable; None where it is not set."""
    value = os.environ.get(variable)
    if value is None:
        return None
    return tuple(name.strip() for name in value.split(",") if name.strip())


def disabled_in_files(folder: Path | None = None) -> tuple[str, ...]:
    """The setting ``disable`` of the settings files in `folder` (default: the working directory).

    It is read here as well as with the other settings, because listing must not wait for the
    library that reads those. What is wrong with a file is told where all settings are read.
    """
    found: list[str] = []
    for name in ("pynomaly.toml", "pyproject.toml"):
        path = (folder or Path.cwd()) / name
        try:
            text = path.read_text(encoding="utf-8")
            if "disable" in text:
                import tomllib

                found += _disabled(tomllib.loads(text), name)
        except (OSError, ValueError):
            continue
    return tuple(found)


def _disabled(data: Mapping[str, Any], name: str) -> list[str]:
    section = data if name == "pynomaly.toml" else data.get("tool", {}).get("pynomaly", {})
    listed = section.get("disable", [])
    return [str(plugin) for plugin in listed] if isinstance(listed, list) else []


def describe(error: BaseException) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class _RefusedError(Exception):
    """A plugin that cannot be used at all."""

    def __init__(self, stage: str, reason: str) -> None:
        self.stage = stage
        super().__init__(reason)


def _entries(problems: list[Problem]) -> Iterator[tuple[str, importlib_metadata.EntryPoint]]:
    """Normalised distribution name and entry point of each, of the first so called on the path."""
    seen: set[str] = set()
    for distribution in importlib_metadata.distributions():
        try:
            if PROJECT not in (distribution.read_text("entry_points.txt") or ""):
                continue
            name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
            entries = distribution.entry_points.select(group=PROJECT)
        except FAILURES as error:
            place = str(distribution.locate_file(""))
            problems.append(Problem(place, "load", f"damaged metadata: {describe(error)}"))
            continue
        if name not in seen:
            seen.add(name)
            yield from ((name, entry) for entry in entries)


def _source(entry: importlib_metadata.EntryPoint, distribution: str) -> Source:
    dist = cast("Any", entry.dist)
    try:
        origin = getattr(dist.origin, "url", "")
    except ValueError:  # a damaged direct_url.json is no reason to go without the plugin
        origin = ""
    return Source(entry.name, distribution, dist.version, origin, entry.value, entry.load)


def _load(source: Source, problems: list[Problem]) -> Plugin:
    # Plugins print, and a listing as JSON has stdout to itself.
    with redirect_stdout(sys.stderr):
        try:
            module = source.load()
        except FAILURES as error:
            raise _RefusedError("load", describe(error)) from error
        _check_api(getattr(module, "PYNOMALY_API", API))
        manager = _register(source, module)
        try:
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            problems.append(Problem(source.name, "register", _reason(error)))
        specs = {kind.name: tuple(_collect(source, manager, kind, problems)) for kind in KINDS}
    return Plugin(
        source.name,
        source.distribution,
        source.version,
        source.origin,
        source.module,
        specs,
    )


def _check_api(wanted: object) -> None:
    match wanted:
        case (int(major), int(minor)):
            pass
        case _:
            raise _RefusedError("api", f"PYNOMALY_API is {wanted!r}, not two whole numbers")
    ours = ".".join(map(str, API))
    if major > API[0] or (major == API[0] and minor > API[1]):
        reason = f"it needs plugin API {major}.{minor}, but this pynomaly-core has {ours}"
        raise _RefusedError("api", f"{reason}: upgrade pynomaly-core")
    if major < API[0]:
        reason = f"it was built for plugin API {major}.{minor}, this pynomaly-core has {ours}"
        raise _RefusedError("api", f"{reason}: upgrade {PROJECT}'s plugin")


def _register(source: Source, module: object) -> pluggy.PluginManager:
    # One manager for each plugin: what one does wrong cannot reach another.
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, source.name)
    except FAILURES as error:
        raise _RefusedError("register", _reason(error)) from error
    return manager


def _reason(error: BaseException) -> str:
    """What pluggy says, in one line and without the plugin's repr."""
    return re.sub(r"\s+in plugin .*", "", " ".join(str(error).split()))


def _collect(
    source: Source, manager: pluggy.PluginManager, kind: Kind, problems: list[Problem]
) -> Iterator[Spec]:
    seen: set[str] = set()
    for spec in _answers(source, manager, kind, problems):
        fault = _fault(spec, kind, source.name, seen)
        if fault:
            problems.append(Problem(source.name, kind.name, fault))
        else:
            seen.add(spec.id)
            yield spec


def _answers(
    source: Source, manager: pluggy.PluginManager, kind: Kind, problems: list[Problem]
) -> Iterator[Any]:
    """All that the plugin's hook gives, up to where it fails."""
    try:
        for answer in getattr(manager.hook, kind.hook)():
            yield from answer
    except FAILURES as error:
        problems.append(Problem(source.name, kind.name, describe(error)))


def _fault(spec: object, kind: Kind, plugin: str, seen: Collection[str]) -> str:
    if not isinstance(spec, kind.spec):
        return f"it gave {type(spec).__name__!r} where a {kind.spec.__name__} is due"
    if spec.plugin != plugin:
        return f"{spec.id!r} is not its own: its ids must begin with {plugin + '.'!r}"
    if spec.id in seen:
        return f"it declares {spec.id!r} twice; the first one is used"
    return ""
