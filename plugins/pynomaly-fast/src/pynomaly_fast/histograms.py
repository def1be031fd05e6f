"""HBOS and LODA: how rare a row is in histograms of its columns, or of random projections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pynomaly.ports.specs import DetectorSpec
from pynomaly_fast.compiling import Kernels
from pynomaly_fast.params import HBOSParams, LODAParams
from pynomaly_fast.tables import Floats, Tables, kernels

_MOST_BINS = 256
"""Most bins that ``"auto"`` considers."""

_BLOCK = 4096
"""Rows that are projected at once."""

_LARGEST = 1e250
"""Values are clipped to it, so that a projection cannot overflow."""


class HBOS:
    """Histogram-based outlier score (Goldstein, Dengel 2012).

    The sum over columns of -log of the relative height of the bin that a value falls in.
    """

    def __init__(self, spec: DetectorSpec, params: HBOSParams, seed: int) -> None:
        self._params = params
        self._kernels = kernels()

    def fit(self, X: Floats) -> HBOS:
        """Build a histogram of each column of X, shape (n, d)."""
        params = self._params
        tables = [_heights(v, params.n_bins, params.alpha, params.tol) for v in X.T]
        self._tables = Tables.join(*zip(*tables, strict=True))
        return self

    def score(self, X: Floats) -> Floats:
        """Score of each row of X, shape (n,); higher is more anomalous."""
        return self._tables.sums_of(X, self._kernels.for_work(X.size))

    def explain(self, X: Floats) -> Floats:
        """Each column's term, shape (n, d): they add up to the score."""
        return self._tables.terms_of(X)

    def get_state(self) -> Mapping[str, Any]:
        """The tables as arrays."""
        return self._tables.get_state()

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._tables = Tables.from_state(state)


class LODA:
    """Lightweight on-line detector of anomalies (Pevny 2016), fitted on a batch.

    The mean over random sparse projections of -log of the density at the projected row.
    """

    def __init__(self, spec: DetectorSpec, params: LODAParams, seed: int) -> None:
        self._params = params
        self._seed = seed
        self._kernels = kernels()
        self._projecting = Kernels("pynomaly_fast.kernels.projection", worth=5_000_000)

    def fit(self, X: Floats) -> LODA:
        """Draw projections of about sqrt(d) columns each, and build their histograms."""
        rng = np.random.default_rng(self._seed)
        n_cuts, d = self._params.n_random_cuts, X.shape[1]
        used = max(1, round(np.sqrt(d)))
        self._columns = np.argsort(rng.random((n_cuts, d)), axis=1)[:, :used].astype(np.int64)
        self._weights = rng.standard_normal((n_cuts, used))
        blocks = [self._project(X[at : at + _BLOCK]) for at in range(0, len(X), _BLOCK)]
        projected = np.concatenate(blocks).T
        tables = [
            _heights(np.ascontiguousarray(v), self._params.n_bins, 0.0, 0.0) for v in projected
        ]
        self._tables = Tables.join(*zip(*tables, strict=True))
        return self

    def score(self, X: Floats) -> Floats:
        """Score of each row of X, shape (n,); higher is more anomalous."""
        scores = np.empty(len(X))
        for at in range(0, len(X), _BLOCK):
            Z = self._project(X[at : at + _BLOCK])
            scores[at : at + _BLOCK] = self._tables.sums_of(Z, self._kernels.for_work(Z.size))
        return scores / len(self._weights)

    def _project(self, X: Floats) -> Floats:
        """Projections of each row of X, shape (n, cuts), added up in a fixed order."""
        X = np.clip(X, -_LARGEST, _LARGEST)
        Z = np.zeros((len(X), len(self._weights)))
        compiled = self._projecting.for_work(len(X) * self._weights.size)
        if compiled is not None:
            compiled.project(X, self._columns, self._weights, Z)
            return Z
        for columns, weights in zip(self._columns.T, self._weights.T, strict=True):
            Z += X[:, columns] * weights
        return Z

    def explain(self, X: Floats) -> Floats:
        """Mean term of the projections that use a column, less that of those that do not.

        Pevny (2016), section 3.3, shape (n, d).
        """
        uses = np.zeros((len(self._weights), X.shape[1]))
        np.put_along_axis(uses, self._columns, 1.0, axis=1)
        terms = self._tables.terms_of(self._project(X))
        with_it, without = uses.sum(axis=0), (1 - uses).sum(axis=0)
        contributions: Floats = terms @ (
            uses / np.maximum(with_it, 1) - (1 - uses) / np.maximum(without, 1)
        )
        return contributions

    def get_state(self) -> Mapping[str, Any]:
        """The projections and the tables as arrays."""
        return {
            "columns": self._columns,
            "weights": self._weights,
            **self._tables.get_state(),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._columns, self._weights = state["columns"], state["weights"]
        self._tables = Tables.from_state(state)


def _heights(
    values: Floats, n_bins: int | Literal["auto"], alpha: float, tol: float
) -> tuple[Floats, Floats]:
    """Knots and terms of a column's histogram of bins of equal width.

    A term is -log of the bin's height, relative to the highest, and regularised. A value that
    lies outside by at most `tol` bins falls in the bin at the edge, farther out in none.
    """
    n_bins = best_bins(values) if n_bins == "auto" else n_bins
    edges, counts = _histogram(values, n_bins)
    top = counts.max()
    heights = (np.append(counts, 0) / top + alpha) / (1 + alpha)
    terms = -np.log(np.maximum(heights, 0.5 / len(values)))
    inside, empty = terms[:-1], terms[-1]
    with np.errstate(over="ignore"):
        slack = tol * (edges[-1] / len(counts) - edges[0] / len(counts))
        ends = edges[0] - slack, edges[-1] + slack
    knots = np.concatenate((ends[:1], edges, ends[1:]))
    at_knots = np.concatenate((inside[:1], inside, inside[-1:], inside[-1:]))
    between = np.concatenate(([empty], inside[:1], inside, inside[-1:], [empty]))
    both = np.empty(len(at_knots) + len(between))
    both[0::2], both[1::2] = between, at_knots
    return knots, both


def _histogram(values: Floats, n_bins: int) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Edges and counts of bins of equal width; one bin of no width for a constant column."""
    low, high = values.min(), values.max()
    if low == high:
        return np.array([low, high]), np.array([len(values)])
    shares = np.arange(n_bins + 1) / n_bins
    edges = np.maximum.accumulate(low * (1 - shares) + high * shares)
    edges[-1] = high
    bins = np.minimum(edges.searchsorted(values, side="right"), n_bins) - 1
    return edges, np.bincount(bins, minlength=n_bins)


def best_bins(values: Floats) -> int:
    """Best number of bins of equal width by penalised likelihood.

    Birge, Rozenholc (2006). How many bins should be put in a regular histogram.
    """
    ordered = np.sort(values)
    n = len(ordered)
    best, most = 1, -np.inf
    for n_bins in range(1, min(_MOST_BINS, max(2, int(n / np.log(n)))) + 1):
        shares = np.arange(1, n_bins) / n_bins
        cuts = ordered.searchsorted(ordered[0] * (1 - shares) + ordered[-1] * shares)
        counts = np.diff(np.concatenate(([0], cuts, [n])))
        counts = counts[counts > 0]
        gain = (counts * np.log(counts * (n_bins / n))).sum()
        gain -= n_bins - 1 + np.log(n_bins) ** 2.5
        if gain > most:
            best, most = n_bins, gain
    return best
