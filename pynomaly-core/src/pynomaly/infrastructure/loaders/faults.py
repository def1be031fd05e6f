"""Finds out why a block of text cannot be parsed, and says it."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence

import polars as pl

from pynomaly.domain.datasets import MixedColumn
from pynomaly.domain.errors import DataError
from pynomaly.infrastructure.loaders.columns import NULLS, TEXT, Reading, misfits, wider
from pynomaly.infrastructure.loaders.dialect import Dialect


def explain_fault(
    block: bytes,
    dialect: Dialect,
    names: Sequence[str],
    readings: Mapping[str, Reading],
    source: str,
    row: int,
    error: Exception | None,
) -> DataError:
    """The error that says what is wrong with `block`.

    Args:
        block: Whole records that do not parse, or have too few fields.
        dialect: How they are written.
        names: Of all columns.
        readings: How the columns that are wanted were read.
        source: What messages call the file.
        row: Rows before the block.
        error: What the parser said.
    """
    try:
        block.decode()
    except UnicodeDecodeError as fault:
        where = row + 1 + block.count(dialect.eol.encode(), 0, fault.start)
        return DataError(
            f"row {where:,} is not encoded in UTF-8: give the option encoding, such as"
            " encoding=cp1252",
            source=source,
        )
    ragged = ragged_fault(block, dialect, len(names), source, row)
    if ragged is not None:
        return ragged
    mixed = _mixed(block, dialect, names, readings) or _named(error, readings)
    if mixed:
        return MixedColumn(mixed, source=source)
    return DataError(
        f"from row {row + 1:,} on, quotes do not match: if they mean nothing in this file, give the"
        f" option quote= (the parser said: {_first_line(error)})",
        source=source,
    )


def ragged_fault(
    block: bytes, dialect: Dialect, width: int, source: str, row: int
) -> DataError | None:
    """The error that names the first record of more or fewer than `width` fields, if any."""
    ragged = _ragged_row(block.decode(errors="replace"), dialect, width)
    if ragged is None:
        return None
    index, fields = ragged
    return DataError(
        f"row {row + index:,} has {fields} field{'s' if fields != 1 else ''}, but the first"
        f" has {width}: mend that row (or is {dialect.delimiter!r} not the delimiter,"
        f" or {dialect.quote!r} not the quote? See the options delimiter and quote)",
        source=source,
    )


def _ragged_row(text: str, dialect: Dialect, width: int) -> tuple[int, int] | None:
    """The first record of another width, counted from 1, and its width."""
    reader = csv.reader(
        (f"{line}\n" for line in text.split(dialect.eol)),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
    )
    try:
        records = (fields for fields in reader if fields)
        for index, fields in enumerate(records, 1):
            if len(fields) != width:
                return index, len(fields)
    except csv.Error:  # too long a field: no more can be said
        pass
    return None


def _mixed(
    block: bytes, dialect: Dialect, names: Sequence[str], readings: Mapping[str, Reading]
) -> dict[str, pl.DataType]:
    """Columns with values that do not fit, and a type that does."""
    try:
        frame = pl.read_csv(
            block,
            has_header=False,
            schema=dict.fromkeys(names, pl.String()),
            separator=dialect.delimiter,
            quote_char=dialect.quote or None,
            eol_char=dialect.eol,
            null_values=list(NULLS),
        )
    except pl.exceptions.PolarsError:
        return {}
    return {
        name: wider(reading.dtype, frame[name], decimal=dialect.decimal)
        for name, reading in readings.items()
        if misfits(reading, frame[name], decimal=dialect.decimal)
    }


def _named(error: Exception | None, readings: Mapping[str, Reading]) -> dict[str, pl.DataType]:
    """The column that the parser's message names, where it was not read as text."""
    found = re.search(r"at column '(.*)' \(column number", str(error), re.DOTALL)
    if found is None or readings.get(found[1], TEXT).dtype == pl.String:
        return {}
    return {found[1]: pl.String()}


def _first_line(error: Exception | None) -> str:
    return str(error).strip().partition("\n")[0].rstrip(":. ") if error else "nothing"
