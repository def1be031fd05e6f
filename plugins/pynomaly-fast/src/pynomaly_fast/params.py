"""Parameters of the detectors. Names are those of scikit-learn and PyOD where they have one."""

from __future__ import annotations

from typing import Literal

import attrs

from pynomaly.ports.params import param


@attrs.frozen(kw_only=True)
class IForestParams:
    """Parameters of `fast.iforest`.

    On 25 real tables, 6 seeds each, mean AP was .461 with 100 trees, .465 with 200, .462 with
    300, .463 with 500 and .465 with 1000, and its standard deviation over seeds .005, .003, .003,
    .002 and .003: 200 is where more trees no longer pay.
    """

    n_estimators: int = param(
        200,
        ge=1,
        le=10_000,
        tune=(50, 1000),
        help="Number of trees; time grows with it.",
    )
    max_samples: int = param(
        256, ge=2, le=65_536, tune=(64, 1024), help="Rows that each tree is grown on."
    )


@attrs.frozen(kw_only=True)
class TailParams:
    """Parameters of `fast.ecod` and `fast.copod`."""

    tail: int = param(
        1024, ge=1, le=1_000_000, help="Values kept in each tail where a column is compressed."
    )
    resolution: float = param(
        0.004,
        ge=0.0,
        le=0.1,
        help=(
            "Largest relative step of a tail probability between kept values, where a column has"
            " more than 8 tails of distinct values; a term is then at most half of it off."
            " 0 keeps every value."
        ),
    )


@attrs.frozen(kw_only=True)
class HBOSParams:
    """Parameters of `fast.hbos`."""

    n_bins: int | Literal["auto"] = param(
        10, ge=2, le=10_000, tune=(5, 50), help="Bins per column; auto finds each column's own."
    )
    alpha: float = param(
        0.01, ge=0.0, lt=1.0, tune=(0.0, 0.5), help="Added to each bin's relative height."
    )
    tol: float = param(
        0.5, ge=0.0, lt=1.0, help="Bin widths that a value may lie outside the first or last bin."
    )


@attrs.frozen(kw_only=True)
class LODAParams:
    """Parameters of `fast.loda`."""

    n_random_cuts: int = param(
        100, ge=1, le=10_000, tune=(50, 500), help="Number of random projections."
    )
    n_bins: int | Literal["auto"] = param(
        10, ge=2, le=10_000, tune=(5, 50), help="Bins per projection; auto finds each one's own."
    )


@attrs.frozen(kw_only=True)
class KNNParams:
    """Parameters of `fast.knn`."""

    n_neighbors: int = param(5, ge=1, le=10_000, tune=(1, 100), help="Neighbours of a row.")
    method: Literal["largest", "mean", "median"] = param(
        "largest",
        tune=("largest", "mean", "median"),
        help="What of the distances to the neighbours is the score.",
    )
    approximate: bool = param(
        False, help="Search only the nearest boxes of training rows, for `recall`."
    )
    recall: float = param(
        0.95,
        gt=0.0,
        le=1.0,
        help="Share of true neighbours that an approximate search finds, on a sample.",
    )
