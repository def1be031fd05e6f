"""How a text table is written: delimiter, quote, decimal mark, header; found or given."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import attrs

from pynomaly.domain.errors import DataError, UsageError
from pynomaly.infrastructure.loaders.columns import NULLS

MAX_COLUMNS = 10_000

_DELIMITERS = "\t;|,"
"""Those that rarely stand in values first: a decimal comma is no delimiter."""
_NO_DELIMITER = "\x1f"
_SAMPLE_ROWS = 100
_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*")
_COMMA = re.compile(r"[+-]?[\d.]*,\d+([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?\d*\.(?!\d{3}$)\d+([eE][+-]?\d+)?")
"""Three digits after a point may be thousands."""
_DATE = re.compile(r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?")
_QUOTED = re.compile(r"(^|[\t;|,])'[^'\n]*'(?=[\t;|,\r\n])", re.MULTILINE)


@attrs.frozen
class Dialect:
    """How a text table is written.

    Attributes:
        delimiter: What stands between fields.
        quote: What stands around fields that hold a delimiter; ``""`` for nothing.
        decimal: ``"."`` or ``","``.
        header: Whether the first record names the columns.
        eol: What ends a record.
    """

    delimiter: str
    quote: str
    decimal: str
    header: bool
    eol: str = "\n"


def find_dialect(text: str, options: Mapping[str, Any], source: str) -> Dialect:
    """The dialect of a file that begins with `text`, as far as `options` do not give it.

    Raises:
        UsageError: If an option has a value that it cannot have.
        DataError: If the first record has too many columns.
    """
    eol = "\r" if "\r" in text and "\n" not in text else "\n"
    quote = _option(options, "quote", _is_short)
    if quote is None:
        quote = "'" if '"' not in text and len(_QUOTED.findall(text[:65_536])) > 1 else '"'
    check_width(text.lstrip().partition(eol)[0], source)
    lines = text[: 1 << 20].replace("\r\n", "\n").split(eol)
    delimiter = _option(options, "delimiter", _is_one)
    delimiter = {"\\t": "\t", "tab": "\t"}.get(delimiter or "", delimiter)
    if delimiter is None:
        delimiter = _find_delimiter(lines, quote)
    if options.get("quote") is None and _is_stray(lines, delimiter, quote):
        quote = ""
    rows = parse(lines[:_SAMPLE_ROWS], delimiter, quote)
    decimal = _option(options, "decimal", lambda value: value in {".", ","})
    if decimal is None:
        decimal = "," if delimiter != "," and _has_decimal_comma(rows) else "."
    if decimal == delimiter:
        raise UsageError(f"{source}: the decimal mark and the delimiter cannot both be {decimal!r}")
    header = _truth(options.get("header"))
    return Dialect(delimiter, quote, decimal, _has_header(rows) if header is None else header, eol)


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


def _option(options: Mapping[str, Any], name: str, valid: Any) -> str | None:
    value = options.get(name)
    if value is None:
        return None
    value = str(value)
    if not valid(value):
        raise UsageError(f"option {name} cannot be {value!r}")
    return value


def _is_one(value: str) -> bool:
    return value in {"\\t", "tab"} or (len(value) == 1 and value.isascii())


def _is_short(value: str) -> bool:
    return not value or (len(value) == 1 and value.isascii())


def _truth(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    try:
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[
            str(value).lower()
        ]
    except KeyError:
        raise UsageError(f"option header cannot be {value!r}: say true or false") from None
