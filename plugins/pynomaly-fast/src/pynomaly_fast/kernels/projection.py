"""Sparse projections, compiled."""

from __future__ import annotations

from pynomaly_fast.compiling import kernel
from pynomaly_fast.kernels.types import INDEX_MATRIX, MATRIX, OUT_MATRIX


@kernel(MATRIX, INDEX_MATRIX, MATRIX, OUT_MATRIX)
def project(X, columns, weights, projected):  # type: ignore[no-untyped-def]
    """Set each row's projections, added up in the order of `columns`."""
    for row in range(len(X)):
        for cut in range(len(weights)):
            total = 0.0
            for j in range(weights.shape[1]):
                total += X[row, columns[cut, j]] * weights[cut, j]
            projected[row, cut] = total


READY = True
