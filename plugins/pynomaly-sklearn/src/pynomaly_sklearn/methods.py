"""Methods of scikit-learn whose anomaly score takes more than minus its `score_samples`."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pynomaly_sklearn import rowwise
from pynomaly_sklearn.adapter import SklearnDetector, build, finite
from pynomaly_sklearn.states import dump_model, load_model

if TYPE_CHECKING:
    from pynomaly.ports.protocols import FloatMatrix, FloatVector, State

_DISTANCES = 2**22
"""Distances held at a time while a density is estimated: 32 MiB."""


class LocalOutlierFactor(SklearnDetector):
    """Local outlier factor; a training row is not its own neighbour."""

    def fit_score(self, X: FloatMatrix, /) -> FloatVector:
        """Fit on X, shape (n, d), and give its rows' factors, shape (n,)."""
        self.fit(X)
        return finite(-self._fitted().negative_outlier_factor_)

    def get_state(self) -> State:
        """The fitted model without its search tree, which memory safety forbids to load."""
        model = copy.copy(self._fitted())
        model._tree = None  # noqa: SLF001
        return {"model": dump_model(model)}

    def _load(self, state: State) -> Any:
        model = load_model(state["model"], self._build())
        if model._fit_method != "brute":  # noqa: SLF001
            model._tree = _search_tree(model)  # noqa: SLF001
        return model

    def _build(self) -> Any:
        return build(self._target, self._params, self._seed, novelty=True)


def _search_tree(model: Any) -> Any:
    """The tree that a fit of `model` had grown: it depends on the rows alone."""
    from sklearn.neighbors import BallTree, KDTree

    tree = {"ball_tree": BallTree, "kd_tree": KDTree}[model._fit_method]  # noqa: SLF001
    return tree(
        model._fit_X,  # noqa: SLF001
        model.leaf_size,
        metric=model.effective_metric_,
        **model.effective_metric_params_,
    )


class KernelDensity(SklearnDetector):
    """Minus the log-density; a training row does not add to its own."""

    def fit_score(self, X: FloatMatrix, /) -> FloatVector:
        """Fit on X, shape (n, d), and give minus its rows' leave-one-out log-densities."""
        self.fit(X)
        return finite(_leave_one_out(self._fitted(), X))

    def get_state(self) -> State:
        """The rows: that is all that a fit keeps."""
        return {"rows": np.array(self._fitted().tree_.data)}

    def _load(self, state: State) -> Any:
        return self._build().fit(state["rows"])


def _leave_one_out(model: Any, X: FloatMatrix) -> FloatVector:
    """Minus the log-density of each row given the others, shape (n,)."""
    from sklearn.base import clone
    from sklearn.metrics import DistanceMetric

    n, width = len(X), model.bandwidth_
    alone = clone(model).set_params(bandwidth=width).fit(X[:1])
    log_peak = float(alone.score_samples(X[:1])[0])
    metric = DistanceMetric.get_metric(model.metric)
    scores = np.empty(n)
    step = max(1, _DISTANCES // n)
    for start in range(0, n, step):
        distances = metric.pairwise(X[start : start + step], X) / width
        logs = -np.square(distances) / 2 if model.kernel == "gaussian" else -distances
        own = np.arange(len(logs))
        logs[own, start + own] = -np.inf
        largest = logs.max(axis=1)
        sums = np.exp(logs - largest[:, None]).sum(axis=1)
        scores[start : start + step] = -(largest + np.log(sums))
    return scores + math.log(n - 1) - log_peak


class GaussianMixture(SklearnDetector):
    """Minus the log-likelihood, row by row."""

    def _scores(self, model: Any, X: FloatMatrix) -> FloatVector:
        return rowwise.in_chunks(lambda rows: rowwise.negative_log_likelihood(model, rows), X)


class SGDOneClassSVM(SklearnDetector):
    """The linear one-class SVM on Nyström's approximation of the kernel's features.

    Without them its boundary is a plane, which does not surround centred data.
    """

    def _build(self) -> Any:
        from sklearn.pipeline import make_pipeline

        kernel = build("sklearn.kernel_approximation:Nystroem", self._params, self._seed)
        return make_pipeline(kernel, super()._build())

    def _scores(self, model: Any, X: FloatMatrix) -> FloatVector:
        return rowwise.in_chunks(lambda rows: rowwise.kernel_boundary(model, rows), X)


class PartsDetector(SklearnDetector):
    """A score that is the sum of what each feature adds: the base of those that explain."""

    def explain(self, X: FloatMatrix, /) -> FloatMatrix:
        """What each feature adds to each row's score, shape (n, d); the sum is the score."""
        return finite(self._parts(self._fitted(), X))

    def _scores(self, model: Any, X: FloatMatrix) -> FloatVector:
        return rowwise.row_sums(self._parts(model, X))

    def _parts(self, model: Any, X: FloatMatrix) -> FloatMatrix:
        raise NotImplementedError


class PCA(PartsDetector):
    """Squared error of the reconstruction from the leading components."""

    def _parts(self, model: Any, X: FloatMatrix) -> FloatMatrix:
        return rowwise.in_chunks(lambda rows: rowwise.residual_parts(model, rows), X)


class EllipticEnvelope(PartsDetector):
    """Squared Mahalanobis distance by a robust covariance."""

    def _parts(self, model: Any, X: FloatMatrix) -> FloatMatrix:
        return rowwise.in_chunks(lambda rows: rowwise.mahalanobis_parts(model, rows), X)
