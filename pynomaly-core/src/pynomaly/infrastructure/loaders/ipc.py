"""Reads Arrow IPC (Feather 2): files, folders and globs; and Arrow's stream format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import polars as pl

from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError
from pynomaly.infrastructure.streaming import lazy_batches
from pynomaly.ports.loading import (
    existing_files,
    guarded,
    plain,
    reading,
)
from pynomaly.ports.params import NoParams

SUFFIXES = (".arrow", ".ipc", ".feather", ".arrows")
FILE_MAGIC = b"ARROW1"

_ONE = "is it a whole Arrow file?"
_SEVERAL = "are they whole Arrow files with the same columns and types?"


def load(uri: str, options: NoParams) -> Table:
    """Open Arrow files that have the same columns.

    The stream format cannot be read in parts: such a file is read into memory.

    Raises:
        DataError: If there is none, or one is damaged.
    """
    del options
    return open_ipc(existing_files(uri, SUFFIXES), uri)


def open_ipc(files: Sequence[Path], source: str) -> Table:
    """The table of Arrow files; messages call it `source`."""
    hint = _ONE if len(files) == 1 else _SEVERAL
    with reading(source, hint):
        if len(files) == 1 and not _is_file_format(files[0], source):
            table = Table.from_frame(plain(pl.read_ipc_stream(files[0])), source)
            return attrs.evolve(table, files=tuple(files))
        lazy = plain(pl.scan_ipc(list(files), glob=False, hive_partitioning=False))
        schema = lazy.collect_schema()
        rows = int(lazy.select(pl.len()).collect(engine="streaming").item())

    def frames(size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        return lazy_batches(lazy.select(columns), size)

    size = sum(file.stat().st_size for file in files)
    guarded_frames = guarded(frames, source, hint)
    return Table(source, schema, guarded_frames, rows, size, files=tuple(files))


def _is_file_format(path: Path, source: str) -> bool:
    with path.open("rb") as file:
        magic = file.read(6)
    if magic[:4] == b"FEA1":
        raise DataError("is of Feather's old version 1: write it again as version 2", source=source)
    return magic == FILE_MAGIC
