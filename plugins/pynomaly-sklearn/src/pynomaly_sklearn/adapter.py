"""scikit-learn's outlier detectors behind Pynomaly's contract."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from pynomaly_sklearn.states import dump_model, load_model

if TYPE_CHECKING:
    from pynomaly.ports.protocols import FloatMatrix, FloatVector, State
    from pynomaly.ports.specs import DetectorSpec

_SEEDS = 2**32
"""scikit-learn takes seeds below this."""
_LARGEST = 1e150
"""Sums of squares of larger values overflow, and LAPACK prints what it thinks of that."""


class SklearnDetector:
    """The class of scikit-learn that `spec.target` names, as a detector.

    Scores are minus its `score_samples`; methods for which that is not the anomaly score, or not
    the same in any batch, are subclasses of this one.

    Args:
        spec: Names the class.
        params: Its parameters, an instance of the class that `spec.params` names.
        seed: Its `random_state`, where it has one.
    """

    def __init__(self, spec: DetectorSpec, params: Any, seed: int) -> None:
        self._id = spec.id
        self._target = spec.target
        self._params: dict[str, Any] = attrs.asdict(params)
        self._seed = seed % _SEEDS
        self._model: Any = None

    def fit(self, X: FloatMatrix, /) -> object:
        """Learn from X, shape (n, d).

        Raises:
            ValueError: If scikit-learn cannot fit it; the message says why.
        """
        _check_size(X)
        model = self._build()
        with _logged_warnings(self._id), _clear_errors():
            model.fit(X)
        self._model = model
        return self

    def score(self, X: FloatMatrix, /) -> FloatVector:
        """One float64 per row of X, shape (n,); higher is more anomalous.

        Raises:
            ValueError: If a score is not finite.
        """
        with np.errstate(all="ignore"), _clear_errors():
            return finite(self._scores(self._fitted(), X))

    def get_state(self) -> State:
        """The fitted model in skops' format."""
        return {"model": dump_model(self._fitted())}

    def set_state(self, state: State, /) -> None:
        """Become the fitted detector that gave `state`.

        Raises:
            ValueError: If it is damaged, or holds anything but the expected model.
        """
        with _logged_warnings(self._id):
            self._model = self._load(state)

    def _load(self, state: State) -> Any:
        return load_model(state["model"], self._build())

    def _build(self) -> Any:
        return build(self._target, self._params, self._seed)

    def _scores(self, model: Any, X: FloatMatrix) -> FloatVector:
        scores: FloatVector = -model.score_samples(X)
        return scores

    def _fitted(self) -> Any:
        if self._model is None:
            raise ValueError(f"{self._id} is not fitted yet: call fit first")
        return self._model


def build(target: str, params: Mapping[str, Any], seed: int, **fixed: Any) -> Any:
    """An unfitted estimator of the class `target`, with those of `params` that it takes."""
    module, _, name = target.partition(":")
    cls = getattr(import_module(module), name)
    takes = inspect.signature(cls).parameters
    values = {name: value for name, value in params.items() if name in takes} | fixed
    if "random_state" in takes:
        values["random_state"] = seed
    return cls(**values)


def _check_size(X: FloatMatrix) -> None:
    largest = max(X.max(), -X.min())
    if largest > _LARGEST:
        raise ValueError(
            f"values of {largest:.3g} are too large to be squared: rescale the columns, or look"
            " for faults in them"
        )


def finite(scores: FloatMatrix) -> FloatMatrix:
    """The scores, or the contributions, as they are.

    Raises:
        ValueError: If one is not finite.
    """
    bad = int(np.count_nonzero(~np.isfinite(scores)))
    if bad:
        raise ValueError(
            f"{bad} of {scores.size} scores are not finite: look for constant, duplicate or"
            " extreme columns"
        )
    return np.ascontiguousarray(scores, dtype=np.float64)


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Let errors of linear algebra, ARPACK's among them, say what they mean for the data."""
    try:
        yield
    except (np.linalg.LinAlgError, RuntimeError) as error:
        raise ValueError(
            f"its linear algebra found no solution ({error}): look for constant, duplicate or"
            " extreme columns"
        ) from error


@contextmanager
def _logged_warnings(id: str) -> Iterator[None]:
    """Make what scikit-learn warns of, such as a fit that did not converge, log entries."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        yield
    if caught:
        from pynomaly.logs import get_logger

        log = get_logger("pynomaly_sklearn")
        for message in dict.fromkeys(str(each.message) for each in caught):
            log.warning("scikit-learn warns", detector=id, message=message.splitlines()[0])
