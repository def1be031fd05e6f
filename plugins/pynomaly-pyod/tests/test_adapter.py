from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.errors import DataError, InvalidParams, UsageError
from pynomaly.ports import Capability
from pynomaly_pyod.catalogue import DETECTORS
from pynomaly_pyod.errors import UnfitData

if TYPE_CHECKING:
    from pynomaly.ports import DetectorSpec
    from pynomaly.ports.protocols import FloatMatrix
    from pynomaly_pyod.adapter import PyODDetector

    Create = Callable[..., PyODDetector]

TRANSDUCTIVE = ["cd", "cof", "matrixprofile", "sos"]  # the kit fits the slow ones


def test_a_fit_scores_every_row_it_is_fitted_on(make: Create, rows: FloatMatrix) -> None:
    detector = make("knn")
    scores = detector.fit_score(rows)
    assert scores.dtype == np.float64
    assert scores[:5].mean() > scores[5:].max() / 2
    assert detector.fit(rows) is detector


def test_training_scores_leave_the_row_itself_out(make: Create, rows: FloatMatrix) -> None:
    detector = make("knn")
    assert (detector.fit_score(rows) > detector.score(rows)).all()


def test_scoring_no_rows_gives_no_scores(make: Create, rows: FloatMatrix) -> None:
    for name in ("ecod", "copod"):
        assert make(name).fit(rows).score(rows[:0]).shape == (0,)


@pytest.mark.parametrize("name", TRANSDUCTIVE)
def test_a_transductive_detector_scores_its_rows_and_names_another_for_new_ones(
    name: str, make: Create, rows: FloatMatrix
) -> None:
    detector = make(name)
    assert np.isfinite(detector.fit_score(rows)).all()
    with pytest.raises(UsageError, match=r"only the rows that it is fitted on.*pyod\."):
        detector.score(rows)


def test_an_unfitted_detector_says_so(make: Create, rows: FloatMatrix) -> None:
    for name in ("knn", "ecod"):
        with pytest.raises(ValueError, match="not fitted"):
            make(name).score(rows)
        with pytest.raises(ValueError, match="not fitted"):
            make(name).get_state()


@pytest.mark.parametrize("name", ["ecod", "knn"])
def test_another_width_is_refused(name: str, make: Create, rows: FloatMatrix) -> None:
    with pytest.raises(UnfitData, match="fitted on 3 columns"):
        make(name).fit(rows).score(rows[:, :2].copy())


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["ecod", "iforest"])
def test_values_that_are_not_finite_are_refused(
    name: str, value: float, make: Create, rows: FloatMatrix
) -> None:
    X = rows.copy()
    X[3, 1] = value
    with pytest.raises(UnfitData, match="finite"):
        make(name).fit(X)
    with pytest.raises(UnfitData, match="finite"):
        make(name).fit(rows).score(X)


@pytest.mark.parametrize("name", ["inne", "abod", "knn", "hdbscan", "pca"])
def test_values_whose_squares_overflow_are_refused(
    name: str, make: Create, rows: FloatMatrix
) -> None:
    X = rows.copy()
    X[0, 0] = 1e200
    with pytest.raises(UnfitData, match="overflow"):
        make(name).fit(X)


def test_a_constant_column_is_refused_where_scores_would_be_nan(
    make: Create, rows: FloatMatrix
) -> None:
    X = rows.copy()
    X[:, 1] = 0.0
    with pytest.raises(UnfitData, match="120 of 120 scores are not finite; constant columns"):
        make("pca").fit(X)
    assert np.isfinite(make("iforest").fit_score(X)).all()


def test_duplicates_are_refused_where_scores_would_be_nan(make: Create, rows: FloatMatrix) -> None:
    X = np.repeat(rows[:6], 20, axis=0)
    with pytest.raises(UnfitData, match=r"drop duplicates, or use pyod\.knn"):
        make("abod").fit(X)


def test_scores_of_new_rows_that_are_not_finite_are_refused(
    make: Create, rows: FloatMatrix
) -> None:
    detector = make("knn").fit(rows)
    with pytest.raises(UnfitData, match="1 of 2 scores are not finite"):
        detector.score(np.array([[1e200, 0.0, 0.0], [0.0, 0.0, 0.0]]))


def test_clusters_of_one_size_are_refused_with_a_way_out(make: Create) -> None:
    X = np.repeat(np.eye(3) * 50, 40, axis=0)
    X = X + np.random.default_rng(0).normal(scale=0.1, size=X.shape)
    with pytest.raises(UnfitData, match=r"cluster separation.*alpha or beta"):
        make("cblof", n_clusters=3).fit(X)


def test_mad_takes_one_column(make: Create, rows: FloatMatrix) -> None:
    with pytest.raises(DataError, match="exactly one column"):
        make("mad").fit(rows)
    one = np.ascontiguousarray(rows[:, :1])
    detector = make("mad")
    scores = detector.fit_score(one)
    alone = np.concatenate([detector.score(row[None]) for row in one])
    assert np.array_equal(scores, alone)
    again = make("mad")
    again.set_state(detector.get_state())
    assert np.array_equal(again.score(one), scores)
    with ThreadPoolExecutor(8) as pool:
        assert all(np.array_equal(s, scores) for s in pool.map(detector.score, [one] * 24))


def test_a_rule_over_several_parameters_is_an_error_of_parameters(
    make: Create, rows: FloatMatrix
) -> None:
    with pytest.raises(InvalidParams, match=r"pyod\.sod: params: ref_set"):
        make("sod", n_neighbors=5, ref_set=9).fit(rows)


def test_a_series_of_more_steps_than_a_detector_takes_is_refused():
    long = pl.DataFrame({"value": np.zeros(50_001)}).with_row_index("time")
    with pytest.raises(DataError, match="takes at most 50,000 time steps, all at once, and there"):
        pynomaly.detect(long, "pyod.matrixprofile", time="time")


@pytest.mark.parametrize("name", ["timeseriesod", "spectralresidual", "kshape"])
def test_a_stretch_shorter_than_the_window_is_refused(
    name: str, make: Create, rows: FloatMatrix
) -> None:
    detector = make(name).fit(rows)
    with pytest.raises(UnfitData, match="longer stretch"):
        detector.score(rows[:2].copy())
    assert len(detector.score(rows[:70].copy())) == 70


@pytest.mark.parametrize(
    "inner", ["KNN", "LOF", "PCA", "OCSVM", "GMM", "KDE", "LODA", "INNE", "MCD"]
)
def test_windows_are_scored_by_the_detector_of_choice(
    inner: str, make: Create, rows: FloatMatrix
) -> None:
    first = make("timeseriesod", detector=inner, window_size=10)
    scores = first.fit_score(rows)
    again = make("timeseriesod")
    again.set_state(first.get_state())
    assert len(scores) == len(rows)
    assert np.array_equal(again.score(rows[:30].copy()), first.score(rows[:30].copy()))


@pytest.mark.parametrize("name", ["rgraph", "hdbscan", "lscp", "inne", "kpca"])
def test_nothing_is_printed_and_no_warning_gets_out(
    name: str, make: Create, rows: FloatMatrix, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(name).fit(rows).score(rows[:2].copy())
    assert capfd.readouterr() == ("", "")


def test_global_random_states_are_left_as_they_were(make: Create, rows: FloatMatrix) -> None:
    np.random.seed(3)  # noqa: NPY002 - the global state is what is tested
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    make("timeseriesod", window_size=10).fit(rows)
    assert np.random.random() == expected  # noqa: NPY002


def test_any_integer_is_a_seed(make: Create, rows: FloatMatrix) -> None:
    for seed in (-1, 2**40):
        assert np.isfinite(make("iforest", seed=seed).fit_score(rows)).all()


def test_lscp_scores_alike_each_time_although_it_draws(
    make: Create, rows: FloatMatrix, new_rows: FloatMatrix
) -> None:
    detector = make("lscp").fit(rows)
    assert np.array_equal(detector.score(new_rows), detector.score(new_rows))


def test_threads_that_share_ecod_get_what_one_thread_gets(
    make: Create, rows: FloatMatrix, new_rows: FloatMatrix
) -> None:
    detector = make("ecod").fit(rows)
    batches = [new_rows[:k] for k in range(1, 25)]
    expected = [detector.score(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(detector.score, batches))
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


@pytest.mark.parametrize(
    "name",
    [spec.name for spec in DETECTORS if not spec.capabilities and not spec.requires],
)
def test_detectors_of_other_data_say_why_they_cannot_run(name: str, make: Create) -> None:
    with pytest.raises(UsageError, match="which no parameter can carry"):
        make(name)


def test_detectors_that_learn_from_labels_say_that_none_are_passed(make: Create) -> None:
    for name in ("xgbod", "devnet"):
        with pytest.raises(UsageError, match="learns from labels"):
            make(name)


def test_row_wise_detectors_give_equal_bits_in_many_columns(
    make: Create, specs: dict[str, DetectorSpec]
) -> None:
    rng = np.random.default_rng(0)
    X, new = rng.standard_normal((150, 40)), rng.standard_normal((700, 40))
    for spec in specs.values():
        if Capability.ROWWISE in spec.capabilities and spec.name != "mad":
            detector = make(spec.name).fit(X)
            alone = np.concatenate([detector.score(row[None]) for row in new[:20]])
            assert np.array_equal(detector.score(new)[:20], alone), spec.id


def test_a_missing_module_is_not_taken_for_bad_data(
    make: Create, rows: FloatMatrix, monkeypatch: Any
) -> None:
    monkeypatch.setitem(sys.modules, "pyod.models.knn", None)
    with pytest.raises(ImportError):
        make("knn").fit(rows)
