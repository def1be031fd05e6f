"""Where a command writes, checked as far as can be before its work begins."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pynomaly.application.detect import OpenPublisher
from pynomaly.domain.errors import OutputError, UsageError
from pynomaly.infrastructure.loaders.paths import to_path
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.targets import file_to_write

STDOUT = "-"


def open_outputs(
    registry: Registry, outputs: Sequence[str], inputs: Sequence[str], *, as_json: bool
) -> list[OpenPublisher]:
    """Publishers for `outputs`.

    Raises:
        UsageError, OutputError: If one cannot be written, or would overwrite one of `inputs`.
    """
    if as_json and STDOUT in outputs:
        raise UsageError("--json and -o - both print on stdout: choose one")
    if len({_place(uri) for uri in outputs}) < len(outputs):
        raise UsageError("the same output is given twice")
    return [_open_output(registry, uri, inputs) for uri in outputs]


def _open_output(registry: Registry, uri: str, inputs: Sequence[str]) -> OpenPublisher:
    spec = registry.for_uri("publishers", uri)
    if _is_file(uri):
        check_target(uri, *inputs)
    factory = registry.resolve(spec)

    def open_publisher(schema: Any) -> Any:
        return factory(uri, schema)

    return open_publisher


def _is_file(uri: str) -> bool:
    return uri != STDOUT and ("://" not in uri or uri.lower().startswith("file:"))


def _place(uri: str) -> str:
    return str(to_path(uri).resolve()) if _is_file(uri) else uri


def check_target(uri: str, *sources: str) -> None:
    """Refuse a file that cannot be written, or that is one of `sources` or in one of them.

    Raises:
        OutputError, UsageError: Saying why.
    """
    path = file_to_write(uri)
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(uri, f"folder {path.parent} is not writable ({reason})") from error
    if path.exists() and any(path.samefile(file) for each in sources for file in _files(each)):
        raise UsageError(f"output {uri} is the input itself: choose another name")


def _files(source: str) -> Iterator[Path]:
    """The files that are read for `source`, be it a file, a folder or a glob."""
    path = to_path(source)
    if path.is_dir():
        yield from (each for each in path.rglob("*") if each.is_file())
    elif path.exists():
        yield path
    elif _is_file(source):
        anchor = Path(path.anchor)
        yield from anchor.glob(str(path.relative_to(anchor)))
