"""A model's input contract: columns by name, one error that names every column at fault."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.errors import ContractViolation, DataError

rng = np.random.default_rng(0)
train = pl.DataFrame(
    {
        "x": rng.normal(size=200),
        "y": rng.normal(size=200),
        "level": rng.choice(["a", "b"], 200),
        "day": pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 7, 18), eager=True)[:200],
        "flag": rng.random(200) > 0.5,
    }
)


@pytest.fixture(scope="module")
def model():
    return pynomaly.fit(train, "fast.iforest", {"n_estimators": 20})


def test_reordered_columns_are_repaired(model):
    reordered = train.select(reversed(train.columns))
    assert model.score(reordered).scores.tobytes() == model.score(train).scores.tobytes()


def test_extra_columns_are_ignored(model):
    wider = train.with_columns(extra=1)
    assert model.score(wider).scores.tobytes() == model.score(train).scores.tobytes()


def test_every_missing_or_wrong_column_is_named_at_once(model):
    wrong = train.drop("x").with_columns(y=pl.lit(None).cast(pl.List(pl.Int64)), day=1.5)
    with pytest.raises(ContractViolation) as caught:
        model.score(wrong)
    assert set(caught.value.columns) == {"x", "y", "day"}


def test_text_where_numbers_were_is_an_error_that_names_the_row(model):
    texts = train.with_columns(x=pl.col("x").cast(pl.String))
    assert model.score(texts).scores.tobytes() == model.score(train).scores.tobytes()
    broken = texts.with_columns(
        x=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("seven")).otherwise("x")
    )
    with pytest.raises(ContractViolation, match=r"'x': holds text that is not a number.*row 8"):
        model.score(broken)


def test_dates_where_numbers_were_are_an_error(model):
    with pytest.raises(ContractViolation, match="holds dates where numbers were"):
        model.score(train.with_columns(x="day"))
    with pytest.raises(ContractViolation, match="holds dates where true or false was"):
        model.score(train.with_columns(flag="day"))


def test_missing_values_are_imputed_with_a_warning(model):
    holes = train.with_columns(x=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise("x"))
    result = model.score(holes)
    assert np.isfinite(result.scores).all()
    assert any("'x': 3 missing values" in warning for warning in result.warnings)


def test_infinite_values_are_the_most_extreme_with_a_warning(model):
    extreme = train.with_columns(x=pl.lit(float("inf")))
    result = model.score(extreme)
    assert np.isfinite(result.scores).all()
    assert any("'x': 200 infinite values" in warning for warning in result.warnings)


CONSTANTS = {
    "number": (0, 7),
    "fraction": (0.5, 0.25),
    "truth": (False, True),
    "word": ("ok", "failed"),
    "day": (date(2024, 1, 1), date(2024, 1, 2)),
    "moment": (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 1, tzinfo=UTC)),
    "time": (time(1), time(2)),
    "span": (timedelta(hours=1), timedelta(hours=2)),
}


@pytest.mark.parametrize("kind", CONSTANTS)
def test_a_column_that_varies_though_it_never_did_is_warned_of(kind, tmp_path):
    usual, other = CONSTANTS[kind]
    lit = pl.lit(usual)
    pynomaly.fit(train.with_columns(state=lit)).save(tmp_path / "model.pynomaly")
    loaded = pynomaly.load_model(tmp_path / "model.pynomaly")
    rows = [other if i in {3, 9} else None if i == 5 else usual for i in range(200)]
    (warning,) = loaded.score(train.with_columns(state=pl.Series(rows))).warnings
    assert warning == (
        "column 'state': the same in every row of the reference, so the detector does not see it;"
        " 2 rows differ, the first is row 4"
    )
    same = train.with_columns(state=lit)
    for unchanged in (same, train):
        assert loaded.score(unchanged).warnings == []


def test_a_number_that_never_varied_is_the_same_in_any_type():
    fitted = pynomaly.fit(train.with_columns(state=0))
    for dtype in (pl.Int8, pl.Float32, pl.Boolean, pl.String):
        state = pl.lit("0") if dtype is pl.String else pl.lit(0).cast(dtype)
        assert fitted.score(train.with_columns(state=state)).warnings == []
    assert fitted.score(train.with_columns(state=pl.lit([0]))).warnings == []


def test_policies_can_refuse_instead(monkeypatch, tmp_path):
    from pynomaly import api

    text = '[contract]\nextra_columns = "refuse"\nmissing_values = "refuse"\ninfinite_values = "refuse"\n'
    (tmp_path / "pynomaly.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    api.services.cache_clear()
    try:
        strict = pynomaly.fit(train, "fast.iforest", {"n_estimators": 5})
    finally:
        monkeypatch.undo()
        api.services.cache_clear()
    with pytest.raises(ContractViolation, match="'extra': not known"):
        strict.score(train.with_columns(extra=1))
    with pytest.raises(ContractViolation, match=r"'x': has 200 missing.*'y': has 200 infinite"):
        strict.score(train.with_columns(x=pl.lit(None, pl.Float64), y=pl.lit(float("inf"))))


def test_an_array_is_matched_by_position_and_must_have_the_width():
    numbers = rng.normal(size=(100, 3))
    model = pynomaly.fit(numbers, "fast.iforest", {"n_estimators": 5})
    one = model.score(numbers[0])
    assert one.scores.tobytes() == model.score(numbers).scores[:1].tobytes()
    with pytest.raises(ContractViolation, match=r"shape \(100, 2\)"):
        model.score(numbers[:, :2])
    with pytest.raises(ContractViolation, match=r"shape \(100, 4\)"):
        model.score(np.column_stack([numbers, numbers[:, 0]]))


def test_a_batch_of_one_scores_as_in_any_batch(model):
    whole = model.score(train).scores
    for i in (0, 17, 199):
        assert model.score(train[i : i + 1]).scores[0] == whole[i]


def test_columns_that_scoring_adds_may_not_be_there_already(model):
    scored = model.score(train).frame
    with pytest.raises(DataError, match=r"'anomaly_score', 'p_value', 'is_anomaly'"):
        model.score(scored)
