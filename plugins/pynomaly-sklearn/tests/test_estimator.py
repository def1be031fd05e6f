import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn_detectors import SPECS, usual_rows

import pynomaly
from pynomaly.domain.errors import InvalidParams, UnknownId
from pynomaly_sklearn import PynomalyDetector, as_estimator

QUICK: dict[str, dict[str, Any]] = {"sklearn.iforest": {"n_estimators": 10}}
INSTALLED = {spec.id for spec in pynomaly.detectors()}
CHECKED = [*SPECS, *({"fast.iforest"} & INSTALLED)]


# Some checks want an outlier among 300 rows that have none: alpha must be large enough for one.
@pytest.mark.filterwarnings("ignore:.*rows cannot tell a share")
@parametrize_with_checks([as_estimator(name, QUICK.get(name), alpha=0.1) for name in CHECKED])
def test_any_detector_is_a_scikit_learn_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


def test_scores_are_minus_the_detectors() -> None:
    X = usual_rows(200)
    detector = pynomaly.create_detector("sklearn.gmm", {"n_components": 2}, seed=4)
    detector.fit(X)
    estimator = as_estimator("sklearn.gmm", {"n_components": 2}, seed=4).fit(X)
    np.testing.assert_array_equal(estimator.score_samples(X), -detector.score(X))


@pytest.mark.parametrize("alpha", [0.01, 0.1])
def test_false_alarms_hold_their_rate_on_new_rows(alpha: float) -> None:
    estimator = as_estimator("sklearn.kde", alpha=alpha).fit(usual_rows(2000))
    rate = (estimator.predict(usual_rows(4000, seed=1)) == -1).mean()
    assert 0.4 * alpha < rate < 1.8 * alpha


def test_rows_beyond_fifty_thousand_are_calibrated_on_one_split() -> None:
    estimator = as_estimator("sklearn.pca", alpha=0.05).fit(usual_rows(50_001))
    rate = (estimator.predict(usual_rows(20_000, seed=1)) == -1).mean()
    assert 0.04 < rate < 0.06


def test_too_few_rows_for_alpha_are_told_of() -> None:
    with pytest.warns(UserWarning, match="fit 99 rows or set alpha higher"):
        as_estimator("sklearn.pca").fit(usual_rows(40))


@pytest.mark.filterwarnings("error")
def test_just_enough_rows_for_alpha_raise_no_warning() -> None:
    as_estimator("sklearn.pca").fit(usual_rows(99))


def pickled(estimator: Any) -> Any:
    return pickle.loads(pickle.dumps(estimator))  # noqa: S301 - our own


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_fitted_estimator_survives_copies_and_later_changes(copied: Any) -> None:
    X = usual_rows(120)
    estimator = as_estimator("sklearn.lof", {"n_neighbors": 5}).fit(X)
    expected = estimator.score_samples(X)
    estimator.set_params(detector="sklearn.pca", params=None)
    np.testing.assert_array_equal(copied(estimator).score_samples(X), expected)


def test_a_clone_is_unfitted_and_has_the_same_params() -> None:
    estimator = as_estimator("sklearn.pca", {"n_components": 2}, seed=3, alpha=0.2)
    again = clone(estimator.fit(usual_rows(50)))
    assert again.get_params() == estimator.get_params()
    assert not hasattr(again, "offset_")


def test_it_works_in_pipelines_and_cross_validation() -> None:
    X = np.vstack([usual_rows(200) * 50 + 7, np.full((10, 4), 900.0)])
    y = np.r_[np.ones(200), -np.ones(10)]
    order = np.random.default_rng(0).permutation(len(X))
    pipeline = make_pipeline(StandardScaler(), as_estimator("sklearn.kde", alpha=0.2))
    found = cross_validate(pipeline, X[order], y[order], scoring="roc_auc", cv=3)
    assert found["test_score"].min() > 0.95


def test_columns_are_remembered_by_name() -> None:
    frame = pd.DataFrame(usual_rows(150), columns=list("abcd"))
    estimator = as_estimator("sklearn.pca").fit(frame)
    assert estimator.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        estimator.predict(frame[list("dcba")])


def test_changing_the_rows_afterwards_does_not_change_the_detector() -> None:
    X = usual_rows(150).copy()
    estimator = as_estimator("sklearn.lof").fit(X)
    new = usual_rows(20, seed=1)
    before = estimator.score_samples(new)
    X += 100
    np.testing.assert_array_equal(estimator.score_samples(new), before)


def test_an_unknown_detector_is_told_with_those_like_it() -> None:
    with pytest.raises(UnknownId, match=r"sklearn\.pca"):
        as_estimator("sklearn.pcaa").fit(usual_rows(50))


def test_wrong_params_are_told_all_at_once() -> None:
    with pytest.raises(InvalidParams, match=r"n_components.*nothing"):
        as_estimator("sklearn.gmm", {"n_components": 0, "nothing": 1}).fit(usual_rows(50))


@pytest.mark.parametrize("alpha", [0, 1, -0.1])
def test_an_alpha_that_is_no_share_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha must lie between 0 and 1"):
        as_estimator("sklearn.pca", alpha=alpha).fit(usual_rows(50))


def test_the_class_itself_is_public_and_has_a_detector_by_default() -> None:
    assert PynomalyDetector().fit(usual_rows(150)).predict(usual_rows(3)).shape == (3,)


def test_the_package_has_no_other_lazy_names() -> None:
    import pynomaly_sklearn

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pynomaly_sklearn.nothing
