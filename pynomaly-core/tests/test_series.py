"""Series from a file to events, through the command line and Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import pynomaly

pytest.importorskip("pynomaly_fast")

NAB = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "series" / "nab"
START = pl.datetime(2024, 1, 1)


def waves(length=400, *, seed=0, odd=None, name=None):
    """A noisy daily wave, a value each hour; flat at `odd`, if given, for 12 hours."""
    rng = np.random.default_rng(seed)
    value = np.sin(np.arange(length) * 2 * np.pi / 24) + 0.1 * rng.standard_normal(length)
    if odd is not None:
        value[odd : odd + 12] = 0.8
    hours = pl.int_range(length, eager=True)
    frame = pl.DataFrame({"time": hours, "value": value}).with_columns(
        time=START + pl.duration(hours=pl.col("time"))
    )
    return frame if name is None else frame.with_columns(host=pl.lit(name))


def test_an_odd_stretch_is_an_event_with_start_end_and_peak():
    result = pynomaly.detect(waves(odd=200), time="time", window=24, alpha=0.05)
    event = result.events.row(0, named=True)
    moments = waves()["time"]
    assert moments[190] <= event["start"] <= event["peak"] <= event["end"] <= moments[222]
    assert event["rows"] == result.alarms
    assert result.summary["kind"] == "series"
    assert result.calibration["exchangeability"] == "violated"


def test_rows_keep_their_order_however_they_come():
    frame = waves(odd=200)
    whole = pynomaly.detect(frame, time="time", window=24)
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
    mixed = pynomaly.detect(shuffled, time="time", window=24)
    assert mixed.frame["value"].to_list() == shuffled["value"].to_list()
    back = mixed.frame.sort("time")
    np.testing.assert_allclose(back["anomaly_score"], whole.frame["anomaly_score"], rtol=1e-9)
    assert "sorted" in " ".join(mixed.warnings)


def test_many_series_are_each_scored_as_if_alone():
    parts = [waves(seed=i, odd=100 if i == 1 else None, name=f"h{i}") for i in range(3)]
    together = pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=0)
    result = pynomaly.detect(together, time="time", series="host", window=24)
    for part in parts:
        alone = pynomaly.detect(part, time="time", series="host", window=24).frame
        mine = result.frame.filter(pl.col("host") == part["host"][0]).sort("time")
        np.testing.assert_allclose(mine["anomaly_score"], alone["anomaly_score"], rtol=1e-9)
    assert result.events["host"].to_list() == ["h1"]


def test_series_that_are_larger_than_memory_score_the_same(tmp_path, monkeypatch):
    together = pl.concat([waves(seed=i, name=f"h{i}") for i in range(4)])
    together.sample(fraction=1.0, shuffle=True, seed=0).write_csv(tmp_path / "many.csv")
    given = {"time": "time", "series": "host", "window": 24}
    held = pynomaly.detect(tmp_path / "many.csv", **given).frame
    monkeypatch.setenv("PYNOMALY_IN_MEMORY_MIB", "0")
    from pynomaly.infrastructure import composition

    composition.services.cache_clear()
    spooled = pynomaly.detect(tmp_path / "many.csv", **given).frame
    composition.services.cache_clear()
    assert spooled.equals(held)


def test_a_model_scores_new_stretches_of_the_series_it_knows(tmp_path):
    model = pynomaly.fit(waves(1000), time="time", window=24)
    model.save(tmp_path / "m.pynomaly")
    new = waves(1200, seed=1, odd=1100)[1000:]
    result = model.score(new)
    again = pynomaly.load_model(tmp_path / "m.pynomaly").score(new)
    np.testing.assert_array_equal(result.scores, again.scores)
    np.testing.assert_array_equal(result.p_values, again.p_values)
    assert result.calibration["method"] == "blocks"
    assert 80 <= int(np.argmax(result.scores)) <= 125
    assert any("false-alarm rate may not hold" in each for each in result.warnings)


def test_a_long_series_is_calibrated_on_its_last_stretch():
    model = pynomaly.fit(waves(20_500), "fast.loda", time="time", window=24)
    assert model.fitted.calibration is not None
    assert len(model.fitted.calibration.scores) == 10_000


def test_a_model_refuses_a_series_that_it_does_not_know():
    model = pynomaly.fit(waves(name="h0"), time="time", series="host")
    with pytest.raises(pynomaly.PynomalyError, match="does not know the series 'h1'"):
        model.score(waves(name="h1"))


def test_rows_that_labels_mark_are_left_out_of_a_fit():
    frame = waves(600, odd=300).with_row_index("row")
    frame = frame.with_columns(y=pl.col("row").is_between(300, 311).cast(pl.Int8)).drop("row")
    model = pynomaly.fit(frame, time="time", label="y", window=24)
    assert model.fitted.calibration is not None
    assert model.fitted.calibration.clean
    assert len(model.fitted.calibration.scores) == 588
    assert "12 rows labelled as anomalies left out of the fit" in model.fitted.notes


def test_a_series_of_anomalies_alone_is_no_reference():
    with pytest.raises(pynomaly.PynomalyError, match="every row of the series is labelled"):
        pynomaly.fit(waves().with_columns(bad=1), time="time", label="bad")


def test_a_season_is_taken_off_wherever_a_stretch_begins():
    frame = waves(1000)
    model = pynomaly.fit(frame, time="time", season=24, window=12)
    usual = model.score(frame[507:607]).scores
    wrong = frame[507:607].with_columns(time=pl.col("time") + pl.duration(hours=12))
    assert np.median(model.score(wrong).scores) > 3 * np.median(usual)


@pytest.mark.parametrize("missing", [(500, 530), (500, 510), (500, 700)])
@pytest.mark.parametrize("empty", [False, True], ids=["no rows", "no values"])
def test_a_gap_makes_no_alarm_of_what_is_usual_beside_it(missing, empty):
    def usual(first, count, seed):
        step = np.arange(first, first + count)
        noise = np.random.default_rng(seed).normal(0, 0.1, count)
        return pl.DataFrame({"step": step, "value": np.sin(step / 5) + noise})

    model = pynomaly.fit(usual(0, 2000, 0), time="step")
    later = usual(2000, 2000, 1)
    gap = (pl.int_range(pl.len()) >= missing[0]) & (pl.int_range(pl.len()) < missing[1])
    value = pl.when(~gap).then("value").alias("value")
    holed = later.with_columns(value) if empty else later.filter(~gap)
    assert model.score(holed).alarms <= model.score(later).alarms + 10


def test_an_odd_stretch_is_found_though_rows_are_missing_everywhere():
    frame = waves(odd=200)
    holed = frame.filter(np.random.default_rng(0).random(400) > 0.1)
    events = pynomaly.detect(holed, time="time", window=24, alpha=0.05).events
    assert frame["time"][190] <= events["peak"][0] <= frame["time"][222]


def test_an_odd_month_is_found_in_its_season():
    day = pl.date_range(pl.date(2000, 1, 1), pl.date(2019, 12, 1), "1mo", eager=True)
    noise = np.random.default_rng(0).normal(0, 0.3, 240)
    value = np.where(day.dt.month() == 12, 10.0, 0.0) + noise
    value[125], value[179] = 10.0, 0.0
    frame = pl.DataFrame({"day": day, "value": value})
    result = pynomaly.detect(frame, time="day", season=12, window=2)
    assert set(np.argsort(-result.scores)[:2].tolist()) == {125, 179}


def test_a_season_that_is_not_seen_twice_is_refused():
    with pytest.raises(pynomaly.PynomalyError, match=r"needs 600 .* shorter --season"):
        pynomaly.detect(waves(), time="time", season=300)


def test_several_channels_are_seen_together_and_explained_by_channel():
    rng = np.random.default_rng(0)
    steps = np.arange(500)
    frame = pl.DataFrame({"t": steps, "a": np.sin(steps / 5), "b": rng.standard_normal(500)})
    frame = frame.with_columns(
        a=pl.when(pl.col("t").is_between(250, 260)).then(3.0).otherwise(pl.col("a"))
    )
    result = pynomaly.detect(frame, "fast.ecod", time="t", top=10)
    assert {each["explanation"][0]["column"] for each in result.explain(n=2)} == {"a"}


def test_a_detector_on_series_takes_rows_as_steps_where_there_are_no_times():
    pytest.importorskip("pynomaly_pyod")
    x = np.sin(np.arange(300) / 5)
    result = pynomaly.detect(x[:, None], "pyod.spectralresidual", top=1)
    assert result.summary["kind"] == "series"
    assert result.events.columns[:3] == ["start", "end", "peak"]
    assert result.events["peak"].dtype == pl.Int64


def test_a_constant_series_raises_no_alarm():
    frame = waves().with_columns(value=pl.lit(45.0))
    result = pynomaly.detect(frame, time="time")
    assert result.alarms == 0
    assert result.events.is_empty()


def test_series_that_are_too_short_are_named_and_raise_no_alarm():
    frame = pl.concat([waves(name="long"), waves(5, name="short")])
    result = pynomaly.detect(frame, time="time", series="host", alpha=0.5)
    assert not result.frame.filter(host="short")["is_anomaly"].any()
    assert "series 'short' has 5 time steps: too few, no alarm there" in result.warnings


def test_rows_of_a_series_that_is_too_short_are_never_among_the_top_rows():
    together = pl.concat([waves(name="long"), waves(5, name="short")])
    result = pynomaly.detect(together, "fast.ecod", time="time", series="host", top=405)
    assert result.alarms == 400
    assert result.explain(n=1)


def test_a_model_leaves_out_series_that_are_too_short_to_score():
    together = pl.concat([waves(name="a"), waves(name="b")])
    model = pynomaly.fit(together, time="time", series="host", window=24)
    result = model.score(pl.concat([waves(name="a", odd=200), waves(4, name="b")]))
    assert result.alarms
    assert "series 'b' has 4 time steps: too few, no alarm there" in result.warnings
    with pytest.raises(pynomaly.PynomalyError, match="series 'b' has 4 time steps: too few"):
        model.score(waves(4, name="b"))


@pytest.mark.parametrize(
    ("names", "others"),
    [([1, 2], [1.0, 2.0]), ([True, False], ["true", "false"]), ([1.5, 2.0], [1.5, 2.0])],
)
def test_series_are_called_the_same_whatever_the_type_of_their_names(names, others):
    def of(host):
        parts = [waves(seed=i).with_columns(host=pl.lit(name)) for i, name in enumerate(host)]
        return pl.concat(parts)

    model = pynomaly.fit(of(names), time="time", series="host", window=24)
    assert len(model.score(of(others)).frame) == 800


def test_a_series_without_a_name_is_missing_though_it_is_nan():
    frame = waves().with_columns(host=pl.when(pl.col("value") < 0).then(1.0).otherwise(np.nan))
    with pytest.raises(pynomaly.PynomalyError, match="has no series in the column 'host'"):
        pynomaly.detect(frame, time="time", series="host")


def run(run_pynomaly, tmp_path, frame, *args, **environment):
    frame.write_csv(tmp_path / "in.csv")
    return run_pynomaly("detect", "in.csv", *args, **environment)


@pytest.mark.parametrize(
    ("frame", "args", "message"),
    [
        (waves(1), [], "the series has 1 time step, and fast.knn needs 20"),
        (waves(30), ["--window", "40"], "needs 42 on series: give a longer stretch, or a shorter"),
        (waves(), ["--window", "1"], "--window must be a whole number of steps, at least 2"),
        (waves(), ["--time", "when"], "--time names 'when', which is not a column"),
        (waves(name=None), ["--series", "host"], "--series names 'host'"),
        (waves().with_columns(time=pl.lit("soon")), [], "row 1 has 'soon', which is no time"),
        (
            waves(name="h").with_columns(host=pl.when(pl.col("value") < 0).then(pl.col("host"))),
            ["--series", "host"],
            "has no series in the column 'host'",
        ),
    ],
)
def test_series_that_cannot_be_used_are_refused(run_pynomaly, tmp_path, frame, args, message):
    done = run(run_pynomaly, tmp_path, frame, "--time", "time", *args)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_options_for_series_are_refused_on_tables(run_pynomaly, tmp_path):
    for option in (["--window", "9"], ["--season", "9"], ["--events", "e.csv"]):
        done = run(run_pynomaly, tmp_path, waves(), *option)
        assert done.returncode == 2
        assert "--time" in done.stderr


def test_events_are_a_second_output(run_pynomaly, tmp_path):
    options = ["--time", "time", "--window", "24", "-o", "out.parquet", "--events", "e.csv"]
    done = run(run_pynomaly, tmp_path, waves(odd=200), *options)
    assert done.returncode == 0, done.stderr
    assert "1 event" in done.stdout
    events = pl.read_csv(tmp_path / "e.csv")
    assert events.columns == ["start", "end", "peak", "anomaly_score", "p_value", "rows"]
    assert pl.read_parquet(tmp_path / "out.parquet")["is_anomaly"].sum() == events["rows"].sum()


def test_json_holds_the_strongest_events(run_pynomaly, tmp_path):
    done = run(run_pynomaly, tmp_path, waves(odd=200), "--time", "time", "--json")
    found = json.loads(done.stdout)
    assert (found["kind"], found["series"], found["steps"]) == ("series", 1, 400)
    assert found["rows"] == 400
    assert len(found["strongest_events"]) == found["events"] > 0


@pytest.mark.parametrize(
    ("times", "text"),
    [
        (pl.col("time") - START, "P8DT"),
        ((pl.col("time").cum_count() * 1_000_000).cast(pl.Int32).cast(pl.Time), "00:00:00."),
    ],
)
def test_durations_and_times_of_day_are_times_of_events(run_pynomaly, tmp_path, times, text):
    waves(odd=200).with_columns(times.alias("time")).write_parquet(tmp_path / "in.parquet")
    args = ("detect", "in.parquet", "--time", "time", "--window", "24")
    done = run_pynomaly(*args, "--json", "--events", "e.csv")
    assert done.returncode == 0, done.stderr
    event = json.loads(done.stdout)["strongest_events"][0]
    assert event["peak"].startswith(text)
    assert pl.read_csv(tmp_path / "e.csv")["peak"][0].startswith(text)
    assert text in run_pynomaly(*args).stdout


@pytest.mark.skipif(not NAB.is_dir(), reason="../shared/data/series is not here")
def test_windows_find_labelled_stretches_far_better_than_single_values():
    labels = json.loads((NAB / "windows.json").read_text())
    found, single = [], []
    for name in (
        "ec2_cpu_utilization_825cc2",
        "ec2_network_in_257a54",
        "rds_cpu_utilization_e47b3b",
    ):
        path = f"realAWSCloudwatch/{name}.csv"
        frame = pl.read_csv(NAB / path, try_parse_dates=True)
        marks = [pl.col("timestamp").is_between(*_moments(each)) for each in labels[path]]
        frame = frame.with_columns(y=pl.any_horizontal(marks).cast(pl.Int8))
        result = pynomaly.detect(frame, time="timestamp", label="y")
        found.append(result.metrics["average_precision"])
        rows = frame.select("value", "y")
        single.append(pynomaly.detect(rows, label="y").metrics["average_precision"])
    assert np.mean(found) > 1.5 * np.mean(single)


def _moments(stretch):
    return [pl.lit(each).str.to_datetime() for each in stretch]
