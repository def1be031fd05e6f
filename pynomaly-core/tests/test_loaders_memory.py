# ruff: noqa: DTZ001 - times without a zone are read as such
"""Tables of what is in memory: frames of any library, arrays, lists and dictionaries."""

from __future__ import annotations

import builtins
import datetime as dt
import decimal

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import pynomaly
from pynomaly.domain.errors import DataError
from pynomaly.infrastructure.loaders.memory import table_from

pd = pytest.importorskip("pandas")


def rows(data):
    return table_from(data).collect().rows()


def columns(data):
    return list(table_from(data).schema)


def test_a_polars_frame_is_its_table():
    frame = pl.DataFrame({"a": [1, 2]})
    table = table_from(frame)
    assert table.collect() is frame
    assert table_from(table) is table
    assert columns(pl.Series([1])) == ["column_1"]
    assert columns(pl.Series("s", [1])) == ["s"]


def test_a_lazy_frame_is_read_when_it_is_needed():
    lazy = pl.LazyFrame({"a": range(100), "b": ["x"] * 100})
    table = table_from(lazy)
    assert table.rows is None
    assert_frame_equal(table.collect(["b", "a"]), lazy.select("b", "a").collect())
    with pytest.raises(DataError, match="lazy frame failed"):
        table_from(lazy.with_columns(pl.col("b").cast(pl.Int64))).collect()


def test_arrow_tables_and_arrays_come_in():
    pa = pytest.importorskip("pyarrow")
    assert rows(pa.table({"a": [1, None], "b": ["x", "y"]})) == [(1, "x"), (None, "y")]
    assert columns(pa.array([1, 2])) == ["column_1"]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "i4", ">i2", "u8", "?", "g"])
def test_arrays_of_any_number_come_in(dtype):
    array = np.array([[0, 1], [1, 0]], dtype=dtype)
    assert columns(array) == ["column_1", "column_2"]
    assert [tuple(map(int, row)) for row in rows(array)] == [(0, 1), (1, 0)]
    assert columns(array[0]) == ["column_1"]
    assert rows(array[0]) == [(row[0],) for row in rows(array)]


def test_arrays_of_other_things_come_in():
    assert rows(np.array(["x", "y"])) == [("x",), ("y",)]
    assert rows(np.array([b"x"])) == [("x",)]
    assert rows(np.array([["x", 1], [None, 2.5]], dtype=object)) == [("x", 1.0), (None, 2.5)]
    assert rows(np.array(["2024-01-01", "NaT"], dtype="M8[D]")) == [(dt.date(2024, 1, 1),), (None,)]
    assert rows(np.array(["2024-01-01"], dtype="M8[s]")) == [(dt.datetime(2024, 1, 1),)]
    structured = np.array([(1, "x")], dtype=[("n", "i4"), ("s", "U3")])
    assert table_from(structured).collect().to_dicts() == [{"n": 1, "s": "x"}]
    assert rows(np.zeros((0, 2))) == []


def test_masked_values_are_missing():
    array = rows(np.ma.array([1.0, 2.0], mask=[False, True]))
    assert array[0] == (1.0,)
    assert np.isnan(array[1][0])
    assert rows(np.ma.array(["x", "y"], mask=[True, False])) == [(None,), ("y",)]


def test_lists_and_dictionaries_come_in():
    assert table_from([{"a": 1}, {"b": 2.5}]).collect().to_dicts() == [
        {"a": 1, "b": None}, {"a": None, "b": 2.5},
    ]  # fmt: skip
    assert columns({"a": [1], 5: np.array([2])}) == ["a", "5"]
    assert rows({"a": range(2), "b": pl.Series([1, 2]), "c": pd.Series([3, 4])}) == [
        (0, 1, 3), (1, 2, 4),
    ]  # fmt: skip
    assert rows([[1, "x"], (2, "y")]) == [(1, "x"), (2, "y")]
    assert rows([1, None, 3]) == [(1,), (None,), (3,)]
    assert rows([np.array([1, 2])]) == [(1, 2)]


def test_objects_find_a_common_type():
    assert rows({"a": [1, 2.5, None]}) == [(1.0,), (2.5,), (None,)]
    assert rows({"a": [1, "x", None, float("nan")]}) == [("1",), ("x",), (None,), (None,)]
    assert rows({"a": [np.float64(1), 2]}) == [(1.0,), (2.0,)]
    assert table_from({"a": [10**30, 1]}).schema == {"a": pl.Float64}
    assert table_from({"a": [decimal.Decimal("1.5")]}).schema == {"a": pl.Float64}
    assert rows({"a": [10**50, 1]}) == [(1e50,), (1.0,)]
    things = pl.DataFrame({"a": pl.Series([ValueError("x"), None], dtype=pl.Object)})
    assert rows(things) == [("x",), (None,)]


def test_pandas_frames_come_in_column_by_column_without_pyarrow(monkeypatch):
    day, zone = pd.Timestamp("2024-07-01"), "Europe/Berlin"
    frame = pd.DataFrame(
        {
            "int": [1, 2],
            "float": [1.5, np.nan],
            "bool": [True, False],
            "object": pd.Series(["x", None], dtype=object),
            "mixed": pd.Series([1, "x"], dtype=object),
            "category": pd.Categorical(["u", None]),
            "codes": pd.Categorical([1, None]),
            "date": [day, pd.NaT],
            "zoned": pd.to_datetime(["2024-07-01", None]).tz_localize(zone),
            "delta": pd.to_timedelta([1, None], unit="s"),
            "Int64": pd.array([1, None], dtype="Int64"),
            "UInt8": pd.array([1, None], dtype="UInt8"),
            "Float64": pd.array([1.5, None], dtype="Float64"),
            "boolean": pd.array([True, None], dtype="boolean"),
            "string": pd.array(["x", None], dtype=pd.StringDtype("python")),
            "period": pd.period_range("2024-01", periods=2, freq="M"),
            "sparse": pd.array([1, 0], dtype=pd.SparseDtype(int)),
            7: [1, 2],
        }
    )
    real = builtins.__import__

    def without_pyarrow(name, *args, **kwargs):
        if name.partition(".")[0] == "pyarrow":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    found = table_from(frame).collect()
    first, second = found.rows()
    assert found.columns == [str(name) for name in frame.columns]
    assert first == (
        1, 1.5, True, "x", "1", "u", 1, day.to_pydatetime(),
        first[8], dt.timedelta(seconds=1), 1, 1, 1.5, True, "x", "2024-01", 1, 1,
    )  # fmt: skip
    assert first[8] == dt.datetime(2024, 6, 30, 22, tzinfo=dt.UTC)
    assert str(found.schema["zoned"].time_zone) == zone
    missing = [name for name, value in zip(found.columns, second, strict=True) if value is None]
    assert missing == [
        "object", "category", "codes", "date", "zoned", "delta", "Int64", "UInt8", "Float64",
        "boolean", "string",
    ]  # fmt: skip


def test_other_shapes_of_pandas_come_in():
    assert columns(pd.Series([1])) == ["column_1"]
    assert columns(pd.Series([1], name="s")) == ["s"]
    assert rows(pd.RangeIndex(2)) == [(0,), (1,)]
    offset = pd.to_datetime(pd.Series(["2024-01-01T00:00:00+02:00"]))
    assert rows(offset) == [(dt.datetime(2023, 12, 31, 22, tzinfo=dt.UTC),)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (np.zeros((2, 2, 2)), "3 dimensions"),
        (np.array(5), "0 dimensions"),
        (np.array([1 + 2j]), "complex"),
        ([], "list is empty"),
        ({}, "no columns"),
        (np.zeros((3, 0)), "no columns"),
        ("text", "a str is no table"),
        (5, "a int is no table"),
        ({"a": 5}, "a int is no column"),
        ({"a": "text"}, "a str is no column"),
        ({"a": np.zeros((2, 2))}, "one dimension"),
        ({"a": [1], "b": [1, 2]}, "height"),
        ([[1, 2], [3]], "rows of 1 and of 2 values"),
        ([1, [2]], "mixed"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "a"),
    ],
)
def test_what_is_no_table_is_explained(data, reason):
    with pytest.raises(DataError, match=reason) as caught:
        table_from(data)
    assert "<memory>" in str(caught.value)


def test_an_index_of_pandas_with_a_name_is_told_how_to_become_a_column():
    when = pd.date_range("2024-01-01", periods=30, freq="h", name="when")
    frame = pd.DataFrame({"a": np.arange(30.0) % 7}, index=when)
    message = r"'when', which is not a column \(the index 'when' is not seen: data.reset_index\(\)"
    with pytest.raises(DataError, match=message):
        pynomaly.detect(frame, time="when")
    told = "the index 'when' is not seen: data.reset_index() makes a column of it"
    assert told in pynomaly.detect(frame, top=1).warnings
    for other in (frame.reset_index(), frame.rename_axis(None), frame.reset_index(drop=True)):
        assert not any("index" in warning for warning in pynomaly.detect(other, top=1).warnings)
