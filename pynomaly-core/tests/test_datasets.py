"""Tables: batches of any size make the whole, and mixed columns are repaired."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pynomaly.domain.datasets import MixedColumn, Table, read_whole, rebatch
from pynomaly.domain.errors import DataError

FRAME = pl.DataFrame({"a": range(10), "b": [str(i) for i in range(10)]})


def table_of(*frames, schema=FRAME.schema):
    return Table("mine", schema, lambda size, columns: iter(frames))


@given(
    heights=st.lists(st.integers(0, 7), max_size=6),
    size=st.integers(1, 9),
)
def test_batches_of_any_size_make_the_whole(heights, size):
    whole = pl.DataFrame({"a": range(sum(heights))}, schema={"a": pl.Int64})
    frames, start = [], 0
    for height in heights:
        frames.append(whole.slice(start, height))
        start += height
    batches = list(rebatch(iter(frames), size))
    assert all(batch.height == size for batch in batches[:-1])
    assert all(0 < batch.height <= size for batch in batches)
    assert_frame_equal(pl.concat([whole.clear(), *batches]), whole)


def test_a_batch_has_at_least_one_row():
    with pytest.raises(ValueError, match="at least one row"):
        list(Table.from_frame(FRAME).batches(0))


def test_a_frame_in_memory_is_read_any_number_of_times():
    table = Table.from_frame(FRAME)
    assert table.rows == 10
    for _ in range(2):
        assert_frame_equal(pl.concat(table.batches(3)), FRAME)
    assert_frame_equal(table.collect(["b"]), FRAME.select("b"))
    assert table.collect() is FRAME


def test_columns_come_in_the_order_asked_for():
    assert [batch.columns for batch in table_of(FRAME).batches(5, ["b", "a"])] == [["b", "a"]] * 2
    assert_frame_equal(table_of(FRAME).collect(["b", "a"]), FRAME.select("b", "a"))


def test_a_column_that_the_table_does_not_have_is_named():
    with pytest.raises(DataError, match="no column 'c': it has a, b") as caught:
        table_of(FRAME).batches(5, ["a", "c"])
    assert caught.value.columns == ("c",)


def test_a_table_without_rows_collects_to_its_schema():
    assert table_of().collect().schema == FRAME.schema
    assert list(table_of().batches()) == []


def test_a_loader_that_breaks_its_word_is_named():
    with pytest.raises(DataError, match="mine: its loader gave a batch without a column"):
        table_of(FRAME.select("a")).collect()
    with pytest.raises(DataError, match="Float64 where it had announced Int64 in column 'a'"):
        table_of(FRAME.cast({"a": pl.Float64})).collect()


def test_a_reader_that_stops_before_the_end_is_not_taken_at_its_word():
    frame = pl.DataFrame({"x": range(10)})
    table = Table("t", frame.schema, lambda size, columns: iter([frame[:7]]), rows=10)
    with pytest.raises(DataError, match="t: gave 7 of 10 rows: it is damaged"):
        table.collect()


def test_a_frame_in_memory_can_be_read_as_text():
    table = Table.from_frame(FRAME).as_text(["a"])
    assert table.schema == {"a": pl.String, "b": pl.String}
    assert table.collect()["a"].to_list() == [str(i) for i in range(10)]


def test_types_that_a_table_has_already_change_nothing():
    table = Table.from_frame(FRAME)
    assert table.as_text(["b"]) is table
    assert table.as_text(["unknown"]) is table
    assert table_of(FRAME).as_text(["a"]).schema == FRAME.schema


def mixed_table(schema):
    """Read as numbers, its columns fail one after the other."""

    def frames(size, columns):
        for name in columns:
            if schema[name] != pl.String:
                raise MixedColumn({name: pl.String()}, source="mine")
        yield FRAME.select(pl.all().cast(pl.String))

    def retype(types):
        return mixed_table(pl.Schema({**schema, **types}))

    return Table("mine", schema, frames, retype=retype)


def test_mixed_columns_are_repaired_one_after_the_other():
    table = mixed_table(pl.Schema({"a": pl.Int64, "b": pl.Int64}))
    assert table.collect().schema == {"a": pl.String, "b": pl.String}
    assert table.collect(["b"]).schema == {"b": pl.String}
    assert read_whole(table, lambda t: sum(f.height for f in t.batches(4))) == 10


def test_a_mixed_column_that_cannot_be_read_otherwise_is_an_error():
    def frames(size, columns):
        raise MixedColumn({"a": pl.String()}, source="mine")

    with pytest.raises(DataError, match="mine: column 'a' holds values") as caught:
        Table("mine", FRAME.schema, frames).collect()
    assert caught.value.columns == ("a",)
