"""How a column of each kind becomes numbers, value by value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from pynomaly.domain.schema import ColumnKind, missing_mask, parse_dates, parse_numbers

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]

_DAY = 86_400.0
_DATE_PARTS = ("elapsed_days", "month", "weekday", "hour")
_TEXT_PARTS = ("characters", "digits", "capitals", "punctuation")
_TEXT_PATTERNS = (r"\d", r"\p{Lu}", r"[^\w\s]")


@attrs.frozen
class ColumnFeatures:
    """How one column becomes features.

    Attributes:
        column: Its name.
        kind: What it holds.
        dtype: Its Polars type when the features were fitted, as text.
        parts: Names of the features it gives, in order.
        levels: For a category: its surprisal in nats, ``-log(share)``, by level.
        unseen: For a category: surprisal of a level that was not seen, as if seen half a time.
    """

    column: str
    kind: ColumnKind
    dtype: str
    parts: tuple[str, ...]
    levels: Mapping[str, float] = attrs.field(factory=dict, repr=False)
    unseen: float = 0.0


@attrs.frozen(eq=False)
class Embedding:
    """What makes numbers of texts, in place of their surface.

    Attributes:
        names: Of the numbers.
        transform: Texts to numbers, shape (n, k), finite.
        get_state: What a model file needs.
    """

    names: tuple[str, ...]
    transform: Callable[[list[str]], Matrix]
    get_state: Callable[[], Mapping[str, Any]]


def encode(
    columns: tuple[ColumnFeatures, ...], frame: pl.DataFrame, embedding: Embedding | None
) -> Matrix:
    """The features of `frame` as they are, missing ones NaN, shape (n, d)."""
    raw = np.empty((frame.height, sum(len(column.parts) for column in columns)))
    start = 0
    for column in columns:
        stop = start + len(column.parts)
        values, out = frame.get_column(column.column), raw[:, start:stop]
        if embedding is not None and column.kind is ColumnKind.TEXT:
            _embed(values, column, out, embedding)
        else:
            _ENCODERS[column.kind](values, column, out)
        start = stop
    return raw


def _embed(column: pl.Series, plan: ColumnFeatures, out: Matrix, embedding: Embedding) -> None:
    text = column.cast(pl.String)
    width = len(embedding.names)
    out[:, :width] = np.nan
    known = text.is_not_null().to_numpy()
    if known.any():
        out[known, :width] = embedding.transform(text.drop_nulls().to_list())
    _mark_missing(plan, out)


def fit_column(column: pl.Series, kind: ColumnKind, embedding: Embedding | None) -> ColumnFeatures:
    """Which features a column gives."""
    missing = missing_mask(column)
    if column.dtype == pl.String and kind in _PARSERS:
        missing = _PARSERS[kind](column).is_null()
    values = column.filter(~missing)
    embeds = embedding is not None and kind is ColumnKind.TEXT
    parts = embedding.names if embedding is not None and embeds else _PARTS[kind](values)
    if missing.any():
        parts = (*parts, "missing")
    plan = ColumnFeatures(column.name, kind, str(column.dtype), parts)
    return _with_levels(plan, values) if kind is ColumnKind.CATEGORY else plan


_PARSERS = {ColumnKind.NUMBER: parse_numbers, ColumnKind.DATE: parse_dates}


def _with_levels(plan: ColumnFeatures, values: pl.Series) -> ColumnFeatures:
    counts = values.cast(pl.String).alias("level").value_counts(name="count").sort("level")
    total = len(values) + 1
    levels = {level: math.log(total / count) for level, count in counts.iter_rows()}
    return attrs.evolve(plan, levels=levels, unseen=math.log(2 * total))


def _date_parts(values: pl.Series) -> tuple[str, ...]:
    """Elapsed time, and the parts of the calendar that vary."""
    moments = to_datetimes(values)
    varying = {
        "month": moments.dt.month(),
        "weekday": moments.dt.weekday(),
        "hour": moments.dt.hour(),
    }
    return ("elapsed_days", *(part for part, of in varying.items() if of.n_unique() > 1))


_PARTS: dict[ColumnKind, Callable[[pl.Series], tuple[str, ...]]] = {
    ColumnKind.NUMBER: lambda _: ("value",),
    ColumnKind.BOOLEAN: lambda _: ("value",),
    ColumnKind.CATEGORY: lambda _: ("rarity",),
    ColumnKind.DATE: _date_parts,
    ColumnKind.TEXT: lambda _: _TEXT_PARTS,
}


def to_numbers(column: pl.Series) -> pl.Series:
    """A column of numbers, durations, times or numeric text as float64."""
    if column.dtype == pl.String:
        return parse_numbers(column)
    if column.dtype in (pl.Duration, pl.Time):
        return column.cast(pl.Int64).cast(pl.Float64)
    return column if column.dtype == pl.Float64 else column.cast(pl.Float64)


def plain(column: pl.Series) -> pl.Series:
    """Values to compare, whatever the type of their column in another file: numbers, or text."""
    numbers = column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Duration, pl.Time)
    return to_numbers(column) if numbers else column.cast(pl.String)


def to_datetimes(column: pl.Series) -> pl.Series:
    """A column of dates, date-times or ISO 8601 text as microseconds without time zone."""
    if column.dtype == pl.String:
        return parse_dates(column)
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(pl.Datetime("us"))


def to_booleans(column: pl.Series) -> pl.Series:
    """A column of booleans, 0 and 1, or ``true`` and ``false`` as float64."""
    if column.dtype == pl.String:
        text = column.str.strip_chars().str.to_lowercase()
        known = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}
        return text.replace_strict(known, default=None, return_dtype=pl.Float64)
    return column.cast(pl.Float64)


def _floats(column: pl.Series) -> Vector:
    """Nulls become NaN."""
    return column.to_numpy()


def _encode_numbers(column: pl.Series, plan: ColumnFeatures, out: Matrix) -> None:
    out[:, 0] = _floats(to_numbers(column))
    _mark_missing(plan, out)


def _encode_booleans(column: pl.Series, plan: ColumnFeatures, out: Matrix) -> None:
    out[:, 0] = _floats(to_booleans(column))
    _mark_missing(plan, out)


def _encode_category(column: pl.Series, plan: ColumnFeatures, out: Matrix) -> None:
    text = column.cast(pl.String)
    rarity = text.replace_strict(plan.levels, default=plan.unseen, return_dtype=pl.Float64)
    out[:, 0] = np.where(text.is_null().to_numpy(), np.nan, _floats(rarity))
    _mark_missing(plan, out)


def _encode_date(column: pl.Series, plan: ColumnFeatures, out: Matrix) -> None:
    moments = to_datetimes(column)
    for j, part in enumerate(plan.parts):
        if part in _DATE_PARTS:
            out[:, j] = _floats(_DATE_PART[part](moments).cast(pl.Float64))
    _mark_missing(plan, out)


_DATE_PART: dict[str, Callable[[pl.Series], pl.Series]] = {
    "elapsed_days": lambda moments: moments.to_physical().cast(pl.Float64) / (_DAY * 1e6),
    "month": lambda moments: moments.dt.month(),
    "weekday": lambda moments: moments.dt.weekday(),
    "hour": lambda moments: moments.dt.hour(),
}


def _encode_text(column: pl.Series, plan: ColumnFeatures, out: Matrix) -> None:
    text = column.cast(pl.String)
    out[:, 0] = _floats(text.str.len_chars().cast(pl.Float64))
    for j, pattern in enumerate(_TEXT_PATTERNS, 1):
        out[:, j] = _floats(text.str.count_matches(pattern).cast(pl.Float64))
    _mark_missing(plan, out)


def _mark_missing(plan: ColumnFeatures, out: Matrix) -> None:
    if plan.parts[-1] == "missing":
        out[:, -1] = np.isnan(out[:, 0])


_ENCODERS: dict[ColumnKind, Callable[[pl.Series, ColumnFeatures, Matrix], None]] = {
    ColumnKind.NUMBER: _encode_numbers,
    ColumnKind.BOOLEAN: _encode_booleans,
    ColumnKind.CATEGORY: _encode_category,
    ColumnKind.DATE: _encode_date,
    ColumnKind.TEXT: _encode_text,
}
