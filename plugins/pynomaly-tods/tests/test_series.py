"""From a file with a series to alarms, through another process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.errors import MissingRequirement
from pynomaly.testing import load_package
from pynomaly_tods.specs import DETECTORS

NETWORKS = {spec.id for spec in DETECTORS if spec.environment == "tods.keras"}


@pytest.fixture
def needs(environments):
    """``needs(id)`` skips where the detector's environment is not built."""
    specs = {spec.id: spec for spec in DETECTORS}

    def check(id):
        if specs[id].environment not in environments:
            pytest.skip(f"{specs[id].environment} is not built here")

    return check


@pytest.fixture
def registry():
    package = load_package("pynomaly_tods")
    yield package.registry
    package.isolation.close()


@pytest.fixture
def csv(tmp_path):
    """A wave of two channels with a stretch of noise, steps 500 to 529."""
    rng = np.random.default_rng(0)
    steps = np.arange(800)
    values = np.sin(2 * np.pi * steps / 24) + 0.05 * rng.standard_normal(800)
    values[500:530] = 3 * rng.standard_normal(30)
    frame = pl.DataFrame(
        {
            "at": steps,
            "load": values,
            "heat": np.cos(2 * np.pi * steps / 24) + 0.05 * rng.standard_normal(800),
        }
    )
    path = tmp_path / "plant.csv"
    frame.write_csv(path)
    return path


def run(*command):
    done = subprocess.run(
        [sys.executable, "-m", "pynomaly", *map(str, command)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("id", ["tods.autoregod", "tods.kdiscord", "tods.pca"])
def test_the_strongest_alarms_lie_in_the_odd_stretch(needs, csv, id):
    needs(id)
    done = run("detect", csv, "--time", "at", "-d", id, "--top", 10, "-o", "-", "--only-anomalies")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    # A window that holds the stretch begins up to 49 steps before it, and ends as much after.
    assert len(rows) == 10
    assert all(451 <= row["at"] <= 578 for row in rows)


def test_a_network_finds_the_odd_stretch(needs, csv):
    needs("tods.deeplog")
    scores = pynomaly.detect(csv, time="at", detector="tods.deeplog", params={"epochs": 2}).scores
    assert scores[500:530].mean() > 3 * np.median(scores)


def test_a_saved_model_scores_the_same(needs, csv, tmp_path):
    needs("tods.pca")
    model = pynomaly.fit(csv, time="at", detector="tods.pca")
    model.save(tmp_path / "pca.pynomaly")
    loaded = pynomaly.load_model(tmp_path / "pca.pynomaly")
    assert np.array_equal(model.score(csv).scores, loaded.score(csv).scores)


@pytest.mark.parametrize("id", [spec.id for spec in DETECTORS if spec.id != "tods.matrixprofile"])
def test_a_series_that_is_too_short_is_refused_with_its_length(needs, registry, id):
    needs(id)
    detector = registry.create_detector(id)[2]
    with pytest.raises(ValueError, match=rf"{id} needs at least \d+ time steps, and here are 3"):
        detector.fit(np.zeros((3, 1)))


def test_a_matrix_profile_scores_no_other_series(needs, registry):
    needs("tods.matrixprofile")
    detector = registry.create_detector("tods.matrixprofile", {"window": 20})[2]
    with pytest.raises(ValueError, match=r"needs at least 40 time steps, and here are 10"):
        detector.fit_score(np.zeros((10, 1)))
    with pytest.raises(ValueError, match=r"only the series that it is fitted on: .*kdiscord"):
        detector.score(np.zeros((100, 1)))


def test_an_environment_that_is_not_built_is_named_with_the_command(csv, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(MissingRequirement, match=r"pynomaly env create tods\.core"):
        pynomaly.detect(csv, time="at", detector="tods.pca")
    done = run("detect", csv, "--time", "at", "-d", "tods.deeplog")
    assert done.returncode == 2
    assert "pynomaly env create tods.keras" in done.stderr


def test_the_readme_names_every_detector_and_its_environment():
    text = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    for spec in DETECTORS:
        assert f"| `{spec.id}` | " in text
        assert f"`{spec.environment}`" in text
