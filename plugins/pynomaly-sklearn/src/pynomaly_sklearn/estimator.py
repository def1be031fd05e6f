"""Any installed Pynomaly detector as a scikit-learn outlier estimator."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

import pynomaly
from pynomaly.domain.errors import UsageError
from pynomaly.ports.specs import Capability, DetectorSpec

if TYPE_CHECKING:
    import numpy.typing as npt

    from pynomaly.ports.protocols import Detector, FloatMatrix, FloatVector

_CALIBRATION_ROWS = 10_000
"""At most so many rows are held out of a single fit; twice as many are cross-fitted."""


def as_estimator(
    id: str, params: Mapping[str, Any] | None = None, *, seed: int = 0, alpha: float = 0.01
) -> PynomalyDetector:
    """The detector `id` of any installed plugin as a scikit-learn outlier estimator.

    Args:
        id: Such as ``"fast.iforest"``; `pynomaly.detectors` gives them all.
        params: Its parameters; what is left out has its default.
        seed: Makes what is random repeatable.
        alpha: Share of normal rows that `predict` may call outliers.
    """
    return PynomalyDetector(id, params, seed=seed, alpha=alpha)


class PynomalyDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc, no-any-unimported]
    """A Pynomaly detector with the methods of scikit-learn's outlier estimators.

    Features are used as they are: put a `StandardScaler` before it, as Pynomaly itself does. What
    `predict` calls an outlier is decided on scores of rows that were held out, so that `alpha`
    holds on new data too: up to 20,000 rows by the folds that the detector's spec names and a last
    fit on all rows, else by up to 10,000 rows, at most half, that stay out of the only fit.

    Args:
        detector: Id of the detector.
        params: Its parameters; what is left out has its default.
        seed: Makes what is random repeatable.
        alpha: Share of normal rows that `predict` may call outliers.

    Attributes:
        offset_: `decision_function` is `score_samples` less this.
        n_features_in_: Number of features of the rows that it was fitted on.
        feature_names_in_: Their names, where they had names.
    """

    def __init__(
        self,
        detector: str = "sklearn.iforest",
        params: Mapping[str, Any] | None = None,
        *,
        seed: int = 0,
        alpha: float = 0.01,
    ) -> None:
        self.detector = detector
        self.params = params
        self.seed = seed
        self.alpha = alpha

    def fit(self, X: Any, y: object = None) -> PynomalyDetector:
        """Fit on X, shape (n, d); `y` is not used.

        Raises:
            ValueError: If X cannot be fitted, or alpha does not lie between 0 and 1.
            PynomalyError: If the detector is unknown, or does not take its parameters.
        """
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, not {self.alpha!r}")
        spec = _spec(self.detector)
        # A fold less must still be enough to fit.
        folds = spec.folds or 2
        least = math.ceil(spec.min_rows * folds / (folds - 1)) + 1
        X = self._matrix(X, ensure_min_samples=least, copy=True)
        recipe = (self.detector, dict(self.params or {}), self.seed)
        self._detector, calibration = _fit_calibrated(recipe, X, spec.folds)
        self._recipe = recipe
        self.offset_ = -_threshold(calibration, self.alpha)
        return self

    def score_samples(self, X: Any) -> FloatVector:
        """Minus the anomaly scores of X's rows, shape (n,); lower is more anomalous."""
        check_is_fitted(self)
        return -self._detector.score(self._matrix(X, reset=False))

    def decision_function(self, X: Any) -> FloatVector:
        """Distance of `score_samples` from its threshold, shape (n,); below 0 for outliers."""
        scores: FloatVector = self.score_samples(X) - self.offset_
        return scores

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """-1 for rows of X that are outliers, and 1 for the others, shape (n,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _matrix(self, X: Any, **options: Any) -> FloatMatrix:
        finite = "allow-nan" if _can(self.detector, Capability.MISSING) else True
        checked: FloatMatrix = validate_data(
            self, X, dtype=np.float64, order="C", ensure_all_finite=finite, **options
        )
        view = checked.view()
        view.flags.writeable = False
        return view

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_detector")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = _can(self.detector, Capability.MISSING)
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        if "_detector" in state and _can(self._recipe[0], Capability.SAVES):
            state = state | {"_detector": dict(self._detector.get_state())}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if isinstance(state.get("_detector"), dict):
            self._detector = _create(self._recipe)
            self._detector.set_state(state["_detector"])


_Recipe = tuple[str, dict[str, Any], int]


def _create(recipe: _Recipe) -> Detector:
    return pynomaly.create_detector(*recipe)


def _can(id: str, capability: Capability) -> bool:
    return any(spec.id == id and capability in spec.capabilities for spec in pynomaly.detectors())


def _spec(id: str) -> DetectorSpec:
    pynomaly.create_detector(id)  # raises what tells which ids are like it
    spec = next(spec for spec in pynomaly.detectors() if spec.id == id)
    if Capability.INDUCTIVE not in spec.capabilities:
        raise UsageError(
            f"{id} only scores the rows that it is fitted on, so it cannot be an estimator;"
            " `pynomaly detectors --can inductive` lists those that can"
        )
    return spec


def _fit_calibrated(
    recipe: _Recipe, X: FloatMatrix, folds: int | None
) -> tuple[Detector, FloatVector]:
    """A fitted detector, and scores of rows by detectors that were not fitted on them."""
    order = np.random.default_rng(recipe[2]).permutation(len(X))
    if folds is None or len(X) > 2 * _CALIBRATION_ROWS:
        held_out = order[: min(_CALIBRATION_ROWS, len(X) // 2)]
        detector = _fitted(recipe, np.delete(X, held_out, axis=0))
        return detector, detector.score(_read_only(X[held_out]))
    scores = [
        _fitted(recipe, np.delete(X, fold, axis=0)).score(_read_only(X[fold]))
        for fold in np.array_split(order, min(folds, len(X)))
    ]
    return _fitted(recipe, X), np.concatenate(scores)


def _fitted(recipe: _Recipe, X: FloatMatrix) -> Detector:
    detector = _create(recipe)
    detector.fit(_read_only(X))
    return detector


def _read_only(X: FloatMatrix) -> FloatMatrix:
    X.flags.writeable = False
    return X


def _threshold(calibration: FloatVector, alpha: float) -> float:
    """The score above which a p-value is at most `alpha`."""
    n = len(calibration)
    p_values = np.arange(1, n + 1) / (n + 1)  # of scores that 0, 1, 2, ... rows reach
    reached = int(np.count_nonzero(p_values <= alpha)) - 1
    if reached < 0:
        warnings.warn(
            f"{n} rows cannot tell a share of {alpha:.3g}: up to {1 / (n + 1):.3g} of normal rows"
            f" may be called outliers; fit {math.ceil(1 / alpha) - 1} rows or set alpha higher",
            stacklevel=3,
        )
    return float(np.sort(calibration)[n - 1 - max(reached, 0)])
