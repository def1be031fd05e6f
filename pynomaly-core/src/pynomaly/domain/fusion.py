"""Fusion: one verdict on an item from p-values of several kinds of data, some of them missing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]


def fisher_scores(p_values: Matrix) -> Vector:
    """-log of Fisher's combined p-value of each row of p-values, shape (n, k): shape (n,).

    NaN stands for a part that an item does not have; with none at all the score is 0. Of k parts
    that are known, with T = -sum(log p), it is ``T - log(sum(T^i / i!, i < k))`` (Fisher 1932; the
    tail of a chi-squared distribution of 2k degrees of freedom). Parts need not be independent:
    scores are ordered by it, and what they mean is learnt from `fused_p_values`.
    """
    known = ~np.isnan(p_values)
    T = -np.log(np.where(known, p_values, 1.0)).sum(axis=1)
    counts = known.sum(axis=1)
    series, term = np.ones(len(T)), np.ones(len(T))
    for i in range(1, p_values.shape[1]):
        term = term * T / i
        series += np.where(i < counts, term, 0.0)
    return np.where(counts > 0, T - np.log(series), 0.0)


def fused_p_values(p_values: Matrix, reference: Matrix, *, ranks: bool) -> Vector:
    """Conformal p-values of items from those of their parts, shape (n, k): shape (n,).

    An item is compared with the items of the reference that have all the parts that it has, by
    these parts alone: this holds whatever parts depend on each other, and whatever is missing.

    Args:
        p_values: Of items; NaN where one has no such part.
        reference: The same of rows that were held out of the fits, shape (m, k).
        ranks: Whether the reference is the items themselves, so that p-values are ranks.
    """
    found = np.ones(len(p_values))
    known = ~np.isnan(p_values)
    for parts in np.unique(known, axis=0):
        mine = (known == parts).all(axis=1)
        if not parts.any():
            continue
        alike = reference[:, parts]
        alike = alike[~np.isnan(alike).any(axis=1)]
        ordered = np.sort(fisher_scores(alike))
        scores = fisher_scores(p_values[np.ix_(mine, parts)])
        at_least = len(ordered) - np.searchsorted(ordered, scores, side="left")
        extra = 0 if ranks else 1
        found[mine] = (extra + at_least) / (len(ordered) + extra)
    return found


def held_out_p_values(scores: Vector) -> Vector:
    """For each held-out score the share of them that are at least as high, shape (n,)."""
    ordered = np.sort(scores)
    return (len(scores) - np.searchsorted(ordered, scores, side="left")) / max(len(scores), 1)
