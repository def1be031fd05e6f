"""Types that features know, in place of their rarer relatives."""

from __future__ import annotations

from typing import TypeVar

import polars as pl

F = TypeVar("F", pl.DataFrame, pl.LazyFrame)


def plain(frame: F) -> F:
    """Decimals and 128-bit numbers as floats; categories, objects and nulls as text."""
    casts = [
        _as_text(name) if dtype == pl.Object else pl.col(name).cast(target)
        for name, dtype in frame.collect_schema().items()
        if (target := _plain_type(dtype)) != dtype
    ]
    return frame.with_columns(casts) if casts else frame


def _plain_type(dtype: pl.DataType) -> pl.DataType:
    if dtype.is_decimal() or dtype in (pl.Int128, pl.UInt128):
        return pl.Float64()
    if dtype == pl.Float16:
        return pl.Float32()
    if dtype in (pl.Categorical, pl.Enum, pl.Object, pl.Null):
        return pl.String()
    return dtype


def _as_text(name: str) -> pl.Expr:
    return pl.col(name).map_batches(_texts, return_dtype=pl.String)


def _texts(objects: pl.Series) -> pl.Series:
    texts = [None if value is None else str(value) for value in objects.to_list()]
    return pl.Series(objects.name, texts, dtype=pl.String)
