"""Growing isolation trees on the host: all trees of a forest at once, level by level.

A forest is grown on a sample of some ten thousand rows, whatever the number of rows, and its
randomness is NumPy's: the same seed grows the same trees for every device, which are those of
`fast.iforest` too. A tree is a complete binary tree in heap order: the children of node i are
2i + 1 (at most the threshold) and 2i + 2 (above it). A branch that ends early goes on to the left
behind thresholds of infinity, so every walk takes the same number of steps.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from pynomaly_gpu_cupy.backends import Floats

Ints = npt.NDArray[np.uint32]
Places = npt.NDArray[np.intp]

_BLOCK = 4_000_000
"""Matrix entries held at once while growing. The order of draws depends on it."""

_STEPS_PER_UNIT = 2.0**32
"""Path lengths are multiples of 2^-32, so that their sums are exact in any order."""


@attrs.frozen(eq=False)
class Trees:
    """Isolation trees of equal depth.

    Attributes:
        depth: Steps from the root to a leaf.
        feature: Column that a node splits, shape (trees, 2^depth - 1).
        threshold: Rows above it go right, same shape; infinity behind an early leaf.
        length: Path length of a leaf, shape (trees, 2^depth).
        count: Sampled rows in a leaf, same shape.
    """

    depth: int
    feature: Ints
    threshold: Floats
    length: Floats
    count: Ints

    def expected_lengths(self) -> Floats:
        """Mean path length of the sampled rows that pass a node, shape (trees, all nodes)."""
        levels = [self.length]
        weights = self.count.astype(np.float64)
        sums = self.length * weights
        for _ in range(self.depth):
            weights = weights[:, 0::2] + weights[:, 1::2]
            sums = sums[:, 0::2] + sums[:, 1::2]
            levels.append(np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0))
        return np.concatenate(levels[::-1], axis=1)


def mean_path_length(sizes: npt.ArrayLike) -> Floats:
    """Mean length of an unsuccessful search in binary search trees of `sizes` keys: c(n).

    Liu, Ting, Zhou (2008), equation 1.
    """
    n = np.asarray(sizes, dtype=np.float64)
    big = np.maximum(n, 3.0)
    lengths = 2.0 * (np.log(big - 1.0) + np.euler_gamma) - 2.0 * (big - 1.0) / big
    return np.where(n > 2.0, lengths, np.where(n == 2.0, 1.0, 0.0))


def grow_trees(X: Floats, n_trees: int, max_samples: int, rng: np.random.Generator) -> Trees:
    """Grow isolation trees, each on its own sample of rows without replacement.

    Args:
        X: Training rows, shape (n, d).
        n_trees: How many trees.
        max_samples: Rows per tree; all rows where there are fewer.
        rng: Source of all randomness.
    """
    n, d = X.shape
    psi = min(max_samples, n)
    depth = max(1, int(np.ceil(np.log2(psi))))
    per_block = max(1, _BLOCK // (psi * d))
    blocks = []
    for start in range(0, n_trees, per_block):
        size = min(per_block, n_trees - start)
        rows = [rng.choice(n, psi, replace=False, shuffle=False) for _ in range(size)]
        blocks.append(_grow_block(X[np.concatenate(rows)], size, depth, rng))
    feature, threshold, length, count = (
        np.concatenate(parts) for parts in zip(*blocks, strict=True)
    )
    return Trees(depth, feature, threshold, length, count)


def _grow_block(
    sample: Floats, n_trees: int, depth: int, rng: np.random.Generator
) -> tuple[Ints, Floats, Floats, Ints]:
    """Grow trees on `sample`, which holds the rows of the first tree, the second, ..."""
    feature = np.zeros((n_trees, 2**depth - 1), dtype=np.uint32)
    threshold = np.full((n_trees, 2**depth - 1), np.inf)
    length = np.zeros((n_trees, 2**depth))
    count = np.zeros((n_trees, 2**depth), dtype=np.uint32)
    rows = np.arange(len(sample))
    nodes = np.repeat(np.arange(n_trees), len(sample) // n_trees)  # number within the level
    for level in range(depth):
        width = 2**level
        split, thresholds, ends, sizes = _split_level(sample, rows, nodes, n_trees * width, rng)
        inner = slice(width - 1, 2 * width - 1)
        feature[:, inner] = split.reshape(n_trees, width)
        threshold[:, inner] = thresholds.reshape(n_trees, width)
        ended = np.flatnonzero(ends & (sizes > 0))
        leaf = ended * 2 ** (depth - level)
        length.flat[leaf] = level + mean_path_length(sizes[ended])
        count.flat[leaf] = sizes[ended]
        going = ~ends[nodes]
        rows, nodes = rows[going], nodes[going]
        right = sample[rows, split[nodes]] > thresholds[nodes]
        nodes = 2 * nodes + right
    sizes = np.bincount(nodes, minlength=n_trees * 2**depth)
    ended = np.flatnonzero(sizes)
    length.flat[ended] = depth + mean_path_length(sizes[ended])
    count.flat[ended] = sizes[ended]
    return feature, threshold, np.round(length * _STEPS_PER_UNIT) / _STEPS_PER_UNIT, count


def _split_level(
    sample: Floats, rows: Places, nodes: Places, n_nodes: int, rng: np.random.Generator
) -> tuple[Places, Floats, npt.NDArray[np.bool_], Places]:
    """Feature, threshold, whether it is a leaf, and rows, of each node of a level.

    A node's feature is uniform among those that vary in it, its threshold uniform between the
    feature's extremes.
    """
    sizes = np.bincount(nodes, minlength=n_nodes)
    split = rng.integers(sample.shape[1], size=n_nodes)
    low, high = np.full(n_nodes, np.inf), np.full(n_nodes, -np.inf)
    values = sample[rows, split[nodes]]
    np.minimum.at(low, nodes, values)
    np.maximum.at(high, nodes, values)
    stuck = (sizes > 1) & (low == high)
    if stuck.any():
        held = stuck[nodes]
        _redraw(sample[rows[held]], nodes[held], split, low, high, rng)
    ends = ~(low < high)
    low[ends] = high[ends] = 0.0
    u = rng.random(n_nodes)
    thresholds = low * (1.0 - u) + high * u
    inside = (thresholds >= low) & (thresholds < high)
    thresholds = np.where(inside, thresholds, low)  # where rounding left the interval
    split[ends] = 0
    thresholds[ends] = np.inf
    return split, thresholds, ends, sizes


def _redraw(
    sample: Floats,
    nodes: Places,
    split: Places,
    low: Floats,
    high: Floats,
    rng: np.random.Generator,
) -> None:
    """Draw again, among the features that vary, for nodes whose first draw was constant."""
    order = np.argsort(nodes, kind="stable")
    stuck, starts = np.unique(nodes[order], return_index=True)
    ordered = sample[order]
    lows = np.minimum.reduceat(ordered, starts, axis=0)
    highs = np.maximum.reduceat(ordered, starts, axis=0)
    varies = lows < highs
    chosen = np.where(varies, rng.random(varies.shape), -1.0).argmax(axis=1)
    each = np.arange(len(stuck))
    split[stuck] = chosen
    low[stuck] = lows[each, chosen]
    high[stuck] = highs[each, chosen]
