"""No fit takes more rows than its detector allows, however large the table is."""

import numpy as np
import polars as pl
import pytest

from pynomaly.application.fit_table import fit_table, rank_table
from pynomaly.application.recipe import Recipe
from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError
from pynomaly.ports.specs import Capability, DetectorSpec, Modality


class FirstColumn:
    """A detector whose scores do not depend on its fit."""

    def __init__(self, fitted: list[int]) -> None:
        self.fitted = fitted

    def fit(self, X):
        self.fitted.append(len(X))
        return self

    def score(self, X):
        return X[:, 0]

    def get_state(self):
        return {}

    def set_state(self, state):
        pass


class Growing(FirstColumn):
    """A detector whose scores grow with the rows that it was fitted on, as a one-class SVM's."""

    def score(self, X):
        return np.abs(X[:, 0]) * self.fitted[-1]


def made(
    limit: int | None, *, folds: int | None = 5, of: type[FirstColumn] = FirstColumn
) -> tuple[Recipe, list[int]]:
    fitted: list[int] = []
    spec = DetectorSpec(
        id="test.first",
        title="",
        summary="",
        factory="test:make",
        capabilities={Capability.INDUCTIVE},
        row_limit=limit,
        time="n^3",
        folds=folds,
    )
    return Recipe(Modality.TABULAR, spec, None, lambda: of(fitted)), fitted


def table(rows: int) -> Table:
    return Table.from_frame(pl.DataFrame({"x": np.random.default_rng(0).normal(size=rows)}))


@pytest.mark.parametrize("rows", [600, 3_000, 30_000])
def test_a_calibrated_fit_never_takes_more_rows_than_the_detector_s_limit(rows):
    recipe, fitted = made(500)
    model = fit_table(table(rows), recipe)
    assert max(fitted) <= 500
    assert model.lineage["fitted_rows"] == 500
    assert f"fitted on a sample of 500 of the {rows:,} rows" in model.notes[0]
    assert model.calibration is not None
    assert len(model.calibration.scores) == min(rows, 10_500)


def test_a_fit_within_the_limit_takes_every_row_and_says_nothing():
    recipe, fitted = made(500)
    model = fit_table(table(500), recipe)
    assert fitted == [400] * 5 + [500]
    assert model.notes == ()


def test_a_spec_says_how_many_folds_calibrate_its_detector():
    recipe, fitted = made(None, folds=20)
    model = fit_table(table(500), recipe)
    assert fitted == [475] * 20 + [500]
    assert model.calibration is not None
    assert model.calibration.method == "cross-fitted"


def test_scores_of_fits_that_cannot_be_compared_are_calibrated_by_one_fit():
    recipe, fitted = made(None, folds=None, of=Growing)
    model = fit_table(table(4_000), recipe)
    assert fitted == [2_000]
    assert model.calibration is not None
    assert model.calibration.method == "held-out"
    fresh = np.random.default_rng(1).normal(size=(20_000, 1))
    rate = np.mean(model.calibration.p_values(model.detector.score(fresh)) <= 0.1)
    assert abs(rate - 0.1) < 4 * np.sqrt(0.09 * (1 / 2_000 + 1 / 20_000))


def test_scores_that_grow_with_the_rows_are_not_calibrated_by_folds():
    """What `folds=None` is for: cross-fitting such scores breaks the promise."""
    recipe, _ = made(None, of=Growing)
    model = fit_table(table(4_000), recipe)
    assert model.calibration is not None
    fresh = np.random.default_rng(1).normal(size=(20_000, 1))
    assert np.mean(model.calibration.p_values(model.detector.score(fresh)) <= 0.1) > 0.15


@pytest.mark.parametrize(("rows", "folds"), [(1, 5), (1, None), (2, 5), (2, None)])
def test_too_few_rows_to_fit_and_calibrate_are_refused(rows, folds):
    recipe, _ = made(None, folds=folds)
    with pytest.raises(DataError, match=r"too few to fit test\.first and"):
        fit_table(table(rows), recipe)


def test_a_batch_is_ranked_by_a_fit_within_the_limit():
    recipe, fitted = made(500)
    model, known = rank_table(table(3_000), recipe)
    assert fitted == [500]
    assert not known
    assert "fitted on a sample of 500 of the 3,000 rows" in model.notes[0]
