"""From data to alarms, through the Python door."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pynomaly
from pynomaly.domain.errors import DataError, UsageError

rng = np.random.default_rng(0)
normal = pl.DataFrame({"x": rng.normal(size=3000), "y": rng.normal(size=3000)})
planted = pl.DataFrame({"x": [8.0, -9.0], "y": [9.0, 8.0]})
quick = {"n_estimators": 20}


def test_without_a_reference_rows_are_ranked_and_the_result_says_so():
    result = pynomaly.detect(pl.concat([normal[:500], planted]), params=quick)
    assert result.calibration["method"] == "ranks"
    assert "by rank" in result.decision["meaning"]
    assert result.is_anomaly[-2:].all()
    assert result.alarms == 5
    assert result.p_values.min() == 1 / 502


def test_against_a_reference_alarms_hold_their_rate():
    fresh = pl.DataFrame({"x": rng.normal(size=20_000), "y": rng.normal(size=20_000)})
    for alpha in (0.01, 0.1):
        result = pynomaly.detect(fresh, params=quick, reference=normal, alpha=alpha)
        assert result.calibration["method"] == "cross-fitted"
        # given 3000 calibration rows the rate is Beta: standard deviation sqrt(a(1-a)/3000)
        slack = 4 * np.sqrt(alpha * (1 - alpha) * (1 / 3000 + 1 / 20_000))
        assert abs(result.is_anomaly.mean() - alpha) < slack + 1 / 3000


def test_no_anomalies_is_an_allowed_answer():
    result = pynomaly.detect(normal[:20] * 0.1, params=quick, reference=normal)
    assert result.alarms == 0


def test_a_large_reference_is_calibrated_on_held_out_rows():
    large = pl.DataFrame({"x": rng.normal(size=30_000), "y": rng.normal(size=30_000)})
    result = pynomaly.detect(planted, params=quick, reference=large)
    assert result.calibration["method"] == "held-out"
    assert result.calibration["rows"] == 10_000
    assert result.is_anomaly.all()


def test_a_small_reference_that_cannot_reach_alpha_is_warned_about():
    result = pynomaly.detect(planted, params=quick, reference=normal[:50])
    assert result.alarms == 0
    assert "no row can alarm" in result.warnings[0]


def test_labels_are_held_out_and_measured():
    data = pl.concat([normal[:500], planted]).with_columns(truth=pl.int_range(pl.len()) >= 500)
    result = pynomaly.detect(data, params=quick, label="truth")
    assert result.metrics["average_precision"] == 1
    assert result.metrics["anomalies"] == 2
    unlabelled = pynomaly.detect(data.drop("truth"), params=quick)
    assert unlabelled.scores.tobytes() == result.scores.tobytes()


def test_rows_labelled_as_anomalies_are_left_out_of_a_reference():
    labelled = pl.concat([normal[:500], planted]).with_columns(truth=pl.int_range(pl.len()) >= 500)
    model = pynomaly.fit(labelled, params=quick, label="truth")
    assert model.fitted.calibration.clean
    assert len(model.fitted.calibration.scores) == 500
    assert "2 rows labelled as anomalies" in model.score(planted).warnings[0]
    result = pynomaly.detect(planted, params=quick, reference=labelled, label="truth", fdr=0.2)
    assert result.decision["rule"] == "fdr"


def test_a_false_discovery_rate_needs_a_clean_reference():
    with pytest.raises(UsageError, match="ranks"):
        pynomaly.detect(normal, params=quick, fdr=0.1)
    with pytest.raises(UsageError, match="clean"):
        pynomaly.detect(planted, params=quick, reference=normal, fdr=0.1)
    clean = pynomaly.detect(planted, params=quick, reference=normal, fdr=0.1, clean=True)
    assert clean.is_anomaly.all()


def test_the_top_k_rows_alarm():
    result = pynomaly.detect(pl.concat([normal[:100], planted]), params=quick, top=2)
    assert np.flatnonzero(result.is_anomaly).tolist() == [100, 101]


def test_the_same_seed_gives_the_same_scores():
    first = pynomaly.detect(normal, params=quick, seed=1)
    again = pynomaly.detect(normal, params=quick, seed=1)
    other = pynomaly.detect(normal, params=quick, seed=2)
    assert first.scores.tobytes() == again.scores.tobytes()
    assert first.scores.tobytes() != other.scores.tobytes()


def test_a_result_goes_out_as_polars_pandas_and_arrow():
    result = pynomaly.detect(normal[:50], params=quick)
    added = ["anomaly_score", "p_value", "is_anomaly"]
    assert result.frame.columns == ["x", "y", *added]
    assert pl.DataFrame(result).equals(result.frame)
    pandas = pytest.importorskip("pandas")
    assert isinstance(result.to_pandas(), pandas.DataFrame)
    assert result.to_pandas()["anomaly_score"].tolist() == result.scores.tolist()
    pa = pytest.importorskip("pyarrow")
    assert pa.table(result).column_names == ["x", "y", *added]
    assert len(result) == 50
    assert "50 rows" in repr(result)


def test_alarms_are_explained_by_the_column_that_made_them():
    odd = pl.DataFrame({"x": [0.0, 50.0], "y": [50.0, 0.0]})
    result = pynomaly.detect(pl.concat([normal[:500], odd]), params=quick, top=2)
    found = {entry["row"]: entry["explanation"] for entry in result.explain(n=1)}
    assert found[500][0]["column"] == "y"
    assert found[501][0]["column"] == "x"
    assert found[501][0]["value"] == "50.0"


def test_the_same_file_gives_the_same_scores_held_in_memory_and_streamed(tmp_path, monkeypatch):
    from pynomaly import api

    data = pl.DataFrame(rng.normal(size=(150_000, 3)), schema=["a", "b", "c"])
    data.write_parquet(tmp_path / "data.parquet")
    held = pynomaly.detect(tmp_path / "data.parquet", params=quick)
    monkeypatch.setenv("PYNOMALY_IN_MEMORY_MIB", "0")
    api.services.cache_clear()
    try:
        streamed = pynomaly.detect(tmp_path / "data.parquet", params=quick)
    finally:
        api.services.cache_clear()
    assert held.scores.tobytes() == streamed.scores.tobytes()
    assert held.p_values.tobytes() == streamed.p_values.tobytes()


@settings(max_examples=20)
@given(st.integers(1, 60), st.integers(0, 3))
def test_rows_keep_their_order_and_number(rows, seed):
    data = pl.DataFrame({"x": np.random.default_rng(seed).normal(size=rows + 1)})
    result = pynomaly.detect(data, params={"n_estimators": 3})
    assert result.frame["x"].to_list() == data["x"].to_list()


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="at least 2 rows"):
        pynomaly.detect(pl.DataFrame({"x": [1.0]}))
    with pytest.raises(DataError, match="no rows"):
        pynomaly.detect(pl.DataFrame({"x": []}, schema={"x": pl.Float64}))


def test_columns_can_be_chosen_and_left_out():
    data = normal[:200].with_columns(z=pl.lit("a"))
    assert pynomaly.fit(data, params=quick, columns=["x"]).fitted.features.names == ("x",)
    assert pynomaly.fit(data, params=quick, exclude=["x"]).fitted.features.names == ("y",)


def test_rows_in_time_order_violate_exchangeability():
    start = pl.datetime(2024, 1, 1)
    data = normal[:200].with_columns(
        t=pl.datetime_range(start, start + pl.duration(hours=199), "1h")
    )
    result = pynomaly.fit(data, "fast.iforest", quick, time="t").score(data)
    assert result.calibration["exchangeability"] == "violated"
    assert any("may not hold" in warning for warning in result.warnings)


def test_a_model_names_itself():
    assert "fast.iforest" in repr(pynomaly.fit(normal[:100], params=quick))


def test_every_public_name_is_there_and_others_are_not():
    for name in pynomaly.__all__:
        assert getattr(pynomaly, name) is not None
    assert set(pynomaly.__all__) <= set(dir(pynomaly))
    with pytest.raises(AttributeError, match="no attribute"):
        pynomaly.nothing  # noqa: B018


def test_one_column_may_be_named_by_a_string():
    frame = pl.DataFrame({"size": [1.0, 2.0, 3.0, 50.0], "other": [5.0, 9.0, 7.0, 6.0]})
    by_string = pynomaly.detect(frame, columns="size", top=1)
    assert by_string.scores.tolist() == pynomaly.detect(frame, exclude="other").scores.tolist()
    assert repr(by_string) == "Result(4 rows, 1 alarm: the highest score)"
