"""Samples of rows that depend on the seed and the order, never on batches."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pynomaly.domain.sampling import RowSample, row_keys


def sample(rows, capacity, seed, size):
    kept = RowSample(capacity, seed)
    frame = pl.DataFrame({"row": np.arange(rows)})
    for start in range(0, rows, size):
        kept.add(frame[start : start + size])
    return kept.result()


@given(st.integers(1, 300), st.integers(1, 80), st.integers(0, 5), st.integers(1, 300))
def test_a_sample_is_the_same_for_any_batches(rows, capacity, seed, size):
    whole = sample(rows, capacity, seed, rows)
    batched = sample(rows, capacity, seed, size)
    assert whole.frame.equals(batched.frame)
    assert batched.index.tolist() == batched.frame["row"].to_list()
    assert batched.frame.height == min(rows, capacity)
    assert batched.rows == rows
    assert batched.whole == (rows <= capacity)
    assert (np.diff(batched.index) > 0).all()


def test_without_a_capacity_every_row_is_kept():
    assert sample(100, None, 0, 7).frame.height == 100


def test_another_seed_gives_another_sample():
    assert not sample(500, 50, 0, 100).frame.equals(sample(500, 50, 1, 100).frame)


def test_each_row_is_as_likely_as_any_other():
    counts = np.zeros(40)
    for seed in range(2000):
        counts[sample(40, 10, seed, 40).index] += 1
    # binomial(2000, 1/4): standard deviation 19
    assert (np.abs(counts - 500) < 5 * 19.4).all()


@given(st.integers(0, 2**63), st.integers(0, 2**64 - 1))
def test_keys_of_a_row_do_not_depend_on_where_a_batch_starts(start, seed):
    start %= 10**12
    assert row_keys(start, 5, seed)[3] == row_keys(start + 3, 1, seed)[0]
