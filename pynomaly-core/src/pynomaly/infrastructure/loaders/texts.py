"""Reads files of text, each of which is one document."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError
from pynomaly.domain.schema import Roles
from pynomaly.ports.loading import existing_files, guarded, to_path
from pynomaly.ports.params import NoParams

SUFFIXES = (".txt", ".text", ".md")

FRAME_BYTES = 16 << 20
"""A frame ends with the document that takes it beyond so many bytes."""

_SCHEMA = {"file": pl.String(), "text": pl.String()}
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def load(uri: str, options: NoParams) -> Table:
    """Open documents: a file, the files in a folder and below it, or those that match a glob.

    Columns are ``file``, the path from the folder or as it was found, and ``text``. Bytes that are
    no UTF-8 stand as U+FFFD; a file of UTF-16 begins with its mark. An empty file is an empty text.

    Raises:
        DataError: If there is none, or one is binary.
    """
    del options
    files = existing_files(uri, SUFFIXES)
    root = to_path(uri)
    names = [str(file.relative_to(root)) if root.is_dir() else str(file) for file in files]

    def frames(size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        wanted = "text" in columns
        held: list[tuple[str, str]] = []
        taken = 0
        for name, file in zip(names, files, strict=True):
            held.append((name, _text(file) if wanted else ""))
            taken += len(held[-1][1])
            if len(held) == size or taken > FRAME_BYTES:
                yield pl.DataFrame(held, schema=_SCHEMA, orient="row")
                held, taken = [], 0
        if held:
            yield pl.DataFrame(held, schema=_SCHEMA, orient="row")

    size = sum(file.stat().st_size for file in files)
    read = guarded(frames, uri, "a file is gone")
    roles = Roles(id="file", text="text")
    return Table(uri, pl.Schema(_SCHEMA), read, len(files), size, files=tuple(files), roles=roles)


def _text(file: Path) -> str:
    content = file.read_bytes()
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\0" in content:
        raise DataError("holds zero bytes, so it is no text: leave it out", source=str(file))
    return content.decode("utf-8-sig", "replace")
