"""From a table's columns to the float matrix that detectors see, and back.

Fitted once and saved with the model. Everything is computed value by value, so that a row's
features never depend on the batch it comes in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from pynomaly.domain.errors import DataError
from pynomaly.domain.schema import (
    ColumnKind,
    Recognised,
    left_out,
    missing_mask,
    parse_dates,
    parse_numbers,
)

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]

CLIP = 1e9
"""Standardised values beyond plus or minus this are taken for it; infinities too."""

_ABSURD = 1e9
"""Values so many interquartile ranges off the median don't count for mean and deviation."""

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


@attrs.frozen(eq=False)
class Features:
    """Fitted features of a table.

    Attributes:
        columns: The columns used, in the order of the matrix.
        left_out: Columns that give no feature, with the reason.
        fill: Shape (d,): stands in for a missing value, before standardisation.
        scale, center: Shape (d,): what is divided by, and subtracted from the quotient, so that
            no finite value overflows.
        embedding: Makes numbers of columns of text; None for their surface.
    """

    columns: tuple[ColumnFeatures, ...]
    left_out: Mapping[str, str]
    fill: Vector
    center: Vector
    scale: Vector
    embedding: Embedding | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the d features: the column's, with the part where it gives several."""
        return tuple(
            column.column if part == "value" else f"{column.column}:{part}"
            for column in self.columns
            for part in column.parts
        )

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """For each of the d features, the column that it comes from."""
        return tuple(column.column for column in self.columns for _ in column.parts)

    @cached_property
    def all_numbers(self) -> bool:
        """Whether each feature is a column of numbers as it stands."""
        return all(
            column.kind is ColumnKind.NUMBER and column.parts == ("value",)
            for column in self.columns
        )

    def encode(self, frame: pl.DataFrame) -> Matrix:
        """The features of `frame`, shape (n, d), C-contiguous, finite."""
        return self.standardise(self.raw(frame))

    def raw(self, frame: pl.DataFrame) -> Matrix:
        """The features before standardisation, shape (n, d); NaN where a value is missing."""
        if self.all_numbers:
            numbers = frame.select(self.sources)
            if all(dtype == pl.Float64 for dtype in numbers.dtypes):
                return numbers.to_numpy(order="c", writable=True)
        return _encode(self.columns, frame, self.embedding)

    def standardise(self, raw: Matrix) -> Matrix:
        """Fill, scale, centre and clip `raw`, shape (n, d), in place."""
        missing = np.isnan(raw)
        if missing.any():
            np.copyto(raw, np.broadcast_to(self.fill, raw.shape), where=missing)
        with np.errstate(over="ignore"):
            raw /= self.scale
            raw -= self.center
        return np.clip(raw, -CLIP, CLIP, out=raw)

    def by_column(self, contributions: Matrix) -> dict[str, Vector]:
        """Contributions per feature, shape (n, d), summed for each column, shape (n,)."""
        totals: dict[str, Vector] = {}
        for j, source in enumerate(self.sources):
            totals[source] = totals.get(source, 0.0) + contributions[:, j]
        return totals


def no_features(kinds: Mapping[str, Recognised]) -> Features:
    """Of nodes without attributes."""
    none = np.empty(0)
    return Features((), left_out(kinds), none, none, none)


def fit_features(
    frame: pl.DataFrame, kinds: Mapping[str, Recognised], embedding: Embedding | None = None
) -> Features:
    """Learn features from `frame`, whose columns are of `kinds`; texts become an `embedding`.

    Raises:
        DataError: If no column can be a feature.
    """
    columns = tuple(
        _fit_column(frame.get_column(name), found.kind, embedding)
        for name, found in kinds.items()
        if found.kind.is_feature
    )
    reasons = left_out(kinds)
    if not columns:
        why = "; ".join(f"{name!r}: {found.reason}" for name, found in kinds.items())
        raise DataError(
            f"no column can be used as a feature ({why}); give data with a column of numbers,"
            " dates or text that varies, or name others with --columns and --exclude",
            columns=tuple(kinds),
        )
    raw = _encode(columns, frame, embedding)
    fill, center, scale = (np.array(each) for each in zip(*map(_moments, raw.T), strict=True))
    return Features(columns, reasons, fill, center, scale, embedding)


def _encode(
    columns: tuple[ColumnFeatures, ...], frame: pl.DataFrame, embedding: Embedding | None
) -> Matrix:
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


def _fit_column(column: pl.Series, kind: ColumnKind, embedding: Embedding | None) -> ColumnFeatures:
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


def _moments(values: Vector) -> tuple[float, float, float]:
    """What fills, is subtracted and divides: the median, and moments of the sane values."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 0.0, 1.0
    low, median, high = np.percentile(finite, (25, 50, 75), method="lower")
    spread = high / 2 - low / 2
    if spread > 0:
        with np.errstate(over="ignore"):
            finite = finite[np.abs(finite / 2 - median / 2) <= spread * _ABSURD]
    size = float(np.abs(finite).max()) or 1.0
    scaled = finite / size
    mean = float(scaled.mean())
    deviation = float(scaled.std())
    usable = deviation > np.finfo(float).eps and deviation * size > 0
    if not usable:
        return float(median), mean * size, 1.0
    return float(median), mean / deviation, deviation * size


def features_to_state(features: Features) -> dict[str, Any]:
    """The features as JSON-ready data and arrays, for a model file."""
    return {
        "columns": [
            {
                "column": column.column,
                "kind": str(column.kind),
                "dtype": column.dtype,
                "parts": list(column.parts),
                "levels": dict(column.levels),
                "unseen": column.unseen,
            }
            for column in features.columns
        ],
        "left_out": dict(features.left_out),
        "fill": features.fill,
        "center": features.center,
        "scale": features.scale,
        "embedding": features.embedding and dict(features.embedding.get_state()),
    }


def features_from_state(state: Mapping[str, Any], embedding: Embedding | None = None) -> Features:
    """The features that `features_to_state` gave, with the embedding they had."""
    columns = tuple(
        ColumnFeatures(
            **{**column, "kind": ColumnKind(column["kind"]), "parts": tuple(column["parts"])}
        )
        for column in state["columns"]
    )
    moments = state["fill"], state["center"], state["scale"]
    return Features(columns, state["left_out"], *moments, embedding)
