"""Steps, windows and stretches of a series."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pynomaly.domain.errors import DataError
from pynomaly.domain.series import (
    find_runs,
    lower_neighbour,
    mean_of_windows,
    whole_windows,
    windows,
)
from pynomaly.domain.timeline import (
    Gaps,
    make_timeline,
    on_steps,
    read_times,
    seasonal_profile,
    wall_clock,
)

values = arrays(
    np.float64, st.tuples(st.integers(2, 40), st.integers(1, 3)), elements=st.floats(-9, 9)
)


def test_regular_times_are_steps_and_a_gap_is_counted_in():
    line = make_timeline(np.array([0, 5, 10, 25, 30]), longest_gap=100)
    assert line.steps.tolist() == [0, 1, 2, 5, 6]
    assert (line.length, line.filled, line.breaks) == (7, 2, 0)


def test_a_gap_longer_than_a_window_is_closed_up_and_keeps_the_places():
    line = make_timeline(np.array([0, 5, 10, 1000, 1005, 1010, 1015]), longest_gap=10)
    assert line.steps.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert (line.filled, line.breaks) == (0, 1)
    assert line.places.tolist() == [0, 1, 2, 200, 201, 202, 203]


def test_late_and_duplicate_rows_are_counted_and_share_their_step():
    line = make_timeline(np.array([10, 0, 5, 5, 15]), longest_gap=10)
    assert line.steps.tolist() == [2, 0, 1, 1, 3]
    assert (line.late, line.duplicates) == (3, 1)


def test_times_without_a_common_step_follow_each_other():
    line = make_timeline(np.array([0, 1, 7, 8, 30, 33, 90]), longest_gap=10)
    assert not line.regular
    assert line.steps.tolist() == list(range(7))


def clocks(moments):
    column = pl.Series(moments)
    times = read_times(column)
    return times, 10, wall_clock(column, times)


def moments(start, every, count, zone=None):
    first = dt.datetime.fromisoformat(start)
    times = [first + every * i for i in range(count)]
    column = pl.Series(times, dtype=pl.Datetime("us"))
    return column if zone is None else column.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)


@pytest.mark.parametrize("start", ["2024-01-01 00:00", "2024-01-01 12:00", "2024-01-01 06:17"])
@pytest.mark.parametrize("every", [dt.timedelta(days=1), dt.timedelta(hours=1)])
def test_each_row_of_a_regular_series_has_the_next_place(start, every):
    whole = moments(start, every, 200)
    places = make_timeline(*clocks(whole)).places
    assert np.diff(places).tolist() == [1] * 199
    later = make_timeline(*clocks(whole[70:])).places
    assert later.tolist() == places[70:].tolist()


@pytest.mark.parametrize("months", [1, 3, 12])
def test_months_are_steps_of_equal_length(months):
    days = [dt.date(1990 + m // 12, m % 12 + 1, 1) for m in range(0, 360, months)]
    line = make_timeline(*clocks(days))
    assert (line.filled, line.regular) == (0, True)
    assert np.diff(line.places).tolist() == [1] * (len(days) - 1)
    assert line.places[0] % (12 // months) == 0  # January
    holed = make_timeline(*clocks(days[:5] + days[7:]))
    assert holed.filled == 2


def test_a_season_of_hours_goes_by_the_clock_on_the_wall_where_clocks_are_changed():
    hours = moments("2024-03-01 00:00", dt.timedelta(hours=1), 24 * 60, "Europe/Berlin")
    line = make_timeline(*clocks(hours))
    assert line.filled == 0
    assert (line.places % 24).tolist() == hours.dt.hour().to_list()


def test_gaps_of_a_part_are_its_own_and_where_it_is_closed_up():
    line = make_timeline(np.array([0, 1, 2, 4, 5, 90, 91, 92]), longest_gap=10)
    assert line.gaps.made_up.nonzero()[0].tolist() == [3]
    assert line.gaps.seams.nonzero()[0].tolist() == [6]
    part = line.gaps.of(np.array([True, True, False, True, True, True, True, True, True]))
    assert part.made_up.nonzero()[0].tolist() == [2]
    assert part.seams.nonzero()[0].tolist() == [2, 5]


def test_windows_over_a_gap_count_only_where_there_are_no_others():
    gaps = Gaps(np.zeros(9, dtype=bool), np.arange(9) == 4)
    counted = whole_windows(gaps, 3)
    assert counted.tolist() == [True, True, False, False, True, True, True]
    scores = np.where(counted, 1.0, 50.0)[:, None]
    assert mean_of_windows(scores, 3, counted).ravel().tolist() == [1.0] * 9
    counted[:] = [False] * 6 + [True]
    assert mean_of_windows(scores, 3, counted)[0, 0] == 1.0
    assert mean_of_windows(scores, 3, counted)[3, 0] > 1.0


def test_a_few_steps_that_are_made_up_spoil_no_window_and_a_stretch_of_them_does():
    made_up = np.zeros(200, dtype=bool)
    made_up[10:100:3] = True
    made_up[150:157] = True
    gaps = Gaps(made_up, np.zeros(200, dtype=bool))
    whole = whole_windows(gaps, 40)
    assert whole[: 150 - 40 + 1].all()
    assert not whole[150 - 40 + 1 : 157].any()
    assert whole[157:].all()


@pytest.mark.parametrize(
    ("values", "marked", "expected"),
    [
        ([1.0, 9.0, 9.0, 2.0], [0, 1, 1, 0], [1.0, 1.0, 1.0, 2.0]),
        ([9.0, 3.0, 4.0, 9.0], [1, 0, 0, 1], [3.0, 3.0, 4.0, 4.0]),
        ([5.0, 6.0], [0, 0], [5.0, 6.0]),
        ([5.0, 6.0], [1, 1], [5.0, 6.0]),
    ],
)
def test_a_step_that_is_made_up_takes_the_lower_value_beside_it(values, marked, expected):
    found = lower_neighbour(np.array(values), np.array(marked, dtype=bool))
    assert found.tolist() == expected


def test_one_row_is_one_step():
    assert make_timeline(np.array([7]), longest_gap=10).length == 1


@given(st.lists(st.integers(0, 300), min_size=1, max_size=40))
def test_rows_of_one_time_and_no_others_share_a_step_and_steps_ascend_with_time(times):
    line = make_timeline(np.array(times), longest_gap=20)
    pairs = sorted(set(zip(times, line.steps.tolist(), strict=True)))
    assert len(pairs) == len(set(times))
    assert all(a[1] < b[1] for a, b in pairwise(pairs))
    assert line.length == len(set(times)) + line.filled
    assert (np.diff(line.places) >= 1).all()


def test_steps_without_a_row_are_interpolated_and_rows_of_one_step_averaged():
    line = make_timeline(np.array([0, 10, 10, 30, 40, 50]), longest_gap=10)
    X = np.array([[1.0], [2.0], [4.0], [9.0], [np.nan], [5.0]])
    assert on_steps(X, line).ravel().tolist() == [1.0, 3.0, 6.0, 9.0, 7.0, 5.0]


def test_a_channel_without_any_value_stays_unknown():
    line = make_timeline(np.arange(3), longest_gap=10)
    assert np.isnan(on_steps(np.full((3, 1), np.nan), line)).all()


@given(values, st.integers(1, 12))
def test_a_window_is_the_steps_that_follow_each_other(X, window):
    window = min(window, len(X))
    rows = windows(X, window, 0, len(X) - window + 1)
    for start, row in enumerate(rows):
        np.testing.assert_array_equal(row, X[start : start + window].ravel())


@given(st.integers(1, 30), st.integers(1, 12), st.floats(-1e6, 1e6))
def test_equal_windows_give_equal_steps_everywhere(count, window, value):
    means = mean_of_windows(np.full((count, 1), value), window)
    assert len(means) == count + window - 1
    assert len(set(means.ravel().tolist())) == 1


def test_a_step_is_the_mean_of_the_windows_that_it_lies_in():
    means = mean_of_windows(np.array([[0.0], [3.0], [6.0], [9.0]]), 3)
    assert means.ravel().tolist() == [0.0, 1.0, 3.0, 6.0, 8.0, 9.0]


def test_the_usual_course_of_a_season_is_the_median_at_each_of_its_places():
    X = np.tile([[0.0], [5.0], [1.0]], (5, 1))
    X[4] += 100.0
    profile = seasonal_profile(X, np.arange(15), 3)
    assert profile.ravel().tolist() == [0.0, 5.0, 1.0]
    shifted = seasonal_profile(X[1:], np.arange(1, 15), 3)
    np.testing.assert_array_equal(shifted, profile)


def test_stretches_are_joined_over_short_gaps_only():
    marked = np.array([1, 1, 0, 1, 0, 0, 0, 1], dtype=bool)
    assert find_runs(marked, 2) == [(0, 3), (7, 7)]
    assert find_runs(marked, 1) == [(0, 1), (3, 3), (7, 7)]
    assert find_runs(np.zeros(4, dtype=bool), 2) == []


@pytest.mark.parametrize(
    "column",
    [
        [dt.date(2024, 1, 1), dt.date(2024, 1, 2)],
        [dt.datetime(2024, 1, 1, 5), dt.datetime(2024, 1, 1, 6)],  # noqa: DTZ001
        ["2024-01-01 00:00:00", "2024-01-01 00:00:01"],
        [1, 2],
        [0.25, 0.5],
        [dt.timedelta(seconds=1), dt.timedelta(seconds=2)],
    ],
)
def test_times_of_any_form_ascend(column):
    first, second = read_times(pl.Series("t", column))
    assert first < second


def test_times_in_zones_are_compared_at_the_same_moment():
    utc = pl.Series("t", [dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)])
    there = utc.dt.convert_time_zone("Asia/Tokyo")
    assert read_times(utc).tolist() == read_times(there).tolist()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1, None, 3, None], r"row 2 has no time in the column 't' \(2 such rows\)"),
        (["2024-01-01", "soon"], "row 2 has 'soon', which is no time"),
        ([1.0, float("nan")], "row 2 has nan, which is no time"),
        ([True, False], "holds no times but Boolean"),
        (pl.Series([1, 2**63], dtype=pl.UInt64), "row 2 has the time 9223372036854775808 in the"),
        ([1.0, 1e300], r"row 2 has 1e\+300, which is no time"),
    ],
)
def test_what_is_no_time_is_named_with_its_row(column, message):
    with pytest.raises(DataError, match=message):
        read_times(pl.Series("t", column))


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_seconds_since_1970_in_any_unit_are_times_as_floats_too(unit):
    epoch = [1_707_000_000 + step for step in range(3)]
    times = read_times(pl.Series("t", [float(second * unit) for second in epoch]))
    assert times.tolist() == [second * unit for second in epoch]


def test_floats_with_fractions_keep_them_as_far_as_their_size_allows():
    assert np.diff(read_times(pl.Series("t", [0.25, 0.5, 1.0]))).tolist() == [250_000, 500_000]
    assert np.diff(read_times(pl.Series("t", [1.707e13, 1.707e13 + 0.5]))).tolist() == [50_000]
    single = pl.Series("t", [100_000.5, 100_001.0], dtype=pl.Float32)
    assert np.diff(read_times(single)).tolist() == [500_000]
