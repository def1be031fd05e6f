"""Features: finite whatever comes in, and the same for a batch of one."""

import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynomaly.domain.errors import DataError
from pynomaly.domain.features import (
    CLIP,
    features_from_state,
    features_to_state,
    fit_features,
)
from pynomaly.domain.schema import Roles, recognise

any_float = st.floats(allow_nan=True, allow_infinity=True)
mixed_rows = st.lists(
    st.tuples(
        any_float | st.none(),
        st.integers(-(2**62), 2**62) | st.none(),
        st.booleans() | st.none(),
        st.sampled_from(["a", "b", "c", ""]) | st.none(),
        st.datetimes(datetime(1950, 1, 1), datetime(2200, 1, 1)) | st.none(),  # noqa: DTZ001
        st.text(max_size=8) | st.none(),
    ),
    min_size=3,
    max_size=12,
)
schema = {
    "float": pl.Float64,
    "whole": pl.Int64,
    "flag": pl.Boolean,
    "level": pl.String,
    "when": pl.Datetime("us"),
    "words": pl.String,
}


def fitted(frame, **roles):
    return fit_features(frame, recognise(frame, Roles(**roles)))


@settings(max_examples=40)
@given(mixed_rows)
def test_features_are_finite_and_a_row_has_the_same_in_any_batch(rows):
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    try:
        features = fitted(frame, text="words")
    except DataError:
        return
    whole = features.encode(frame)
    assert whole.shape == (len(rows), len(features.names))
    assert whole.flags.c_contiguous
    assert np.abs(whole).max() <= CLIP
    for i in range(len(rows)):
        assert features.encode(frame[i : i + 1]).tobytes() == whole[i : i + 1].tobytes()


@settings(max_examples=40)
@given(mixed_rows)
def test_saved_features_encode_to_equal_bits(rows):
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    try:
        features = fitted(frame, text="words")
    except DataError:
        return
    state = features_to_state(features)
    plain = {name: part for name, part in state.items() if not isinstance(part, np.ndarray)}
    again = features_from_state({**state, **json.loads(json.dumps(plain))})
    assert again.encode(frame).tobytes() == features.encode(frame).tobytes()
    assert again.names == features.names


def test_numbers_are_standardised():
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 10.0] * 4})
    encoded = fitted(frame).encode(frame)
    assert encoded.mean() == pytest.approx(0)
    assert encoded.std() == pytest.approx(1)


def test_an_absurd_value_does_not_squash_the_others():
    values = [float(i % 10) for i in range(99)] + [1e300]
    frame = pl.DataFrame({"x": values})
    encoded = fitted(frame).encode(frame)[:, 0]
    assert encoded[-1] == CLIP
    assert encoded[:-1].std() == pytest.approx(1, rel=0.1)


def test_infinities_are_the_most_extreme_values():
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, float("inf"), float("-inf")]})
    assert fitted(frame).encode(frame)[3:, 0].tolist() == [CLIP, -CLIP]


@pytest.mark.parametrize("value", [5e-324, 1e-310, 1e300, 1.7976931348623157e308])
def test_numbers_of_any_size_are_standardised(value):
    frame = pl.DataFrame({"x": [value, -value, value / 2, 0.0] * 10})
    encoded = fitted(frame).encode(frame)
    assert np.isfinite(encoded).all()
    assert 0.5 < encoded.std() < 2


def test_a_missing_number_is_imputed_by_the_median_and_marked():
    frame = pl.DataFrame({"x": [1.0, 2.0, 9.0, None]})
    features = fitted(frame)
    assert features.names == ("x", "x:missing")
    encoded = features.encode(frame)
    assert encoded[3, 0] == encoded[1, 0]
    assert encoded[3, 1] > encoded[0, 1]


def test_a_rarer_category_stands_out_more_and_an_unseen_one_most():
    frame = pl.DataFrame({"c": ["a"] * 90 + ["b"] * 9 + ["c"]})
    features = fitted(frame)
    new = pl.DataFrame({"c": ["a", "b", "c", "never seen"]})
    encoded = features.encode(new)[:, 0]
    assert (np.diff(encoded) > 0).all()


def test_dates_become_elapsed_time_and_the_parts_that_vary():
    start = datetime(2024, 1, 1, 9)  # noqa: DTZ001
    frame = pl.DataFrame({"t": [start + timedelta(days=i) for i in range(20)]})
    assert fitted(frame).names == ("t:elapsed_days", "t:weekday")
    hourly = pl.DataFrame({"t": [start + timedelta(hours=37 * i) for i in range(100)]})
    names = ("t:elapsed_days", "t:month", "t:weekday", "t:hour")
    assert fitted(hourly).names == names


def test_text_is_described_by_its_shape():
    frame = pl.DataFrame({"t": ["call me later please", "WIN £1000 NOW!!!", "see you at 8 then"]})
    encoded = fitted(frame, text="t")
    assert encoded.names == tuple(
        f"t:{part}" for part in ("characters", "digits", "capitals", "punctuation")
    )
    raw = encoded.raw(frame)
    assert raw[1].tolist() == [16, 4, 6, 4]


def test_contributions_add_up_to_their_column():
    frame = pl.DataFrame({"x": [1.0, None, 3.0], "y": [1.0, 2.0, 4.0]})
    features = fitted(frame)
    assert features.sources == ("x", "x", "y")
    totals = features.by_column(np.array([[1.0, 2.0, 4.0]]))
    assert {name: total.tolist() for name, total in totals.items()} == {"x": [3.0], "y": [4.0]}


def test_a_table_without_a_usable_column_is_refused_with_the_reasons():
    frame = pl.DataFrame({"same": [1, 1, 1], "none": [None, None, None]})
    with pytest.raises(DataError, match=r"same.*every value is the same.*none.*missing"):
        fitted(frame)


def test_the_encoding_of_other_types_than_the_fitted_ones_is_by_value():
    frame = pl.DataFrame(
        {"x": [1, 2, 5] * 5, "c": ["1", "2", "x"] * 5, "b": [True, False, True] * 5}
    )
    features = fitted(frame)
    as_text = frame.select(pl.all().cast(pl.String))
    assert features.encode(as_text).tobytes() == features.encode(frame).tobytes()


def test_durations_times_and_decimals_are_numbers():
    frame = pl.DataFrame(
        {
            "d": [timedelta(seconds=i) for i in (1, 2, 5)],
            "t": pl.Series([1, 2, 5]).cast(pl.Time),
            "m": pl.Series(["1.5", "2.5", "5.5"]).cast(pl.Decimal(10, 2)),
        }
    )
    assert fitted(frame).names == ("d", "t", "m")
    assert np.isfinite(fitted(frame).encode(frame)).all()
