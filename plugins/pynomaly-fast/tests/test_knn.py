"""Nearest neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st


def brute(X, rows, k, *, skip_self=False):
    distances = np.sqrt(((X[:, None] - rows[None]) ** 2).sum(axis=2))
    if skip_self:
        np.fill_diagonal(distances, np.inf)
    return np.sort(distances, axis=1)[:, :k]


@pytest.mark.parametrize("path", ["plain", "compiled"])
@pytest.mark.parametrize("d", [1, 3, 8, 21])
@pytest.mark.parametrize("method", ["largest", "mean", "median"])
def test_scores_are_those_of_all_pairs(lab, path, method, d):
    X = lab.training(700, d)
    fresh = lab.training(90, d, seed=1)
    combine = {"largest": np.max, "mean": np.mean, "median": np.median}[method]
    detector = getattr(lab, path)(lab.make("fast.knn", n_neighbors=4, method=method))
    own = detector.fit_score(X)
    np.testing.assert_allclose(own, combine(brute(X, X, 4, skip_self=True), axis=1))
    np.testing.assert_allclose(detector.score(fresh), combine(brute(fresh, X, 4), axis=1))


@given(data=st.data())
def test_both_paths_find_the_same_neighbours_among_any_values(lab, data):
    X = lab.frozen(data.draw(lab.matrices(rows=(2, 200), columns=2)))
    plain = lab.plain(lab.make("fast.knn")).fit_score(X)
    compiled = lab.compiled(lab.make("fast.knn")).fit_score(X)
    assert np.isfinite(plain).all()
    np.testing.assert_array_equal(plain, compiled)


@pytest.mark.parametrize("scale", [1e-310, 1e-160, 1e-30, 1.0, 1e30, 1e160, 1e300])
def test_no_scale_loses_a_neighbour(lab, scale):
    X = lab.frozen(np.random.default_rng(0).normal(size=(300, 5)) * scale)
    plain = lab.plain(lab.make("fast.knn")).fit_score(X)
    np.testing.assert_array_equal(lab.compiled(lab.make("fast.knn")).fit_score(X), plain)


def test_a_row_is_not_its_own_neighbour_while_it_fits(lab):
    X = lab.frozen([[0.0], [1.0], [5.0]])
    detector = lab.make("fast.knn", n_neighbors=1)
    assert detector.fit_score(X).tolist() == [1.0, 1.0, 4.0]
    assert detector.score(X).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("method", ["largest", "mean", "median"])
def test_contributions_add_up_to_the_score(lab, method):
    X = lab.training()
    detector = lab.make("fast.knn", n_neighbors=4, method=method).fit(lab.frozen(X[::2]))
    fresh = lab.frozen(X[1::8])
    np.testing.assert_allclose(detector.explain(fresh).sum(axis=1), detector.score(fresh))


def test_an_approximate_search_states_its_recall_and_keeps_it(lab):
    X = lab.training(8000, 6)
    exact = lab.make("fast.knn").fit(X)
    detector = lab.make("fast.knn", approximate=True, recall=0.8).fit(X)
    fresh = lab.training(1000, 6, seed=1)
    right = (detector.score(fresh) == exact.score(fresh)).mean()
    assert exact.recall == 1.0
    assert 0.8 <= detector.recall < 1.0
    assert detector.get_state()["n_probe"] < 8000 // 64
    assert 0.4 < right < 1.0
