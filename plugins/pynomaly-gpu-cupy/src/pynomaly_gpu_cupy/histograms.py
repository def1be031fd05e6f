"""HBOS and LODA: how rare a row is in histograms of its columns, or of random projections.

A histogram counts values in a column that is sorted on the device: its bins are few searches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from pynomaly_gpu_cupy.backends import Array, Backend, Floats
from pynomaly_gpu_cupy.detector import ArrayDetector, columns_of, in_chunks
from pynomaly_gpu_cupy.tables import Tables

_MOST_BINS = 256
"""Most bins that ``"auto"`` considers."""

_LARGEST = 1e250
"""Values are clipped to it, so that a projection cannot overflow."""


class HBOS(ArrayDetector):
    """Histogram-based outlier score (Goldstein, Dengel 2012).

    The sum over columns of -log of the relative height of the bin that a value falls in.
    """

    def fit(self, X: Floats) -> Self:
        """Build a histogram of each column of X, shape (n, d)."""
        backend, params = self._backend, self._params
        tables = []
        with backend.active():
            for column in X.T:
                values = backend.to_device(np.ascontiguousarray(column))
                tables.append(_heights(backend, values, params.n_bins, params.alpha, params.tol))
        self._tables = Tables.join(backend, tables)
        return self

    def score(self, X: Floats) -> Floats:
        """Score of each row of X, shape (n,); higher is more anomalous."""
        return self._tables.sums_of(X)

    def explain(self, X: Floats) -> Floats:
        """Each column's term, shape (n, d): they add up to the score."""
        return self._tables.terms_of(X)

    def get_state(self) -> Mapping[str, Any]:
        """The tables as arrays."""
        return self._tables.get_state()

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._tables = Tables.from_state(self._backend, state)


class LODA(ArrayDetector):
    """Lightweight on-line detector of anomalies (Pevny 2016), fitted on a batch.

    The mean over random sparse projections of -log of the density at the projected row.
    """

    def fit(self, X: Floats) -> Self:
        """Draw projections of about sqrt(d) columns each, and build their histograms."""
        rng = np.random.default_rng(self._seed)
        n_cuts, d = self._params.n_random_cuts, X.shape[1]
        used = max(1, round(np.sqrt(d)))
        columns = np.argsort(rng.random((n_cuts, d)), axis=1)[:, :used].astype(np.int64)
        self._draw(columns, rng.standard_normal((n_cuts, used)))
        backend, tables = self._backend, []
        with backend.active():
            column = _columns_on_device(backend, X)
            for cut, weights in zip(columns.tolist(), self._weights.tolist(), strict=True):
                values = backend.xp.zeros(len(X), dtype=backend.xp.float64)
                for j, weight in zip(cut, weights, strict=True):
                    values = values + _clip(backend.xp, column(j)) * weight
                tables.append(_heights(backend, values, self._params.n_bins, 0.0, 0.0))
        self._tables = Tables.join(backend, tables)
        return self

    def _draw(self, columns: npt.NDArray[np.int64], weights: Floats) -> None:
        self._columns, self._weights = columns, weights
        to_device = self._backend.to_device
        with self._backend.active():
            self._on_device = [
                (to_device(np.ascontiguousarray(c)), to_device(np.ascontiguousarray(w)))
                for c, w in zip(columns.T, weights.T, strict=True)
            ]

    def score(self, X: Floats) -> Floats:
        """Score of each row of X, shape (n,); higher is more anomalous."""
        n_cuts = len(self._weights)
        row_bytes = 40 * n_cuts + self._tables.row_bytes

        def sums(rows: Array) -> Array:
            return self._tables.sums_on_device(self._project(rows))

        return in_chunks(self._backend, sums, X, row_bytes) / n_cuts

    def _project(self, X: Array) -> Array:
        """Projections of rows on the device, shape (n, cuts), added up in a fixed order."""
        xp = self._backend.xp
        X = _clip(xp, X)
        Z = xp.zeros((X.shape[0], len(self._weights)), dtype=xp.float64)
        for columns, weights in self._on_device:
            Z = Z + xp.take(X, columns, axis=1) * weights[None, :]
        return Z

    def explain(self, X: Floats) -> Floats:
        """Mean term of the projections that use a column, less that of those that do not.

        Pevny (2016), section 3.3, shape (n, d).
        """
        uses = np.zeros((len(self._weights), X.shape[1]))
        np.put_along_axis(uses, self._columns, 1.0, axis=1)
        with_it, without = uses.sum(axis=0), (1 - uses).sum(axis=0)
        shares = uses / np.maximum(with_it, 1) - (1 - uses) / np.maximum(without, 1)
        with self._backend.active():
            there = self._backend.to_device(shares)

        def contributions(rows: Array) -> Array:
            terms = self._tables.terms_on_device(self._project(rows))
            return self._backend.xp.matmul(terms, there)

        row_bytes = 40 * len(self._weights) + 2 * self._tables.row_bytes
        return in_chunks(self._backend, contributions, X, row_bytes)

    def get_state(self) -> Mapping[str, Any]:
        """The projections and the tables as arrays."""
        return {
            "columns": self._columns,
            "weights": self._weights,
            **self._tables.get_state(),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._draw(state["columns"], state["weights"])
        self._tables = Tables.from_state(self._backend, state)


def _clip(xp: Any, values: Array) -> Array:
    return xp.clip(values, -_LARGEST, _LARGEST)


def _columns_on_device(backend: Backend, X: Floats) -> Any:
    """A function that gives a column of X: all are there if there is room, else one by one."""
    if 4 * X.nbytes <= backend.memory():
        columns = columns_of(backend.xp, backend.to_device(X))
        return columns.__getitem__
    return lambda j: backend.to_device(np.ascontiguousarray(X[:, j]))


def _heights(
    backend: Backend, values: Array, n_bins: int | Literal["auto"], alpha: float, tol: float
) -> tuple[Floats, Floats]:
    """Knots and terms of a column's histogram of bins of equal width.

    A term is -log of the bin's height, relative to the highest, and regularised. A value that
    lies outside by at most `tol` bins falls in the bin at the edge, farther out in none.
    """
    ordered = backend.xp.sort(values)
    n_bins = best_bins(backend, ordered) if n_bins == "auto" else n_bins
    edges, counts = _histogram(backend, ordered, n_bins)
    top = counts.max()
    heights = (np.append(counts, 0) / top + alpha) / (1 + alpha)
    terms = -np.log(np.maximum(heights, 0.5 / values.shape[0]))
    inside, empty = terms[:-1], terms[-1]
    slack = tol * (edges[-1] / len(counts) - edges[0] / len(counts))
    ends = edges[0] - slack, edges[-1] + slack
    knots = np.concatenate((ends[:1], edges, ends[1:]))
    at_knots = np.concatenate((inside[:1], inside, inside[-1:], inside[-1:]))
    between = np.concatenate(([empty], inside[:1], inside, inside[-1:], [empty]))
    both = np.empty(len(at_knots) + len(between))
    both[0::2], both[1::2] = between, at_knots
    return knots, both


def _histogram(
    backend: Backend, ordered: Array, n_bins: int
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Edges and counts of bins of equal width; one bin of no width for a constant column."""
    n, low, high = ordered.shape[0], float(ordered[0]), float(ordered[-1])
    if low == high:
        return np.array([low, high]), np.array([n])
    shares = np.arange(n_bins + 1) / n_bins
    edges = np.maximum.accumulate(low * (1 - shares) + high * shares)
    edges[-1] = high
    below = _rows_below(backend, ordered, edges[1:-1])
    return edges, np.diff(below, prepend=0, append=n)


def _rows_below(backend: Backend, ordered: Array, values: Floats) -> npt.NDArray[np.int64]:
    """How many values of a sorted column lie below each of `values`."""
    found = backend.xp.searchsorted(ordered, backend.to_device(values), side="left")
    return backend.to_host(found)


def best_bins(backend: Backend, ordered: Array) -> int:
    """Best number of bins of equal width for a sorted column, by penalised likelihood.

    Birge, Rozenholc (2006). How many bins should be put in a regular histogram.
    """
    n, low, high = ordered.shape[0], float(ordered[0]), float(ordered[-1])
    choices = range(1, min(_MOST_BINS, max(2, int(n / np.log(n)))) + 1)
    shares = [np.arange(1, n_bins) / n_bins for n_bins in choices]
    edges = np.concatenate([low * (1 - share) + high * share for share in shares])
    below = np.split(_rows_below(backend, ordered, edges), np.cumsum(list(map(len, shares)))[:-1])
    best, most = 1, -np.inf
    for n_bins, cuts in zip(choices, below, strict=True):
        counts = np.diff(np.concatenate(([0], cuts, [n])))
        counts = counts[counts > 0]
        gain = (counts * np.log(counts * (n_bins / n))).sum()
        gain -= n_bins - 1 + np.log(n_bins) ** 2.5
        if gain > most:
            best, most = n_bins, gain
    return best
