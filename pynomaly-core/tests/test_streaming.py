"""Lazy frames read, and files written, batch by batch; nothing is left running."""

from __future__ import annotations

import threading

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pynomaly.infrastructure.streaming import BatchSink, lazy_batches, zstd_lines

FRAME = pl.DataFrame({"a": range(10_000), "b": [str(i) for i in range(10_000)]})


def sinks():
    return [thread for thread in threading.enumerate() if thread.name == "pynomaly-sink"]


def test_lazy_frames_are_read_in_order():
    frames = list(lazy_batches(FRAME.lazy().filter(pl.col("a") % 2 == 0), 100))
    assert len(frames) > 1
    assert_frame_equal(pl.concat(frames), FRAME.filter(pl.col("a") % 2 == 0))


def test_a_reader_can_be_abandoned(tmp_path):
    FRAME.write_parquet(tmp_path / "in.parquet", row_group_size=100)
    for _ in range(20):
        frames = lazy_batches(pl.scan_parquet(tmp_path / "in.parquet"), 10)
        assert next(frames)["a"][0] == 0
        frames.close()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_of_zstd_are_lines(tmp_path, newline):
    lines = [f"line {i} ü" for i in range(20_000)]
    frame = pl.DataFrame({"x": [line + newline.removesuffix("\n") for line in lines]})
    path = tmp_path / "in.csv.zst"
    frame.write_csv(path, include_header=False, quote_style="never", compression="zstd")
    assert b"".join(zstd_lines(path)).decode().splitlines() == lines


def test_pushed_frames_make_one_file(tmp_path):
    sink = BatchSink(FRAME.schema, lambda lazy: lazy.sink_parquet(tmp_path / "out.parquet"))
    for frame in FRAME.iter_slices(700):
        sink.write(frame)
    sink.close()
    assert_frame_equal(pl.read_parquet(tmp_path / "out.parquet"), FRAME)
    assert not sinks()


def test_a_file_without_rows_has_its_columns(tmp_path):
    sink = BatchSink(FRAME.schema, lambda lazy: lazy.sink_ipc(tmp_path / "out.arrow"))
    sink.close()
    assert pl.read_ipc(tmp_path / "out.arrow").schema == FRAME.schema


def test_an_abandoned_sink_ends_its_thread(tmp_path):
    sink = BatchSink(FRAME.schema, lambda lazy: lazy.sink_parquet(tmp_path / "out.parquet"))
    sink.write(FRAME)
    sink.write(FRAME)
    sink.abort()
    sink.abort()
    assert not sinks()


def test_a_sink_that_fails_says_so_to_who_writes():
    def fail(lazy):
        raise OSError(28, "No space left on device")

    sink = BatchSink(FRAME.schema, fail)

    def write_on():
        for _ in range(100):
            sink.write(FRAME)

    with pytest.raises(OSError, match="No space"):
        write_on()
    with pytest.raises(OSError, match="No space"):
        sink.close()
    sink.abort()
    assert not sinks()
