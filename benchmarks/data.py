"""Tables to measure on, written batch by batch: `python -m benchmarks.data FILE ROWS`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

COLUMNS = 20
ANOMALIES = 0.05
_BATCH = 250_000

Matrix = npt.NDArray[np.float64]


def make_rows(rows: int, seed: int = 0) -> Matrix:
    """Rows of `COLUMNS` numbers, shape (rows, 20): N(0, 1), `ANOMALIES` of them U(-6, 6)."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, COLUMNS))
    odd = rng.random(rows) < ANOMALIES
    X[odd] = rng.uniform(-6.0, 6.0, (int(odd.sum()), COLUMNS))
    return X


def write(path: Path, rows: int) -> None:
    """Write a table of numbers with 6 decimals to a ``.csv`` or ``.parquet`` file."""
    part = path.with_suffix(".part")
    (_write_csv if path.suffix == ".csv" else _write_parquet)(part, rows)
    part.replace(path)


def _frames(rows: int) -> Iterator[pl.DataFrame]:
    names = [f"c{j}" for j in range(COLUMNS)]
    for k, start in enumerate(range(0, rows, _BATCH)):
        X = make_rows(min(_BATCH, rows - start), seed=k).round(6)
        yield pl.from_numpy(X, names, orient="row")


def _write_csv(path: Path, rows: int) -> None:
    with path.open("wb") as file:
        for k, frame in enumerate(_frames(rows)):
            frame.write_csv(file, include_header=k == 0, float_precision=6)


def _write_parquet(path: Path, rows: int) -> None:
    writer: pq.ParquetWriter | None = None
    for frame in _frames(rows):
        batch = frame.to_arrow()
        writer = writer or pq.ParquetWriter(path, batch.schema)
        writer.write_table(batch)
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
