"""Distance to the nearest training rows (Ramaswamy, Rastogi, Shim 2000; mean: Angiulli 2002)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pynomaly.ports.specs import DetectorSpec
from pynomaly_fast.boxes import Boxes, build, clip, index
from pynomaly_fast.compiling import Kernels, load
from pynomaly_fast.params import KNNParams

Floats = npt.NDArray[np.float64]

_KERNELS = "pynomaly_fast.kernels.neighbours"

_WORTH = 200_000_000
"""Differences (rows times training rows times columns) that NumPy takes while kernels load."""

_BLOCK = 4_000_000
"""Distances held at once."""

_SAMPLE = 256
"""Training rows on which an approximate search's recall is measured."""


class KNN:
    """Distance to the k-th nearest training row, or the mean or median distance to the k.

    Attributes:
        recall: Share of the true neighbours that the search finds, measured on training rows
            left out one by one; 1 for an exact search.
    """

    def __init__(self, spec: DetectorSpec, params: KNNParams, seed: int) -> None:
        self._params = params
        self._seed = seed
        self._kernels = Kernels(_KERNELS, worth=_WORTH)
        self.recall = 1.0

    def fit(self, X: Floats) -> KNN:
        """Index the rows of X, shape (n, d)."""
        self._boxes, self._order = build(clip(X))
        self._k = min(self._params.n_neighbors, len(X) - 1)
        self._n_probe, self.recall = len(self._boxes.tiles), 1.0
        if self._params.approximate:
            self._choose_probes()
        return self

    def fit_score(self, X: Floats) -> Floats:
        """Fit on X, and score each of its rows against the others."""
        self.fit(X)
        rows = self._boxes.rows
        scores = np.empty(len(rows))
        scores[self._order] = self._combine(self._search_own())
        return scores

    def score(self, X: Floats) -> Floats:
        """Score of each row of X, shape (n,); higher is more anomalous."""
        return self._combine(self._search(clip(X), np.full(len(X), -1)))

    def explain(self, X: Floats) -> Floats:
        """Each column's share of the squared distance, times the distance, shape (n, d).

        Contributions add up to the score of an exact search.
        """
        X = clip(X)
        shares = np.zeros_like(X)
        for i, row in enumerate(X):
            squares = self._squares(row[None], np.array([-1]))[0]
            nearest = np.argsort(squares, kind="stable")[: self._k]
            for neighbour, weight in zip(nearest, self._weights(), strict=True):
                distance = np.sqrt(squares[neighbour])
                if distance > 0:
                    gaps = (row - self._boxes.rows[neighbour]) / distance
                    shares[i] += weight * distance * gaps**2
        return shares

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

    def _search(self, X: Floats, own: npt.NDArray[np.int64]) -> Floats:
        """Squared distances to the k nearest rows, ascending, shape (n, k)."""
        boxes = self._boxes
        kernels = self._kernels.for_work(X.size * len(boxes.rows))
        if self._params.approximate:
            kernels = load(_KERNELS)
        if kernels is not None:
            return _search_boxes(kernels, boxes, X, own, self._n_probe, self._k)
        nearest = np.empty((len(X), self._k))
        size = max(1, _BLOCK // len(boxes.rows))
        for start in range(0, len(X), size):
            part = slice(start, start + size)
            squares = self._squares(X[part], own[part])
            squares.partition(self._k - 1, axis=1)
            nearest[part] = np.sort(squares[:, : self._k], axis=1)
        return nearest

    def _search_own(self) -> Floats:
        """Squared distances from each training row to the k nearest others, ascending."""
        rows = self._boxes.rows
        kernels = self._kernels.for_work(rows.size * len(rows))
        if kernels is None or self._params.approximate:
            return self._search(rows, np.arange(len(rows)))
        boxes, nearest = self._boxes, np.empty((len(rows), self._k))
        singles = boxes.single(rows)
        norms = boxes.lower_norms(singles)
        kernels.search_own(
            rows, singles, norms, boxes.tiles, boxes.norms, boxes.low, boxes.high, nearest
        )
        return nearest

    def _squares(self, X: Floats, own: npt.NDArray[np.int64]) -> Floats:
        """Squared distances to all rows, in NumPy; infinity to a row's own."""
        squares = np.zeros((len(X), len(self._boxes.rows)))
        for values, column in zip(X.T, self._boxes.rows.T, strict=True):
            gaps = values[:, None] - column
            gaps *= gaps
            squares += gaps
        held = np.flatnonzero(own >= 0)
        squares[held, own[held]] = np.inf
        return squares

    def _choose_probes(self) -> None:
        """Find the fewest boxes whose search has the recall asked for, on a sample."""
        boxes, kernels = self._boxes, load(_KERNELS)
        n = len(boxes.rows)
        own = np.random.default_rng(self._seed).choice(n, min(_SAMPLE, n), replace=False)
        X = boxes.rows[own]
        truth = _search_boxes(kernels, boxes, X, own, len(boxes.tiles), self._k)[:, -1:]
        n_probe = 1
        while True:
            found = _search_boxes(kernels, boxes, X, own, n_probe, self._k)
            recall = float((found <= truth).mean())
            if recall >= self._params.recall or n_probe >= len(boxes.tiles):
                break
            n_probe = min(len(boxes.tiles), n_probe + max(1, n_probe // 4))
        self._n_probe, self.recall = n_probe, recall

    def get_state(self) -> Mapping[str, Any]:
        """The training rows, and how they are searched."""
        return {
            "rows": self._boxes.rows,
            "k": self._k,
            "n_probe": self._n_probe,
            "recall": self.recall,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._boxes = index(state["rows"])
        self._k, self._n_probe = int(state["k"]), int(state["n_probe"])
        self.recall = float(state["recall"])


def _search_boxes(
    kernels: Any, boxes: Boxes, X: Floats, own: npt.NDArray[np.int64], n_probe: int, k: int
) -> Floats:
    nearest = np.empty((len(X), k))
    singles = boxes.single(X)
    own = np.ascontiguousarray(own, dtype=np.int64)
    kernels.search(
        X,
        singles,
        boxes.lower_norms(singles),
        own,
        boxes.rows,
        boxes.tiles,
        boxes.norms,
        boxes.low,
        boxes.high,
        n_probe,
        nearest,
    )
    return nearest
