"""Reads Parquet: a file, a folder of files, or a glob."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from pynomaly.domain.datasets import Table
from pynomaly.infrastructure.streaming import lazy_batches
from pynomaly.ports.loading import (
    existing_files,
    guarded,
    plain,
    reading,
)
from pynomaly.ports.params import NoParams

SUFFIXES = (".parquet", ".pq")
MAGIC = b"PAR1"

_ONE = "is it a whole Parquet file?"
_SEVERAL = "are they whole Parquet files with the same columns and types?"


def load(uri: str, options: NoParams) -> Table:
    """Open Parquet files that have the same columns.

    Raises:
        DataError: If there is none, or one is damaged.
    """
    del options
    return open_parquet(existing_files(uri, SUFFIXES), uri)


def open_parquet(files: Sequence[Path], source: str) -> Table:
    """The table of Parquet files; messages call it `source`."""
    hint = _ONE if len(files) == 1 else _SEVERAL
    with reading(source, hint):
        lazy = plain(pl.scan_parquet(list(files), glob=False, hive_partitioning=False))
        schema = lazy.collect_schema()
        rows = int(lazy.select(pl.len()).collect(engine="streaming").item())

    def frames(size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        return lazy_batches(lazy.select(columns), size)

    size = sum(file.stat().st_size for file in files)
    guarded_frames = guarded(frames, source, hint)
    return Table(source, schema, guarded_frames, rows, size, files=tuple(files))
