"""Isolation forest (Liu, Ting, Zhou 2008): rows that few random cuts isolate are anomalous."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from pynomaly_gpu_cupy.backends import Array, Floats
from pynomaly_gpu_cupy.detector import ArrayDetector, in_chunks
from pynomaly_gpu_cupy.growing import Trees, grow_trees, mean_path_length

_WALK = 96
"""Bytes that one row's walk through one tree takes."""


class IForest(ArrayDetector):
    """Isolation forest. A score is 2^(-E[h] / c(psi)), in (0, 1].

    Trees are grown on the host and walked on the device. Sums of path lengths are exact, and the
    power is taken on the host, so that a score is the same bit for bit on every device.
    """

    def fit(self, X: Floats) -> Self:
        """Grow the trees on samples of X, shape (n, d)."""
        rng, params = np.random.default_rng(self._seed), self._params
        trees = grow_trees(X, params.n_estimators, params.max_samples, rng)
        self._plant(trees, float(mean_path_length(min(params.max_samples, len(X)))))
        return self

    def _plant(self, trees: Trees, normal_length: float) -> None:
        self._trees, self._normal_length = trees, normal_length
        to_device = self._backend.to_device
        with self._backend.active():
            self._feature = to_device(trees.feature.ravel().astype(np.int64))
            self._threshold = to_device(trees.threshold.ravel())
            self._length = to_device(trees.length.ravel())

    def score(self, X: Floats) -> Floats:
        """Score of each row of X, shape (n,); higher is more anomalous."""
        row_bytes = _WALK * len(self._trees.length) + 16 * X.shape[1]
        totals = in_chunks(self._backend, self._sum_lengths, X, row_bytes)
        return np.exp2(totals / self._scale)

    @property
    def _scale(self) -> float:
        return -(self._normal_length * len(self._trees.length))

    def _sum_lengths(self, X: Array) -> Array:
        """Sum over the trees of the path lengths of rows on the device. Exact in any order."""
        xp, (n, d) = self._backend.xp, X.shape
        n_trees, n_inner = self._trees.feature.shape
        values = xp.reshape(X, (-1,))
        first = xp.arange(n_trees, dtype=xp.int64)

        def for_each_walk(each: Array) -> Array:
            return xp.reshape(xp.broadcast_to(each, (n_trees, n)), (-1,))

        row_starts = for_each_walk(xp.arange(n, dtype=xp.int64)[None, :] * d)
        roots = for_each_walk((first * n_inner)[:, None])
        node, to_child = roots, 1 - roots  # a child lies at 2 (node - root) + 1 + root
        for _ in range(self._trees.depth):
            value = xp.take(values, xp.take(self._feature, node) + row_starts)
            right = xp.astype(value > xp.take(self._threshold, node), xp.int64)
            node = 2 * node + to_child + right
        leaves = node + for_each_walk((first - n_inner)[:, None])  # one leaf more than nodes
        lengths = xp.reshape(xp.take(self._length, leaves), (n_trees, n))
        return xp.sum(lengths, axis=0)

    def explain(self, X: Floats) -> Floats:
        """Contribution of each feature, shape (n, d).

        What each split on a row's paths took from the path length that was to be expected
        before it, by the split's feature. A row's contributions add up to log2 of its score,
        up to a constant of the forest.
        """
        with self._backend.active():
            expected = self._backend.to_device(self._trees.expected_lengths().ravel())

        def attribute(rows: Array) -> Array:
            return self._attribute(rows, expected)

        return in_chunks(self._backend, attribute, X, 64 * X.shape[1] + _WALK) / self._scale

    def _attribute(self, X: Array, expected: Array) -> Array:
        """Change of the expected path length at the splits of each feature, shape (n, d)."""
        xp, (n, d) = self._backend.xp, X.shape
        n_trees, n_inner = self._trees.feature.shape
        values = xp.reshape(X, (-1,))
        row_starts = xp.arange(n, dtype=xp.int64) * d
        columns = xp.arange(d, dtype=xp.int64)[None, :]
        changes = xp.zeros((n, d), dtype=xp.float64)
        for tree in range(n_trees):
            inner, all_nodes = tree * n_inner, tree * (2 * n_inner + 1)
            node = xp.zeros(n, dtype=xp.int64)
            for _ in range(self._trees.depth):
                feature = xp.take(self._feature, node + inner)
                value = xp.take(values, row_starts + feature)
                right = xp.astype(value > xp.take(self._threshold, node + inner), xp.int64)
                child = 2 * node + 1 + right
                change = xp.take(expected, child + all_nodes) - xp.take(expected, node + all_nodes)
                split = xp.astype(feature[:, None] == columns, xp.float64)
                changes = changes + split * change[:, None]
                node = child
        return changes

    def get_state(self) -> Mapping[str, Any]:
        """The trees as arrays."""
        trees = self._trees
        return {
            "depth": trees.depth,
            "feature": trees.feature,
            "threshold": trees.threshold,
            "length": trees.length,
            "count": trees.count,
            "normal_length": self._normal_length,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted forest that gave `state`."""
        trees = Trees(
            state["depth"],
            state["feature"],
            state["threshold"],
            state["length"],
            state["count"],
        )
        self._plant(trees, float(state["normal_length"]))
