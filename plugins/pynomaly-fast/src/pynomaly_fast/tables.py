"""Additive tables: a row's score is a sum over columns of what a table says about its value.

ECOD, COPOD, HBOS and LODA are all of this form once they are fitted. A column's table has k
ascending knots and 2k + 1 terms: for values below the first knot, at it, between it and the
second, at the second, ..., above the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from pynomaly_fast.compiling import Kernels

Floats = npt.NDArray[np.float64]

_WORTH = 5_000_000
"""Look-ups (rows times columns) that NumPy makes while the kernel loads."""


def kernels() -> Kernels:
    """Compiled look-ups, for one detector."""
    return Kernels("pynomaly_fast.kernels.tables", worth=_WORTH)


@attrs.frozen(eq=False)
class Tables:
    """One table per column, all in two arrays.

    Attributes:
        knots: Ascending knots of the first column, the second, ...
        starts: Where each column's knots start, and their number, shape (d + 1,).
        terms: Column j's terms start at ``2 * starts[j] + j``.
    """

    knots: Floats
    starts: npt.NDArray[np.int64]
    terms: Floats

    @classmethod
    def join(cls, knots: Sequence[Floats], terms: Sequence[Floats]) -> Tables:
        """Tables from each column's knots and terms."""
        starts = np.cumsum([0, *map(len, knots)], dtype=np.int64)
        return cls(np.concatenate(knots), starts, np.concatenate(terms))

    def column(self, j: int) -> tuple[Floats, Floats]:
        """Knots and terms of column j."""
        low, high = self.starts[j], self.starts[j + 1]
        return self.knots[low:high], self.terms[2 * low + j : 2 * high + j + 1]

    def terms_of(self, X: Floats) -> Floats:
        """Term of each value of X, shape (n, d)."""
        terms = np.empty_like(X)
        for j, values in enumerate(X.T):
            terms[:, j] = self._look_up(j, values)
        return terms

    def sums_of(self, X: Floats, compiled: Any = None) -> Floats:
        """Sum of each row's terms, from the first column to the last, shape (n,).

        Args:
            X: Rows, shape (n, d).
            compiled: Kernels to do it with; else NumPy does it, with equal bits.
        """
        totals = np.zeros(len(X))
        if compiled is not None:
            compiled.add_terms(self.knots, self.starts, self.terms, X, totals)
            return totals
        for j, values in enumerate(X.T):
            totals += self._look_up(j, values)
        return totals

    def _look_up(self, j: int, values: Floats) -> Floats:
        knots, terms = self.column(j)
        above = knots.searchsorted(values, side="right")
        looked_up: Floats = terms.take(2 * above - (knots.take(above - 1) == values))
        return looked_up

    def get_state(self) -> Mapping[str, Any]:
        """The tables as arrays."""
        return attrs.asdict(self, recurse=False)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Tables:
        """The tables that gave `state`."""
        return cls(state["knots"], state["starts"], state["terms"])
