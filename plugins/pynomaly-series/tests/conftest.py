"""Real series, and a command line in another process."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

NAB = Path(__file__).parents[4] / "shared" / "data" / "series" / "nab"


@pytest.fixture
def nab():
    """``nab(name)`` gives a file and which of its rows lie in a labelled window."""
    if not NAB.is_dir():
        pytest.skip("../shared/data/series/nab is not here")
    windows = json.loads((NAB / "windows.json").read_text("utf-8"))

    def labelled(name):
        times = pl.read_csv(NAB / name, try_parse_dates=True)["timestamp"].cast(pl.Datetime("us"))
        truth = np.zeros(len(times), dtype=bool)
        for window in windows[name]:
            truth |= times.is_between(*map(datetime.fromisoformat, window)).to_numpy()
        return NAB / name, truth

    return labelled


@pytest.fixture
def run():
    def run_pynomaly(*command, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "pynomaly", *map(str, command)],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert done.returncode == code, done.stderr
        return done

    return run_pynomaly


@pytest.fixture
def write(tmp_path):
    """``write(values)`` makes a file with a value for each step."""

    def file(values, name="series.csv"):
        frame = pl.DataFrame({"at": np.arange(len(values)), "value": values})
        frame.write_csv(tmp_path / name)
        return tmp_path / name

    return file
