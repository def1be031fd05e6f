"""The publisher of ``-``: JSON lines on stdout."""

from __future__ import annotations

import sys

import polars as pl

from pynomaly.infrastructure.publishers.files import json_ready


class StdoutPublisher:
    """Writes one JSON object per row as batches come, so that a pipe can read along.

    A pipe that nobody reads any more raises `BrokenPipeError`, which ends the program quietly.
    """

    def write(self, frame: pl.DataFrame, /) -> None:
        """Print the next batch, in UTF-8 whatever the locale."""
        sys.stdout.flush()
        sys.stdout.buffer.write(json_ready(frame).write_ndjson().encode())
        sys.stdout.buffer.flush()

    def commit(self) -> None:
        """All is printed."""

    def abort(self) -> None:
        """What was printed cannot be taken back."""


def open_stdout(uri: str, schema: pl.Schema) -> StdoutPublisher:
    """JSON lines on stdout."""
    del uri, schema
    return StdoutPublisher()
