"""Additive tables: a row's score is a sum over columns of what a table says about its value.

ECOD, COPOD, HBOS and LODA are all of this form once they are fitted. A column's table has k
ascending knots and 2k + 1 terms: for values below the first knot, at it, between it and the
second, at the second, ..., above the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pynomaly_gpu_cupy.backends import Array, Backend, Floats
from pynomaly_gpu_cupy.detector import columns_of, in_chunks

_WORK = 96
"""Bytes that looking up one value takes for a while."""


class Tables:
    """One table per column, all in two arrays, and on the device.

    Args:
        backend: Where to compute.
        knots: Ascending knots of the first column, the second, ...
        starts: Where each column's knots start, and their number, shape (d + 1,).
        terms: Column j's terms start at ``2 * starts[j] + j``.
    """

    def __init__(
        self, backend: Backend, knots: Floats, starts: npt.NDArray[np.int64], terms: Floats
    ) -> None:
        self._backend = backend
        self._state = {"knots": knots, "starts": starts, "terms": terms}
        bounds = list(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True))
        with backend.active():
            self._columns = [
                (
                    backend.to_device(knots[low:high]),
                    backend.to_device(terms[2 * low + j : 2 * high + j + 1]),
                )
                for j, (low, high) in enumerate(bounds)
            ]

    @classmethod
    def join(cls, backend: Backend, tables: Sequence[tuple[Floats, Floats]]) -> Tables:
        """Tables from each column's knots and terms."""
        knots, terms = zip(*tables, strict=True)
        starts = np.cumsum([0, *map(len, knots)], dtype=np.int64)
        return cls(backend, np.concatenate(knots), starts, np.concatenate(terms))

    @property
    def row_bytes(self) -> int:
        """What scoring a row takes."""
        return 16 * len(self._columns) + _WORK

    def sums_of(self, X: Floats) -> Floats:
        """Sum of each row's terms, from the first column to the last, shape (n,)."""
        return in_chunks(self._backend, self.sums_on_device, X, self.row_bytes)

    def terms_of(self, X: Floats) -> Floats:
        """Term of each value of X, shape (n, d)."""
        return in_chunks(self._backend, self.terms_on_device, X, 2 * self.row_bytes)

    def sums_on_device(self, X: Array) -> Array:
        """`sums_of` rows that are there."""
        xp = self._backend.xp
        totals = xp.zeros(X.shape[0], dtype=xp.float64)
        for j, values in enumerate(columns_of(xp, X)):
            totals = totals + self._look_up(j, values)
        return totals

    def terms_on_device(self, X: Array) -> Array:
        """`terms_of` rows that are there."""
        xp = self._backend.xp
        terms = [self._look_up(j, values) for j, values in enumerate(columns_of(xp, X))]
        return xp.stack(terms, axis=1)

    def _look_up(self, j: int, values: Array) -> Array:
        xp = self._backend.xp
        knots, terms = self._columns[j]
        above = xp.searchsorted(knots, values, side="right")
        below = xp.where(above > 0, above - 1, above)
        equal = xp.take(knots, below) == values
        return xp.take(terms, 2 * above - xp.astype(equal, above.dtype))

    def get_state(self) -> Mapping[str, Any]:
        """The tables as arrays."""
        return dict(self._state)

    @classmethod
    def from_state(cls, backend: Backend, state: Mapping[str, Any]) -> Tables:
        """The tables that gave `state`."""
        return cls(backend, state["knots"], state["starts"], state["terms"])
