"""Where a command writes, checked as far as can be before its work begins."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pynomaly.application.detect import OpenPublisher
from pynomaly.domain.errors import OutputError, UsageError
from pynomaly.infrastructure.formats import for_uri, is_path
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
