"""Times of a series: the step that each of its rows is, and where it was not seen."""

from __future__ import annotations

import math

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from pynomaly.domain.errors import DataError
from pynomaly.domain.schema import parse_dates

Matrix = npt.NDArray[np.float64]
Steps = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

_REGULAR = 0.9
"""Share of time differences that must be multiples of one step."""

_OFF_STEP = 0.1
"""How far, in steps, a difference may be off a multiple."""

_SECOND = 1_000_000
_CLOCK = tuple(_SECOND * length for length in (86_400, 3_600, 60, 1))
"""Days, hours, minutes and seconds, in microseconds."""

_BEYOND = 2.0**63
"""More than an int64 holds."""

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
    unit = _unit(distinct, wall)
    multiples, start, regular = _multiples(distinct, wall, unit)
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
        places += np.rint(((wall - distinct) - (wall[0] - distinct[0])) / unit).astype(np.intp)
    each = places.repeat(np.append(jumps, 1))
    between = np.arange(length) - steps.repeat(np.append(jumps, 1))
    gaps = Gaps(made_up, seams)
    return Timeline(steps[index], each + between, gaps, late, duplicates)


def _multiples(
    distinct: npt.NDArray[np.int64], wall: npt.NDArray[np.int64] | None, unit: float
) -> tuple[Steps, int, bool]:
    """Steps between these times, the place of the first one, and whether they are regular."""
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


def wall_clock(column: pl.Series, times: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
    """Dates and times as clocks showed them, in microseconds; None for numbers and durations.

    Args:
        column: The times as they came.
        times: The same, as `read_times` gave them: what clocks showed, but for a zone.
    """
    if column.dtype not in (pl.String, pl.Date, pl.Datetime):
        return None
    if getattr(column.dtype, "time_zone", None) is None:
        return times
    shown = column.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    return shown.to_physical().to_numpy()


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
