"""Which loader or publisher is for a path, a URI or the files of a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, cast

from pynomaly.domain.errors import DataError, OutputError, PynomalyError
from pynomaly.infrastructure.plugins import CORE
from pynomaly.ports.specs import LoaderSpec, PublisherSpec, Spec

if TYPE_CHECKING:
    from pynomaly.infrastructure.registry import Registry

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)
"""One letter is a drive of Windows."""


def for_suffix(
    registry: Registry, kind: str, name: str, *, source: str = "", several: bool = False
) -> Spec:
    """The loader or publisher for a file called `name`: the longest suffix counts.

    Args:
        registry: Where they are found.
        kind: ``"loaders"`` or ``"publishers"``.
        name: Of the file, or its suffix alone.
        source: What messages call it; `name` where it is not given.
        several: Whether it is one of several, which a loader of folders reads.

    Raises:
        DataError, OutputError: With what can be read or written.
    """
    matches = [
        (suffix, spec)
        for spec in _formats(registry, kind)
        for suffix in spec.suffixes
        if name.lower().endswith(suffix)
    ]
    if not matches:
        raise no_format(registry, kind, source or name)
    matches = [m for m in matches if several and getattr(m[1], "folders", False)] or matches
    return min(matches, key=lambda m: (-len(m[0]), m[1].plugin != CORE, m[1].id))[1]


def for_uri(registry: Registry, kind: str, uri: str, suffix: str = "") -> Spec:
    """The loader or publisher for a path or URI: by scheme, else by suffix.

    ``"-"`` counts as a scheme. ``mysql+driver:`` goes by ``mysql:`` where no spec has it as
    it stands. A folder goes by the files in it.

    Args:
        registry: Where they are found.
        kind: ``"loaders"`` or ``"publishers"``.
        uri: A path, a URI, or ``"-"``.
        suffix: What counts instead of the suffix in `uri`; ``""`` for that.

    Raises:
        DataError, OutputError: With what can be read or written.
    """
    spec = _by_scheme(registry, kind, uri)
    if spec is not None:
        return spec
    scheme = scheme_of(uri)
    if scheme not in {"", "file"} and not _exists(uri):
        raise _no_scheme(registry, kind, uri, scheme)
    name = suffix or _representative(registry, kind, uri)
    several = not suffix and _names_several(uri)
    return for_suffix(registry, kind, name, source=uri, several=several)


def is_path(registry: Registry, kind: str, uri: str) -> bool:
    """Whether `uri` names a local file, folder or glob: it does if no spec has its scheme."""
    return _by_scheme(registry, kind, uri) is None


def _by_scheme(registry: Registry, kind: str, uri: str) -> Spec | None:
    scheme = scheme_of(uri)
    for wanted in dict.fromkeys((scheme, scheme.partition("+")[0])):
        specs = [spec for spec in _formats(registry, kind) if wanted and wanted in spec.schemes]
        if specs:
            return min(specs, key=lambda spec: (spec.plugin != CORE, spec.id))
    return None


def _representative(registry: Registry, kind: str, uri: str) -> str:
    """A file in a folder of the format that most files there have; else the name itself."""
    if kind == "loaders" and uri and Path(uri).is_dir():
        files = sorted(path for path in Path(uri).rglob("*") if path.is_file())
        known = of_most(registry, [path.name for path in files])
        if known:
            return known[1][0]
    return PurePath(uri).name or uri


def of_most(registry: Registry, names: Sequence[str]) -> tuple[LoaderSpec, list[str]] | None:
    """The loader for most of these files, and those that it is for; None if there is none.

    Of two with as many files it is the one declared first: a file of words beside a table
    tells about it. Names that begin with ``.`` or ``_`` are not data.
    """
    found: dict[LoaderSpec, list[str]] = {}
    suffixes = tuple(suffix for spec in _formats(registry, "loaders") for suffix in spec.suffixes)
    for name in names:
        file = PurePath(name).name.lower()
        if file.endswith(suffixes) and not file.startswith((".", "_")):
            spec = cast("LoaderSpec", for_suffix(registry, "loaders", file, several=len(names) > 1))
            found.setdefault(spec, []).append(name)
    declared = [spec.id for spec in _formats(registry, "loaders")]
    best = min(found, key=lambda s: (-len(found[s]), declared.index(s.id)), default=None)
    return None if best is None else (best, found[best])


def _formats(registry: Registry, kind: str) -> tuple[LoaderSpec | PublisherSpec, ...]:
    return cast("tuple[LoaderSpec | PublisherSpec, ...]", registry.specs(kind))


def no_format(registry: Registry, kind: str, source: str) -> PynomalyError:
    """The error that the name `source` tells no format."""
    suffixes = {suffix for spec in _formats(registry, kind) for suffix in spec.suffixes}
    known = ", ".join(sorted(suffixes)) or "nothing: no plugin offers it"
    fault = "its name tells no known format; what can be"
    if kind == "publishers":
        return OutputError(source, f"{fault} written: {known}")
    return DataError(
        f"{fault} read: {known}; the option format=SUFFIX says what a name does not",
        source=source,
    )


def _no_scheme(registry: Registry, kind: str, uri: str, scheme: str) -> PynomalyError:
    schemes = {f"{name}:" for spec in _formats(registry, kind) for name in spec.schemes} - {"-:"}
    known = ", ".join(sorted(schemes)) or "none: no plugin offers any"
    fault = f"no plugin that is installed knows {scheme}:; those that are known: {known}"
    return OutputError(uri, fault) if kind == "publishers" else DataError(fault, source=uri)


def scheme_of(uri: str) -> str:
    """The scheme of a URI: ``"-"`` for itself, ``""`` for a path without any."""
    match = _SCHEME.match(uri)
    return "-" if uri == "-" else match[1].lower() if match else ""


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except OSError:  # a query is too long for a name
        return False


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # a query is too long for a name
        return False


def _names_several(uri: str) -> bool:
    """Whether it is a folder or a glob."""
    return _is_folder(uri) or (any(sign in uri for sign in "*?[") and not _exists(uri))
