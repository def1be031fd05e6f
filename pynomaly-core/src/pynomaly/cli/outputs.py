"""Where a command writes, checked as far as can be before its work begins."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from pynomaly.application.detect import OpenPublisher
from pynomaly.domain.errors import OutputError, UsageError
from pynomaly.infrastructure.formats import for_uri, is_path, scheme_of
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.targets import file_to_write
from pynomaly.ports.loading import to_path

STDOUT = "-"


def open_outputs(
    registry: Registry, outputs: Sequence[str], inputs: Iterable[Path], *, as_json: bool
) -> list[OpenPublisher]:
    """Publishers for `outputs`; `inputs` are the local files that are read.

    Raises:
        UsageError, OutputError: If one cannot be written, or would overwrite one of `inputs`.
    """
    if as_json and STDOUT in outputs:
        raise UsageError("--json and -o - both print on stdout: choose one")
    if len({_place(registry, uri) for uri in outputs}) < len(outputs):
        raise UsageError("the same output is given twice")
    files = tuple(inputs)
    return [_open_output(registry, uri, files) for uri in outputs]


def _open_output(registry: Registry, uri: str, inputs: Sequence[Path]) -> OpenPublisher:
    spec = for_uri(registry, "publishers", uri)
    if is_path(registry, "publishers", uri):
        check_target(uri)
        check_is_no_input(uri, inputs)
    factory = registry.resolve(spec)

    def open_publisher(schema: Any) -> Any:
        return factory(uri, schema)

    return open_publisher


def _place(registry: Registry, uri: str) -> str:
    return str(to_path(uri).resolve()) if is_path(registry, "publishers", uri) else uri


def check_target(uri: str) -> None:
    """Refuse a file that cannot be written.

    Raises:
        OutputError: Saying why.
    """
    path = file_to_write(uri)
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(uri, f"folder {path.parent} is not writable ({reason})") from error


def check_is_no_input(uri: str, inputs: Iterable[Path]) -> None:
    """Refuse a file that is one of `inputs`.

    Raises:
        UsageError: If it is.
    """
    path = to_path(uri)
    if path.exists() and any(each.exists() and path.samefile(each) for each in inputs):
        raise UsageError(f"output {uri} is the input itself: choose another name")


def check_joins_no_source(outputs: Iterable[str | None], sources: Iterable[str | None]) -> None:
    """Refuse an output that would be part of a folder or glob when it is read again.

    Raises:
        UsageError: If one would.
    """
    read = [source for source in sources if source and scheme_of(source) in {"", "file"}]
    for output in outputs:
        if not output or scheme_of(output) not in {"", "file"}:
            continue
        for source in read:
            if _joins(to_path(output), to_path(source)):
                raise UsageError(
                    f"output {output} would be read with {source} the next time: write it"
                    " elsewhere, or let its name begin with _"
                )


def _joins(output: Path, source: Path) -> bool:
    """Whether a folder or glob takes `output` in; files that exist are checked once opened."""
    if output.name.startswith((".", "_")) or output.exists():
        return False
    if source.is_dir():
        inside = output.parent.resolve().is_relative_to(source.resolve())
        return inside and any(_format(path) == _format(output) for path in source.rglob("*"))
    if source.exists():
        return False
    return _matches(*(Path(os.path.abspath(path)).parts for path in (output, source)))  # noqa: PTH100, `..` goes


def _format(path: Path) -> str:
    """The suffix of a file's name, that of its compression left out."""
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    return Path(name).suffix


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[i:], pattern[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatch(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])
