"""Columns of the Python objects that a driver gives: their common type, and their frame."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Sequence

import polars as pl

_INTEGERS = range(-(2**63), 2**63)
_BYTES = (bytes, bytearray, memoryview)


def common_type(values: Sequence[object], known: pl.DataType | None) -> pl.DataType:
    """What a column is read as that was `known` as something and now holds `values`, too.

    Text, where there are only missing values or several kinds of them.
    """
    found = {_type(value) for value in values if value is not None}
    if known is not None:
        found.add(known)
    if len(found) == 1:
        return found.pop()
    if found and found <= {pl.Int64(), pl.Float64()}:
        return pl.Float64()
    return pl.String()


def series_of(name: str, values: Sequence[object], dtype: pl.DataType) -> pl.Series:
    """`values` as a column of `dtype`, which is their common type or wider."""
    given = [None if value is None else _as(value, dtype) for value in values]
    return pl.Series(name, given, dtype=dtype, strict=True)


def _type(value: object) -> pl.DataType:  # noqa: PLR0911, a decision list
    match value:
        case bool():
            return pl.Boolean()
        case int():
            return pl.Int64() if value in _INTEGERS else pl.Float64()
        case float() | decimal.Decimal() | dt.timedelta():
            return pl.Float64()
        case bytes() | bytearray() | memoryview():
            return pl.Binary()
        case dt.datetime():
            return pl.Datetime("us", None if value.tzinfo is None else "UTC")
        case dt.date():
            return pl.Date()
        case dt.time() if value.tzinfo is None:
            return pl.Time()
        case _:
            return pl.String()


def _as(value: object, dtype: pl.DataType) -> object:
    if dtype == pl.String():
        return bytes(value).hex() if isinstance(value, _BYTES) else str(value)
    match value:
        case dt.timedelta():
            return value.total_seconds()
        case int() | decimal.Decimal() if dtype == pl.Float64():
            return float(value)
        case dt.datetime() if value.tzinfo is not None:
            return value.astimezone(dt.UTC)
        case bytearray() | memoryview():
            return bytes(value)
        case _:
            return value
