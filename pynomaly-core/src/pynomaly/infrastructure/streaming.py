"""Polars' unstable calls, all in one place: lazy frames read, and files written, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from queue import Full, Queue
from threading import Thread

import polars as pl
from polars.io.plugins import register_io_source


def lazy_batches(lazy: pl.LazyFrame, size: int) -> Generator[pl.DataFrame]:
    """The rows of `lazy`, in order, in frames of about `size` rows, in flat memory."""
    yield from lazy.collect_batches(chunk_size=size, maintain_order=True, lazy=True)


def zstd_lines(path: Path) -> Iterator[bytes]:
    """The decompressed lines of a text file, in blocks; the standard library knows no zstd yet."""
    with closing(lazy_batches(pl.scan_lines(path), 8_192)) as batches:
        for batch in batches:
            yield "\n".join([*batch.to_series().to_list(), ""]).encode()


class BatchSink:
    """Writes pushed frames to one file through a lazy sink, in flat memory.

    A thread pulls what is pushed; its failures surface at the next `write`, or at `close`.

    Args:
        schema: Of all frames.
        sink: Runs the sink to its end, such as ``lambda lazy: lazy.sink_parquet(path)``.
    """

    def __init__(self, schema: pl.Schema, sink: Callable[[pl.LazyFrame], object]) -> None:
        self._queue: Queue[pl.DataFrame | None] = Queue(maxsize=2)
        self._error: BaseException | None = None
        self._aborted = False
        lazy = register_io_source(self._frames, schema=schema)
        self._thread = Thread(
            target=self._run, args=(sink, lazy), name="pynomaly-sink", daemon=True
        )
        self._thread.start()

    def write(self, frame: pl.DataFrame) -> None:
        """Hand over the next frame."""
        self._put(frame)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Wait until all is written."""
        self._put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def abort(self) -> None:
        """Stop as soon as can be."""
        self._aborted = True
        self._put(None)
        self._thread.join()

    def _put(self, frame: pl.DataFrame | None) -> None:
        while self._thread.is_alive():
            try:
                self._queue.put(frame, timeout=0.1)
            except Full:
                continue
            return

    def _frames(self, *_: object) -> Iterator[pl.DataFrame]:
        while (frame := self._queue.get()) is not None:
            if self._aborted:
                break
            yield frame

    def _run(self, sink: Callable[[pl.LazyFrame], object], lazy: pl.LazyFrame) -> None:
        try:
            sink(lazy)
        except BaseException as error:  # noqa: BLE001, it is raised where the frames come from
            self._error = error
