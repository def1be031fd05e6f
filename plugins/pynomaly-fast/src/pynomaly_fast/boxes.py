"""Training rows in boxes of 128: an index for exact search of nearest neighbours.

Two lower bounds, in single precision and safe from rounding, keep nearly all pairs of rows from
an exact distance: that to a row's box, and one to each row by ``|x|^2 + |y|^2 - 2 x y``.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

ROWS = 128
"""Rows of a box."""

LARGEST = 1e150
"""Values are clipped to it, so that a squared distance cannot overflow."""

_LARGEST_NORM = 1e18
"""In single precision rows are clipped to about this norm; that makes no distance longer."""


@attrs.frozen(eq=False)
class Boxes:
    """An index of rows.

    Attributes:
        rows: The rows, box by box, shape (n, d).
        centre: Their mean, shape (d,).
        tiles: Centred rows by box and column, shape (boxes, width, 128).
        norms: Lower bounds of their squared norms, shape (boxes, 128); infinity where a box has
            no row.
        low, high: Sides of the boxes, shape (d, boxes).
    """

    rows: Floats
    centre: Floats
    tiles: Singles
    norms: Singles
    low: Singles
    high: Singles

    def single(self, X: Floats) -> Singles:
        """Centred and clipped rows in single precision, shape (n, width).

        The width is d, rounded up to a multiple of 4, with columns of zeros.
        """
        return _single(X, self.centre)

    def lower_norms(self, singles: Singles) -> Floats:
        """Lower bounds of squared norms, that leave room for rounding in distances."""
        return _lower_norms(singles)


def clip(X: Floats) -> Floats:
    """X with values whose squares cannot overflow."""
    return np.clip(X, -LARGEST, LARGEST)


def build(X: Floats) -> tuple[Boxes, npt.NDArray[np.intp]]:
    """Index of clipped rows X, shape (n, d), and the order in which it keeps them."""
    order = _order(X)
    return index(X[order]), order


def index(rows: Floats) -> Boxes:
    """Index of rows that are in the order of their boxes."""
    n, d = rows.shape
    n_boxes = -(-n // ROWS)
    centre = rows.mean(axis=0)
    singles = _single(rows, centre)
    padded = np.zeros((n_boxes * ROWS, singles.shape[1]), dtype=np.float32)
    padded[:n] = singles
    norms = np.full(n_boxes * ROWS, np.inf, dtype=np.float32)
    norms[:n] = _lower_norms(singles)
    tiles = np.ascontiguousarray(padded.reshape(n_boxes, ROWS, -1).transpose(0, 2, 1))
    starts, sides = np.arange(0, n, ROWS), singles[:, :d]
    low = np.nextafter(np.minimum.reduceat(sides, starts, axis=0), np.float32(-np.inf))
    high = np.nextafter(np.maximum.reduceat(sides, starts, axis=0), np.float32(np.inf))
    low, high = np.ascontiguousarray(low.T), np.ascontiguousarray(high.T)
    return Boxes(rows, centre, tiles, norms.reshape(n_boxes, ROWS), low, high)


def _order(X: Floats) -> npt.NDArray[np.intp]:
    """Rows box by box: halves, again and again, along the widest column."""
    order = np.arange(len(X))
    pending = [(0, len(X))]
    while pending:
        start, stop = pending.pop()
        n_boxes = -(-(stop - start) // ROWS)
        if n_boxes < 2:
            continue
        here = order[start:stop]
        part = X[here]
        widest = int((part.max(axis=0) - part.min(axis=0)).argmax())
        middle = n_boxes // 2 * ROWS
        order[start:stop] = here[part[:, widest].argpartition(middle)]
        pending += [(start, start + middle), (start + middle, stop)]
    return order


def _single(X: Floats, centre: Floats) -> Singles:
    n, d = X.shape
    largest = _LARGEST_NORM / np.sqrt(d)
    singles = np.zeros((n, -(-d // 4) * 4), dtype=np.float32)
    singles[:, :d] = np.clip(X - centre, -largest, largest)
    return singles


def _lower_norms(singles: Singles) -> Floats:
    exact = singles.astype(np.float64)
    norms: Floats = np.square(exact).sum(axis=1)
    norms *= 1 - (exact.shape[1] + 8) * 2.0**-21
    return norms
