# ruff: noqa: DTZ001 - times without a zone are read as such
"""What is published is whole or not there, and is read again as it was."""

from __future__ import annotations

import datetime as dt
import errno
import io
import json
import os
import stat
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pynomaly.domain.errors import OutputError
from pynomaly.infrastructure.loaders import csv, ipc, jsonl, parquet
from pynomaly.infrastructure.loaders.columns import NULLS
from pynomaly.infrastructure.publishers import files
from pynomaly.infrastructure.publishers.stdout import open_stdout

FORMATS = {
    "out.csv": (files.open_csv, csv.load),
    "out.csv.gz": (files.open_csv, csv.load),
    "out.csv.zst": (files.open_csv, csv.load),
    "out.tsv": (files.open_csv, csv.load),
    "out.parquet": (files.open_parquet, parquet.load),
    "out.arrow": (files.open_ipc, ipc.load),
    "out.jsonl": (files.open_jsonl, jsonl.load),
    "out.jsonl.gz": (files.open_jsonl, jsonl.load),
    "out.jsonl.zst": (files.open_jsonl, jsonl.load),
}
FRAME = pl.DataFrame({"a": range(1000), "b": [f"x{i % 7}" for i in range(1000)]})

SCHEMA = pl.Schema(
    {
        "n": pl.Int64, "x": pl.Float64, "s": pl.String, "b": pl.Boolean, "d": pl.Date,
        "t": pl.Datetime("us"),
    }
)  # fmt: skip
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1
).filter(lambda text: text.strip(" ") not in NULLS and text.strip() == text)
ROWS = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    st.booleans(),
    st.dates(),
    st.datetimes(min_value=dt.datetime(1000, 1, 1)),
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names():
    return sorted(path.name for path in Path().iterdir())


def publish(name, frame, size=300):
    publisher = FORMATS[name][0](name, frame.schema)
    for batch in frame.iter_slices(size):
        publisher.write(batch)
    publisher.commit()


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_published_is_read_again_as_it_was(name):
    publish(name, FRAME)
    assert_frame_equal(FORMATS[name][1](name, {}).collect(), FRAME)
    assert names() == [name]


@st.composite
def frames(draw):
    rows = draw(st.lists(ROWS, min_size=1, max_size=8))
    gaps = draw(st.lists(st.tuples(*[st.booleans()] * len(SCHEMA)), max_size=8))
    # The first row is whole, so that the types of text formats can be told.
    kept = [
        tuple(None if gap else value for value, gap in zip(row, holes, strict=True))
        for row, holes in zip(rows[1:], gaps, strict=False)
    ]
    return pl.DataFrame([rows[0], *kept], schema=SCHEMA, orient="row")


@pytest.mark.parametrize("name", ["out.csv", "out.tsv", "out.jsonl", "out.parquet", "out.arrow"])
@settings(max_examples=25, deadline=None)
@given(frame=frames(), size=st.integers(1, 9))
def test_any_frame_goes_round(tmp_path_factory, name, frame, size):
    path = str(tmp_path_factory.mktemp("round") / name)
    opened, load = FORMATS[name]
    publisher = opened(path, frame.schema)
    for batch in frame.iter_slices(size):
        publisher.write(batch)
    publisher.commit()
    table = load(path, {})
    whole = table.as_text(["s"]).collect()
    assert_frame_equal(whole, frame, check_exact=True)
    assert_frame_equal(pl.concat(table.as_text(["s"]).batches(size)), frame, check_exact=True)


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_shows_before_commit_or_after_abort(name):
    Path(name).write_text("old")
    publisher = FORMATS[name][0](name, FRAME.schema)
    publisher.write(FRAME)
    assert Path(name).read_text() == "old"
    publisher.abort()
    publisher.abort()
    assert Path(name).read_text() == "old"
    assert names() == [name]


@pytest.mark.parametrize("name", FORMATS)
def test_an_abort_after_commit_harms_nothing(name):
    publisher = FORMATS[name][0](name, FRAME.schema)
    publisher.write(FRAME)
    publisher.commit()
    publisher.abort()
    assert names() == [name]


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.parquet", "out.arrow"])
def test_a_result_without_rows_has_its_columns(name):
    publish(name, FRAME.clear())
    reader = {"out.parquet": pl.read_parquet, "out.arrow": pl.read_ipc}.get(name, pl.read_csv)
    assert reader(name).columns == ["a", "b"]
    assert reader(name).height == 0


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("name", FORMATS)
def test_a_file_has_the_permissions_of_any_new_file(name):
    before = os.umask(0o027)
    try:
        publish(name, FRAME)
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path(name).stat().st_mode) == 0o640


@pytest.mark.parametrize("name", FORMATS)
def test_a_target_that_cannot_be_written_is_refused_at_once(name):
    opened = FORMATS[name][0]
    Path(name).mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        opened(name, FRAME.schema)
    with pytest.raises(OutputError, match="create it first"):
        opened(f"no/where/{name}", FRAME.schema)
    assert names() == [name]


@pytest.mark.skipif(os.name != "posix", reason="named pipes of POSIX")
@pytest.mark.parametrize("name", FORMATS)
def test_a_device_or_a_pipe_is_not_replaced_by_a_file(name):
    os.mkfifo(name)
    with pytest.raises(OutputError, match="would be replaced"):
        FORMATS[name][0](name, FRAME.schema)
    assert Path(name).is_fifo()
    assert names() == [name]


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need no rights on POSIX")
@pytest.mark.parametrize("name", FORMATS)
def test_a_symbolic_link_stays_and_its_file_is_written(name):
    Path("elsewhere").mkdir()
    Path("elsewhere", name).write_bytes(b"before")
    Path(name).symlink_to(Path("elsewhere", name))
    publish(name, FRAME)
    assert Path(name).is_symlink()
    assert_frame_equal(FORMATS[name][1](f"elsewhere/{name}", {}).collect(), FRAME)
    assert [path.name for path in Path("elsewhere").iterdir()] == [name]


@pytest.mark.parametrize("name", FORMATS)
def test_a_disk_that_is_full_leaves_nothing_behind(name, monkeypatch):
    publisher = FORMATS[name][0](name, FRAME.schema)
    publisher.write(FRAME)

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=f"cannot write {name}: No space left"):
        publisher.commit()
    publisher.abort()
    assert names() == []


def test_a_file_uri_names_a_file(tmp_path):
    uri = (tmp_path / "out 1.csv").as_uri()
    publisher = files.open_csv(uri, FRAME.schema)
    publisher.write(FRAME)
    publisher.commit()
    assert csv.load(uri, {}).collect().height == 1000


ODD = pl.DataFrame(
    {
        "list": [[{"column": "a", "value": 'x"y', "contribution": 1.5}], None],
        "struct": [{"day": dt.date(2024, 1, 1)}, None],
        "took": [dt.timedelta(seconds=90), None],
        "raw": [b"\x00\xff", None],
        "at": [dt.time(1, 2), None],
    }
)


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_what_a_text_format_cannot_hold_becomes_text(name):
    publish(name, ODD)
    first, second = FORMATS[name][1](name, {}).collect().to_dicts()
    explained = json.loads(first["list"]) if name == "out.csv" else first["list"]
    assert explained == [{"column": "a", "value": 'x"y', "contribution": 1.5}]
    assert first["took"] in {"PT90S", "PT1M30S"}
    assert first["raw"] == "AP8="
    assert set(second.values()) == {None}


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_what_no_text_format_can_hold_is_refused(name):
    frame = pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)})
    publisher = FORMATS[name][0](name, pl.Schema({"o": pl.String}))
    with pytest.raises(OutputError, match=f"cannot write {name}"):
        publisher.write(frame)
    publisher.abort()
    assert names() == []


def test_stdout_gets_json_lines_as_they_come(capfdbinary, monkeypatch):
    publisher = open_stdout("-", FRAME.schema)
    publisher.write(FRAME.head(1))
    assert capfdbinary.readouterr().out == b'{"a":0,"b":"x0"}\n'
    publisher.write(pl.DataFrame({"a": [1], "b": ["ü"]}))
    publisher.commit()
    publisher.abort()
    assert capfdbinary.readouterr().out == '{"a":1,"b":"ü"}\n'.encode()


def test_stdout_is_utf8_whatever_the_locale(monkeypatch):
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="ascii"))
    open_stdout("-", FRAME.schema).write(pl.DataFrame({"b": ["ü"]}))
    assert buffer.getvalue() == '{"b":"ü"}\n'.encode()
