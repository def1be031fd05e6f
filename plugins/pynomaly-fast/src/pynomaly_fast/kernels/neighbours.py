"""Search of nearest neighbours in boxes of rows, compiled."""

from __future__ import annotations

import numba
import numpy as np

from pynomaly_fast.compiling import kernel
from pynomaly_fast.kernels.types import (
    COUNT,
    FLOAT32_MATRIX,
    FLOAT32_TENSOR,
    INDEXES,
    MATRIX,
    OUT_MATRIX,
    VECTOR,
)

_GROUP = 32  # rows that search a box while it is in the first-level cache
_ROWS = 128  # of a box


@numba.njit(fastmath={"contract", "reassoc"})
def _bounds_to_boxes(x, low, high, bounds):  # type: ignore[no-untyped-def]
    """Set lower bounds of the squared distances from x to all boxes."""
    bounds[:] = np.float32(0)
    d = len(low)
    for j in range(d):
        slack = np.float32(abs(x[j]) * np.float32(1e-6))
        below, above = x[j] - slack, x[j] + slack
        for box in range(len(bounds)):
            gap = max(low[j, box] - above, below - high[j, box], np.float32(0))
            bounds[box] += gap * gap
    keep = np.float32(1 - (d + 8) * 2.0**-21)
    for box in range(len(bounds)):
        bounds[box] *= keep


@numba.njit(fastmath={"contract", "reassoc"})
def _bounds_to_rows(singles, four, tiles, norms, box, bounds):  # type: ignore[no-untyped-def]
    """Set lower bounds of squared distances from four rows to a box's, less their own norms.

    Four at once, as reading the box takes longer than the arithmetic for one.
    """
    for i in range(4):
        for row in range(_ROWS):
            bounds[i, row] = norms[box, row]
    for j in range(0, singles.shape[1], 4):
        a0, a1, a2, a3 = _twice(singles, four[0], j)
        b0, b1, b2, b3 = _twice(singles, four[1], j)
        c0, c1, c2, c3 = _twice(singles, four[2], j)
        d0, d1, d2, d3 = _twice(singles, four[3], j)
        for row in range(_ROWS):
            r = np.uint64(row)
            t0, t1 = tiles[box, j, r], tiles[box, j + 1, r]
            t2, t3 = tiles[box, j + 2, r], tiles[box, j + 3, r]
            bounds[0, r] -= a0 * t0 + a1 * t1 + a2 * t2 + a3 * t3
            bounds[1, r] -= b0 * t0 + b1 * t1 + b2 * t2 + b3 * t3
            bounds[2, r] -= c0 * t0 + c1 * t1 + c2 * t2 + c3 * t3
            bounds[3, r] -= d0 * t0 + d1 * t1 + d2 * t2 + d3 * t3


@numba.njit
def _twice(singles, at, j):  # type: ignore[no-untyped-def]
    two = np.float32(2)
    return (
        two * singles[at, j],
        two * singles[at, j + 1],
        two * singles[at, j + 2],
        two * singles[at, j + 3],
    )


@numba.njit
def _insert(nearest, distance):  # type: ignore[no-untyped-def]
    """Put a distance among the k smallest, which ascend."""
    at = len(nearest) - 1
    while at > 0 and nearest[at - 1] > distance:
        nearest[at] = nearest[at - 1]
        at -= 1
    nearest[at] = distance


@numba.njit
def _any_close(bounds, i, limit):  # type: ignore[no-untyped-def]
    """Whether any bound of the i-th row lies at or below a limit."""
    close = np.int32(0)
    for row in range(_ROWS):
        close |= np.int32(bounds[i, np.uint64(row)] <= limit)
    return close != 0


@numba.njit
def _search_box(X, at, own, rows, box, bounds, i, norm, nearest):  # type: ignore[no-untyped-def]
    """Take in a box's rows: exact distances where the bounds leave it open."""
    d, k = X.shape[1], nearest.shape[1]
    limit = nearest[at, k - 1] - norm
    limit = np.float32(limit + abs(limit) * 1e-6 + 1e-37)
    if not _any_close(bounds, i, limit):
        return
    first = box * _ROWS
    for r in range(min(_ROWS, len(rows) - first)):
        if bounds[i, r] <= limit and first + r != own[at]:
            distance = 0.0
            for j in range(d):
                gap = X[at, j] - rows[first + r, j]
                distance += gap * gap
            if distance < nearest[at, k - 1]:
                _insert(nearest[at], distance)


@kernel(
    MATRIX,
    FLOAT32_MATRIX,
    VECTOR,
    INDEXES,
    MATRIX,
    FLOAT32_TENSOR,
    FLOAT32_MATRIX,
    FLOAT32_MATRIX,
    FLOAT32_MATRIX,
    COUNT,
    OUT_MATRIX,
)
def search(X, singles, x_norms, own, rows, tiles, norms, low, high, n_probe, nearest):  # type: ignore[no-untyped-def]
    """Set the squared distances from each row of X to its nearest rows, ascending.

    `own` holds each row's place among `rows`, to leave it out, or -1. Only the `n_probe` boxes
    that may be nearest are searched.
    """
    n_boxes, k = len(tiles), nearest.shape[1]
    to_boxes = np.empty((_GROUP, n_boxes), np.float32)
    to_rows = np.empty((4, _ROWS), np.float32)
    home = np.empty(_GROUP, np.int64)
    farthest = np.full(_GROUP, np.float32(np.inf))
    open_rows = np.empty(_GROUP + 3, np.int64)
    nearest[:] = np.inf
    for first in range(0, len(X), _GROUP):
        size = min(_GROUP, len(X) - first)
        for i in range(size):
            at = first + i
            _bounds_to_boxes(singles[at], low, high, to_boxes[i])
            if n_probe < n_boxes:
                farthest[i] = np.partition(to_boxes[i], n_probe - 1)[n_probe - 1]
            home[i] = np.argmin(to_boxes[i])
            open_rows[:4] = at
            _bounds_to_rows(singles, open_rows[:4], tiles, norms, home[i], to_rows)
            _search_box(X, at, own, rows, home[i], to_rows, 0, x_norms[at], nearest)
        for box in range(n_boxes):
            n_open = 0
            for i in range(size):
                bound = to_boxes[i, box]
                close = bound <= nearest[first + i, k - 1] and bound <= farthest[i]
                if close and box != home[i]:
                    open_rows[n_open] = first + i
                    n_open += 1
            open_rows[n_open : n_open + 3] = first  # fills the last four
            for start in range(0, n_open, 4):
                four = open_rows[start : start + 4]
                _bounds_to_rows(singles, four, tiles, norms, box, to_rows)
                for i in range(min(4, n_open - start)):
                    at = four[i]
                    _search_box(X, at, own, rows, box, to_rows, i, x_norms[at], nearest)


@numba.njit
def _any_close_either_way(bounds, i, limit, reach, box, norm):  # type: ignore[no-untyped-def]
    """Whether any row may be close to the i-th one, or the i-th one to it."""
    close = np.int32(0)
    for row in range(_ROWS):
        r = np.uint64(row)
        close |= np.int32(bounds[i, r] <= max(limit, reach[box, r] - norm))
    return close != 0


@numba.njit
def _above(distance):  # type: ignore[no-untyped-def]
    """A single that a squared distance does not exceed."""
    return np.float32(distance + abs(distance) * 1e-6 + 1e-37)


@numba.njit
def _search_pairs(rows, at, box, bounds, i, norm, nearest, reach):  # type: ignore[no-untyped-def]
    """Take a box's rows in for a row, and the row for them."""
    d, k = rows.shape[1], nearest.shape[1]
    limit, single = _above(nearest[at, k - 1] - norm), np.float32(norm)
    if not _any_close_either_way(bounds, i, limit, reach, box, single):
        return
    first = box * _ROWS
    for r in range(min(_ROWS, len(rows) - first)):
        if bounds[i, r] <= max(limit, reach[box, r] - single):
            distance = 0.0
            for j in range(d):
                gap = rows[at, j] - rows[first + r, j]
                distance += gap * gap
            if distance < nearest[at, k - 1]:
                _insert(nearest[at], distance)
            if distance < nearest[first + r, k - 1]:
                _insert(nearest[first + r], distance)
                reach[box, r] = _above(nearest[first + r, k - 1])


@kernel(
    MATRIX,
    FLOAT32_MATRIX,
    VECTOR,
    FLOAT32_TENSOR,
    FLOAT32_MATRIX,
    FLOAT32_MATRIX,
    FLOAT32_MATRIX,
    OUT_MATRIX,
)
def search_own(rows, singles, row_norms, tiles, norms, low, high, nearest):  # type: ignore[no-untyped-def]
    """Set the squared distances from each row to the nearest others, ascending.

    Each pair is looked at once, for both of its rows.
    """
    n_boxes, k = len(tiles), nearest.shape[1]
    own = np.arange(len(rows))
    to_rows = np.empty((4, _ROWS), np.float32)
    to_boxes = np.empty((_ROWS, n_boxes), np.float32)
    reach = np.full((n_boxes, _ROWS), np.float32(-np.inf))
    open_rows = np.empty(_ROWS + 3, np.int64)
    nearest[:] = np.inf
    for at in range(len(rows)):
        box = at // _ROWS
        open_rows[:4] = at
        _bounds_to_rows(singles, open_rows[:4], tiles, norms, box, to_rows)
        _search_box(rows, at, own, rows, box, to_rows, 0, row_norms[at], nearest)
        reach[box, at % _ROWS] = _above(nearest[at, k - 1])
    for first in range(0, len(rows), _ROWS):
        size = min(_ROWS, len(rows) - first)
        for i in range(size):
            _bounds_to_boxes(singles[first + i], low, high, to_boxes[i])
        for box in range(first // _ROWS + 1, n_boxes):
            farthest = reach[box].max()
            n_open = 0
            for i in range(size):
                bound = to_boxes[i, box]
                if bound <= farthest or bound <= nearest[first + i, k - 1]:
                    open_rows[n_open] = first + i
                    n_open += 1
            open_rows[n_open : n_open + 3] = first  # fills the last four
            for start in range(0, n_open, 4):
                four = open_rows[start : start + 4]
                _bounds_to_rows(singles, four, tiles, norms, box, to_rows)
                for i in range(min(4, n_open - start)):
                    at = four[i]
                    _search_pairs(rows, at, box, to_rows, i, row_norms[at], nearest, reach)


READY = True
