"""HBOS and LODA."""

from __future__ import annotations

import numpy as np
import pytest

from pynomaly_fast.histograms import best_bins


@pytest.mark.parametrize("n_bins", [5, 10, "auto"])
@pytest.mark.parametrize("id", ["fast.hbos", "fast.loda"])
def test_rare_values_score_high_with_any_number_of_bins(lab, id, n_bins):
    X = lab.training(2000)
    scores = lab.make(id, n_bins=n_bins).fit(X).score(X)
    assert scores[-40:].min() > np.median(scores[:-40])


def test_a_term_is_the_logarithm_of_the_relative_height_of_a_values_bin(lab):
    X = lab.frozen([[0.0], [1.0], [1.0], [1.9], [10.0]])
    detector = lab.make("fast.hbos", n_bins=5, alpha=0.0, tol=0.0).fit(X)
    expected = -np.log([1.0, 1 / 4, 0.1, 0.1])
    fresh = lab.frozen([[1.0], [10.0], [5.0], [11.0]])
    np.testing.assert_allclose(detector.score(fresh), expected)


def test_a_value_just_outside_falls_in_the_last_bin(lab):
    X = lab.frozen(np.arange(11.0)[:, None])
    detector = lab.make("fast.hbos", n_bins=10, tol=0.5).fit(X)
    scores = detector.score(lab.frozen([[10.0], [10.4], [10.6], [-0.4], [-0.6], [0.0]]))
    assert scores[0] == scores[1] < scores[2]
    assert scores[5] == scores[3] < scores[4]


def test_a_constant_column_finds_only_other_values_rare(lab):
    detector = lab.make("fast.hbos").fit(lab.frozen(np.full((20, 1), 3.0)))
    same, other = detector.score(lab.frozen([[3.0], [3.5]]))
    assert same < other


def test_contributions_add_up_to_the_score_of_hbos(lab):
    X = lab.training()
    detector = lab.make("fast.hbos").fit(X)
    np.testing.assert_allclose(detector.explain(X).sum(axis=1), detector.score(X))


def test_even_data_need_few_bins_and_peaked_data_many():
    rng = np.random.default_rng(0)
    assert best_bins(rng.random(5000)) <= 3
    assert best_bins(np.concatenate((rng.normal(size=5000), [40.0]))) > 20
