"""The isolation forest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynomaly_fast.growing import grow_trees, mean_path_length

DATA = Path(__file__).parents[4] / "shared" / "data" / "tabular"


def test_the_mean_path_length_is_that_of_the_paper():
    harmonic = sum(1 / i for i in range(1, 256))
    expected = 2 * harmonic - 2 * 255 / 256
    assert mean_path_length([0, 1, 2]).tolist() == [0.0, 0.0, 1.0]
    assert mean_path_length(256) == pytest.approx(expected, rel=1e-3)


@given(data=st.data())
def test_every_sampled_row_ends_in_one_leaf_of_each_tree(lab, data):
    X = data.draw(lab.matrices(rows=(2, 60)))
    trees = grow_trees(X, 5, 32, np.random.default_rng(0))
    assert (trees.count.sum(axis=1) == min(32, len(X))).all()
    assert trees.depth == max(1, int(np.ceil(np.log2(min(32, len(X))))))


@given(data=st.data())
def test_a_split_leaves_sampled_rows_on_both_sides(lab, data):
    X = data.draw(lab.matrices(rows=(2, 60)))
    trees = grow_trees(X, 3, 64, np.random.default_rng(0))
    passed = [trees.count.astype(int)]
    for _ in range(trees.depth):
        passed.append(passed[-1][:, 0::2] + passed[-1][:, 1::2])
    below = np.concatenate(passed[-2::-1], axis=1)
    splits = np.isfinite(trees.threshold)
    assert (below[:, 0::2][splits] > 0).all()
    assert (below[:, 1::2][splits] > 0).all()


def test_trees_grown_in_blocks_split_every_varying_column(lab):
    X = np.random.default_rng(0).normal(size=(300, 900))
    X[:, ::2] = 1.0
    trees = grow_trees(X, 40, 256, np.random.default_rng(0))
    used = np.unique(trees.feature[np.isfinite(trees.threshold)])
    assert len(trees.feature) == 40
    assert (used % 2 == 1).all()
    assert len(used) > 400


def test_scores_lie_between_0_and_1_and_normal_rows_near_one_half(lab):
    X = lab.training(2000)
    scores = lab.make("fast.iforest").fit(X).score(X)
    assert 0 < scores.min() < scores.max() <= 1
    assert np.median(scores) == pytest.approx(0.45, abs=0.07)


def test_contributions_add_up_to_the_logarithm_of_the_score(lab):
    X = lab.training()
    forest = lab.make("fast.iforest").fit(X)
    rest = np.log2(forest.score(X)) - forest.explain(X).sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-9)


@pytest.mark.skipif(not DATA.exists(), reason="the evaluation data are not here")
@pytest.mark.parametrize("name", ["thyroid", "cardio", "Ionosphere"])
def test_it_ranks_as_well_as_scikit_learns(lab, name):
    ensemble = pytest.importorskip("sklearn.ensemble")
    metrics = pytest.importorskip("sklearn.metrics")
    with np.load(DATA / f"{name}.npz") as data:
        X, y = lab.frozen(data["X"]), data["y"]
    ours = [
        metrics.average_precision_score(
            y, lab.make("fast.iforest", seed, n_estimators=100).fit(X).score(X)
        )
        for seed in range(5)
    ]
    theirs = [
        metrics.average_precision_score(
            y, -ensemble.IsolationForest(random_state=seed).fit(X).score_samples(X)
        )
        for seed in range(5)
    ]
    error = np.hypot(np.std(ours), np.std(theirs))
    assert np.mean(ours) > np.mean(theirs) - 2 * error - 0.01
