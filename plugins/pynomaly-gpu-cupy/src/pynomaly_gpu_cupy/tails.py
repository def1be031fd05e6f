"""ECOD and COPOD: how far a row lies in the tails of each column's empirical distribution.

The distribution is frozen in `fit`: a row's score does not depend on the rows scored with it.
Columns are sorted on the device; their tables, some thousands of values, are made on the host.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from pynomaly_gpu_cupy.backends import Array, Backend, Floats
from pynomaly_gpu_cupy.detector import ArrayDetector
from pynomaly_gpu_cupy.params import TailParams
from pynomaly_gpu_cupy.skewness import certain_sign, signs_in_doubt
from pynomaly_gpu_cupy.tables import Tables

Counts = npt.NDArray[np.int64]

_WHOLE = 8
"""A column is kept whole up to this many times the values kept in one tail."""


class _TailDetector(ArrayDetector, ABC):
    """Sum over columns of -log of a tail probability."""

    def fit(self, X: Floats) -> Self:
        """Tabulate the tails of each column of X, shape (n, d)."""
        backend, signs, kept = self._backend, [], []
        with backend.active():
            for column in X.T:
                values = backend.to_device(np.ascontiguousarray(column))
                signs.append(certain_sign(backend, values))
                kept.append(_distribution(backend, backend.xp.sort(values), self._params))
        doubtful = [j for j, sign in enumerate(signs) if sign is None]
        decided = dict(zip(doubtful, signs_in_doubt(X, doubtful), strict=True))
        tables = []
        for j, (knots, at_most, below) in enumerate(kept):
            sign = signs[j]
            sign = decided[j] if sign is None else sign
            tables.append((knots, self._terms(at_most, below, len(X), sign)))
        self._tables = Tables.join(backend, tables)
        return self

    @staticmethod
    @abstractmethod
    def _combine(left: Floats, right: Floats, skewed: Floats) -> Floats:
        """Terms from -log of the left tail, the right tail, and that on the skewed side."""

    def _terms(self, at_most: Counts, below: Counts, n: int, sign: float) -> Floats:
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
        return self._tables.sums_of(X)

    def explain(self, X: Floats) -> Floats:
        """Each column's term, shape (n, d): they add up to the score."""
        return self._tables.terms_of(X)

    def get_state(self) -> Mapping[str, Any]:
        """The tables as arrays."""
        return self._tables.get_state()

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._tables = Tables.from_state(self._backend, state)


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
    backend: Backend, ordered: Array, params: TailParams
) -> tuple[Floats, Counts, Counts]:
    """Values of a sorted column that its table keeps, and how many rows lie at or below, below.

    Where there are many, the tails are kept whole, and between them values whose ranks from the
    nearer end grow by the factor ``1 + resolution``.
    """
    xp, n = backend.xp, ordered.shape[0]
    tail, resolution = params.tail, params.resolution
    steps = ordered[1:] != ordered[:-1]
    if resolution > 0 and int(xp.sum(xp.astype(steps, xp.int64))) >= _WHOLE * tail:
        n_steps = int(np.log(n / (2 * tail)) / np.log1p(resolution))
        ranks = (tail * (1 + resolution) ** np.arange(n_steps + 1)).astype(np.int64)
        ranks = np.concatenate((np.arange(tail), ranks, [n // 2]))
        ranks = backend.to_device(np.concatenate((ranks, n - 1 - ranks)))
        kept = np.unique(backend.to_host(xp.take(ordered, ranks)))
        there = backend.to_device(kept)
        at_most = backend.to_host(xp.searchsorted(ordered, there, side="right"))
        return kept, at_most, backend.to_host(xp.searchsorted(ordered, there, side="left"))
    last = np.append(backend.to_host(xp.nonzero(steps)[0]), n - 1)
    at_most = last + 1
    kept = backend.to_host(xp.take(ordered, backend.to_device(last)))
    return kept, at_most, np.append(0, at_most[:-1])
