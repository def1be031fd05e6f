"""Series: rows that follow each other in time, their steps, windows and events."""

from __future__ import annotations

import math

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
Mask = npt.NDArray[np.bool_]

WINDOW = 100
"""Steps of a window where none are asked for, and the series is long enough."""

WINDOWS = 10
"""A series has at least so many windows' steps, or its window is shorter."""

_REGULAR = 0.9
"""Share of time differences that must be multiples of one step."""

_OFF_STEP = 0.1
"""How far, in steps, a difference may be off a multiple."""

_MADE_UP = 0.05
"""Share of a window's steps that a made-up stretch may take, for the window to count."""

_SECOND = 1_000_000
_CLOCK = tuple(_SECOND * length for length in (86_400, 3_600, 60, 1))
"""Days, hours, minutes and seconds, in microseconds."""

_LIKE_CLOCK = 0.01
_MONTH = 30.44 * _CLOCK[0]


@attrs.frozen(eq=False)
class Gaps:
    """Where a series was not seen.

    Attributes:
        made_up: For each step, shape (length,), whether nothing is known of it.
        seams: For each step, whether it does not follow the one before it.
    """

    made_up: Mask
    seams: Mask

    @property
    def any(self) -> bool:
        """Whether there are some."""
        return bool(self.made_up.any() or self.seams.any())

    def of(self, kept: Mask) -> Gaps:
        """Those of the series without the steps that are not `kept`."""
        at = np.flatnonzero(kept)
        torn = np.diff(at, prepend=at[:1] - 1) > 1
        return Gaps(self.made_up[at], self.seams[at] | torn)


@attrs.frozen(eq=False)
class Timeline:
    """Where the rows of one series lie in time.

    Attributes:
        steps: Step of each row, shape (n,); rows of the same time share one.
        places: For each step, shape (length,), how many steps it lies after time 0.
        gaps: Steps between rows that have no row, and gaps that were too long to be filled.
        late: Rows that came after a row of a later time.
        duplicates: Rows of a time that an earlier row has already.
        regular: Whether steps are of equal length.
    """

    steps: Steps
    places: Steps
    gaps: Gaps
    late: int = 0
    duplicates: int = 0
    regular: bool = True

    @property
    def length(self) -> int:
        """Number of steps, those between rows included."""
        return len(self.places)

    @property
    def filled(self) -> int:
        """Number of steps that have no row."""
        return int(np.count_nonzero(self.gaps.made_up))

    @property
    def breaks(self) -> int:
        """Number of gaps that are closed up."""
        return int(np.count_nonzero(self.gaps.seams))


def make_timeline(
    times: npt.NDArray[np.int64], longest_gap: int, clock: npt.NDArray[np.int64] | None = None
) -> Timeline:
    """The steps of rows at `times`, shape (n,), which may be in any order.

    Times that are mostly multiples of one step apart are taken for regular: steps that have no
    row are counted in, unless more than `longest_gap` follow each other. Otherwise each time is
    the step after the one before it. Months count as steps of equal length.

    Args:
        times: In any unit.
        longest_gap: Steps.
        clock: The same on the wall, in microseconds, where times are dates: seasons go by it.
    """
    late = int(np.count_nonzero(times < np.maximum.accumulate(times)))
    distinct, first, index = np.unique(times, return_index=True, return_inverse=True)
    duplicates = len(times) - len(distinct)
    wall = None if clock is None else clock[first]
    multiples, start, regular = _multiples(distinct, wall)
    breaks = multiples > longest_gap + 1
    jumps = np.where(breaks, 1, multiples)
    steps = np.concatenate(([0], np.cumsum(jumps)))
    length = int(steps[-1]) + 1
    if not regular or length > 2 * len(distinct):
        none = np.zeros(len(distinct), dtype=np.bool_)
        return Timeline(
            index, np.arange(len(distinct)), Gaps(none, none), late, duplicates, regular=False
        )
    made_up, seams = np.ones(length, dtype=np.bool_), np.zeros(length, dtype=np.bool_)
    made_up[steps] = False
    seams[steps[1:]] = breaks
    places = start + np.concatenate(([0], np.cumsum(multiples)))
    if wall is not None:  # where clocks are changed, the season goes with them
        unit = _unit(distinct, wall)
        places += np.rint(((wall - distinct) - (wall[0] - distinct[0])) / unit).astype(np.intp)
    each = places.repeat(np.append(jumps, 1))
    between = np.arange(length) - steps.repeat(np.append(jumps, 1))
    gaps = Gaps(made_up, seams)
    return Timeline(steps[index], each + between, gaps, late, duplicates)


def _multiples(
    distinct: npt.NDArray[np.int64], wall: npt.NDArray[np.int64] | None
) -> tuple[Steps, int, bool]:
    """Steps between these times, the place of the first one, and whether they are regular."""
    unit = _unit(distinct, wall)
    if wall is not None and unit > 0.9 * _MONTH:
        months = wall.astype("datetime64[us]").astype("datetime64[M]").astype(np.intp)
        each = max(1, round(unit / _MONTH))
        apart = np.diff(months)
        if (apart > 0).all() and not (apart % each).any():
            return apart // each, int(months[0]) // each, True
    gaps = np.diff(distinct) / unit
    multiples = np.maximum(np.rint(gaps), 1.0).astype(np.intp)
    off = np.abs(gaps - multiples) > _OFF_STEP
    regular = bool(np.count_nonzero(off) <= (1 - _REGULAR) * len(off) or len(gaps) < 2)
    # Rows at noon lie half way between days: what is rounded must be far from either.
    start = math.floor((distinct if wall is None else wall)[0] / unit + 0.25)
    return multiples, start, regular


def _unit(distinct: npt.NDArray[np.int64], wall: npt.NDArray[np.int64] | None) -> float:
    """Length of a step: the median difference; of dates whole days, hours, ... if it is close."""
    unit = float(np.median(np.diff(distinct))) if len(distinct) > 1 else 1.0
    for length in () if wall is None else _CLOCK:
        whole = round(unit / length) * length
        if whole and abs(unit - whole) <= _LIKE_CLOCK * unit:
            return float(whole)
    return unit


def wall_clock(column: pl.Series) -> npt.NDArray[np.int64] | None:
    """Dates and times as clocks showed them, in microseconds; None for numbers and durations."""
    values = parse_dates(column) if column.dtype == pl.String else column
    if values.dtype not in (pl.Date, pl.Datetime):
        return None
    if getattr(values.dtype, "time_zone", None):
        values = values.dt.replace_time_zone(None)
    return values.cast(pl.Datetime("us")).to_physical().to_numpy()


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


def _whole(values: pl.Series) -> pl.Series:
    """Numbers as integers of a millionth of their unit; not finite ones are missing."""
    finite = pl.when(pl.col("t").is_finite()).then(pl.col("t"))
    micro = (finite * 1e6).round().cast(pl.Int64, strict=False)
    return values.alias("t").to_frame().select(micro).to_series()


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
