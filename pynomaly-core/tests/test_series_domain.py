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
    make_timeline,
    mean_of_windows,
    on_steps,
    read_times,
    seasonal_profile,
    windows,
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
