"""ECOD and COPOD."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pynomaly_fast.tails import skewness_signs

THEIRS = {"fast.ecod": ("ecod", "ECOD"), "fast.copod": ("copod", "COPOD")}

tables = st.tuples(st.integers(2, 60), st.integers(1, 20)).flatmap(
    lambda shape: arrays(
        np.float64, shape, elements=st.one_of(st.integers(-5, 5), st.floats(-1e6, 1e6, width=32))
    )
)


@pytest.mark.parametrize("id", THEIRS)
@given(X=tables)
def test_training_rows_score_as_in_pyod(lab, id, X):
    pyod = pytest.importorskip("pyod.models." + THEIRS[id][0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constant columns
        theirs = getattr(pyod, THEIRS[id][1])().fit(X).decision_scores_
    ours = lab.make(id).fit(X).score(X)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@given(X=tables)
def test_the_sign_of_skewness_is_scipys(X):
    stats = pytest.importorskip("scipy.stats")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constant columns
        expected = np.sign(np.nan_to_num(stats.skew(X, axis=0)))
    np.testing.assert_array_equal(skewness_signs(X), expected)


def test_large_data_have_the_sign_of_their_skewness():
    X = np.random.default_rng(0).exponential(size=(10_000, 3)) * [1, -1, 1e300]
    assert skewness_signs(X).tolist() == [1, -1, 1]


@pytest.mark.parametrize("id", THEIRS)
def test_contributions_add_up_to_the_score(lab, id):
    X = lab.training()
    detector = lab.make(id).fit(X)
    np.testing.assert_allclose(detector.explain(X).sum(axis=1), detector.score(X))


def test_a_value_beyond_all_training_values_is_rarer_than_any_of_them(lab):
    X = lab.frozen(np.arange(100.0)[:, None])
    detector = lab.make("fast.ecod").fit(X)
    inside = detector.score(X)
    beyond = detector.score(lab.frozen([[-1.0], [100.0], [1e300]]))
    assert beyond.min() > inside.max()


@pytest.mark.parametrize("id", THEIRS)
@pytest.mark.parametrize("decimals", [1, 3, 12])
def test_a_compressed_column_keeps_its_tails_whole_and_its_middle_within_its_resolution(
    lab, id, decimals
):
    X = np.random.default_rng(0).standard_exponential((50_000, 1)).round(decimals)
    X = lab.frozen(X)
    tail, resolution = 100, 0.02
    whole = lab.make(id, resolution=0.0).fit(X).score(X)
    short = lab.make(id, tail=tail, resolution=resolution).fit(X)
    order = np.argsort(X[:, 0], kind="stable")
    scores = short.score(X)
    ends = np.concatenate((order[:tail], order[-tail:]))
    np.testing.assert_array_equal(scores[ends], whole[ends])
    assert np.abs(scores - whole).max() <= resolution / 2 + 1 / tail
    if decimals == 12:
        assert len(short.get_state()["knots"]) < 1200


def test_a_mass_incident_does_not_hide_itself(lab):
    detector = lab.make("fast.ecod").fit(lab.training(300))
    row = np.full((1, 4), 50.0)
    alone = detector.score(lab.frozen(row))
    together = detector.score(lab.frozen(np.repeat(row, 3000, axis=0)))
    assert (together == alone).all()
