import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import SGDOneClassSVM
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity, LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.svm import OneClassSVM
from sklearn_detectors import DATA, SPECS, create, frozen, usual_rows

from pynomaly.ports.specs import Capability

COVARIANCES = ("full", "tied", "diag", "spherical")
PLAIN = {
    "sklearn.iforest": IsolationForest(random_state=3),
    "sklearn.lof": LocalOutlierFactor(novelty=True),
    "sklearn.ocsvm": OneClassSVM(),
    "sklearn.sgd_ocsvm": make_pipeline(Nystroem(random_state=3), SGDOneClassSVM(random_state=3)),
    "sklearn.elliptic_envelope": EllipticEnvelope(random_state=3),
    "sklearn.gmm": GaussianMixture(random_state=3),
    "sklearn.kde": KernelDensity(),
}
QUICK: dict[str, dict[str, object]] = {"sklearn.iforest": {"n_estimators": 10}}
ROWWISE = [spec.id for spec in SPECS.values() if Capability.ROWWISE in spec.capabilities]


@pytest.mark.parametrize("detector", PLAIN)
def test_scores_are_minus_those_of_scikit_learn(detector: str) -> None:
    X, new = usual_rows(300), usual_rows(50, seed=1)
    ours = create(detector, seed=3).fit(X).score(new)
    np.testing.assert_allclose(ours, -PLAIN[detector].fit(X).score_samples(new), rtol=1e-7)


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_a_mixture_scores_as_scikit_learn_does_whatever_its_covariance(covariance: str) -> None:
    X = usual_rows(300)
    ours = create("sklearn.gmm", {"n_components": 3, "covariance_type": covariance}).fit(X)
    theirs = GaussianMixture(3, covariance_type=covariance, random_state=0).fit(X)
    np.testing.assert_allclose(ours.score(X), -theirs.score_samples(X), rtol=1e-9)


def test_pca_scores_the_squared_error_of_its_reconstruction() -> None:
    X = usual_rows(300, width=6)
    model = PCA(2).fit(X)
    errors = np.square(X - model.inverse_transform(model.transform(X))).sum(axis=1)
    ours = create("sklearn.pca", {"n_components": 2}).fit(X).score(X)
    np.testing.assert_allclose(ours, errors, rtol=1e-9)


def test_pca_has_something_to_measure_even_in_one_dimension() -> None:
    X = frozen([[0.0], [1.0], [-1.0], [0.5], [9.0]])
    assert create("sklearn.pca").fit(X).score(X).argmax() == 4


def test_a_training_row_is_not_its_own_neighbour() -> None:
    X = usual_rows(100)
    expected = -LocalOutlierFactor().fit(X).negative_outlier_factor_
    np.testing.assert_array_equal(create("sklearn.lof").fit_score(X), expected)


@pytest.mark.parametrize("kernel", ["gaussian", "exponential"])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev"])
def test_a_training_row_does_not_add_to_its_own_density(kernel: str, metric: str) -> None:
    X = usual_rows(12)
    ours = create("sklearn.kde", {"kernel": kernel, "metric": metric, "bandwidth": 0.5})
    left_out = [
        -KernelDensity(kernel=kernel, metric=metric, bandwidth=0.5)
        .fit(np.delete(X, i, axis=0))
        .score_samples(X[i : i + 1])[0]
        for i in range(len(X))
    ]
    np.testing.assert_allclose(ours.fit_score(X), left_out, rtol=1e-9)


def test_far_training_rows_keep_their_order_where_densities_vanish() -> None:
    far = [[1e4 * (i + 1)] for i in range(3)]
    X = frozen([*far, *usual_rows(30, width=1)])
    assert create("sklearn.kde").fit_score(X).argsort()[-3:].tolist() == [0, 1, 2]


def variants() -> list[tuple[str, dict[str, object]]]:
    """Detectors that claim to score row by row, in each way that they compute scores."""
    ways: list[tuple[str, dict[str, object]]] = [
        (detector, QUICK.get(detector, {})) for detector in ROWWISE
    ]
    ways += [("sklearn.gmm", {"n_components": 3, "covariance_type": c}) for c in COVARIANCES]
    ways += [("sklearn.ocsvm", {"kernel": kernel}) for kernel in ("linear", "poly", "sigmoid")]
    ways += [("sklearn.kde", {"metric": metric}) for metric in ("manhattan", "chebyshev")]
    ways += [("sklearn.kde", {"algorithm": tree}) for tree in ("ball_tree", "kd_tree")]
    ways += [("sklearn.kde", {"breadth_first": False, "rtol": 1e-4})]
    ways += [("sklearn.iforest", {"max_features": 0.5, "n_estimators": 10})]
    return ways


@pytest.mark.parametrize("width", [1, 3, 40])
@pytest.mark.parametrize(("detector", "params"), variants())
def test_a_row_scores_the_same_in_any_batch(
    detector: str, params: dict[str, object], width: int
) -> None:
    made = create(detector, params).fit(usual_rows(200, width=width))
    X = usual_rows(40, width=width, seed=1)
    whole = made.score(X)
    for size in (1, 3, 7):
        parts = [made.score(frozen(X[i : i + size])) for i in range(0, len(X), size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(made.score(frozen(np.tile(X, (60, 1))))[-len(X) :], whole)


@pytest.mark.parametrize("detector", ["sklearn.pca", "sklearn.elliptic_envelope"])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), width=st.integers(1, 8))
def test_contributions_add_up_to_the_score(detector: str, seed: int, width: int) -> None:
    made = create(detector).fit(usual_rows(60, width=width, seed=seed))
    X = usual_rows(10, width=width, seed=seed + 1)
    np.testing.assert_allclose(made.explain(X).sum(axis=1), made.score(X), atol=1e-9)


@pytest.mark.parametrize("detector", ["sklearn.pca", "sklearn.elliptic_envelope"])
def test_the_feature_that_is_off_contributes_most(detector: str) -> None:
    made = create(detector).fit(usual_rows(300, width=6))
    X = usual_rows(30, width=6, seed=1).copy()
    X[np.arange(30), np.arange(30) % 6] += 12
    assert (made.explain(frozen(X)).argmax(axis=1) == np.arange(30) % 6).mean() > 0.9


@pytest.mark.parametrize("detector", SPECS)
def test_the_same_seed_gives_the_same_scores_and_any_seed_is_taken(detector: str) -> None:
    X = usual_rows(100)
    first, second = (create(detector, seed=2**40 + 5).fit(X).score(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("detector", SPECS)
def test_real_anomalies_rank_above_real_normal_rows(detector: str) -> None:
    path = DATA / "tabular" / "WBC.npz"
    if not path.exists():
        pytest.skip("shared/data, which holds the real data sets, is not here")
    with np.load(path) as data:
        X, y = data["X"].astype(np.float64), data["y"]
    X = frozen((X - X.mean(axis=0)) / X.std(axis=0))
    made = create(detector)
    scores = made.fit_score(X) if hasattr(made, "fit_score") else made.fit(X).score(X)
    assert roc_auc_score(y, scores) > 0.8


def test_what_scikit_learn_warns_of_becomes_a_log_entry(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create("sklearn.gmm", {"n_components": 8, "max_iter": 1}).fit(usual_rows(200))
    out, err = capfd.readouterr()
    assert out == ""
    assert "sklearn.gmm" in err
    assert "did not converge" in err
    assert "Warning:" not in err


def test_a_score_that_is_not_finite_is_refused() -> None:
    made = create("sklearn.pca").fit(usual_rows(50))
    with pytest.raises(ValueError, match="1 of 1 scores are not finite"):
        made.score(frozen([[1e200, -1e200, 1e200, 0.0]]))


@pytest.mark.parametrize("detector", SPECS)
def test_values_too_large_to_be_squared_are_refused_in_silence(
    detector: str, capfd: pytest.CaptureFixture[str]
) -> None:
    X = usual_rows(50).copy()
    X[::7, 1], X[3::7, 2] = 1e300, -1e160
    with pytest.raises(ValueError, match=r"values of 1e\+300 .* rescale the columns"):
        create(detector).fit(frozen(X))
    assert capfd.readouterr() == ("", "")


def test_data_that_linear_algebra_cannot_solve_is_refused_with_the_way_out() -> None:
    made = create("sklearn.pca", {"svd_solver": "arpack", "n_components": 2})
    with pytest.raises(ValueError, match=r"no solution .* look for constant"):
        made.fit(frozen(np.ones((50, 4))))


def test_an_unfitted_detector_says_so() -> None:
    with pytest.raises(ValueError, match=r"sklearn\.lof is not fitted yet"):
        create("sklearn.lof").score(usual_rows(3))


def test_rules_that_span_rows_and_params_are_told_as_scikit_learn_tells_them() -> None:
    with pytest.raises(ValueError, match="n_components"):
        create("sklearn.pca", {"n_components": 9}).fit(usual_rows(50))
