"""Distance to the nearest training rows (Ramaswamy, Rastogi, Shim 2000; mean: Angiulli 2002).

A matrix product gives all distances to rounding, fast. It finds each row's candidates: no row is
left out that could be a neighbour. Candidates then get exact distances, added up column by column,
so that a score does not depend on the rows beside it, nor on how the product rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from pynomaly_gpu_cupy.backends import Array, Floats
from pynomaly_gpu_cupy.detector import ArrayDetector, columns_of

_LARGEST = 1e150
"""Values are clipped to it, so that a squared distance cannot overflow."""

_TINY = 1e-290
"""Squares of smaller distances lose digits to underflow."""

_GROUPS = 32
"""Groups of training rows per neighbour, whose nearest give a first bound."""

_PRODUCT = 56
"""Bytes per pair of rows while products are formed."""

_CANDIDATE = 120
"""Bytes per candidate while exact distances are."""


class KNN(ArrayDetector):
    """Distance to the k-th nearest training row, or the mean or median distance to the k."""

    def fit(self, X: Floats) -> Self:
        """Keep the rows of X, shape (n, d)."""
        self._keep(np.clip(X, -_LARGEST, _LARGEST), min(self._params.n_neighbors, len(X) - 1))
        return self

    def _keep(self, rows: Floats, k: int) -> None:
        self._rows, self._k = rows, k
        backend, xp = self._backend, self._backend.xp
        with backend.active():
            there = backend.to_device(rows)
            self._columns = columns_of(xp, there)
            self._centre_there = backend.to_device(rows.mean(axis=0))
            centred = there - self._centre_there[None, :]
            self._across = xp.permute_dims(centred, (1, 0))
            self._norms = _squared_norms(xp, centred)

    def fit_score(self, X: Floats) -> Floats:
        """Fit on X, and score each of its rows against the others."""
        self.fit(X)
        own = np.arange(len(X))
        return self._combine(self._in_chunks(self._rows, own, self._squares))

    def score(self, X: Floats) -> Floats:
        """Score of each row of X, shape (n,); higher is more anomalous."""
        X = np.clip(X, -_LARGEST, _LARGEST)
        return self._combine(self._in_chunks(X, np.full(len(X), -1), self._squares))

    def explain(self, X: Floats) -> Floats:
        """Each column's share of the squared distance, times the distance, shape (n, d).

        Contributions add up to the score.
        """
        X = np.clip(X, -_LARGEST, _LARGEST)
        return self._in_chunks(X, np.full(len(X), -1), self._shares)

    def _in_chunks(self, X: Floats, own: np.ndarray[Any, Any], function: Any) -> Floats:
        """`function` of a few rows of X at a time, and their places among the training rows."""
        backend = self._backend
        size = max(1, backend.memory() // (_PRODUCT * len(self._rows)))
        with backend.active():
            parts = [
                backend.to_host(part)
                for start in range(0, len(X), size)
                for part in self._halved(
                    function,
                    backend.to_device(X[start : start + size]),
                    backend.to_device(own[start : start + size]),
                )
            ]
        return np.concatenate(parts)

    def _halved(self, function: Any, X: Array, own: Array) -> list[Array]:
        """`function` of rows on the device; of halves of them where candidates are too many."""
        rows, candidates = self._candidates(X, own)
        n = X.shape[0]
        if n > 1 and rows.shape[0] * _CANDIDATE > self._backend.memory():
            half = n // 2
            first = self._halved(function, X[:half, :], own[:half])
            return first + self._halved(function, X[half:, :], own[half:])
        return [function(X, *self._nearest(X, rows, candidates))]

    def _candidates(self, X: Array, own: Array) -> tuple[Array, Array]:
        """Pairs of rows and training rows, by row, that hold every nearest neighbour.

        A product errs by at most a share of both rows' squared norms. What lies farther, at its
        nearest, than the k-th row at its farthest is no neighbour.
        """
        xp = self._backend.xp
        share = 4 * (X.shape[1] + 8) * float(np.finfo(np.float64).eps)
        centred = X - self._centre_there[None, :]
        norms = _squared_norms(xp, centred)
        farthest = (1 + share) * self._norms[None, :] - 2 * xp.matmul(centred, self._across)
        places = xp.arange(self._norms.shape[0], dtype=xp.int64)
        is_own = own[:, None] == places[None, :]
        farthest = xp.where(is_own, xp.asarray(np.inf, dtype=xp.float64), farthest)
        limit = self._within(farthest) + 2 * share * norms + _TINY
        nearest = farthest - 2 * share * self._norms[None, :]
        rows, candidates = xp.nonzero(nearest <= limit[:, None])
        return rows, candidates

    def _within(self, distances: Array) -> Array:
        """What at least k of each row's distances do not exceed, shape (n,).

        The k-th smallest of the minima of groups: hardly more than the k-th smallest of all, and
        found in one pass.
        """
        xp, (n, m) = self._backend.xp, distances.shape
        size = max(1, m // (_GROUPS * self._k))
        groups = m // size
        minima = xp.reshape(distances[:, : groups * size], (n, groups, size))
        return xp.sort(xp.min(minima, axis=2), axis=1)[:, self._k - 1]

    def _nearest(self, X: Array, rows: Array, candidates: Array) -> tuple[Array, Array]:
        """Squared distances to the k nearest training rows, ascending, and which they are.

        Both of shape (n * k,), by row.
        """
        xp = self._backend.xp
        squares = xp.zeros(rows.shape[0], dtype=xp.float64)
        for values, column in zip(columns_of(xp, X), self._columns, strict=True):
            gaps = xp.take(values, rows) - xp.take(column, candidates)
            squares = squares + gaps * gaps
        order = xp.argsort(squares)
        ranks = xp.arange(rows.shape[0], dtype=rows.dtype)
        order = xp.take(order, xp.argsort(xp.take(rows, order) * rows.shape[0] + ranks))
        each = xp.arange(X.shape[0], dtype=rows.dtype)
        starts = xp.searchsorted(rows, each, side="left")
        steps = xp.arange(self._k, dtype=starts.dtype)
        first = xp.take(order, xp.reshape(starts[:, None] + steps[None, :], (-1,)))
        return xp.take(squares, first), xp.take(candidates, first)

    def _squares(self, X: Array, squares: Array, nearest: Array) -> Array:
        return self._backend.xp.reshape(squares, (X.shape[0], self._k))

    def _shares(self, X: Array, squares: Array, nearest: Array) -> Array:
        """Each column's share of the distances, weighted, shape (n, d)."""
        xp, n = self._backend.xp, X.shape[0]
        distances = xp.reshape(xp.sqrt(squares), (n, self._k))
        safe = xp.where(distances > 0, distances, xp.ones_like(distances))
        weights = self._backend.to_device(self._weights())[None, :] / safe
        shares = []
        for values, column in zip(columns_of(xp, X), self._columns, strict=True):
            near = xp.reshape(xp.take(column, nearest), (n, self._k))
            gaps = values[:, None] - near
            shares.append(xp.sum(gaps * (gaps * weights), axis=1))
        return xp.stack(shares, axis=1)

    def _weights(self) -> Floats:
        """Weight of the nearest, second nearest, ... neighbour's distance in the score."""
        k = self._k
        weights = np.zeros(k)
        if self._params.method == "largest":
            weights[-1] = 1.0
        elif self._params.method == "mean":
            weights[:] = 1.0 / k
        else:
            weights[(k - 1) // 2] += 0.5
            weights[k // 2] += 0.5
        return weights

    def _combine(self, squares: Floats) -> Floats:
        scores = np.zeros(len(squares))
        for column, weight in zip(squares.T, self._weights(), strict=True):
            if weight:
                scores += weight * np.sqrt(np.ascontiguousarray(column))
        return scores

    def get_state(self) -> Mapping[str, Any]:
        """The training rows, and how many neighbours count."""
        return {"rows": self._rows, "k": self._k}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._keep(state["rows"], int(state["k"]))


def _squared_norms(xp: Any, X: Array) -> Array:
    return xp.sum(X * X, axis=1)
