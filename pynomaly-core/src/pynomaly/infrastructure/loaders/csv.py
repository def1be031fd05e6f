"""Reads text tables: CSV, TSV and their kin, also compressed, in any encoding."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

import attrs
import polars as pl

from pynomaly.domain.datasets import Table, Types
from pynomaly.domain.errors import DataError
from pynomaly.infrastructure.loaders.blocks import (
    HEAD_BYTES,
    check_text,
    count_byte,
    find_encoding,
    first_records,
    head_of,
    known_encoding,
    records,
    text_blocks,
)
from pynomaly.infrastructure.loaders.columns import (
    NULLS,
    TEXT,
    Reading,
    could_have_day_first,
    infer,
    reading_as,
)
from pynomaly.infrastructure.loaders.dialect import (
    MAX_COLUMNS,
    Dialect,
    TextOptions,
    column_names,
    find_dialect,
    parse,
)
from pynomaly.infrastructure.loaders.faults import explain_fault, ragged_fault
from pynomaly.ports.loading import existing_file, reading

INFERRED_ROWS = 10_000
"""Types are inferred from so many rows; what they do not show is a `MixedColumn`."""

_HINT = "is it a text table?"


@attrs.frozen(eq=False)
class TextTable:
    """A text table, as it was found to be written.

    Attributes:
        path: The file.
        source: What messages call it.
        encoding: As Python calls it.
        dialect: How it is written.
        readings: Column names to how they are read, in order.
        notes: What was decided about them that may be wrong.
    """

    path: Path
    source: str
    encoding: str
    dialect: Dialect
    readings: Mapping[str, Reading]
    notes: tuple[str, ...] = ()

    def frames(self, size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows, in order, in frames as high as blocks of text are."""
        del size
        wanted = frozenset(columns)
        raw = {name: column.raw for name, column in self.readings.items()}
        nulls: Sequence[str] = NULLS if pl.String() in (raw[name] for name in columns) else ()
        rows = 0
        with closing(self._blocks()) as blocks:
            for block in blocks:
                with reading(self.source, _HINT):
                    frame, nulls = self._frame(block, wanted, rows, nulls)
                rows += frame.height
                yield frame.select(columns)

    def retyped(self, types: Types) -> Table:
        """The same table with columns read as other types."""
        other = {n: reading_as(t, decimal=self.dialect.decimal) for n, t in types.items()}
        return attrs.evolve(self, readings={**self.readings, **other}).table()

    def table(self) -> Table:
        """What the rest of the program sees of it."""
        schema = pl.Schema({name: column.dtype for name, column in self.readings.items()})
        size = self.path.stat().st_size
        files = (self.path,)
        return Table(
            *(self.source, schema, self.frames, None, size, self.retyped),
            files=files,
            notes=self.notes,
        )

    def _blocks(self) -> Generator[bytes]:
        """Blocks of whole records, without header and leading blank lines."""
        mark, eol = self.dialect.quote, self.dialect.eol.encode()
        text = text_blocks(self.path, self.encoding, self.source)
        skip = self.dialect.header
        for each in records(text, mark, self.source, eol):
            block = each
            if skip:
                block = block.lstrip(b"\r\n")
                block = block[first_record_end(block, mark, eol) :]
                skip = not block and not each.strip()
            if len(self.readings) > 1:  # of one column, a blank line is a missing value
                block = block.lstrip(b"\r\n")
            if block:
                yield block

    def _without_blank_lines(self, block: bytes) -> bytes:
        if len(self.readings) == 1:
            return block
        bare = block.lstrip(b"\r\n")
        quote = re.escape(self.dialect.quote.encode())
        if quote and quote in bare:
            return re.sub(rb"(%b[^%b]*%b)|(?<=\n)\r?\n" % (quote, quote, quote), rb"\1", bare)
        return re.sub(rb"(?<=\n)[\r\n]+", b"", bare)

    def _frame(
        self, block: bytes, wanted: frozenset[str], row: int, nulls: Sequence[str]
    ) -> tuple[pl.DataFrame, Sequence[str]]:
        """The block's rows, and the spellings of missing values to look for in the next one."""
        indices = [i for i, name in enumerate(self.readings) if name in wanted]
        raw = {name: column.raw for name, column in self.readings.items()}
        try:
            frame, nulls = _parsed(block, raw, self.dialect, indices, nulls)
            if self._is_short(block, frame.height):
                block = self._without_blank_lines(block)
                frame, nulls = _parsed(block, raw, self.dialect, indices, nulls)
                if self._is_short(block, frame.height):
                    fault = ragged_fault(block, self.dialect, len(self.readings), self.source, row)
                    if fault is not None:
                        raise fault
            converts = [
                column.convert(pl.col(name))
                for name, column in self.readings.items()
                if column.convert and name in wanted
            ]
            return frame.with_columns(converts) if converts else frame, nulls
        except pl.exceptions.PolarsError as error:
            readings = {n: r for n, r in self.readings.items() if n in wanted}
            raise explain_fault(
                block, self.dialect, list(self.readings), readings, self.source, row, error
            ) from error

    def _is_short(self, block: bytes, rows: int) -> bool:
        """Whether some record, be it a blank line, has too few fields: they were read as nulls."""
        delimiter, quote = self.dialect.delimiter.encode(), self.dialect.quote.encode()
        expected = rows * (len(self.readings) - 1)
        found = count_byte(block, delimiter)
        if found > expected and quote and quote in block:
            mark = re.escape(quote)
            bare = re.sub(rb"%b[^%b]*%b" % (mark, mark, mark), b"", block)
            found = count_byte(bare, delimiter)
        return found < expected


def load(uri: str, options: TextOptions) -> Table:
    """Open a text table. What `options` do not say is found out.

    Args:
        uri: A path or ``file:`` URI; gzip and zstd are recognised by content.
        options: What is known of it.

    Raises:
        DataError: If it is no text table, or none that can be read.
    """
    path = existing_file(uri)
    with reading(uri, _HINT):
        return open_text(path, uri, options).table()


def open_text(path: Path, source: str, options: TextOptions) -> TextTable:
    """Find out how the text table `path` is written."""
    raw = head_of(path, source)
    given = options.encoding
    if not given:
        check_text(raw, source)
    encoding = known_encoding(given) if given else find_encoding(raw, source)
    head = _decoded_head(path, encoding, source)
    dialect = find_dialect(head.decode(errors="replace"), options, source)
    if ".tsv" in path.suffixes and dialect.delimiter == "\x1f":
        dialect = attrs.evolve(dialect, delimiter="\t")
    mark, eol = dialect.quote, dialect.eol.encode()
    body = first_records(head, mark, eol).lstrip(b"\r\n")
    end = first_record_end(body, mark, eol)
    first = parse(body[:end].decode(errors="replace").splitlines(), dialect.delimiter, mark)
    fields = first[0] if first else []
    if len(fields) > MAX_COLUMNS:
        message = f"has {len(fields):,} columns, but at most {MAX_COLUMNS:,} are read"
        raise DataError(message, source=source)
    names = column_names(fields if dialect.header else [""] * len(fields), source)
    if dialect.header:
        body = body[end:]
    if not body.strip():
        raise DataError("has a header, but no rows", source=source)
    table = TextTable(path, source, encoding, dialect, dict.fromkeys(names, TEXT))
    return _infer(table, body)


def read_block(
    block: bytes,
    schema: Mapping[str, pl.DataType],
    dialect: Dialect,
    indices: Sequence[int] | None = None,
    rows: int | None = None,
    nulls: Sequence[str] = NULLS,
) -> pl.DataFrame:
    """Parse whole records without a header.

    Args:
        block: UTF-8 text.
        schema: Column names to what the parser reads them as.
        dialect: How it is written.
        indices: Positions of the columns to read; None for all.
        rows: Read no more than these.
        nulls: Spellings of a missing value, besides none at all.

    Raises:
        polars.exceptions.PolarsError: If it does not fit the schema.
    """
    if not block.strip():  # one column, all missing
        return pl.Schema(schema).to_frame().clear(block.count(dialect.eol.encode()))
    if indices is not None and (not indices or len(indices) == len(schema)):
        indices = None
    return pl.read_csv(
        block,
        has_header=False,
        schema=dict(schema),
        columns=indices,
        separator=dialect.delimiter,
        quote_char=dialect.quote or None,
        eol_char=dialect.eol,
        decimal_comma=dialect.decimal == ",",
        null_values=list(nulls),
        n_rows=rows,
    )


def _parsed(
    block: bytes,
    raw: Mapping[str, pl.DataType],
    dialect: Dialect,
    indices: Sequence[int],
    nulls: Sequence[str],
) -> tuple[pl.DataFrame, Sequence[str]]:
    """The block's rows, and the spellings of missing values that it had to look for.

    Looking for them takes a third of the time, and most tables of numbers have none. What the
    parser would take for a number all the same is spelt with an n.
    """
    if not nulls and b"n" not in block and b"N" not in block:
        with suppress(pl.exceptions.PolarsError):
            return read_block(block, raw, dialect, indices, nulls=()), nulls
    return read_block(block, raw, dialect, indices, nulls=NULLS), NULLS


def first_record_end(block: bytes, quote: str, eol: bytes) -> int:
    """Where the first record ends: after an end of line with an even number of quotes."""
    mark = quote.encode()
    end = block.find(eol) + 1
    while end and mark and block.count(mark, 0, end) % 2:
        end = block.find(eol, end) + 1
    return end or len(block)


def _decoded_head(path: Path, encoding: str, source: str) -> bytes:
    parts, size = [], 0
    with closing(text_blocks(path, encoding, source)) as blocks:
        for block in blocks:
            parts.append(block)
            size += len(block)
            if size >= HEAD_BYTES:
                break
    return b"".join(parts)


def _infer(table: TextTable, body: bytes) -> TextTable:
    """The table with its columns' types, as the first rows show them."""
    text = dict.fromkeys(table.readings, pl.String())
    body = table._without_blank_lines(body)  # noqa: SLF001, of this module
    try:
        frame = read_block(body, text, table.dialect, rows=INFERRED_ROWS)
    except pl.exceptions.PolarsError as error:
        names = list(table.readings)
        raise explain_fault(
            body, table.dialect, names, table.readings, table.source, 0, error
        ) from error
    decimal, day_first = table.dialect.decimal, table.dialect.day_first
    readings = {
        column.name: infer(column, decimal=decimal, day_first=day_first)
        for column in frame.iter_columns()
    }
    notes = [
        f"dates such as {frame[name].drop_nulls()[0]} in the column {name!r} are read with the month"
        " first: if the day comes first, give --read day_first=true"
        for name, found in readings.items()
        if day_first is None and could_have_day_first(found, frame[name])
    ]
    return attrs.evolve(table, readings=readings, notes=tuple(notes))
