"""Average precision of the detectors `tods.*` on the Numenta Anomaly Benchmark.

    python measure_nab.py FOLDER [ID]...

FOLDER holds folders of CSV files ``timestamp,value`` and ``windows.json``, the labelled windows by
file. Each labelled series is detected by itself; the figure is the mean over the series.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score

import pynomaly
from pynomaly_tods.specs import DETECTORS


def truth_of(path: Path, windows: list[list[str]]) -> np.ndarray:
    """1 for each row within a window."""
    times = pl.read_csv(path, try_parse_dates=True)["timestamp"].cast(pl.Datetime("us"))
    truth = np.zeros(len(times))
    for window in windows:
        start, end = map(datetime.fromisoformat, window)
        truth[times.is_between(start, end).to_numpy()] = 1
    return truth


def main(folder: Path, ids: list[str]) -> None:
    """Print a line for each detector."""
    windows = json.loads((folder / "windows.json").read_text("utf-8"))
    labelled = {folder / name: w for name, w in windows.items() if w and (folder / name).exists()}
    for chosen in ids or [spec.id for spec in DETECTORS]:
        found = []
        for path, each in labelled.items():
            scores = pynomaly.detect(path, time="timestamp", detector=chosen).scores
            found.append(average_precision_score(truth_of(path, each), scores))
        sys.stdout.write(f"{chosen}: {np.mean(found):.3f} ({len(found)} series)\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
