"""Detectors under test: what they are fitted on, and whether their scores are valid."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from pynomaly.domain.errors import PynomalyError
from pynomaly.ports.protocols import FitScores
from pynomaly.ports.runtime import AUTO, Runtime
from pynomaly.ports.specs import Modality
from pynomaly.testing.kit import Subject, require
from pynomaly.testing.samples import (
    WIDTH,
    frozen,
    planted,
    planted_stretches,
    usual,
    waves,
)

if TYPE_CHECKING:
    from pynomaly.ports.protocols import (
        Detector,
        Explains,
        FloatMatrix,
        FloatVector,
        State,
    )

_SINGLE = 1e-5
"""Share by which scores of two devices may differ."""


def training(subject: Subject) -> FloatMatrix:
    """Ordinary rows, enough for the detector."""
    return ordinary(subject, max(250 if in_time(subject) else 100, 2 * subject.detector.min_rows))


def ordinary(subject: Subject, rows: int, *, seed: int = 0, width: int = WIDTH) -> FloatMatrix:
    """Ordinary rows of a table, or time steps of a series, as the detector takes them."""
    return (waves if in_time(subject) else usual)(rows, seed=seed, width=width)


def in_time(subject: Subject) -> bool:
    """Whether the detector takes series only."""
    return Modality.TABULAR not in subject.detector.modalities


def fresh(subject: Subject) -> FloatMatrix:
    """Rows that no detector was fitted on, some of them anomalous: 40, or 150 time steps."""
    if in_time(subject):
        return planted_stretches(150, 10, seed=5)[0]
    return frozen(np.vstack([usual(30, seed=5), planted(0, 10, seed=5)[0]]))


def fitted(subject: Subject, device: str = AUTO) -> Detector:
    """The detector, fitted on `training` rows."""
    detector = subject.create(runtime=Runtime(device))
    detector.fit(training(subject))
    return detector


def training_scores(subject: Subject, X: Any, seed: int = 0) -> FloatVector:
    """Scores of the rows, or the nodes of a graph, that it is fitted on, as the core asks for them."""
    detector = subject.create(seed)
    if isinstance(detector, FitScores):
        return detector.fit_score(X)
    detector.fit(X)
    return detector.score(X)


def explained(subject: Subject, X: FloatMatrix) -> FloatMatrix:
    """Contributions to the scores of X, shape (n, d)."""
    return cast("Explains", fitted(subject)).explain(X)


def valid(scores: Any, rows: int) -> None:
    """Scores are finite float64, shape (rows,)."""
    require(isinstance(scores, np.ndarray), f"scores are a {type(scores).__name__}")
    require(
        scores.shape == (rows,) and scores.dtype == np.float64,
        f"scores are {scores.dtype} of shape {scores.shape}, not float64 of shape ({rows},)",
    )
    bad = int(np.count_nonzero(~np.isfinite(scores)))
    require(not bad, f"{bad} of {rows} scores are not finite")


def check_close(found: FloatVector, expected: FloatVector, where: str) -> None:
    """Fail unless both agree as far as single precision goes."""
    gaps = np.abs(found - expected)
    worst = float((gaps / (1 + np.abs(expected))).max())
    require(worst <= _SINGLE, f"scores differ by up to {worst:.3g} {where}")


def finite_or_refused(score: Callable[[], FloatVector], rows: int) -> None:
    """It gives sound scores, or an error that says why not."""
    try:
        scores = score()
    except (ValueError, PynomalyError) as error:
        # LinAlgError is a ValueError that says nothing to a user.
        require(
            not isinstance(error, np.linalg.LinAlgError) and str(error),
            f"it refuses with {type(error).__name__}, not with a ValueError that says why",
        )
        return
    valid(scores, rows)


def through_a_file(state: State) -> dict[str, Any]:
    """The state as a model file would give it back; nothing is pickled."""
    return {str(name): _stored(name, value) for name, value in state.items()}


def _stored(name: str, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        file = io.BytesIO()
        try:
            np.save(file, value, allow_pickle=False)
        except ValueError as error:
            raise AssertionError(f"state {name!r} is an array of objects") from error
        return np.load(io.BytesIO(file.getvalue()), allow_pickle=False)
    if isinstance(value, bytes):
        return value
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        kind = type(value).__name__
        raise AssertionError(f"state {name!r} is a {kind}: not array, bytes or JSON") from error


def raw(value: Any) -> bytes:
    """The bytes that a value of a state holds."""
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(value).tobytes()
    return value if isinstance(value, bytes) else b""


def differing(expected: FloatVector, found: FloatVector) -> str:
    """In how many scores two differ, and how far, in words."""
    differing = int((expected != found).sum())
    worst = float(np.abs(expected - found).max())
    return f"{differing} of {len(expected)} rows score differently (by up to {worst:.3g})"
