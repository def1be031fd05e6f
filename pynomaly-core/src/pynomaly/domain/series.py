"""Series: rows that follow each other in time, their steps, windows and events."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from pynomaly.domain.errors import DataError
from pynomaly.domain.schema import parse_dates

_BLOCK = 16_384
"""Steps whose windows are looked at at once."""

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Steps = npt.NDArray[np.intp]

WINDOW = 100
"""Steps of a window where none are asked for, and the series is long enough."""

WINDOWS = 10
"""A series has at least so many windows' steps, or its window is shorter."""

_REGULAR = 0.9
"""Share of time differences that must be multiples of one step."""

_OFF_STEP = 0.1
"""How far, in steps, a difference may be off a multiple."""

_BEYOND = 2.0**63
"""More than an int64 holds."""


@attrs.frozen(eq=False)
class Timeline:
    """Where the rows of one series lie in time.

    Attributes:
        steps: Step of each row, shape (n,); rows of the same time share one.
        places: For each step, shape (length,), how many steps it lies after time 0.
        late: Rows that came after a row of a later time.
        duplicates: Rows of a time that an earlier row has already.
        filled: Steps between rows that have no row.
        breaks: Gaps that were too long to be filled, and are closed up.
        regular: Whether steps are of equal length.
    """

    steps: Steps
    places: Steps
    late: int = 0
    duplicates: int = 0
    filled: int = 0
    breaks: int = 0
    regular: bool = True

    @property
    def length(self) -> int:
        """Number of steps, those between rows included."""
        return len(self.places)


def make_timeline(times: npt.NDArray[np.int64], longest_gap: int) -> Timeline:
    """The steps of rows at `times`, shape (n,), which may be in any order.

    Times that are mostly multiples of one step apart are taken for regular: steps that have no
    row are counted in, unless more than `longest_gap` follow each other. Otherwise each time is
    the step after the one before it.
    """
    late = int(np.count_nonzero(times < np.maximum.accumulate(times)))
    distinct, index = np.unique(times, return_inverse=True)
    duplicates = len(times) - len(distinct)
    gaps = np.diff(distinct)
    unit = float(np.median(gaps)) if len(gaps) else 1.0
    multiples = np.maximum(np.rint(gaps / unit), 1.0)
    off = np.abs(gaps / unit - multiples) > _OFF_STEP
    regular = np.count_nonzero(off) <= (1 - _REGULAR) * len(off) or len(gaps) < 2
    breaks = multiples > longest_gap + 1
    jumps = np.where(breaks, 1, multiples).astype(np.intp)
    steps = np.concatenate(([0], np.cumsum(jumps)))
    filled = int(steps[-1]) + 1 - len(distinct)
    if not regular or filled > len(distinct):
        return Timeline(index, np.arange(len(distinct)), late, duplicates, regular=False)
    places = np.rint(distinct / unit).astype(np.intp)
    each = places.repeat(np.append(jumps, 1))
    between = np.arange(len(each)) - steps.repeat(np.append(jumps, 1))
    return Timeline(steps[index], each + between, late, duplicates, filled, int(breaks.sum()))


def read_times(column: pl.Series) -> npt.NDArray[np.int64]:
    """A column of dates, date-times, ISO 8601 text or numbers as int64 that ascend with time.

    Raises:
        DataError: If a time is missing or is none; the message names the first row.
    """
    values = column
    if values.dtype == pl.String:
        values = parse_dates(values)
    if values.dtype in (pl.Date, pl.Datetime):
        values = values.cast(pl.Datetime("us", getattr(values.dtype, "time_zone", None)))
    elif values.dtype.is_float():
        values = _whole(values)
    elif not (values.dtype.is_integer() or values.dtype in (pl.Duration, pl.Time)):
        raise DataError(
            f"--time names {column.name!r}, which holds no times but {column.dtype} values",
            columns=(column.name,),
        )
    if values.dtype.is_integer():
        values = _within_64_bits(values)
    first = values.is_null().arg_true()
    if len(first):
        given = column[int(first[0])]
        fault = "has no time" if given is None else f"has {given!r}, which is no time,"
        raise DataError(
            f"row {first[0] + 1:,} {fault} in the column {column.name!r} ({len(first):,} such"
            f" row{'s' if len(first) > 1 else ''}): mend it or leave it out; times are dates, ISO"
            " 8601 text such as 2024-12-31 23:59:59, or numbers",
            columns=(column.name,),
        )
    return values.to_physical().cast(pl.Int64).to_numpy()


def _within_64_bits(values: pl.Series) -> pl.Series:
    """Integers as int64.

    Raises:
        DataError: If one is too large; the message names the first row.
    """
    narrow = values.cast(pl.Int64, strict=False)
    beyond = (narrow.is_null() & values.is_not_null()).arg_true()
    if len(beyond):
        raise DataError(
            f"row {beyond[0] + 1:,} has the time {values[int(beyond[0])]} in the column"
            f" {values.name!r}, which is beyond the numbers of 64 bits with a sign: give times in a"
            " larger unit",
            columns=(values.name,),
        )
    return narrow


def _whole(values: pl.Series) -> pl.Series:
    """Numbers as integers, of a millionth of their unit where any has a fraction and they allow it.

    Those that are not finite, or too large, are missing.
    """
    numbers = values.cast(pl.Float64)
    numbers = numbers.set(~numbers.is_finite(), None)
    largest = float(numbers.abs().max() or 0.0)  # type: ignore[arg-type]
    below = numbers.floor()
    scale = 1 if (numbers == below).all() else 10**6
    while scale > 1 and largest * scale >= _BEYOND:
        scale //= 10
    parts = ((numbers - below) * scale).round().cast(pl.Int64)
    return below.cast(pl.Int64, strict=False) * scale + parts


def on_steps(X: Matrix, timeline: Timeline) -> Matrix:
    """X, shape (n, c), by steps, shape (length, c): means of rows that share a step.

    Values that are missing in between are interpolated in a straight line, before the first and
    after the last known value that one stands; a channel without any stays NaN.
    """
    length, width = timeline.length, X.shape[1]
    if length == len(X) and np.array_equal(timeline.steps, np.arange(length)):
        stepped = X.copy()
    else:
        known = ~np.isnan(X)
        sums, counts = np.zeros((length, width)), np.zeros((length, width))
        np.add.at(sums, timeline.steps, np.where(known, X, 0.0))
        np.add.at(counts, timeline.steps, known)
        stepped = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    for channel in stepped.T:
        missing = np.isnan(channel)
        if missing.any() and not missing.all():
            at = np.flatnonzero(~missing)
            channel[missing] = np.interp(np.flatnonzero(missing), at, channel[at])
    return stepped


def seasonal_profile(X: Matrix, places: Steps, season: int) -> Matrix:
    """Median of each channel at each place in a season of so many steps, shape (season, c).

    Places that no step takes get the channel's median.
    """
    profile = np.tile(np.median(X, axis=0), (season, 1))
    phase = places % season
    order = np.argsort(phase, kind="stable")
    taken, starts = np.unique(phase[order], return_index=True)
    for place, rows in zip(taken, np.split(order, starts[1:]), strict=True):
        profile[place] = np.median(X[rows], axis=0)
    return profile


def window_for(length: int, asked: int | None) -> int:
    """Steps of the windows of a series of `length` steps."""
    return asked if asked is not None else max(1, min(WINDOW, length // WINDOWS))


def windows(X: Matrix, window: int, start: int, stop: int) -> Matrix:
    """Windows `start` to ``stop - 1`` of X, shape (length, c), as rows: step by step."""
    view = np.lib.stride_tricks.sliding_window_view(X[start : stop + window - 1], window, axis=0)
    return np.ascontiguousarray(view.transpose(0, 2, 1)).reshape(stop - start, -1)


def mean_of_windows(values: Matrix, window: int) -> Matrix:
    """For each step the mean of the windows that it lies in, shape (length, k).

    Near the ends, where a step lies in fewer windows, the first or last one counts for those that
    are lacking: equal values have equal means, everywhere.

    Args:
        values: Of all windows, shape (length - window + 1, k).
        window: Steps of a window.
    """
    padded = np.pad(values, ((window - 1, window - 1), (0, 0)), mode="edge")
    view = np.lib.stride_tricks.sliding_window_view(padded, window, axis=0)
    means = np.empty((len(values) + window - 1, values.shape[1]))
    for at in range(0, len(means), _BLOCK):
        means[at : at + _BLOCK] = view[at : at + _BLOCK].mean(axis=-1)
    return means


def find_runs(marked: npt.NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Stretches of marked steps, as first and last step; less than `gap` unmarked join them."""
    at = np.flatnonzero(marked)
    if not at.size:
        return []
    cuts = np.flatnonzero(np.diff(at) > gap)
    firsts = np.concatenate(([0], cuts + 1))
    lasts = np.concatenate((cuts, [len(at) - 1]))
    return [(int(at[a]), int(at[b])) for a, b in zip(firsts, lasts, strict=True)]
