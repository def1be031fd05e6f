# ruff: noqa: DTZ001 - times without a zone are read as such
"""Kinds of columns, recognised from their values."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from pynomaly.domain.schema import ColumnKind, Roles, left_out, parse_dates, recognise

rows = 100


def kind(values, roles=None, name="column", dtype=None):
    frame = pl.DataFrame({name: pl.Series(values, dtype=dtype, strict=False)})
    return recognise(frame, roles or Roles())[name].kind


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5, 1.5] * 50, ColumnKind.NUMBER),
        ([3, 7, 3, 9] * 25, ColumnKind.NUMBER),
        ([True, False] * 50, ColumnKind.BOOLEAN),
        (["red", "blue"] * 50, ColumnKind.CATEGORY),
        ([date(2024, 1, 1), date(2024, 1, 2)] * 50, ColumnKind.DATE),
        (
            [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)] * 50,
            ColumnKind.DATE,
        ),
        (["2024-01-01", "2024-02-03"] * 50, ColumnKind.DATE),
        (["2024-01-01T10:00:00Z", "2024-02-03T11:30:00Z"] * 50, ColumnKind.DATE),
        (["2024-01-01 10:00", "2024-02-03 11:30"] * 50, ColumnKind.DATE),
        ([f"this is sentence number {i}" for i in range(rows)], ColumnKind.TEXT),
        ([f"A{i:05}" for i in range(rows)], ColumnKind.IDENTIFIER),
        (list(range(rows)), ColumnKind.IDENTIFIER),
        (["same"] * rows, ColumnKind.CONSTANT),
        ([None] * rows, ColumnKind.EMPTY),
        ([float("nan")] * rows, ColumnKind.EMPTY),
        ([[1, 2]] * rows, ColumnKind.NESTED),
        ([b"x", b"y"] * 50, ColumnKind.NESTED),
        ([str(i * 7 % 13 / 2) for i in range(95)] + ["n/a"] * 5, ColumnKind.NUMBER),
    ],
)
def test_a_kind_is_recognised_from_values(values, expected):
    assert kind(values) is expected


def test_distinct_integers_are_an_identifier_only_by_name_or_as_a_count():
    shuffled = [i * 37 % 101 for i in range(rows)]
    assert kind(shuffled) is ColumnKind.NUMBER
    assert kind(shuffled, name="customer_id") is ColumnKind.IDENTIFIER
    assert kind(shuffled, name="customerId") is ColumnKind.IDENTIFIER
    assert kind(shuffled, name="paid") is ColumnKind.NUMBER


def test_a_few_distinct_values_prove_no_identifier():
    assert kind([1, 2, 3]) is ColumnKind.NUMBER
    assert kind(["a", "b", "c"]) is ColumnKind.CATEGORY


def test_one_value_that_is_sometimes_missing_is_no_constant():
    assert kind([1.0, None] * 50) is ColumnKind.NUMBER


def test_what_the_user_says_wins():
    values = [1.0, 2.0] * 50
    assert kind(values, Roles(id="column")) is ColumnKind.HELD_OUT
    assert kind(values, Roles(label="column")) is ColumnKind.HELD_OUT
    assert kind(values, Roles(series="column")) is ColumnKind.HELD_OUT
    assert kind(values, Roles(exclude=("column",))) is ColumnKind.HELD_OUT
    assert kind(values, Roles(columns=("other",))) is ColumnKind.HELD_OUT
    assert kind(values, Roles(columns=("column",))) is ColumnKind.NUMBER
    assert kind(["a", "b"] * 50, Roles(text="column")) is ColumnKind.TEXT
    assert kind(values, Roles(time="column")) is ColumnKind.HELD_OUT


def test_columns_left_out_are_reported_but_not_those_the_user_held_out():
    frame = pl.DataFrame({"same": [1] * 30, "x": [1.5, 2.5] * 15, "who": ["a", "b"] * 15})
    found = left_out(recognise(frame, Roles(exclude=("who",))))
    assert found == {"same": "every value is the same"}


def test_roles_name_the_option_behind_each_column():
    roles = Roles(("a",), ("b",), "c", "d", "e", "f", "g")
    options = ["--columns", "--exclude", "--id", "--label", "--time", "--series", "--text"]
    assert roles.named() == dict(zip("abcdefg", options, strict=True))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-10-26T00:00:00+02:00", datetime(2024, 10, 25, 22)),
        ("2024-02-01T00:00+01:00", datetime(2024, 1, 31, 23)),
        ("2024-02-01T00:00Z", datetime(2024, 2, 1)),
        ("2024-02-01 00:00:00.5-0530", datetime(2024, 2, 1, 5, 30, 0, 500_000)),
        ("2024-02-01", datetime(2024, 2, 1)),
        ("2024-02-01 01:00:00", datetime(2024, 2, 1, 1)),
        ("20240201T010203", datetime(2024, 2, 1, 1, 2, 3)),
        ("20240201T0102+0100", datetime(2024, 2, 1, 0, 2)),
        ("20240201T010203,25Z", datetime(2024, 2, 1, 1, 2, 3, 250_000)),
        ("2024-02-01T01:02:03,5", datetime(2024, 2, 1, 1, 2, 3, 500_000)),
        ("2024-02-30", None),
        ("20241301T000000", None),
        ("20240201", None),
        ("12:30,5", None),
        ("soon", None),
        (None, None),
    ],
)
def test_text_in_any_iso_8601_form_is_a_moment_in_utc_whatever_stands_beside_it(text, moment):
    beside = ["2024-03-01 10:00:00", "2024-03-01", None, "no time"]
    assert parse_dates(pl.Series([text, *beside]))[0] == moment
    assert parse_dates(pl.Series([*beside, text]))[4] == moment
    assert parse_dates(pl.Series([text], dtype=pl.String))[0] == moment


def test_a_column_of_text_with_offsets_or_of_dates_and_times_is_one_of_dates():
    assert kind(["2024-10-26T00:00:00+02:00", "2024-10-26T01:00+02:00"] * 50) is ColumnKind.DATE
    assert kind(["2024-02-01", "2024-02-01 01:00:00"] * 50) is ColumnKind.DATE
