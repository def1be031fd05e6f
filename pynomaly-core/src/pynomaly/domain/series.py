"""Windows of a series, and stretches of its steps."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from pynomaly.domain.timeline import Gaps, Mask, Matrix

_BLOCK = 16_384
"""Steps whose windows are looked at at once."""

Vector = npt.NDArray[np.float64]

WINDOW = 100
"""Steps of a window where none are asked for, and the series is long enough."""

WINDOWS = 10
"""A series has at least so many windows' steps, or its window is shorter."""

_MADE_UP = 0.05
"""Share of a window's steps that a made-up stretch may take, for the window to count."""


def window_for(length: int, asked: int | None) -> int:
    """Steps of the windows of a series of `length` steps."""
    return asked if asked is not None else max(1, min(WINDOW, length // WINDOWS))


def windows(X: Matrix, window: int, start: int, stop: int) -> Matrix:
    """Windows `start` to ``stop - 1`` of X, shape (length, c), as rows: step by step."""
    view = np.lib.stride_tricks.sliding_window_view(X[start : stop + window - 1], window, axis=0)
    return np.ascontiguousarray(view.transpose(0, 2, 1)).reshape(stop - start, -1)


def whole_windows(gaps: Gaps, window: int) -> Mask:
    """Windows that hold no long stretch which is made up, and no seam: (length - window + 1,).

    A few steps that are interpolated do no harm, however often; a straight line is like nothing.
    """
    few = math.ceil(_MADE_UP * window)
    made_up = np.concatenate(([0], np.cumsum(_long(gaps.made_up, few))))
    seams = np.concatenate(([0], np.cumsum(gaps.seams)))
    last = len(made_up) - window
    bare: Mask = made_up[window:] == made_up[:last]
    # Before a window's first step there may be a seam.
    whole: Mask = seams[window:] == seams[1 : last + 1]
    return bare & whole


def _long(marked: Mask, few: int) -> Mask:
    """Steps of stretches of more than `few` marked ones."""
    edges = np.flatnonzero(np.diff(marked, prepend=False, append=False)).tolist()
    found = np.zeros(len(marked), dtype=np.bool_)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        found[start:stop] = stop - start > few
    return found


def mean_of_windows(values: Matrix, window: int, counted: Mask | None = None) -> Matrix:
    """For each step the mean of the windows that it lies in, shape (length, k).

    Near the ends, where a step lies in fewer windows, the first or last one counts for those that
    are lacking: equal values have equal means, everywhere.

    Args:
        values: Of all windows, shape (length - window + 1, k).
        window: Steps of a window.
        counted: Windows that count, shape (length - window + 1,), in steps that lie in any of
            them; None for all.
    """
    if counted is not None and not counted.all():
        weights = mean_of_windows(counted[:, None].astype(np.float64), window)
        some = mean_of_windows(np.where(counted[:, None], values, 0.0), window)
        lies_in_any = weights > 0
        return np.divide(some, weights, out=mean_of_windows(values, window), where=lies_in_any)
    padded = np.pad(values, ((window - 1, window - 1), (0, 0)), mode="edge")
    view = np.lib.stride_tricks.sliding_window_view(padded, window, axis=0)
    means = np.empty((len(values) + window - 1, values.shape[1]))
    for at in range(0, len(means), _BLOCK):
        means[at : at + _BLOCK] = view[at : at + _BLOCK].mean(axis=-1)
    return means


def lower_neighbour(values: Vector, marked: Mask) -> Vector:
    """Values of steps, shape (length,), but the lower of the two next to it where one is marked."""
    at, steps = np.flatnonzero(~marked), np.arange(len(marked))
    if not at.size:
        return values
    after = at[np.searchsorted(at, steps).clip(max=len(at) - 1)]
    before = at[np.searchsorted(at, steps, side="right").clip(min=1) - 1]
    lower: Vector = np.minimum(values[before], values[after])
    return lower


def find_runs(marked: npt.NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Stretches of marked steps, as first and last step; less than `gap` unmarked join them."""
    at = np.flatnonzero(marked)
    if not at.size:
        return []
    cuts = np.flatnonzero(np.diff(at) > gap)
    firsts = np.concatenate(([0], cuts + 1))
    lasts = np.concatenate((cuts, [len(at) - 1]))
    return [(int(at[a]), int(at[b])) for a, b in zip(firsts, lasts, strict=True)]
