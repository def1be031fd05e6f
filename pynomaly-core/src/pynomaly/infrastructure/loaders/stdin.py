"""Reads standard input: its format by its first bytes, spooled so that it can be read again."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from select import select
from typing import BinaryIO

import attrs
import polars as pl

from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError
from pynomaly.infrastructure.loaders import csv, ipc, jsonl, parquet
from pynomaly.infrastructure.loaders.blocks import head_of
from pynomaly.infrastructure.loaders.dialect import TextOptions
from pynomaly.infrastructure.scratch import Scratch
from pynomaly.ports.loading import reading

NAME = "<stdin>"
_BLOCK = 1 << 20
_LOOK_UP_SECONDS = 0.1
_STREAM = b"\xff\xff\xff\xff"
"""Arrow's stream format begins so."""


def load(uri: str, options: TextOptions) -> Table:
    """Open standard input: Parquet, Arrow, JSON lines or a text table, the last two compressed.

    Args:
        uri: ``"-"``.
        options: Those of a text table.

    Raises:
        DataError: If it is empty, or of no such format.
    """
    del uri
    if sys.stdin is None or sys.stdin.isatty():
        raise DataError("nothing is piped into standard input: name a file", source=NAME)
    scratch = Scratch()
    with reading(NAME, "what was piped in cannot be read"):
        path = scratch.folder / "stdin"
        with path.open("wb") as file:
            file.writelines(_blocks(sys.stdin.buffer))
        if path.stat().st_size == 0:
            raise DataError("it is empty", source=NAME)
        return _kept(_open(path, options), scratch)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """What is piped in, as it comes. Ctrl-C ends a wait for it."""
    while True:
        _wait(stream)
        block = stream.read1(_BLOCK)  # type: ignore[attr-defined]
        if not block:
            return
        yield block


def _wait(stream: BinaryIO) -> None:
    # A read alone would go on after a signal, once Polars has set how they are handled.
    with suppress(OSError):  # no descriptor, or none that can be waited for (Windows)
        descriptor = stream.fileno()
        while not select([descriptor], [], [], _LOOK_UP_SECONDS)[0]:
            pass


def _open(path: Path, options: TextOptions) -> Table:
    with path.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(parquet.MAGIC):
        return parquet.open_parquet([path], NAME)
    if magic == ipc.FILE_MAGIC or magic.startswith(_STREAM):
        return ipc.open_ipc([path], NAME)
    if head_of(path, NAME).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return jsonl.open_jsonl(path, NAME)
    return csv.open_text(path, NAME, options).table()


def _kept(table: Table, scratch: Scratch) -> Table:
    """The table, which keeps the folder as long as it lives."""
    inner, retype = table.frames, table.retype

    def frames(size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        _ = scratch
        return inner(size, columns)

    if retype is None:
        return attrs.evolve(table, frames=frames, files=())
    return attrs.evolve(
        table, frames=frames, files=(), retype=lambda types: _kept(retype(types), scratch)
    )
