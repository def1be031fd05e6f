"""How a text table is written: delimiter, quote, decimal mark, header; found or given."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

import attrs

from pynomaly.domain.errors import DataError
from pynomaly.infrastructure.loaders.columns import NULLS
from pynomaly.ports.params import param

MAX_COLUMNS = 10_000

_DELIMITERS = "\t;|,"
"""Those that rarely stand in values first: a decimal comma is no delimiter."""
_NO_DELIMITER = "\x1f"
_TABS = ("tab", "\\t")
_SAMPLE_ROWS = 100
_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*")
_COMMA = re.compile(r"[+-]?[\d.]*,\d+([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?\d*\.(?!\d{3}$)\d+([eE][+-]?\d+)?")
"""Three digits after a point may be thousands."""
_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?")
_QUOTED = re.compile(r"(^|[\t;|,])'[^'\n]*'(?=[\t;|,\r\n])", re.MULTILINE)


@attrs.frozen
class TextOptions:
    """What can be said of a text table instead of being found out."""

    delimiter: str | None = param(None, help="What stands between fields, such as ; or tab.")
    quote: str | None = param(None, help="The quoting character; empty for none.")
    encoding: str | None = param(None, help="Such as utf-8 or cp1252.")
    decimal: Literal[".", ","] | None = param(None, help="The decimal mark.")
    header: bool | None = param(None, help="Whether the first line names the columns.")
    day_first: bool | None = param(None, help="Whether 01/02/2026 is a day in February.")

    def __attrs_post_init__(self) -> None:
        """Refuse marks that no parser takes."""
        if self.delimiter not in {None, *_TABS} and not _is_one(self.delimiter):
            raise ValueError(f"delimiter {self.delimiter!r} is not one ASCII character")
        if self.quote and not _is_one(self.quote):
            raise ValueError(f"quote {self.quote!r} is not one ASCII character")
        if self.decimal is not None and self.decimal == self.delimiter:
            raise ValueError(f"decimal and delimiter cannot both be {self.decimal!r}")


@attrs.frozen
class Dialect:
    """How a text table is written.

    Attributes:
        delimiter: What stands between fields.
        quote: What stands around fields that hold a delimiter; ``""`` for nothing.
        decimal: ``"."`` or ``","``.
        header: Whether the first record names the columns.
        eol: What ends a record.
        day_first: Whether the day stands before the month, between slashes; None if unknown.
    """

    delimiter: str
    quote: str
    decimal: str
    header: bool
    eol: str = "\n"
    day_first: bool | None = None


def find_dialect(text: str, options: TextOptions, source: str) -> Dialect:
    """The dialect of a file that begins with `text`, as far as `options` do not give it.

    Raises:
        DataError: If the first record has too many columns.
    """
    eol = "\r" if "\r" in text and "\n" not in text else "\n"
    quote = options.quote
    if quote is None:
        quote = "'" if '"' not in text and len(_QUOTED.findall(text[:65_536])) > 1 else '"'
    check_width(text.lstrip().partition(eol)[0], source)
    lines = text[: 1 << 20].replace("\r\n", "\n").split(eol)
    delimiter = "\t" if options.delimiter in _TABS else options.delimiter
    if delimiter is None:
        delimiter = _find_delimiter(lines, quote)
    if options.quote is None and _is_stray(lines, delimiter, quote):
        quote = ""
    rows = parse(lines[:_SAMPLE_ROWS], delimiter, quote)
    decimal: str | None = options.decimal
    if decimal is None:
        decimal = "," if delimiter != "," and _has_decimal_comma(rows) else "."
    header = _has_header(rows) if options.header is None else options.header
    return Dialect(delimiter, quote, decimal, header, eol, options.day_first)


def parse(lines: Sequence[str], delimiter: str, quote: str) -> list[list[str]]:
    """The fields of each record that is not blank, as far as they can be told."""
    reader = csv.reader(
        (f"{line}\n" for line in lines),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    rows: list[list[str]] = []
    with suppress(csv.Error):  # what was read up to there must do
        rows.extend(row for row in reader if row)
    return rows


def column_names(fields: Sequence[str], source: str) -> list[str]:
    """The columns' names from the header's fields; those without get ``column_1``, ...

    Raises:
        DataError: If names are equal.
    """
    names = [field.strip() or f"column_{i}" for i, field in enumerate(fields, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"several columns are called {', '.join(map(repr, twice[:5]))}: rename them"
            " (or is it no header? then give the option header=false)",
            source=source,
            columns=twice,
        )
    return names


def check_width(line: str, source: str) -> None:
    """Refuse a first record of too many columns.

    Raises:
        DataError: If it has.
    """
    width = 1 + max(line.count(delimiter) for delimiter in _DELIMITERS)
    if width > MAX_COLUMNS:
        raise DataError(
            f"its first line has about {width:,} columns, but at most {MAX_COLUMNS:,} are read:"
            " is it transposed? Choose columns, or store it as Parquet",
            source=source,
        )


def _find_delimiter(lines: Sequence[str], quote: str) -> str:
    best, best_share = _NO_DELIMITER, 0.5
    for delimiter in _DELIMITERS:
        widths = Counter(len(row) for row in parse(lines[:_SAMPLE_ROWS], delimiter, quote))
        width, count = max(widths.items(), key=lambda item: item[1], default=(1, 0))
        share = count / max(widths.total(), 1)
        if width > 1 and share > best_share:
            best, best_share = delimiter, share
    if best == _NO_DELIMITER and not any("," in line for line in lines):
        return ","
    return best


def _is_stray(lines: Sequence[str], delimiter: str, quote: str) -> bool:
    """Whether quotes are just characters: some close before a field ends, and none is needed."""
    if not any(quote in line for line in lines):
        return False
    mark, end = re.escape(quote), re.escape(delimiter)
    early = re.compile(f"(^|{end}){mark}[^{mark}]*{mark}[^{mark}{end}]")
    whole = [line for line in lines[:-1] if line.strip()]  # the last one may be cut
    widths = {line.count(delimiter) for line in whole}
    return len(widths) == 1 and widths != {0} and any(early.search(line) for line in whole)


def _has_decimal_comma(rows: Sequence[Sequence[str]]) -> bool:
    fields = [field.strip() for row in rows for field in row]
    with_comma = sum(bool(_COMMA.fullmatch(field)) for field in fields)
    with_point = sum(bool(_POINT.fullmatch(field)) for field in fields)
    return with_comma > with_point


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """A header has neither numbers nor dates in it, but for pandas' count of the columns.

    Nor does a word of it stand again and again in its column.
    """
    first = rows[0] if rows else []
    for j, field in enumerate(first):
        again = sum(len(row) > j and row[j] == field for row in rows[1:])
        if again > 1 and field.strip() and field not in NULLS:
            return False
    data = [bool(_NUMBER.fullmatch(f) or _DATE.fullmatch(f)) for f in first]
    if not any(data):
        return any(field.strip() and field not in NULLS for field in first)
    counted = [f == str(i) for i, f in enumerate(first)]
    return sum(data) > 2 and data == counted


def _is_one(mark: str | None) -> bool:
    return mark is not None and len(mark) == 1 and mark.isascii()
