"""The detectors score what `fast.*` and `sklearn.pca` score: on any library, chunk by chunk."""

from __future__ import annotations

import tracemalloc
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from libraries import Matrix, frozen, make, training_scores, usual_rows

import pynomaly

SINGLE = {"rtol": 1e-5, "atol": 1e-5}
"""What float32 resolves of scores of about 1 to 100."""

WAYS: list[tuple[str, dict[str, Any]]] = [
    ("iforest", {}),
    ("iforest", {"n_estimators": 30, "max_samples": 16}),
    ("ecod", {}),
    ("ecod", {"tail": 20, "resolution": 0.05}),
    ("copod", {}),
    ("copod", {"resolution": 0.0}),
    ("hbos", {}),
    ("hbos", {"n_bins": "auto", "alpha": 0.2, "tol": 0.1}),
    ("loda", {}),
    ("loda", {"n_bins": "auto", "n_random_cuts": 20}),
    ("knn", {}),
    ("knn", {"n_neighbors": 4, "method": "mean"}),
    ("knn", {"n_neighbors": 4, "method": "median"}),
]

_values = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-1e6, 1e6),
    st.sampled_from([0.0, -0.0, 5e-324, 1e300, -1e300, np.nextafter(1.0, 2.0)]),
)
_matrices = st.tuples(st.integers(2, 40), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=_values)
)


def fast(name: str, seed: int = 0, **params: Any) -> Any:
    """The detector of `pynomaly-fast` of this name, where that is installed."""
    if find_spec("pynomaly_fast") is None:
        pytest.skip("pynomaly-fast is not installed")
    return pynomaly.create_detector(f"fast.{name}", params, seed)


@pytest.mark.parametrize(("name", "params"), WAYS)
def test_scores_are_those_of_fast(library: str, name: str, params: dict[str, Any]) -> None:
    X, fresh = usual_rows(1500, 5), usual_rows(200, 5, seed=1)
    ours, theirs = make(name, library, 3, **params), fast(name, 3, **params)
    np.testing.assert_allclose(training_scores(ours, X), training_scores(theirs, X), **SINGLE)
    np.testing.assert_allclose(ours.score(fresh), theirs.score(fresh), **SINGLE)


@pytest.mark.parametrize(("name", "params"), WAYS)
def test_explanations_are_those_of_fast(library: str, name: str, params: dict[str, Any]) -> None:
    X, fresh = usual_rows(400, 5), usual_rows(60, 5, seed=1)
    ours, theirs = make(name, library, 3, **params), fast(name, 3, **params)
    ours.fit(X)
    theirs.fit(X)
    np.testing.assert_allclose(ours.explain(fresh), theirs.explain(fresh), **SINGLE)


@pytest.mark.parametrize("name", ["iforest", "ecod", "copod", "hbos", "loda", "knn"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(X=_matrices, data=st.data())
def test_any_values_score_as_in_fast(name: str, X: Matrix, data: st.DataObject) -> None:
    X = frozen(X)
    ours, theirs = make(name), fast(name)
    np.testing.assert_allclose(training_scores(ours, X), training_scores(theirs, X), **SINGLE)
    rows = data.draw(arrays(np.float64, (5, X.shape[1]), elements=_values))
    fresh = frozen(rows)
    np.testing.assert_allclose(ours.score(fresh), theirs.score(fresh), **SINGLE)


@pytest.mark.parametrize("name", ["ecod", "copod"])
def test_rounding_that_decides_on_a_side_decides_as_in_fast(library: str, name: str) -> None:
    half = np.random.default_rng(0).standard_normal((50, 4))
    X = frozen(np.concatenate((half, -half)) * [1.0, 1e-3, 1e250, 0.0] + [0.0, 7.0, 0.0, 0.1])
    ours, theirs = make(name, library).fit(X), fast(name).fit(X)
    np.testing.assert_allclose(ours.score(X), theirs.score(X), **SINGLE)


@pytest.mark.parametrize("name", ["ecod", "copod"])
@pytest.mark.parametrize("seed", range(8))
def test_one_column_in_doubt_is_decided_as_beside_others_in_doubt(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    half = rng.standard_normal(400)
    symmetric = rng.permutation(np.concatenate((half, -half)))
    X = frozen(np.column_stack((rng.exponential(size=(800, 2)), symmetric)))
    ours, theirs = make(name).fit(X), fast(name).fit(X)
    np.testing.assert_allclose(ours.score(X), theirs.score(X), **SINGLE)


def test_a_value_at_a_threshold_stays_below_it(library: str) -> None:
    X = frozen(np.random.default_rng(0).choice([1.0, np.nextafter(1.0, 2.0)], (40, 1)))
    ours, theirs = make("iforest", library).fit(X), fast("iforest").fit(X)
    np.testing.assert_array_equal(ours.score(X), theirs.score(X))


@pytest.mark.parametrize("wanted", [0.7, 0.95, 1.0, 2, 6])
def test_pca_scores_what_scikit_learns_does(library: str, wanted: float) -> None:
    if find_spec("pynomaly_sklearn") is None:
        pytest.skip("pynomaly-sklearn is not installed")
    X, fresh = usual_rows(600, 6), usual_rows(100, 6, seed=1)
    ours = make("pca", library, n_components=wanted).fit(X)
    # scikit-learn wants a share below 1.
    params = {"n_components": min(wanted, 1 - 1e-9) if isinstance(wanted, float) else wanted}
    theirs = pynomaly.create_detector("sklearn.pca", params)
    theirs.fit(X)
    np.testing.assert_allclose(ours.score(fresh), theirs.score(fresh), **SINGLE)


def test_pca_can_score_the_mahalanobis_distance(library: str) -> None:
    X, fresh = usual_rows(600, 6), usual_rows(100, 6, seed=1)
    gaps = fresh - X.mean(axis=0)
    expected = np.einsum("ij,jk,ik->i", gaps, np.linalg.inv(np.cov(X, rowvar=False)), gaps)
    detector = make("pca", library, method="mahalanobis").fit(X)
    np.testing.assert_allclose(detector.score(fresh), expected, **SINGLE)
    np.testing.assert_allclose(detector.explain(fresh).sum(axis=1), expected, **SINGLE)


def test_scores_do_not_depend_on_the_memory_they_are_computed_in(
    library: str, detector: str
) -> None:
    quick: dict[str, Any] = {"iforest": {"n_estimators": 10}, "loda": {"n_random_cuts": 10}}
    X, fresh = usual_rows(120, 5), usual_rows(60, 5, seed=1)
    scores, contributions = [], []
    for memory in (1, 10_000, 2**30):
        made = make(detector, library, memory=memory, **quick.get(detector, {}))
        own = training_scores(made, X)
        scores.append(np.concatenate((own, made.score(fresh))))
        contributions.append(made.explain(frozen(fresh[:20])))
    for other in scores[1:]:
        np.testing.assert_array_equal(other, scores[0])
    for other in contributions[1:]:
        np.testing.assert_allclose(other, contributions[0], rtol=1e-12, atol=1e-12)


def test_work_keeps_to_the_memory_that_it_is_given(detector: str) -> None:
    X, fresh = usual_rows(1000, 8), usual_rows(20_000, 8, seed=1)
    limit = 2 * 2**20
    made = make(detector, memory=limit).fit(X)
    for work, result_bytes in ((made.score, fresh.nbytes // 8), (made.explain, fresh.nbytes)):
        rows = fresh if work == made.score else frozen(fresh[:2000])
        tracemalloc.start()
        work(rows)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert limit / 10 < peak < limit + 3 * result_bytes + fresh.nbytes


def test_rows_that_are_all_candidates_keep_to_the_memory_too() -> None:
    limit = 4 * 2**20
    made = make("knn", memory=limit).fit(frozen(np.ones((2000, 1))))
    fresh = frozen(np.zeros((500, 1)))
    tracemalloc.start()
    scores = made.score(fresh)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (scores == 1.0).all()
    assert peak < 0.9 * limit


def test_neighbours_are_found_among_many_equal_distances(library: str) -> None:
    rng = np.random.default_rng(0)
    X = frozen(rng.integers(0, 2, (300, 3)))
    made = make("knn", library, memory=50_000)
    np.testing.assert_array_equal(training_scores(made, X), training_scores(fast("knn"), X))


@pytest.mark.parametrize("scale", [1e-310, 1e-160, 1e-30, 1.0, 1e30, 1e160, 1e300])
def test_no_scale_loses_a_neighbour(library: str, scale: float) -> None:
    X = frozen(np.random.default_rng(0).normal(size=(200, 5)) * scale)
    found = training_scores(make("knn", library), X)
    np.testing.assert_array_equal(found, training_scores(fast("knn"), X))


def test_rounding_of_products_loses_no_neighbour(library: str) -> None:
    rng = np.random.default_rng(0)
    sides = rng.choice([-1e8, 1e8], (200, 1))
    X = frozen(sides + 1e-2 * rng.standard_normal((200, 3)))
    found = training_scores(make("knn", library), X)
    np.testing.assert_array_equal(found, training_scores(fast("knn"), X))


def test_one_far_row_hides_no_neighbour_of_the_others(library: str) -> None:
    X = np.array(usual_rows(200, 3))
    X[0] = 1e140
    fresh = usual_rows(30, 3, seed=1)
    ours, theirs = make("knn", library), fast("knn")
    ours.fit(frozen(X))
    theirs.fit(frozen(X))
    np.testing.assert_array_equal(ours.score(fresh), theirs.score(fresh))
