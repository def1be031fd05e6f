"""What the text of a column is: numbers, truth values, dates, or just text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
import polars as pl

NULLS = ("", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "#N/A", "?")
"""Spellings of a missing value."""

_TRUTH = ("true", "false", "True", "False", "TRUE", "FALSE")
_LEADING_ZERO = r"^[+-]?0\d+$"
_LONG_DIGITS = r"^[+-]?\d{19,}$"
_DAY_FIRST, _MONTH_FIRST = "%d/%m/%Y", "%m/%d/%Y"
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", _MONTH_FIRST, _DAY_FIRST, "%d-%m-%Y")
_TIMES = ("%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_PROBE = 100
"""Values that are tried first, to rule out what a column is not."""

Convert = Callable[[pl.Expr], pl.Expr]


@attrs.frozen(eq=False)
class Reading:
    """How a column of text is read.

    Attributes:
        dtype: What it becomes.
        raw: What the parser reads: `dtype` itself where it can.
        convert: From `raw` to `dtype`, failing where a value does not fit; None for nothing.
        format: Of dates and times.
    """

    dtype: pl.DataType
    raw: pl.DataType = attrs.field()
    convert: Convert | None = None
    format: str = ""

    @raw.default
    def _same(self) -> pl.DataType:
        return self.dtype


TEXT = Reading(pl.String())


def infer(values: pl.Series, *, decimal: str = ".", day_first: bool | None = None) -> Reading:
    """The narrowest reading that all `values` fit; text where there are none.

    Leading zeros and digits beyond 64 bits are codes: text. Where numbers have blanks around
    them, they are stripped.
    """
    given = values.drop_nulls() if values.null_count() else values
    if given.is_empty():
        return TEXT
    if decimal == "." and not given.cast(pl.Float64, strict=False).null_count():
        return _number(given)
    for reading in _candidates(given, decimal, day_first=day_first):
        if _fits(reading, given.head(_PROBE), decimal) and _fits(reading, given, decimal):
            return reading
    return TEXT


def _number(given: pl.Series) -> Reading:
    """The reading of numbers as programs write them: the case to be quick about."""
    if not given.head(_PROBE).cast(pl.Int64, strict=False).null_count():
        if given.str.contains(_LEADING_ZERO).any():
            return TEXT
        if not given.cast(pl.Int64, strict=False).null_count():
            return Reading(pl.Int64())
    if given[0].lstrip("+-").isdecimal() and given.str.contains(_LONG_DIGITS).any():
        return TEXT
    return Reading(pl.Float64())


def infer_dates(values: pl.Series) -> Reading:
    """Dates or times where all `values` are ones in one format, else text."""
    given = values.drop_nulls()
    if not given.is_empty():
        for reading in _date_readings(given[0]):
            if _fits(reading, given.head(_PROBE), ".") and _fits(reading, given, "."):
                return reading
    return TEXT


def reading_as(dtype: pl.DataType, *, decimal: str = ".") -> Reading:
    """The reading of a type that is given instead of inferred: lenient with blanks."""
    if dtype == pl.String:
        return TEXT
    return Reading(dtype, pl.String(), lambda column: _stripped(column, decimal).cast(dtype))


def misfits(reading: Reading, values: pl.Series, *, decimal: str = ".") -> bool:
    """Whether any of `values`, which are text, does not fit."""
    return not _fits(reading, values.drop_nulls(), decimal)


def wider(dtype: pl.DataType, values: pl.Series, *, decimal: str = ".") -> pl.DataType:
    """A type for a column of `dtype` that has met `values`, text that does not fit it."""
    if dtype.is_integer() and not misfits(reading_as(pl.Float64()), values, decimal=decimal):
        return pl.Float64()
    return pl.String()


def _candidates(given: pl.Series, decimal: str, *, day_first: bool | None) -> Iterator[Reading]:
    first = given[0].strip()
    if first in _TRUTH:
        yield Reading(pl.Boolean())
        return
    if first[:1].isalpha() and first.lower()[:3] != "inf":
        return
    if _has_groups(given, decimal):
        yield Reading(pl.Float64(), pl.String(), lambda column: _ungrouped(column, decimal))
    elif not given.str.contains(_LEADING_ZERO).any():
        yield from _number_readings(given, decimal)
    yield from _date_readings(first, day_first=day_first)


def _number_readings(given: pl.Series, decimal: str) -> Iterator[Reading]:
    padded = given.str.contains(r"^\s|\s$").any()
    yield Reading(pl.Int64())
    if padded:
        yield reading_as(pl.Int64())
    if not given.str.contains(_LONG_DIGITS).any():
        yield Reading(pl.Float64())
        if padded:
            yield reading_as(pl.Float64(), decimal=decimal)


def _has_groups(given: pl.Series, decimal: str) -> bool:
    """Whether the mark that groups thousands stands in any value."""
    return given.str.contains("." if decimal == "," else ",", literal=True).any()


def _ungrouped(column: pl.Expr, decimal: str) -> pl.Expr:
    """Numbers such as ``1,234,567.8``; other texts with such marks fit no number."""
    group = "." if decimal == "," else ","
    whole = rf"^\s*[+-]?\d{{1,3}}(\{group}\d{{3}})+(\{decimal}\d*)?\s*$"
    grouped = column.str.contains(whole) | ~column.str.contains(group, literal=True)
    bare = column.str.replace_all(group, "", literal=True)
    return _stripped(pl.when(grouped).then(bare).otherwise(column), decimal).cast(pl.Float64)


def could_have_day_first(reading: Reading, values: pl.Series) -> bool:
    """Whether `values`, read with the month before the day, fit the other order as well."""
    if not reading.format.startswith(_MONTH_FIRST):
        return False
    other = reading.format.replace(_MONTH_FIRST, _DAY_FIRST)
    return _fits(_moments(other), values.drop_nulls(), ".")


def _date_readings(example: str, *, day_first: bool | None = None) -> Iterator[Reading]:
    """Readings by the formats that `example` might have."""
    if not (6 <= len(example) <= 40 and example[0].isdigit()):
        return
    wrong = {None: "", True: _MONTH_FIRST, False: _DAY_FIRST}[day_first]
    for date in _DATES:
        if date == wrong:
            continue
        yield _moments(date)
        for time in _TIMES:
            for between in ("T", " "):
                yield _moments(f"{date}{between}{time}")
    for between in ("T", " "):
        for time in _TIMES[:2]:
            yield _moments(f"%Y-%m-%d{between}{time}%#z", "UTC")


def _moments(format: str, zone: str | None = None) -> Reading:
    """The reading of dates, or of times where the format has hours."""
    if format in _DATES:
        return Reading(pl.Date(), pl.String(), lambda column: column.str.to_date(format), format)
    return Reading(
        pl.Datetime("us", zone),
        pl.String(),
        lambda column: column.str.to_datetime(format, time_unit="us", time_zone=zone),
        format,
    )


def _fits(reading: Reading, given: pl.Series, decimal: str) -> bool:
    convert = reading.convert or (lambda column: _parsed(column, reading.dtype, decimal))
    try:
        given.to_frame("v").select(convert(pl.col("v")))
    except pl.exceptions.PolarsError:
        return False
    return True


def _parsed(column: pl.Expr, dtype: pl.DataType, decimal: str) -> pl.Expr:
    """As the CSV parser reads it, which skips leading blanks."""
    if dtype == pl.Boolean:
        return column.str.to_lowercase().replace_strict({"true": True, "false": False})
    bare = column.str.strip_chars_start()
    if decimal == "," and dtype.is_float():
        bare = bare.str.replace(",", ".", literal=True)
    return bare.cast(dtype)


def _stripped(column: pl.Expr, decimal: str) -> pl.Expr:
    bare = column.str.strip_chars()
    bare = pl.when(~bare.is_in(NULLS)).then(bare)
    return bare.str.replace(",", ".", literal=True) if decimal == "," else bare
