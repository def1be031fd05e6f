"""The series of a table, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import polars as pl

from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError
from pynomaly.domain.schema import as_names

ROW = "\x00row"
"""Column that holds a row's position in its table; no column of a file is called so."""

Parts = Iterator[tuple[str, pl.DataFrame]]
"""Names of series, each with its rows in their order and the column `ROW`."""

Partition = Callable[[Table, str | None, Sequence[str]], AbstractContextManager[Parts]]
"""Called with a table, the column that names a row's series, if any, and the columns to read."""


@contextmanager
def in_memory(table: Table, series: str | None, columns: Sequence[str]) -> Iterator[Parts]:
    """All rows of `table` in memory, one series after the other."""
    wanted = list(dict.fromkeys([*columns, *([] if series is None else [series])]))
    frame = table.collect(wanted).with_row_index(ROW)
    yield split(frame, series)


def split(frame: pl.DataFrame, series: str | None) -> Parts:
    """The series of `frame`, by their first rows.

    Raises:
        DataError: If a row does not say which series it belongs to.
    """
    if series is None:
        yield "", frame
        return
    frame = frame.with_columns(as_names(frame[series]))
    missing = frame.filter(pl.col(series).is_null())
    if missing.height:
        raise DataError(
            f"row {missing[ROW][0] + 1:,} has no series in the column {series!r}"
            f" ({missing.height:,} such row{'s' if missing.height > 1 else ''}): name it, or leave"
            " it out",
            columns=(series,),
        )
    for part in frame.partition_by(series, maintain_order=True):
        yield part[series][0], part
