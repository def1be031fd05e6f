"""No fit takes more rows than its detector allows, however large the table is."""

import numpy as np
import polars as pl
import pytest

from pynomaly.application.fit_table import fit_table, rank_table
from pynomaly.application.recipe import Recipe
from pynomaly.domain.datasets import Table
from pynomaly.ports.specs import Capability, DetectorSpec, Modality


class FirstColumn:
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


def made(limit: int) -> tuple[Recipe, list[int]]:
    fitted: list[int] = []
    spec = DetectorSpec(
        id="test.first",
        title="",
        summary="",
        factory="test:make",
        capabilities={Capability.INDUCTIVE},
        row_limit=limit,
        time="n^3",
    )
    return Recipe(Modality.TABULAR, spec, None, lambda: FirstColumn(fitted)), fitted


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


def test_a_batch_is_ranked_by_a_fit_within_the_limit():
    recipe, fitted = made(500)
    model, known = rank_table(table(3_000), recipe)
    assert fitted == [500]
    assert not known
    assert "fitted on a sample of 500 of the 3,000 rows" in model.notes[0]
