"""Series of a table that is larger than memory: its rows are sorted into files first."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import polars as pl

from pynomaly.application.partition import ROW, Partition, Parts, in_memory, split
from pynomaly.domain.datasets import Table
from pynomaly.domain.schema import as_names

_SHARES = 4
"""A file holds about this part of what may be held in memory: series are of unequal length."""

_UNKNOWN = 64
"""Files for a table of unknown size."""


def partition_within(limit: int) -> Partition:
    """A partition that holds at most about `limit` bytes, or one series if that is larger."""
    return partial(_partition, limit=limit)


@contextmanager
def _partition(
    table: Table, series: str | None, columns: Sequence[str], *, limit: int
) -> Iterator[Parts]:
    fits = table.held is not None or (table.size is not None and table.size <= limit)
    if series is None or fits:
        with in_memory(table, series, columns) as parts:
            yield parts
        return
    wanted = list(dict.fromkeys([*columns, series]))
    files = _UNKNOWN if table.size is None else max(2, _SHARES * table.size // max(limit, 1))
    with tempfile.TemporaryDirectory(prefix="pynomaly-") as folder:
        _sort_into_files(table, series, wanted, Path(folder), files)
        yield _read(Path(folder), series)


def _sort_into_files(
    table: Table, series: str, columns: list[str], folder: Path, files: int
) -> None:
    done = 0
    for number, batch in enumerate(table.batches(columns=columns)):
        numbered = batch.with_row_index(ROW, offset=done)
        done += batch.height
        file = as_names(numbered[series]).hash(seed=0) % files
        for key in file.unique().sort():
            place = folder / str(key)
            place.mkdir(exist_ok=True)
            numbered.filter(file == key).write_parquet(place / f"{number:09}.parquet")


def _read(folder: Path, series: str) -> Parts:
    for place in sorted(folder.iterdir()):
        yield from split(pl.read_parquet(place / "*.parquet"), series)
