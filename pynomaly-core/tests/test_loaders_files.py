# ruff: noqa: DTZ001 - times without a zone are read as such
"""Parquet, Arrow, JSON lines and standard input."""

from __future__ import annotations

import datetime as dt
import decimal
import gc
import gzip
import io
import json
import os
import sys
import tempfile
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pynomaly.domain.datasets import MixedColumn
from pynomaly.domain.errors import DataError
from pynomaly.infrastructure.loaders import csv, ipc, jsonl, parquet, stdin
from pynomaly.infrastructure.loaders.dialect import TextOptions
from pynomaly.ports import loading

TEXT = TextOptions()
FRAME = pl.DataFrame({"a": range(1000), "b": [f"x{i % 7}" for i in range(1000)]})
LINES = "".join(f'{{"a":{i},"b":"2024-01-01","c":true,"d":{{"x":1}}}}\n' for i in range(12_000))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_ipc_stream(frame, path):
    frame.write_ipc_stream(path)


COLUMNAR = [
    pytest.param(parquet.load, pl.DataFrame.write_parquet, ".parquet", id="parquet"),
    pytest.param(ipc.load, pl.DataFrame.write_ipc, ".arrow", id="arrow file"),
    pytest.param(ipc.load, write_ipc_stream, ".arrows", id="arrow stream"),
]


def fault(load, name, content):
    if content is not None:
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        load(name, TEXT).collect()
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(("load", "write", "suffix"), COLUMNAR)
def test_columnar_files_are_read_in_order(load, write, suffix):
    write(FRAME, Path("in" + suffix))
    table = load("in" + suffix, TEXT)
    assert table.rows == 1000
    assert table.size > 0
    assert_frame_equal(pl.concat(table.batches(77)), FRAME)
    assert_frame_equal(table.collect(["b"]), FRAME.select("b"))
    assert_frame_equal(load(Path("in" + suffix).resolve().as_uri(), TEXT).collect(), FRAME)


@pytest.mark.parametrize(("load", "write", "suffix"), COLUMNAR)
def test_damaged_columnar_files_are_named(load, write, suffix):
    write(FRAME, Path("in" + suffix))
    whole = Path("in" + suffix).read_bytes()
    assert "is it a whole" in fault(load, "cut" + suffix, whole[:300])
    assert "is it a whole" in fault(load, "lie" + suffix, "a,b\n1,2\n")
    assert "is it a whole" in fault(load, "odd" + suffix, whole[:16] + os.urandom(1000))
    assert "empty" in fault(load, "empty" + suffix, "")


@pytest.mark.parametrize(("load", "write", "suffix"), COLUMNAR[:2])
def test_folders_and_globs_are_one_table(load, write, suffix):
    Path("d/deeper").mkdir(parents=True)
    assert "holds no file" in fault(load, "d", None)
    write(FRAME[500:], Path("d/b" + suffix))
    write(FRAME[:500], Path("d/a" + suffix))
    Path("d/_SUCCESS" + suffix).touch()
    assert_frame_equal(load("d", TEXT).collect(), FRAME)
    assert_frame_equal(load(f"d/*{suffix}", TEXT).collect(), FRAME)
    assert "no file matches" in fault(load, "d/*.none", None)
    write(FRAME.cast({"a": pl.Float64}), Path("d/deeper/c" + suffix))
    assert "same columns and types" in fault(load, "d", None)


@pytest.mark.parametrize(("load", "write", "suffix"), COLUMNAR)
def test_rare_types_become_common_ones(load, write, suffix):
    rare = pl.DataFrame(
        {
            "money": [decimal.Decimal("1.50"), None],
            "level": pl.Series(["x", None], dtype=pl.Categorical),
            "choice": pl.Series(["x", None], dtype=pl.Enum(["x", "y"])),
            "huge": pl.Series([10**30, None], dtype=pl.Int128),
            "list": [[1], None],
            "time": [dt.time(1), None],
        }
    )
    write(rare, Path("in" + suffix))
    frame = load("in" + suffix, TEXT).collect()
    assert frame.schema == {
        "money": pl.Float64, "level": pl.String, "choice": pl.String, "huge": pl.Float64,
        "list": pl.List(pl.Int64), "time": pl.Time,
    }  # fmt: skip
    assert frame.row(0) == (1.5, "x", "x", 1e30, [1], dt.time(1))


def test_feather_of_version_1_is_refused():
    assert "version 1" in fault(ipc.load, "old.feather", b"FEA1" + bytes(100))


def test_a_table_without_rows_is_a_table():
    FRAME.clear().write_parquet("none.parquet")
    table = parquet.load("none.parquet", TEXT)
    assert table.rows == 0
    assert list(table.batches()) == []


def test_a_missing_file_suggests_its_neighbours():
    FRAME.write_parquet("flights.parquet")
    assert "near it: flights.parquet" in fault(parquet.load, "flight.parquet", None)
    assert "no such file in" in fault(parquet.load, "q", None)
    assert "no folder nowhere" in fault(parquet.load, "nowhere/x.parquet", None)


def test_a_folder_is_no_file():
    Path("d.csv").mkdir()
    assert "is a folder" in fault(csv.load, "d.csv", None)


def test_a_name_with_signs_of_a_glob_is_a_name():
    FRAME.write_csv("in[1].csv")
    assert csv.load("in[1].csv", TEXT).collect().height == 1000
    FRAME.write_parquet("in[1].parquet")
    assert parquet.load("in[1].parquet", TEXT).rows == 1000


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "I/O")])
def test_a_file_that_cannot_be_opened_is_named(monkeypatch, error):
    Path("in.csv").write_text("a\n1\n")

    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    message = fault(csv.load, "in.csv", None)
    assert "permissions" in message or "cannot be opened: i/o" in message


def test_a_panic_of_the_decoder_is_an_error():
    with pytest.raises(DataError, match="in: way out"), loading.reading("in", "way out"):
        raise pl.exceptions.PanicException("index out of bounds")
    with pytest.raises(KeyboardInterrupt), loading.reading("in", "way out"):
        raise KeyboardInterrupt


def load_jsonl(text, encoding="utf-8"):
    Path("in.jsonl").write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return jsonl.load("in.jsonl", TEXT)


def test_json_lines_are_read():
    table = load_jsonl('{"a":1,"b":"x"}\n\n{"a":2.5,"c":[1]}\n{"b":null}')
    assert table.collect().rows() == [(1.0, "x", None), (2.5, None, [1]), (None, None, None)]
    assert table.collect(["c", "a"]).rows()[1] == ([1], 2.5)


def test_dates_in_json_are_dates():
    table = load_jsonl('{"d":"2024-02-29","t":"2024-01-01 10:00:00","s":"12"}\n')
    assert table.collect().row(0) == (dt.date(2024, 2, 29), dt.datetime(2024, 1, 1, 10), "12")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_json_in_other_encodings(encoding):
    assert load_jsonl('{"a":"Köln"}\n', encoding).collect()["a"].to_list() == ["Köln"]


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_compressed_json_lines(compression):
    FRAME.write_ndjson("in.jsonl", compression=compression, check_extension=False)
    assert_frame_equal(jsonl.load("in.jsonl", TEXT).collect(), FRAME)


def test_numbers_that_only_python_writes():
    table = load_jsonl('{"a":1.5,"b":"NaN"}\n{"a":NaN,"b":"x"}\n{"a":-Infinity,"b":"y"}\n')
    assert table.collect()["a"].to_list() == [1.5, None, float("-inf")]
    late = load_jsonl('{"a":1.5}\n' * 12_000 + json.dumps({"a": float("inf")}) + "\n")
    assert late.collect()["a"][-1] == float("inf")


@pytest.mark.parametrize(
    ("last", "column", "dtype", "value"),
    [
        ('{"a":1.5}', "a", pl.Float64, 1.5),
        ('{"a":"x"}', "a", pl.String, "x"),
        ('{"b":"soon"}', "b", pl.String, "soon"),
        ('{"c":3}', "c", pl.String, "3"),
        ('{"d":3}', "d", pl.String, "3"),
        ('{"d":{"x":"y"}}', "d", pl.String, '{"x": "y"}'),
    ],
)
def test_json_values_that_the_first_rows_did_not_announce(last, column, dtype, value):
    table = load_jsonl(LINES + last + "\n")
    with pytest.raises(MixedColumn):
        list(table.batches())
    frame = table.collect()
    assert frame.height == 12_001
    assert frame.schema[column] == dtype
    assert frame[column][-1] == value


def test_a_json_column_that_is_mixed_from_the_start_is_text():
    table = load_jsonl('{"a":true,"b":1}\n{"a":1,"b":1.5}\n{"a":{"x":2}}\n')
    assert table.collect().rows() == [("true", 1.0), ("1", 1.5), ('{"x": 2}', None)]


def test_json_columns_can_be_read_as_text():
    table = load_jsonl('{"a":1,"b":true}\n').as_text(["a", "b"])
    assert table.collect().rows() == [("1", "true")]


def test_what_is_no_json_lines_is_explained():
    def explained(text):
        return fault(jsonl.load, "in.jsonl", text)

    assert "line 1 is an array" in explained("[1,2]\n")
    assert "line 2 is a single value" in explained('{"a":1}\n3\n')
    assert "line 1 is not valid JSON" in explained('{\n"a":1\n}\n')
    assert "line 12,001 is not valid JSON" in explained(LINES + '{"a":\n')
    assert "no keys" in explained("{}\n{}\n")
    assert "empty" in explained("\n\n")
    assert "zero bytes" in explained(b'{"a":"\x00"}')


@pytest.fixture
def pipe(monkeypatch):
    """Pipe bytes into standard input and open it."""

    def pipe(content, **options):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        return stdin.load("-", TextOptions(**options))

    return pipe


def test_the_format_of_standard_input_is_found(pipe):
    for write in (
        FRAME.write_parquet, FRAME.write_ipc, FRAME.write_ipc_stream, FRAME.write_csv,
        FRAME.write_ndjson,
    ):  # fmt: skip
        buffer = io.BytesIO()
        write(buffer)
        table = pipe(buffer.getvalue())
        assert table.name == "<stdin>"
        for _ in range(2):
            assert_frame_equal(table.collect(), FRAME)
    assert_frame_equal(pipe(gzip.compress(FRAME.write_csv().encode())).collect(), FRAME)
    assert_frame_equal(pipe(gzip.compress(FRAME.write_ndjson().encode())).collect(), FRAME)


def test_options_reach_a_text_table_on_standard_input(pipe):
    assert pipe(b"a~b\n1~2\n", delimiter="~").collect().rows() == [(1, 2)]


def test_a_mixed_column_on_standard_input_is_repaired(pipe, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    table = pipe(b"a,b\n" + b"1,2\n" * 12_000 + b"x,2\n")
    assert table.collect()["a"][-1] == "x"
    assert len(list(tmp_path.iterdir())) == 1
    del table
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_standard_input_without_data_is_explained(pipe, monkeypatch):
    with pytest.raises(DataError, match="<stdin>: it is empty"):
        pipe(b"")
    with pytest.raises(DataError, match="<stdin>: has a header, but no rows"):
        pipe(b"a,b\n")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(DataError, match="nothing is piped"):
        stdin.load("-", TEXT)
