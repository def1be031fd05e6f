"""Opens a sheet of a workbook, which is held in memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import fastexcel
import polars as pl

from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError
from pynomaly.ports.loading import chosen, existing_file, reading
from pynomaly.ports.params import param

_HINT = "cannot be read as a workbook: it is damaged, locked by a password, or something else"
_LISTED = 10
_LOGGER = "fastexcel"


@attrs.frozen
class SheetOptions:
    """Options of a workbook."""

    sheet: str | None = param(
        None, help="The name of the sheet; the first one where none is named."
    )
    skip: int = param(0, help="Rows of the sheet above the header: 4 where it is row 5.", ge=0)
    header: bool = param(True, help="Whether the first row that is not skipped names the columns.")


_EXACT = 2.0**53
"""Whole numbers beyond are no longer exact in a float."""


def load(uri: str, options: SheetOptions) -> Table:
    """Open a sheet.

    Raises:
        DataError: If it is no workbook, has no such sheet, or the sheet is empty.
    """
    path = existing_file(uri)
    with reading(uri, _HINT, fastexcel.FastExcelError), _quiet():
        book = fastexcel.read_excel(path)
        names = book.sheet_names
        first = options.sheet is None and names
        name = names[0] if first else chosen(names, options.sheet, uri, "sheet")
        source = uri if len(names) == 1 else f"{uri}: {name}"
        others = [each for each in names if each != name]
        frame = _frame(book, name, options)
    if not frame.width:
        fault = f"holds nothing after skip={options.skip} rows" if options.skip else "is empty"
        hint = f"; sheet=NAME chooses another of {_some(others)}" if others else ""
        raise DataError(f"sheet {name!r} {fault}{hint}", source=uri)
    table = Table.from_frame(frame, source)
    notes = (_note(uri, name, others),) if first and others else ()
    return attrs.evolve(table, files=(path,), notes=notes)


def _frame(book: fastexcel.ExcelReader, name: str, options: SheetOptions) -> pl.DataFrame:
    sheet = book.load_sheet(
        name,
        header_row=options.skip if options.header else None,
        skip_rows=None if options.header else options.skip or None,
        schema_sample_rows=None,  # all rows tell a column's type
        whitespace_as_null=True,
        skip_whitespace_tail_rows=True,
    )
    if not sheet.width:
        return pl.DataFrame()
    columns = sheet.available_columns()
    frame = pl.DataFrame(sheet).rename(
        {
            column.name: f"column_{column.index + 1}"
            for column in columns
            if column.column_name_from == "generated"
        }
    )
    spans = [name for name, dtype in frame.schema.items() if dtype == pl.Duration]
    frame = frame.with_columns(pl.col(spans).dt.total_microseconds() / 1e6)
    return frame.with_columns(
        column.cast(pl.Int64)
        for column in frame.iter_columns()
        if column.name not in spans and _is_whole(column)
    )


def _is_whole(column: pl.Series) -> bool:
    """Whether it holds whole numbers alone, as counts and ids are: Excel knows but floats."""
    if column.dtype != pl.Float64 or column.null_count() == len(column):
        return False
    return bool(((column == column.floor()) & (column.abs() <= _EXACT)).all())


def _note(uri: str, name: str, others: list[str]) -> str:
    return (
        f"{uri}: sheet {name!r} is read, the first of {len(others) + 1}; sheet=NAME chooses another:"
        f" {_some(others)}"
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(map(repr, names[:_LISTED])) + more


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what the reader logs: that a column without a value has no type."""
    logger = logging.getLogger(_LOGGER)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
