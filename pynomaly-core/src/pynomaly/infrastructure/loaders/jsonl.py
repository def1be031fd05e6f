"""Reads JSON lines, also compressed."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import polars as pl

from pynomaly.domain.datasets import MixedColumn, Table, Types
from pynomaly.domain.errors import DataError
from pynomaly.infrastructure.loaders.blocks import (
    check_text,
    find_encoding,
    first_records,
    head_of,
    records,
    text_blocks,
)
from pynomaly.infrastructure.loaders.columns import Reading, infer_dates
from pynomaly.ports.loading import existing_file, plain, reading
from pynomaly.ports.params import NoParams

INFERRED_ROWS = 10_000
"""Columns and types are inferred from so many rows; keys that come later are ignored."""

_CONSTANTS = {"NaN": None, "Infinity": float("inf"), "-Infinity": float("-inf")}
_HINT = "is it one JSON object per line?"


@attrs.frozen(eq=False)
class JsonLines:
    """A file of JSON lines.

    Attributes:
        path: The file.
        source: What messages call it.
        encoding: As Python calls it.
        readings: Column names to how they are read, in order.
    """

    path: Path
    source: str
    encoding: str
    readings: Mapping[str, Reading]

    def frames(self, size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows, in order, in frames as high as blocks of text are."""
        del size
        readings = {name: self.readings[name] for name in columns}
        # Without a column, the rows still count.
        readings = readings or dict(list(self.readings.items())[:1])
        rows = 0
        with closing(self._blocks()) as blocks:
            for block in blocks:
                with reading(self.source, _HINT):
                    frame = self._frame(block, readings, rows)
                rows += frame.height
                yield frame

    def retyped(self, types: Types) -> Table:
        """The same table with columns read as other types."""
        other = {name: Reading(dtype) for name, dtype in types.items()}
        return attrs.evolve(self, readings={**self.readings, **other}).table()

    def table(self) -> Table:
        """What the rest of the program sees of it."""
        schema = pl.Schema({name: column.dtype for name, column in self.readings.items()})
        size = self.path.stat().st_size
        files = (self.path,)
        return Table(self.source, schema, self.frames, None, size, self.retyped, files=files)

    def _blocks(self) -> Generator[bytes]:
        text = text_blocks(self.path, self.encoding, self.source)
        for block in records(text, "", self.source):
            if block.strip():
                yield block

    def _frame(self, block: bytes, readings: Mapping[str, Reading], row: int) -> pl.DataFrame:
        try:
            frame = _parse(block, {name: column.raw for name, column in readings.items()})
            return frame.with_columns(
                column.convert(pl.col(name)) for name, column in readings.items() if column.convert
            )
        except pl.exceptions.PolarsError as error:
            raise _fault(block, readings, self.source, row, error) from error


def load(uri: str, options: NoParams) -> Table:
    """Open a file of JSON lines: one object per line, whose keys are the columns.

    Text that is dates in the first rows is read as dates.

    Raises:
        DataError: If it is something else.
    """
    del options
    path = existing_file(uri)
    with reading(uri, _HINT):
        return open_jsonl(path, uri)


def open_jsonl(path: Path, source: str) -> Table:
    """The table of a file of JSON lines; messages call it `source`."""
    head = head_of(path, source)
    check_text(head, source)
    encoding = find_encoding(head, source)
    table = JsonLines(path, source, encoding, {})
    block = b""
    with closing(text_blocks(path, encoding, source)) as blocks:
        for part in blocks:
            block += part
            if block.count(b"\n") >= INFERRED_ROWS or len(block) >= len(head):
                break
    lines = first_records(block, "", b"\n").splitlines(keepends=True)[:INFERRED_ROWS]
    shown = b"".join(lines)
    try:
        frame = _parse(shown)
    except pl.exceptions.PolarsError:
        found = _found_types(shown, source, 0)
        frame = _parse(shown, {name: _common(kinds) for name, kinds in found.items()})
    if not frame.columns:
        raise DataError("its objects have no keys, so there is no column", source=source)
    return attrs.evolve(table, readings=_infer(frame)).table()


def _infer(frame: pl.DataFrame) -> dict[str, Reading]:
    return {
        column.name: infer_dates(column) if column.dtype == pl.String else Reading(column.dtype)
        for column in plain(frame).iter_columns()
    }


def _parse(block: bytes, schema: Mapping[str, pl.DataType] | None = None) -> pl.DataFrame:
    given = None if schema is None else dict(schema)
    try:
        return pl.read_ndjson(block, schema=given, infer_schema_length=None)
    except pl.exceptions.PolarsError:
        if b"NaN" not in block and b"Infinity" not in block:
            raise
    # Python writes these, although JSON knows no such numbers.
    rows = _objects(block)
    return pl.from_dicts(rows, schema=given, infer_schema_length=None) if rows else pl.DataFrame()


def _objects(block: bytes, first: int = 1, source: str = "") -> list[dict[str, Any]]:
    """The objects of a block; `first` is the number of its first line.

    Raises:
        DataError: Naming the first line that is none.
    """
    rows = []
    for index, line in enumerate(block.splitlines(), first):
        if not line.strip():
            continue
        try:
            value = json.loads(line, parse_constant=_CONSTANTS.get)
        except ValueError as error:
            message = f"line {index:,} is not valid JSON ({error}): {_HINT}"
            raise DataError(message, source=source) from None
        if not isinstance(value, dict):
            kind = "an array" if isinstance(value, list) else "a single value"
            raise DataError(f"line {index:,} is {kind}: {_HINT}", source=source)
        rows.append(value)
    return rows


def _found_types(block: bytes, source: str, row: int) -> dict[str, set[str]]:
    """The kinds of values that each key has."""
    found: dict[str, set[str]] = {}
    for each in _objects(block, row + 1, source):
        for key, value in each.items():
            if value is not None:
                found.setdefault(key, set()).add(type(value).__name__)
            else:
                found.setdefault(key, set())
    return found


def _common(kinds: set[str]) -> pl.DataType:
    """A type that all of these kinds fit; text where they have nothing in common."""
    if kinds and kinds <= {"int", "float"}:
        return pl.Int64() if kinds == {"int"} else pl.Float64()
    return pl.Boolean() if kinds == {"bool"} else pl.String()


def _fault(
    block: bytes, readings: Mapping[str, Reading], source: str, row: int, error: Exception
) -> DataError:
    """What is wrong with a block: a line that is no object, or a column of another type."""
    found = _found_types(block, source, row)
    mixed = {
        name: _common(found[name] | _kinds_of(column.dtype))
        for name, column in readings.items()
        if name in found and not _fits(found[name], column)
    } or {  # dates that are none, and nested values of another shape, do not show in the kinds
        name: pl.String()
        for name, column in readings.items()
        if column.convert or column.dtype.is_nested()
    }
    if mixed:
        return MixedColumn(mixed, source=source)
    said = str(error).strip().partition("\n")[0]
    return DataError(f"from line {row + 1:,} on: {_HINT} ({said})", source=source)


def _fits(kinds: set[str], column: Reading) -> bool:
    if column.dtype == pl.String:
        return True
    if column.dtype.is_nested():
        return kinds <= {"dict", "list"}
    return kinds <= ({"str"} if column.convert else _kinds_of(column.dtype))


def _kinds_of(dtype: pl.DataType) -> set[str]:
    if dtype.is_numeric():
        return {"int"} if dtype.is_integer() else {"int", "float"}
    return {"bool"} if dtype == pl.Boolean else {"str"}
