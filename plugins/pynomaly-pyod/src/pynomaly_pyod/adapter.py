"""One adapter for every PyOD detector: builds it, guards it, scores with it, saves it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from pynomaly.domain.errors import PynomalyError, UsageError
from pynomaly.ports import Capability, DetectorSpec, Modality, Supervision
from pynomaly_pyod.building import build
from pynomaly_pyod.errors import UnfitData, first_line
from pynomaly_pyod.quiet import quietly

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pynomaly.ports.protocols import Detector, FloatMatrix, FloatVector, State

_MATRICES = {Modality.TABULAR, Modality.SERIES}
_MAX_SEED = 2**32
_LARGEST = 1e150
"""Squares of larger values overflow: scores turn NaN, and HDBSCAN never ends."""

_WAYS_OUT: Mapping[str, str] = {
    "abod": "many equal rows do that: drop duplicates, or use pyod.knn",
    "ae1svm": "a last batch of one row does that: change batch_size by one, or use pyod.autoencoder",
    "cblof": "lower alpha or beta, change n_clusters, or use pyod.knn",
    "cd": "it needs two columns or more: use pyod.mad for one",
    "featurebagging": "it needs two columns or more: use pyod.lof for one",
    "mad": "it takes exactly one column: choose one, or use pyod.hbos",
    "matrixprofile": "constant channels do that: leave them out, or use pyod.timeseriesod",
    "mcd": "columns that follow from others do that: leave them out, or use pyod.iforest",
    "pca": "constant columns do that: leave them out, or use pyod.iforest",
}
_ANOTHER = "scale them, look at them with `pynomaly inspect`, or use pyod.iforest"


def create(spec: DetectorSpec, params: Any, seed: int) -> Detector:
    """An unfitted detector: what every spec of this plugin names as its factory.

    Raises:
        UsageError: If the class takes what no caller can give yet.
    """
    if Modality.GRAPH in spec.modalities:
        from pynomaly_pyod.graphs import PyODGraphDetector

        return PyODGraphDetector(spec, params, seed % _MAX_SEED)
    if not spec.modalities & _MATRICES:
        kinds = ", ".join(sorted(spec.modalities))
        raise UsageError(
            f"{spec.id} takes {kinds} data and PyOD an object for it, which no parameter can"
            " carry: `pynomaly detectors --modality tabular` lists what can run"
        )
    if spec.supervision is Supervision.SUPERVISED:
        raise UsageError(
            f"{spec.id} learns from labels, and a fit passes none: use an unsupervised detector,"
            " such as pyod.iforest, and label its results"
        )
    return PyODDetector(spec, params, seed % _MAX_SEED)


class PyODDetector:
    """A PyOD object behind the contract of `pynomaly.ports.protocols.Detector`."""

    def __init__(self, spec: DetectorSpec, params: Any, seed: int) -> None:
        self._spec = spec
        self._params = params
        self._seed = seed
        self._model: Any = None
        self._width = 0

    def fit(self, X: FloatMatrix, /) -> PyODDetector:
        """Learn from X, shape (n, d).

        Raises:
            UnfitData: If PyOD cannot fit it, or gives scores that are not finite.
        """
        self.fit_score(X)
        return self

    def fit_score(self, X: FloatMatrix, /) -> FloatVector:
        """Fit on X, shape (n, d), and give its rows' scores, as PyOD computes them in a fit.

        Raises:
            UnfitData: As `fit`.
        """
        if X.ndim != 2 or not np.isfinite(X).all():
            raise UnfitData(f"{self._spec.id} takes a matrix of finite numbers")
        if np.abs(X).max(initial=0.0) > _LARGEST:
            raise self._unfit(f"values beyond {_LARGEST:g} overflow once they are squared")
        with quietly(self._spec.id, self._seed):
            model = self._fitted(X)
        scores = np.asarray(model.decision_scores_, dtype=np.float64).ravel()
        if not (np.isfinite(scores).all() and np.isfinite(model.threshold_)):
            bad = np.count_nonzero(~np.isfinite(scores))
            raise self._unfit(f"{bad} of {len(scores)} scores are not finite")
        self._model, self._width = model, X.shape[1]
        return scores

    def score(self, X: FloatMatrix, /) -> FloatVector:
        """One score per row of X, shape (n,); higher is more anomalous.

        Raises:
            UsageError: If the method only compares the rows of one batch.
            UnfitData: If PyOD cannot score it, or gives scores that are not finite.
        """
        if Capability.INDUCTIVE not in self._spec.capabilities:
            raise UsageError(
                f"{self._spec.id} scores only the rows that it is fitted on: detect on all rows"
                f" at once, or use another detector ({self._spec.summary.rpartition('(')[2]}"
            )
        self._check(X)
        if not len(X):
            return np.empty(0)
        with self._scoring():
            scores = np.asarray(self._scored(X), dtype=np.float64).ravel()
        if not np.isfinite(scores).all():
            bad = np.count_nonzero(~np.isfinite(scores))
            raise self._unfit(f"{bad} of {len(scores)} scores are not finite")
        return scores

    def get_state(self) -> State:
        """The fitted object as skops bytes, with what scoring needs beside it."""
        from pynomaly_pyod.saving import dump

        if self._model is None:
            raise ValueError(f"{self._spec.id} is not fitted: there is nothing to save")
        return {"model": dump(self._model), "seed": self._seed, "width": self._width}

    def set_state(self, state: State, /) -> None:
        """Become the detector that gave `state`.

        Raises:
            ValueError: If it holds types that this detector has no use for.
        """
        from pynomaly_pyod.saving import load

        with quietly(self._spec.id):
            self._model = load(self._spec, state["model"])
        self._seed, self._width = state["seed"], state["width"]

    def _fitted(self, X: FloatMatrix) -> Any:
        model = build(self._spec, self._params, self._seed, X.shape[1])
        try:
            model.fit(X)
        except (PynomalyError, ImportError, MemoryError):
            raise
        except Exception as error:
            raise self._unfit(first_line(error)) from error
        return model

    def _scored(self, X: FloatMatrix) -> Any:
        model = self._model
        if isinstance(getattr(model, "random_state", None), np.random.RandomState):
            # LSCP draws while it scores, from a state that each call would move on.
            model = copy.copy(model)
            model.random_state = np.random.RandomState(self._seed)
        try:
            return model.decision_function(X)
        except (PynomalyError, ImportError, MemoryError):
            raise
        except Exception as error:
            raise self._unfit(first_line(error)) from error

    def _scoring(self) -> AbstractContextManager[Any]:
        """Threads score side by side where they can, one by one where PyOD keeps notes."""
        if Capability.THREAD_SAFE in self._spec.capabilities:
            return np.errstate(all="ignore")
        if self._model is None:
            return nullcontext()
        return quietly(self._spec.id, self._seed)

    def _check(self, X: FloatMatrix) -> None:
        if self._model is None:
            raise ValueError(f"{self._spec.id} is not fitted: fit it before it scores")
        if X.ndim != 2 or X.shape[1] != self._width:
            raise UnfitData(
                f"{self._spec.id} was fitted on {self._width} columns and is given a matrix of"
                f" shape {X.shape}"
            )
        if not np.isfinite(X).all():
            raise UnfitData(f"{self._spec.id} takes a matrix of finite numbers")
        shortest = max(getattr(self._model, name, 0) for name in ("window_size", "score_window"))
        if 0 < len(X) < shortest:
            raise UnfitData(
                f"{self._spec.id} looks at {shortest} rows in a row and is given {len(X)}: give a"
                " longer stretch, or fit it with a smaller window"
            )

    def _unfit(self, reason: str) -> UnfitData:
        way_out = _WAYS_OUT.get(self._spec.name, _ANOTHER)
        return UnfitData(f"{self._spec.id} cannot use these rows: {reason}; {way_out}")
