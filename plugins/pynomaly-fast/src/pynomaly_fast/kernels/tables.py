"""Sums of table look-ups, compiled."""

from __future__ import annotations

import numba
import numpy as np

from pynomaly_fast.compiling import kernel
from pynomaly_fast.kernels.types import INDEXES, MATRIX, OUT, VECTOR

_BLOCK = 1024  # rows that stay in the second-level cache while all columns see them
_ONE = np.uint64(1)


@numba.njit(inline="always")
def _term(knots, terms, base, value):  # type: ignore[no-untyped-def]
    """Term of a value, where `base` knots lie at or below it."""
    equal = base > np.uint64(0) and knots[base - _ONE] == value
    return terms[base + base - np.uint64(equal)]


@numba.njit(inline="always")
def _halve(knots, base, half, value):  # type: ignore[no-untyped-def]
    """One step of a search without branches for the number of knots at or below a value."""
    return base + half * np.uint64(knots[base + half - _ONE] <= value)


@kernel(VECTOR, INDEXES, VECTOR, MATRIX, OUT)
def add_terms(knots, starts, terms, X, totals):  # type: ignore[no-untyped-def]
    """Add each row's terms to `totals`, column by column.

    Eight rows search side by side, so that one's loads hide behind the others'.
    """
    n, d = X.shape
    values = np.empty(_BLOCK)
    for first in range(0, n, _BLOCK):
        rows = min(_BLOCK, n - first)
        for j in range(d):
            table = knots[starts[j] : starts[j + 1]]
            column_terms = terms[2 * starts[j] + j : 2 * starts[j + 1] + j + 1]
            for r in range(rows):
                values[r] = X[first + r, j]
            for r in range(rows, rows + (-rows) % 8):
                values[r] = values[0]
            for r in range(0, rows, 8):
                v0, v1, v2, v3 = values[r], values[r + 1], values[r + 2], values[r + 3]
                v4, v5, v6, v7 = values[r + 4], values[r + 5], values[r + 6], values[r + 7]
                b0 = b1 = b2 = b3 = b4 = b5 = b6 = b7 = np.uint64(0)
                left = np.uint64(len(table))
                while left > np.uint64(0):
                    half = left - (left >> _ONE)
                    b0 = _halve(table, b0, half, v0)
                    b1 = _halve(table, b1, half, v1)
                    b2 = _halve(table, b2, half, v2)
                    b3 = _halve(table, b3, half, v3)
                    b4 = _halve(table, b4, half, v4)
                    b5 = _halve(table, b5, half, v5)
                    b6 = _halve(table, b6, half, v6)
                    b7 = _halve(table, b7, half, v7)
                    left -= half
                values[r] = _term(table, column_terms, b0, v0)
                values[r + 1] = _term(table, column_terms, b1, v1)
                values[r + 2] = _term(table, column_terms, b2, v2)
                values[r + 3] = _term(table, column_terms, b3, v3)
                values[r + 4] = _term(table, column_terms, b4, v4)
                values[r + 5] = _term(table, column_terms, b5, v5)
                values[r + 6] = _term(table, column_terms, b6, v6)
                values[r + 7] = _term(table, column_terms, b7, v7)
            for r in range(rows):
                totals[first + r] += values[r]


READY = True
