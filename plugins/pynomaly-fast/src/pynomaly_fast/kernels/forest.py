"""Walks through isolation trees, compiled."""

from __future__ import annotations

import numba
import numpy as np

from pynomaly_fast.compiling import kernel
from pynomaly_fast.kernels.types import COUNT, MATRIX, OUT, UINT_MATRIX

_BLOCK = 256  # rows that stay in the first-level cache while all trees see them


@numba.njit(inline="always")
def _step(values, start, feature, threshold, node):  # type: ignore[no-untyped-def]
    """Child of `node` on the path of the row that starts at `values[start]`."""
    right = values[start + feature[node]] > threshold[node]
    return node + node + np.uint64(1) + np.uint64(right)


@kernel(COUNT, UINT_MATRIX, MATRIX, MATRIX, MATRIX, OUT)
def sum_lengths(depth, features, thresholds, lengths, X, totals):  # type: ignore[no-untyped-def]
    """Add each row's path lengths in all trees to `totals`.

    Eight rows go down a tree side by side, so that one's loads hide behind the others'.
    """
    n, d = X.shape
    inner = np.uint64(features.shape[1])
    width = np.uint64(d)
    for first in range(0, n, _BLOCK):
        rows = min(_BLOCK, n - first)
        values = X[first : first + rows].ravel()
        for tree in range(len(features)):
            feature = features[tree]
            threshold = thresholds[tree]
            length = lengths[tree]
            full = rows - rows % 8
            for row in range(0, full, 8):
                r0 = np.uint64(row) * width
                r1 = r0 + width
                r2 = r1 + width
                r3 = r2 + width
                r4 = r3 + width
                r5 = r4 + width
                r6 = r5 + width
                r7 = r6 + width
                n0 = n1 = n2 = n3 = n4 = n5 = n6 = n7 = np.uint64(0)
                for _ in range(depth):
                    n0 = _step(values, r0, feature, threshold, n0)
                    n1 = _step(values, r1, feature, threshold, n1)
                    n2 = _step(values, r2, feature, threshold, n2)
                    n3 = _step(values, r3, feature, threshold, n3)
                    n4 = _step(values, r4, feature, threshold, n4)
                    n5 = _step(values, r5, feature, threshold, n5)
                    n6 = _step(values, r6, feature, threshold, n6)
                    n7 = _step(values, r7, feature, threshold, n7)
                at = np.uint64(first + row)
                totals[at] += length[n0 - inner]
                totals[at + np.uint64(1)] += length[n1 - inner]
                totals[at + np.uint64(2)] += length[n2 - inner]
                totals[at + np.uint64(3)] += length[n3 - inner]
                totals[at + np.uint64(4)] += length[n4 - inner]
                totals[at + np.uint64(5)] += length[n5 - inner]
                totals[at + np.uint64(6)] += length[n6 - inner]
                totals[at + np.uint64(7)] += length[n7 - inner]
            for row in range(full, rows):
                start = np.uint64(row) * width
                node = np.uint64(0)
                for _ in range(depth):
                    node = _step(values, start, feature, threshold, node)
                totals[np.uint64(first + row)] += length[node - inner]


READY = True
