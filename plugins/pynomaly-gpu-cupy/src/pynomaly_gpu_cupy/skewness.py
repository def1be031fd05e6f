"""The sign of a column's skewness, which decides on which side ECOD and COPOD look.

In symmetric data rounding decides. There, and only there, the processor adds up in the order that
`scipy.stats.skew` has, so that every device comes to the same sign.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pynomaly_gpu_cupy.backends import Array, Backend, Floats

_BLOCK = 2048
"""Rows whose moments are taken at once."""

_HARMLESS = 200
"""Values within 2 to plus or minus this need no scaling: their cubes stay in range."""


def certain_sign(backend: Backend, values: Array) -> float | None:
    """Sign of the skewness of a column on the device; None where rounding could turn it."""
    xp = backend.xp
    n = values.shape[0]
    largest = float(xp.max(xp.abs(values)))
    if not 2.0**-_HARMLESS < largest < 2.0**_HARMLESS:
        return None
    deviations = values - float(xp.sum(values)) / n
    squares = deviations * deviations
    deviation = float(xp.sum(squares) / n) ** 0.5
    third = float(xp.sum(squares * deviations))
    size = float(xp.sum(squares * xp.abs(deviations)))
    # Bounds the error of the mean, which shifts all deviations, and that of the sums.
    doubt = 8 * n * float(np.finfo(np.float64).eps) * size
    if deviation == 0 or abs(third) <= doubt * (1 + largest / deviation):
        return None
    return 1.0 if third > 0 else -1.0


def signs_in_doubt(X: Floats, columns: list[int]) -> list[float]:
    """Signs of the skewness of these columns of X, shape (n, d), by SciPy's arithmetic."""
    if not columns:
        return []
    # A lone column is added up in another order, but for where it is all of X.
    pair = columns if X.shape[1] == 1 else [*columns, columns[0]]
    signs: list[float] = skewness_signs(np.ascontiguousarray(X[:, pair])).tolist()
    return signs[: len(columns)]


def skewness_signs(X: Floats) -> Floats:
    """Sign of each column's skewness, -1, 0 or 1, shape (d,), addition by addition as in SciPy.

    Columns are scaled by powers of two, so that nothing overflows.
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
    for start in range(0, n, size):
        rows = X[start : start + size]
        scaled = np.ldexp(rows, exponents) if exponents.any() else rows
        if centre is None:
            blocks = [scaled]
        else:
            deviations = scaled - centre
            squares = np.square(deviations)
            blocks = [squares, squares * deviations]
        for total, block in zip(totals, blocks, strict=True):
            if d > 1:  # the total goes before the block's rows
                total[:] = np.concatenate((total[None], block)).sum(axis=0)
            else:
                total[:] = block.sum(axis=0)
    return tuple(totals / n)
