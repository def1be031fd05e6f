"""From a table's columns to the float matrix that detectors see, and back.

Fitted once and saved with the model. Everything is computed value by value, so that a row's
features never depend on the batch it comes in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import polars as pl

from pynomaly.domain.encoding import (
    ColumnFeatures,
    Embedding,
    Matrix,
    Vector,
    encode,
    fit_column,
    plain,
)
from pynomaly.domain.errors import DataError
from pynomaly.domain.schema import (
    ColumnKind,
    Recognised,
    left_out,
)

CLIP = 1e9
"""Standardised values beyond plus or minus this are taken for it; infinities too."""

_ABSURD = 1e9
"""Values so many interquartile ranges off the median don't count for mean and deviation."""


@attrs.frozen(eq=False)
class Features:
    """Fitted features of a table.

    Attributes:
        columns: The columns used, in the order of the matrix.
        left_out: Columns that give no feature, with the reason.
        constants: Of those that had a single value that value, as a number or as text.
        fill: Shape (d,): stands in for a missing value, before standardisation.
        scale, center: Shape (d,): what is divided by, and subtracted from the quotient, so that
            no finite value overflows.
        embedding: Makes numbers of columns of text; None for their surface.
    """

    columns: tuple[ColumnFeatures, ...]
    left_out: Mapping[str, str]
    constants: Mapping[str, float | str]
    fill: Vector
    center: Vector
    scale: Vector
    embedding: Embedding | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the d features: the column's, with the part where it gives several."""
        return tuple(
            column.column if part == "value" else f"{column.column}:{part}"
            for column, part in self._parts
        )

    @property
    def _parts(self) -> Iterator[tuple[ColumnFeatures, str]]:
        return ((column, part) for column in self.columns for part in column.parts)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """For each of the d features, the column that it comes from."""
        return tuple(column.column for column, _ in self._parts)

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
        return encode(self.columns, frame, self.embedding)

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
        return _summed(self.sources, contributions)

    def explained(
        self, frame: pl.DataFrame, contributions: Matrix
    ) -> tuple[pl.DataFrame, dict[str, Vector]]:
        """`frame` and contributions by column; of a text by its counts, which the frame then has."""
        counts = {
            j: name
            for j, (name, (column, _)) in enumerate(zip(self.names, self._parts, strict=True))
            if column.kind is ColumnKind.TEXT and self.embedding is None
        }
        if counts:
            raw = self.raw(frame)
            found = [pl.Series(name, raw[:, j]) for j, name in counts.items()]
            frame = frame.with_columns(each.fill_nan(None).cast(pl.Int64) for each in found)
        names = [counts.get(j, source) for j, source in enumerate(self.sources)]
        return frame, _summed(names, contributions)


def _summed(names: Sequence[str], contributions: Matrix) -> dict[str, Vector]:
    """Contributions, shape (n, d), summed for each name, shape (n,)."""
    totals: dict[str, Vector] = {}
    for j, name in enumerate(names):
        totals[name] = totals.get(name, 0.0) + contributions[:, j]
    return totals


def no_features(kinds: Mapping[str, Recognised]) -> Features:
    """Of nodes without attributes."""
    none = np.empty(0)
    return Features((), left_out(kinds), {}, none, none, none)


def fit_features(
    frame: pl.DataFrame, kinds: Mapping[str, Recognised], embedding: Embedding | None = None
) -> Features:
    """Learn features from `frame`, whose columns are of `kinds`; texts become an `embedding`.

    Raises:
        DataError: If no column can be a feature.
    """
    columns = tuple(
        fit_column(frame.get_column(name), found.kind, embedding)
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
    raw = encode(columns, frame, embedding)
    fill, center, scale = (np.array(each) for each in zip(*map(_moments, raw.T), strict=True))
    constants = {
        name: plain(frame.get_column(name)[:1])[0]
        for name, found in kinds.items()
        if found.kind is ColumnKind.CONSTANT
    }
    return Features(columns, reasons, constants, fill, center, scale, embedding)


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
        "constants": dict(features.constants),
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
    return Features(columns, state["left_out"], state["constants"], *moments, embedding)
