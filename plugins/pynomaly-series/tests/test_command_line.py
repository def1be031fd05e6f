"""From a file with a series to alarms, through another process."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly_series import params as classes
from pynomaly_series.specs import DETECTORS

each_detector = pytest.mark.parametrize("id", [spec.id for spec in DETECTORS])
JUMP = "artificialWithAnomaly/art_daily_jumpsup.csv"
NETWORK = "realAWSCloudwatch/ec2_network_in_257a54.csv"


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("series.matrix_profile", NETWORK),
        ("series.spectral_residual", NETWORK),
        ("series.seasonal_residual", JUMP),
    ],
)
def test_the_strongest_alarms_lie_in_the_labelled_window(run, nab, tmp_path, id, name):
    path, truth = nab(name)
    out = tmp_path / "scored.parquet"
    run("detect", path, "--time", "timestamp", "-d", id, "--top", 10, "-o", out)
    alarms = pl.read_parquet(out)["is_anomaly"].to_numpy()
    assert alarms.sum() == 10
    assert truth[alarms].mean() >= 0.7


@pytest.mark.parametrize("id", ["series.matrix_profile", "series.seasonal_residual"])
def test_a_saved_model_alarms_at_the_jump_of_later_days(run, nab, tmp_path, id):
    path, truth = nab(JUMP)
    frame = pl.read_csv(path)
    frame[:2300].write_csv(tmp_path / "before.csv")
    # It begins at another time of the day than what was fitted.
    frame[2500:].write_csv(tmp_path / "after.csv")
    model, out = tmp_path / "daily.pynomaly", tmp_path / "scored.parquet"
    run("fit", tmp_path / "before.csv", "--time", "timestamp", "-d", id, "-o", model)
    run("score", model, tmp_path / "after.csv", "-o", out)
    scored = pl.read_parquet(out)
    after = truth[2500:]
    assert scored["is_anomaly"].to_numpy()[after].mean() > 0.1
    assert scored["is_anomaly"].to_numpy()[~after].mean() < 0.1
    assert after[scored["anomaly_score"].arg_max()]


@each_detector
def test_a_single_step_is_refused_with_its_number(run, write, id):
    done = run("detect", write([1.5]), "--time", "at", "-d", id, code=2)
    assert f"the series has 1 time step, and {id} needs" in done.stderr


@each_detector
def test_a_constant_series_raises_no_alarm(run, write, id):
    done = run("detect", write([5.0] * 200), "--time", "at", "-d", id, "-o", "-")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 200
    assert not any(row["is_anomaly"] for row in rows)


@pytest.mark.parametrize(
    ("id", "params"),
    [
        ("series.matrix_profile", {}),
        ("series.matrix_profile", {"normalize": True}),
        ("series.seasonal_residual", {}),
    ],
)
def test_rounding_raises_no_alarm(id, params):
    at = np.arange(720)
    frame = pl.DataFrame({"at": at, "value": np.sin(2 * np.pi * at / 24)})
    result = pynomaly.detect(frame, time="at", detector=id, params=params)
    assert not result.frame["is_anomaly"].any()


def test_a_series_shorter_than_two_windows_is_refused_with_the_way_out(run, write):
    command = ("detect", write(np.arange(80) % 7), "--time", "at", "-d", "series.matrix_profile")
    done = run(*command, "-p", "window=50", code=2)
    assert "at least 100 time steps for a window of 50, and here are 80" in done.stderr
    assert "-p window=STEPS" in done.stderr


def test_a_series_shorter_than_two_seasons_is_refused_with_the_way_out(run, write):
    command = ("detect", write(np.arange(80) % 7), "--time", "at", "-d", "series.seasonal_residual")
    done = run(*command, "-p", "period=50", code=2)
    assert "needs two seasons of 50 time steps to fit, and here are 80" in done.stderr
    assert "-p period=STEPS" in done.stderr


def test_a_stretch_shorter_than_the_models_window_is_refused(run, write, tmp_path):
    model = tmp_path / "waves.pynomaly"
    waves = np.sin(np.arange(300) / 4)
    run(
        *("fit", write(waves), "--time", "at", "-d", "series.matrix_profile", "-p", "window=20"),
        *("-o", model),
    )
    done = run("score", model, write(waves[:10], "few.csv"), code=2)
    assert "at least 20 time steps for a window of 20, and here are 10" in done.stderr


@pytest.mark.parametrize("option", ["window=2", "window=many", "windows=20", "normalize=perhaps"])
def test_a_wrong_parameter_is_refused(run, write, option):
    waves = write(np.sin(np.arange(300) / 4))
    command = ("detect", waves, "--time", "at", "-d", "series.matrix_profile", "-p", option)
    assert option.partition("=")[0] in run(*command, code=2).stderr


@each_detector
def test_a_gap_in_time_is_bridged(id):
    frame = _wave_with_a_jump().filter(~pl.col("at").is_between(100, 110))
    result = pynomaly.detect(frame, time="at", detector=id)
    peak = int(result.frame["at"][int(np.argmax(result.scores))])
    # A window of 60 steps that holds the peak begins up to 59 steps before it.
    assert abs(peak - 401) < (60 if id == "series.matrix_profile" else 5)


@each_detector
def test_missing_values_are_scored_among_their_neighbours(id):
    whole = _wave_with_a_jump()
    holes = whole.with_columns(value=pl.when(pl.col("at") % 50 != 7).then("value"))
    scores = pynomaly.detect(holes, time="at", detector=id).scores
    assert len(scores) == 600
    assert np.isfinite(scores).all()


def _wave_with_a_jump():
    at = np.arange(600)
    values = np.sin(2 * np.pi * at / 24) + 0.1 * np.random.default_rng(0).standard_normal(600)
    values[400:403] = 9.0
    return pl.DataFrame({"at": at, "value": values})


def test_a_search_for_a_season_in_vain_is_told(run, write):
    noise = np.random.default_rng(0).standard_normal(200)
    command = ("detect", write(noise), "--time", "at", "-d", "series.seasonal_residual")
    assert "series.seasonal_residual found no season" in run(*command).stderr
    assert "found no season" not in run(*command, "-p", "period=1").stderr


def test_the_readme_names_every_detector_and_parameter():
    text = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    for spec in DETECTORS:
        assert f"| `{spec.id}` | " in text
        fields = attrs.fields(vars(classes)[spec.params.partition(":")[2]])
        assert all(f"| `{field.name}` | " in text for field in fields)
