"""Promises that every detector of the plugin makes."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynomaly.testing import conformance_tests

test_conformance = conformance_tests("pynomaly_fast")


def test_far_rows_score_higher_than_all_others(lab, id):
    X = lab.training()
    scores = lab.make(id).fit(X).score(X)
    assert scores[-10:].min() > np.median(scores)
    assert scores[-10:].mean() > np.quantile(scores[:-10], 0.95)


def test_numpy_and_the_kernel_give_equal_bits(lab, id):
    X = lab.training(1500, 5)
    plain = lab.plain(lab.make(id)).fit(X)
    compiled = lab.compiled(lab.make(id)).fit(X)
    for rows in (1, 7, 8, 9, 300, 1500):
        part = lab.frozen(X[:rows])
        np.testing.assert_array_equal(plain.score(part), compiled.score(part))


@given(data=st.data())
def test_any_finite_values_give_finite_scores_of_equal_bits_on_both_paths(lab, id, data):
    training = lab.frozen(data.draw(lab.matrices()))
    fresh = lab.frozen(data.draw(lab.matrices(rows=(1, 20))))
    detector = lab.plain(lab.make(id)).fit(training)
    scores = detector.score(fresh)
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(lab.compiled(detector).score(fresh), scores)


@given(data=st.data())
def test_a_row_scores_the_same_alone_and_among_others(lab, id, data):
    detector = lab.make(id).fit(lab.frozen(data.draw(lab.matrices())))
    fresh = lab.frozen(data.draw(lab.matrices(rows=(1, 20))))
    alone = np.concatenate([detector.score(lab.frozen(row[None])) for row in fresh])
    np.testing.assert_array_equal(detector.score(fresh), alone)


@pytest.mark.parametrize("path", ["plain", "compiled"])
def test_a_row_scores_the_same_in_a_large_batch_on_either_path(lab, id, path):
    X = lab.training(3000, 6)
    detector = getattr(lab, path)(lab.make(id).fit(lab.frozen(X[:400])))
    whole = detector.score(X)
    for rows in (slice(0, 1), slice(5, 6), slice(17, 50), slice(100, 2100)):
        np.testing.assert_array_equal(detector.score(lab.frozen(X[rows])), whole[rows])


def test_a_detector_that_took_a_state_scores_and_explains_the_same(lab, id):
    X = lab.training()
    first = lab.make(id).fit(X)
    second = lab.make(id, seed=9)
    second.set_state(first.get_state())
    np.testing.assert_array_equal(second.score(X), first.score(X))
    np.testing.assert_array_equal(second.explain(X), first.explain(X))


def test_the_seed_decides(lab, id):
    X = lab.training()
    scores = [lab.make(id, seed=seed).fit(X).score(X) for seed in (3, 3)]
    np.testing.assert_array_equal(*scores)


@pytest.mark.parametrize("path", ["plain", "compiled"])
def test_threads_share_a_detector(lab, id, path):
    X = lab.training()
    detector = getattr(lab, path)(lab.make(id).fit(X))
    expected = detector.score(X)
    with ThreadPoolExecutor(8) as pool:
        for scores in pool.map(lambda _: detector.score(X), range(32)):
            np.testing.assert_array_equal(scores, expected)


def test_the_column_that_is_off_contributes_most(lab, id):
    X = lab.frozen(np.random.default_rng(0).normal(size=(1000, 9)))
    row = np.zeros((1, 9))
    row[0, 6] = 9.0
    contributions = lab.make(id).fit(X).explain(lab.frozen(row))
    assert contributions.shape == (1, 9)
    assert contributions[0].argmax() == 6


@pytest.mark.parametrize(
    "X",
    [
        [[1.0], [2.0]],
        [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]],
        [[0.0, 5.0], [1.0, 5.0], [2.0, 5.0], [9.0, 5.0]],
        [[1e300, -1e300], [-1e300, 1e300], [0.0, 5e-324]],
    ],
    ids=["one column, two rows", "equal rows", "constant column", "extremes"],
)
def test_degenerate_data_are_scored(lab, id, X):
    X = lab.frozen(X)
    detector = lab.make(id).fit(X)
    assert np.isfinite(detector.score(X)).all()
    assert np.isfinite(detector.explain(X)).all()
    assert np.isfinite(detector.score(lab.frozen(np.full((1, X.shape[1]), 1.7e308)))).all()


def test_small_work_imports_no_numba():
    code = (
        "import sys, numpy as np;"
        "from importlib import import_module as load;"
        "from pynomaly.ports.params import structure_params;"
        "from pynomaly_fast.specs import DETECTORS\n"
        "X = np.random.default_rng(0).normal(size=(2000, 5))\n"
        "for spec in DETECTORS:\n"
        "    m, f = spec.factory.split(':'); pm, p = spec.params.split(':')\n"
        "    make, params = getattr(load(m), f), getattr(load(pm), p)()\n"
        "    make(spec, params, 0).fit(X).score(X)\n"
        "    assert 'numba' not in sys.modules, spec.id\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
