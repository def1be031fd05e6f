"""From a URI to a table or graph: which loader, its options, what lies elsewhere, what may be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, cast

import attrs
import polars as pl

from pynomaly.domain.datasets import Download, Table, Types
from pynomaly.domain.errors import FAILURES, PluginFailed, PynomalyError, UsageError
from pynomaly.domain.graphs import Graph
from pynomaly.domain.redaction import redact_error, redacted, reword
from pynomaly.infrastructure.formats import for_suffix, for_uri, is_path, no_format, of_most
from pynomaly.infrastructure.plugins import CORE, describe
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.scratch import Scratch
from pynomaly.infrastructure.waiting import interruptible, wait_for
from pynomaly.ports.params import structure_params
from pynomaly.ports.specs import LoaderSpec, Spec

FORMAT = "format"
"""An option of every file: the suffix that its name lacks."""

Watch = Callable[[], AbstractContextManager[None]]


def open_uri(
    registry: Registry, uri: str, options: Mapping[str, Any] | None = None
) -> Table | Graph:
    """The table or graph at `uri`. No secret of the URI is in its name, nor in an error of reading it.

    Args:
        registry: Where loaders are found.
        uri: A path, a URI, or ``"-"``.
        options: Of the loader, such as ``{"delimiter": ";"}``; and ``format``, such as ``"csv"``,
            for a file whose name does not tell it.

    Raises:
        PynomalyError: If it cannot be opened.
    """
    suffix = _suffix((options or {}).get(FORMAT))
    with _redacting(uri):
        spec = for_uri(registry, "loaders", uri, suffix)
    return open_with(registry, spec, uri, options)


def open_with(
    registry: Registry, spec: Spec, uri: str, options: Mapping[str, Any] | None = None
) -> Table | Graph:
    """As `open_uri`, by the loader `spec` whatever else could read it."""
    values = dict(options or {})
    suffix = _suffix(values.pop(FORMAT, None))
    watch = partial(_redacting, uri)
    with watch():
        data = _read(registry, spec, uri, values, suffix)
    return _watched(attrs.evolve(data, name=redacted(data.name)), watch)


def _suffix(format: object) -> str:
    return f".{str(format).lower().lstrip('.')}" if format else ""


def _read(
    registry: Registry, spec: Spec, uri: str, values: Mapping[str, Any], suffix: str = ""
) -> Table | Graph:
    opened = _opened(registry, spec, uri, values)
    if isinstance(opened, Download):
        return _downloaded(registry, opened, values, suffix)
    if suffix and not is_path(registry, "loaders", uri):
        raise UsageError(f"{uri}: {spec.id} reads it, for its scheme: leave out the option format")
    if spec.plugin == CORE:
        return opened
    patient = _patient(opened) if isinstance(opened, Table) else opened
    return _watched(patient, partial(_failing, spec))


def _opened(
    registry: Registry, spec: Spec, uri: str, values: Mapping[str, Any]
) -> Table | Graph | Download:
    factory = registry.resolve(spec)
    structured = partial(
        structure_params, registry.params_class(spec), owner=spec.id, kind="loaders"
    )
    # Options are for who gives the table: a loader without any may hand over to another.
    params: Any = structured(values if spec.params else {})
    with _failing(spec):
        open_it = partial(factory, uri, params)
        opened: object = open_it() if spec.plugin == CORE else wait_for(open_it)
    if isinstance(opened, (Table, Graph)):
        structured(values)
        return opened
    if isinstance(opened, Download):
        return opened
    raise PluginFailed(spec.id, "open", f"it gave a {type(opened).__name__}, not a Table or Graph")


def _downloaded(
    registry: Registry, download: Download, values: Mapping[str, Any], suffix: str
) -> Table | Graph:
    """What is in a file that another loader reads, once it is here."""
    spec, files = _format_of(registry, download, suffix)
    scratch = Scratch()
    try:
        for file in files:
            download.fetch(file, _place(scratch.folder, file))
        path = scratch.folder if len(files) > 1 else _place(scratch.folder, files[0])
        watch = partial(_renaming, path, download.name)
        with watch():
            data = _read(registry, spec, str(path), values)
    except BaseException:
        scratch.remove()
        raise
    return _watched(attrs.evolve(data, name=download.name, files=()), watch, scratch)


def _format_of(
    registry: Registry, download: Download, suffix: str
) -> tuple[LoaderSpec, Sequence[str]]:
    """The loader for most of the files, and those that it is for."""
    if suffix:
        spec = for_suffix(registry, "loaders", suffix, source=download.name)
        return cast("LoaderSpec", spec), download.files
    known = of_most(registry, download.files)
    if known is None:
        raise no_format(registry, "loaders", download.name)
    return known


def _place(folder: Path, file: str) -> Path:
    """Where a file of this name goes, which may try to lead elsewhere."""
    parts = [part for part in PurePosixPath(file).parts if part not in {"/", ".."}]
    place = folder.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


@contextmanager
def _redacting(uri: str) -> Iterator[None]:
    try:
        yield
    except PynomalyError as error:
        redact_error(error, uri)
        raise


@contextmanager
def _renaming(path: Path, name: str) -> Iterator[None]:
    """Messages about a file that was brought here call it by the name that the user gave."""
    try:
        yield
    except PynomalyError as error:
        reword(error, lambda text: text.replace(str(path), name))
        raise


@contextmanager
def _failing(spec: Spec) -> Iterator[None]:
    """What the code of a plugin raises is its failure; what the core's raises is ours."""
    try:
        yield
    except PynomalyError:
        raise
    except FAILURES as error:
        if spec.plugin == CORE:
            raise
        raise PluginFailed(spec.id, "read", describe(error)) from error


def _patient(table: Table) -> Table:
    """The table, read so that Ctrl-C ends a wait for the plugin's code."""
    inner, retype = table.frames, table.retype

    def frames(size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        return interruptible(inner(size, columns), table.cancel)

    def retyped(types: Types) -> Table:
        assert retype is not None  # noqa: S101, for the type checker
        return _patient(retype(types))

    return attrs.evolve(table, frames=frames, retype=retyped if retype else None)


def _watched(data: Table | Graph, watch: Watch, scratch: Scratch | None = None) -> Table | Graph:
    """The same data; a table is read under `watch`, and keeps `scratch` as long as it lives."""
    return _watched_table(data, watch, scratch) if isinstance(data, Table) else data


def _watched_table(table: Table, watch: Watch, scratch: Scratch | None) -> Table:
    inner, retype = table.frames, table.retype

    def frames(size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        _ = scratch
        with watch():
            yield from inner(size, columns)

    def retyped(types: Types) -> Table:
        assert retype is not None  # noqa: S101, for the type checker
        with watch():
            again = retype(types)
        return _watched_table(
            attrs.evolve(again, name=table.name, files=table.files, notes=table.notes),
            watch,
            scratch,
        )

    return attrs.evolve(table, frames=frames, retype=retyped if retype else None)
