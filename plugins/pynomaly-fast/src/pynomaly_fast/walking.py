"""Walking rows through isolation trees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pynomaly_fast.growing import Floats, Trees

_STEPS = 32_768
"""Walks taken at once in NumPy: their state stays in the cache."""


def sum_lengths(trees: Trees, X: Floats) -> Floats:
    """Sum over the trees of each row's path length, shape (n,). Exact in any order."""
    n_rows, n_trees = len(X), len(trees.length)
    totals = np.zeros(n_rows)
    rows_at_once = min(n_rows, _STEPS // 16)
    trees_at_once = max(1, _STEPS // rows_at_once)
    for row in range(0, n_rows, rows_at_once):
        block = X[row : row + rows_at_once]
        for tree in range(0, n_trees, trees_at_once):
            leaves = _walk(trees, slice(tree, tree + trees_at_once), block)
            totals[row : row + rows_at_once] += trees.length.ravel()[leaves].sum(axis=0)
    return totals


def _walk(trees: Trees, which: slice, X: Floats) -> npt.NDArray[np.intp]:
    """Leaves that rows reach, as positions in `trees.length.ravel()`, shape (trees, rows)."""
    n_inner = trees.feature.shape[1]
    first = np.arange(len(trees.feature), dtype=np.intp)[which, None]
    features, thresholds = trees.feature.ravel(), trees.threshold.ravel()
    values = X.ravel()
    row_starts = np.arange(len(X), dtype=np.intp) * X.shape[1]
    roots = first * n_inner
    node = np.broadcast_to(roots, (len(first), len(X))).copy()
    to_child = 1 - roots  # a child lies at 2 (node - root) + 1 + root
    for _ in range(trees.depth):
        right = values.take(features.take(node) + row_starts) > thresholds.take(node)
        node *= 2
        node += to_child
        node += right
    leaves: npt.NDArray[np.intp] = node + (first - n_inner)
    return leaves  # trees have one leaf more than they have inner nodes


def attribute(trees: Trees, X: Floats) -> Floats:
    """Change of the expected path length at the splits of each feature, shape (n, d).

    A row's changes add up to its path length minus the forest's expected one, summed over trees.
    """
    expected = _expected_lengths(trees)
    n, d = X.shape
    changes = np.zeros(n * d)
    row_starts = np.arange(n, dtype=np.intp) * d
    values = X.ravel()
    for tree in range(len(trees.length)):
        node = np.zeros(n, dtype=np.intp)
        for _ in range(trees.depth):
            cell = row_starts + trees.feature[tree].take(node)
            child = 2 * node + 1 + (values.take(cell) > trees.threshold[tree].take(node))
            changes[cell] += expected[tree].take(child) - expected[tree].take(node)
            node = child
    return changes.reshape(n, d)


def _expected_lengths(trees: Trees) -> Floats:
    """Mean path length of the sampled rows that pass a node, shape (trees, all nodes)."""
    levels = [trees.length]
    weights = trees.count.astype(np.float64)
    sums = trees.length * weights
    for _ in range(trees.depth):
        weights = weights[:, 0::2] + weights[:, 1::2]
        sums = sums[:, 0::2] + sums[:, 1::2]
        levels.append(np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0))
    return np.concatenate(levels[::-1], axis=1)
