"""Truth that the user knows: a column of labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from pynomaly.domain.errors import DataError

_WORDS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "yes": 1.0, "no": 0.0}


def read_labels(column: pl.Series) -> npt.NDArray[np.float64]:
    """1.0 for an anomaly, 0.0 for a normal row, NaN where there is no label, shape (n,).

    Raises:
        DataError: If a value is none of 0, 1, true, false, yes, no.
    """
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        values = column.cast(pl.Float64)
    else:
        words = column.cast(pl.String).str.strip_chars().str.to_lowercase()
        values = words.replace_strict(_WORDS, default=-1.0, return_dtype=pl.Float64)
        values = values.zip_with(words.is_not_null(), pl.Series([None], dtype=pl.Float64))
    labels = values.fill_null(float("nan")).to_numpy()
    known = labels[~np.isnan(labels)]
    if not np.isin(known, (0.0, 1.0)).all():
        at = int(np.flatnonzero(~np.isnan(labels) & ~np.isin(labels, (0.0, 1.0)))[0])
        raise DataError(
            f"label column {column.name!r} must hold 1, true or yes for anomalies, 0, false or no"
            f" for normal rows, or nothing; it also holds {column[at]!r}",
            columns=(column.name,),
        )
    return labels
