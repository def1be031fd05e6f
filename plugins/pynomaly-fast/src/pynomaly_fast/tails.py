"""ECOD and COPOD: how far a row lies in the tails of each column's empirical distribution.

The distribution is frozen in `fit`: a row's score does not depend on the rows scored with it.
Rows of the training data get the scores that PyOD gives them, to rounding, where the
distribution is kept whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from pynomaly.ports.specs import DetectorSpec
from pynomaly_fast.params import TailParams
from pynomaly_fast.tables import Floats, Tables, kernels

_WHOLE = 8
"""A column is kept whole up to this many times the values kept in one tail."""

_BLOCK = 2048
"""Rows whose moments are taken at once."""

_HARMLESS = 200
"""Values within 2 to plus or minus this need no scaling: their cubes stay in range."""


class _TailDetector(ABC):
    """Sum over columns of -log of a tail probability."""

    def __init__(self, spec: DetectorSpec, params: TailParams, seed: int) -> None:
        self._params = params
        self._kernels = kernels()

    def fit(self, X: Floats) -> Self:
        """Tabulate the tails of each column of X, shape (n, d)."""
        signs = skewness_signs(X)
        knots, terms = [], []
        for values, sign in zip(X.T, signs, strict=True):
            kept, at_most, below = _distribution(np.sort(values), self._params)
            knots.append(kept)
            terms.append(self._terms(at_most, below, len(X), sign))
        self._tables = Tables.join(knots, terms)
        return self

    @staticmethod
    @abstractmethod
    def _combine(left: Floats, right: Floats, skewed: Floats) -> Floats:
        """Terms from -log of the left tail, the right tail, and that on the skewed side."""

    def _terms(
        self, at_most: npt.NDArray[np.intp], below: npt.NDArray[np.intp], n: int, sign: float
    ) -> Floats:
        """Terms before, at and behind each knot of a column."""
        lefts = np.empty(2 * len(at_most) + 1)
        rights = np.empty_like(lefts)
        lefts[1::2], rights[1::2] = at_most, n - below
        between = (np.append(0, at_most) + np.append(below, n)) / 2  # rows up to a gap's middle
        lefts[0::2], rights[0::2] = between, n - between
        never = n / (n + 1)  # beyond all training rows: rarer than any of them
        left = np.log(n) - np.log(np.maximum(lefts, never))
        right = np.log(n) - np.log(np.maximum(rights, never))
        skewed = left + right if sign == 0 else left if sign < 0 else right
        return self._combine(left, right, skewed)

    def score(self, X: Floats) -> Floats:
        """Score of each row of X, shape (n,); higher is more anomalous."""
        return self._tables.sums_of(X, self._kernels.for_work(X.size))

    def explain(self, X: Floats) -> Floats:
        """Each column's term, shape (n, d): they add up to the score."""
        return self._tables.terms_of(X)

    def get_state(self) -> Mapping[str, Any]:
        """The tables as arrays."""
        return self._tables.get_state()

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._tables = Tables.from_state(state)


class ECOD(_TailDetector):
    """ECOD (Li et al. 2022): a column's term is that of its rarer tail."""

    @staticmethod
    def _combine(left: Floats, right: Floats, skewed: Floats) -> Floats:
        return np.maximum(np.maximum(left, right), skewed)


class COPOD(_TailDetector):
    """COPOD (Li et al. 2020): the tail on the skewed side, or both tails' mean where larger."""

    @staticmethod
    def _combine(left: Floats, right: Floats, skewed: Floats) -> Floats:
        return np.maximum(skewed, (left + right) / 2)


def _distribution(
    ordered: Floats, params: TailParams
) -> tuple[Floats, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Values of a sorted column that its table keeps, and how many rows lie at or below, below.

    Where there are many, the tails are kept whole, and between them values whose ranks from the
    nearer end grow by the factor ``1 + resolution``.
    """
    n = len(ordered)
    tail, resolution = params.tail, params.resolution
    steps = ordered[1:] != ordered[:-1]
    if resolution > 0 and np.count_nonzero(steps) >= _WHOLE * tail:
        n_steps = int(np.log(n / (2 * tail)) / np.log1p(resolution))
        ranks = (tail * (1 + resolution) ** np.arange(n_steps + 1)).astype(np.intp)
        ranks = np.concatenate((np.arange(tail), ranks, [n // 2]))
        kept = np.unique(ordered[np.concatenate((ranks, n - 1 - ranks))])
        at_most = ordered.searchsorted(kept, side="right")
        return kept, at_most, ordered.searchsorted(kept, side="left")
    last = np.append(np.flatnonzero(steps), n - 1)
    at_most = last + 1
    return ordered[last], at_most, np.append(0, at_most[:-1])


def skewness_signs(X: Floats) -> Floats:
    """Sign of each column's skewness, -1, 0 or 1, shape (d,).

    The arithmetic is that of `scipy.stats.skew`, addition by addition: in symmetric data
    rounding decides. Columns are scaled by powers of two, so that nothing overflows.
    """
    exponents = -np.frexp(np.maximum(X.max(axis=0), -X.min(axis=0)))[1]
    if np.abs(exponents).max() < _HARMLESS:
        exponents = np.zeros_like(exponents)
    mean = _means(X, exponents)[0]
    second, third = _means(X, exponents, mean)
    constant = second <= (np.finfo(np.float64).eps * mean) ** 2
    return np.where(constant, 0.0, np.sign(third))


def _means(
    X: Floats, exponents: npt.NDArray[np.int32], centre: Floats | None = None
) -> tuple[Floats, ...]:
    """Mean of each scaled column; with a centre, of its deviations' squares and cubes, each (d,).

    Block by block, yet added up row by row, as NumPy adds up several columns at once. It adds
    up a lone column in another order: that is one block.
    """
    n, d = X.shape
    size = min(_BLOCK, n) if d > 1 else n
    totals = np.zeros((1 if centre is None else 2, d))
    terms = np.empty((len(totals), size + 1, d))
    for start in range(0, n, size):
        rows = X[start : start + size]
        block = terms[:, : len(rows) + 1]
        block[:, 0] = totals  # goes before the block's rows
        scaled = np.ldexp(rows, exponents) if exponents.any() else rows
        if centre is None:
            block[0, 1:] = scaled
        else:
            deviations = scaled - centre
            np.square(deviations, out=block[0, 1:])
            np.multiply(block[0, 1:], deviations, out=block[1, 1:])
        for total, values in zip(totals, block, strict=True):
            total[:] = values.sum(axis=0) if d > 1 else values[1:].sum(axis=0)
    return tuple(totals / n)
