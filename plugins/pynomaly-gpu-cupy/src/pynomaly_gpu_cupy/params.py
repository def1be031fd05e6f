"""Parameters of the detectors: names, bounds and defaults are those of `fast.*` and `sklearn.pca`."""

from __future__ import annotations

from typing import Literal

import attrs

from pynomaly.ports.params import param


@attrs.frozen(kw_only=True)
class IForestParams:
    """Parameters of `gpu-cupy.iforest`."""

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
    """Parameters of `gpu-cupy.ecod` and `gpu-cupy.copod`."""

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
    """Parameters of `gpu-cupy.hbos`."""

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
    """Parameters of `gpu-cupy.loda`."""

    n_random_cuts: int = param(
        100, ge=1, le=10_000, tune=(50, 500), help="Number of random projections."
    )
    n_bins: int | Literal["auto"] = param(
        10, ge=2, le=10_000, tune=(5, 50), help="Bins per projection; auto finds each one's own."
    )


@attrs.frozen(kw_only=True)
class KNNParams:
    """Parameters of `gpu-cupy.knn`."""

    n_neighbors: int = param(5, ge=1, le=10_000, tune=(1, 100), help="Neighbours of a row.")
    method: Literal["largest", "mean", "median"] = param(
        "largest",
        tune=("largest", "mean", "median"),
        help="What of the distances to the neighbours is the score.",
    )


@attrs.frozen(kw_only=True)
class PCAParams:
    """Parameters of `gpu-cupy.pca`."""

    n_components: int | float = param(
        0.7,
        gt=0,
        tune=(0.3, 0.99),
        help="Components to keep: a number, or the share of variance to reach.",
    )
    method: Literal["reconstruction", "mahalanobis"] = param(
        "reconstruction",
        help=(
            "The score: the squared error of the reconstruction from the components kept, or the"
            " squared distance in units of every component's variance."
        ),
    )

    def __attrs_post_init__(self) -> None:
        if isinstance(self.n_components, float) and self.n_components > 1:
            raise ValueError(
                f"n_components {self.n_components!r} must be an integer, or a share up to 1"
            )
