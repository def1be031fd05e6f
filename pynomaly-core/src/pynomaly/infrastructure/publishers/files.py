"""Publishers of files: written under a temporary name beside the target, then renamed."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

import polars as pl

from pynomaly.infrastructure.streaming import BatchSink
from pynomaly.infrastructure.targets import Target

Compression = Literal["uncompressed", "gzip", "zstd"]
Encode = Callable[[pl.DataFrame, IO[bytes]], None]
"""Appends a frame to a file."""


def open_csv(uri: str, schema: pl.Schema) -> TextPublisher:
    """CSV, or TSV by suffix; nested values as JSON, durations as ISO 8601, bytes as base64."""
    separator = "\t" if ".tsv" in uri.lower() else ","
    compression = _compression(uri)

    def header(frame: pl.DataFrame, file: IO[bytes]) -> None:
        _flat(frame).write_csv(file, separator=separator, compression=compression)

    def rows(frame: pl.DataFrame, file: IO[bytes]) -> None:
        _flat(frame).write_csv(
            file, include_header=False, separator=separator, compression=compression
        )

    return TextPublisher(uri, schema, rows, header)


def open_jsonl(uri: str, schema: pl.Schema) -> TextPublisher:
    """One JSON object per row; JSON has no NaN and no infinity, they become null."""
    compression = _compression(uri)

    def rows(frame: pl.DataFrame, file: IO[bytes]) -> None:
        json_ready(frame).write_ndjson(file, compression=compression)

    return TextPublisher(uri, schema, rows)


def open_parquet(uri: str, schema: pl.Schema) -> SinkPublisher:
    """Parquet, compressed with snappy: zstd takes ten times the processor time."""
    return SinkPublisher(
        uri, schema, lambda lazy, path: lazy.sink_parquet(path, compression="snappy")
    )


def open_ipc(uri: str, schema: pl.Schema) -> SinkPublisher:
    """Arrow IPC, uncompressed, so that it can be mapped into memory."""
    return SinkPublisher(uri, schema, lambda lazy, path: lazy.sink_ipc(path))


def json_ready(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with bytes as base64 text, which JSON has no other way to hold."""
    return frame.with_columns(pl.col(pl.Binary).bin.encode("base64"))


class TextPublisher:
    """Appends encoded frames to one file.

    Args:
        uri: The target's path.
        schema: Of all frames; an empty result still gets its header.
        encode: Appends a frame.
        header: Writes what stands before all frames, given an empty one.
    """

    def __init__(
        self, uri: str, schema: pl.Schema, encode: Encode, header: Encode | None = None
    ) -> None:
        self._target = Target(uri)
        self._encode = encode
        with self._target.mishaps():
            self._file: IO[bytes] = self._target.temporary.open("wb")
            if header is not None:
                header(schema.to_frame(), self._file)

    def write(self, frame: pl.DataFrame, /) -> None:
        """Append the next batch."""
        with self._target.mishaps():
            self._encode(frame, self._file)

    def commit(self) -> None:
        """Show the file under its name."""
        with self._target.mishaps():
            self._file.close()
            self._target.show()

    def abort(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError):  # what could not be flushed is not wanted any more
            self._file.close()
        self._target.discard()


class SinkPublisher:
    """Streams frames into a file format of Polars.

    Args:
        uri: The target's path.
        schema: Of all frames.
        sink: Runs the sink into a path.
    """

    def __init__(
        self, uri: str, schema: pl.Schema, sink: Callable[[pl.LazyFrame, Path], object]
    ) -> None:
        self._target = Target(uri)
        self._sink = BatchSink(schema, lambda lazy: sink(lazy, self._target.temporary))

    def write(self, frame: pl.DataFrame, /) -> None:
        """Hand over the next batch."""
        with self._target.mishaps():
            self._sink.write(frame)

    def commit(self) -> None:
        """Wait until all is written, and show the file under its name."""
        with self._target.mishaps():
            self._sink.close()
            self._target.show()

    def abort(self) -> None:
        """Leave nothing behind."""
        self._sink.abort()
        self._target.discard()


def _compression(uri: str) -> Compression:
    """Batches are compressed one by one: members that follow each other are one valid stream."""
    name = uri.lower()
    if name.endswith(".gz"):
        return "gzip"
    return "zstd" if name.endswith(".zst") else "uncompressed"


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with nothing in it that CSV cannot hold."""
    schema = frame.schema
    nested = [
        pl.Series(name, map(_as_json, frame[name].to_list()), dtype=pl.String)
        for name, dtype in schema.items()
        if dtype.is_nested()
    ]
    durations = [name for name, dtype in schema.items() if dtype == pl.Duration]
    return json_ready(frame).with_columns(*nested, pl.col(durations).dt.to_string("iso"))


def _as_json(value: object) -> str | None:
    return None if value is None else json.dumps(value, default=str, ensure_ascii=False)
