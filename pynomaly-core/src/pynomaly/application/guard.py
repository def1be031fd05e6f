"""Calls into detectors, held to the contract on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pynomaly.domain.errors import FAILURES, DataError, PluginFailed, PynomalyError
from pynomaly.ports.protocols import (
    Detector,
    Explains,
    FitScores,
    Notes,
    ScoresEdges,
    Transformer,
)
from pynomaly.ports.specs import Capability, DetectorSpec, TransformerSpec

if TYPE_CHECKING:
    from pynomaly.domain.graphs import GraphArrays
    from pynomaly.ports.protocols import FloatMatrix, FloatVector


def fit_guarded(spec: DetectorSpec, detector: Detector, X: Any) -> None:
    """Fit `detector` on X, of n items.

    Raises:
        DataError: If there are fewer rows than it needs.
        PluginFailed: If it raises.
    """
    _check_rows(spec, X)
    try:
        detector.fit(X)
    except PynomalyError:
        raise
    except FAILURES as error:
        raise PluginFailed(spec.id, "fit", _reason(error)) from error


def score_guarded(spec: DetectorSpec, detector: Detector, X: Any) -> FloatVector:
    """Scores of X's items, shape (n,), float64 and finite.

    Raises:
        PluginFailed: If it raises, or gives other than one finite score per row.
    """
    if not len(X):
        return np.empty(0)
    try:
        scores = detector.score(X)
    except PynomalyError:
        raise
    except FAILURES as error:
        raise PluginFailed(spec.id, "score", _reason(error)) from error
    return _checked(spec, "score", scores, len(X))


def fit_score_guarded(spec: DetectorSpec, detector: Detector, X: Any) -> FloatVector:
    """Fit on X and give its items' scores, each left out where it can be.

    Raises:
        DataError, PluginFailed: As `fit_guarded` and `score_guarded`.
    """
    if not isinstance(detector, FitScores):
        fit_guarded(spec, detector, X)
        return score_guarded(spec, detector, X)
    _check_rows(spec, X)
    try:
        scores = detector.fit_score(X)
    except PynomalyError:
        raise
    except FAILURES as error:
        raise PluginFailed(spec.id, "fit", _reason(error)) from error
    return _checked(spec, "score", scores, len(X))


def explain_guarded(spec: DetectorSpec, detector: Detector, X: Any) -> FloatMatrix:
    """Contribution of each feature to each item's score, shape (n, d).

    Raises:
        PluginFailed: If it raises, or gives another shape.
    """
    check_explains(spec)
    if not isinstance(detector, Explains):
        reason = "its spec says that it explains, but it has no method explain"
        raise PluginFailed(spec.id, "explain", reason)
    try:
        contributions = np.asarray(detector.explain(X), dtype=np.float64)
    except PynomalyError:
        raise
    except FAILURES as error:
        raise PluginFailed(spec.id, "explain", _reason(error)) from error
    expected = X.shape if isinstance(X, np.ndarray) else (len(X), *contributions.shape[1:])
    if contributions.shape != expected or contributions.ndim != 2:
        reason = f"gave contributions of shape {contributions.shape} for {expected}"
        raise PluginFailed(spec.id, "explain", reason)
    return contributions


def notes_of(detector: Detector) -> tuple[str, ...]:
    """What `detector` has to say to whoever reads its results."""
    return tuple(map(str, detector.notes)) if isinstance(detector, Notes) else ()


def score_edges_guarded(spec: DetectorSpec, detector: ScoresEdges, X: GraphArrays) -> FloatVector:
    """Scores of X's edges, shape (m,), float64 and finite.

    Raises:
        PluginFailed: If it raises, or gives other than one finite score per edge.
    """
    try:
        scores = detector.score_edges(X)
    except PynomalyError:
        raise
    except FAILURES as error:
        raise PluginFailed(spec.id, "score edges", _reason(error)) from error
    return _checked(spec, "score edges", scores, X.edges.shape[1])


def fit_transformer_guarded(spec: TransformerSpec, transformer: Transformer, items: Any) -> None:
    """Fit a transformer on items.

    Raises:
        PluginFailed: If it raises.
    """
    try:
        transformer.fit(items)
    except PynomalyError:
        raise
    except FAILURES as error:
        raise PluginFailed(spec.id, "fit", _reason(error)) from error


def transform_guarded(spec: TransformerSpec, transformer: Transformer, items: Any) -> FloatMatrix:
    """One row of finite float64 for each item, shape (n, k).

    Raises:
        PluginFailed: If it raises, or gives something else.
    """
    try:
        rows = np.asarray(transformer.transform(items), dtype=np.float64)
    except PynomalyError:
        raise
    except FAILURES as error:
        raise PluginFailed(spec.id, "transform", _reason(error)) from error
    if rows.ndim != 2 or len(rows) != len(items) or rows.shape[1] != len(transformer.names):
        reason = f"gave an array of shape {rows.shape} for {len(items)} items"
        raise PluginFailed(spec.id, "transform", reason)
    if not np.isfinite(rows).all():
        raise PluginFailed(spec.id, "transform", "gave values that are not finite")
    return np.ascontiguousarray(rows)


def check_explains(spec: DetectorSpec) -> None:
    """Refuse to explain the scores of a detector that cannot.

    Raises:
        DataError: Saying which can.
    """
    if Capability.EXPLAINS not in spec.capabilities:
        raise DataError(
            f"{spec.id} cannot explain its scores; `pynomaly detectors --can explains`"
            " lists detectors that can"
        )


def _check_rows(spec: DetectorSpec, X: Any) -> None:
    if len(X) < spec.min_rows:
        raise DataError(
            f"{spec.id} needs at least {spec.min_rows} rows to fit, and there are {len(X)};"
            " give more rows or another detector"
        )


def _checked(spec: DetectorSpec, stage: str, scores: object, rows: int) -> FloatVector:
    result = np.asarray(scores)
    if result.shape != (rows,) or result.dtype.kind not in "fiu":
        reason = f"gave {result.dtype} of shape {result.shape} for {rows} rows"
        raise PluginFailed(spec.id, stage, reason)
    result = np.ascontiguousarray(result, dtype=np.float64)
    bad = int(np.count_nonzero(~np.isfinite(result)))
    if bad:
        reason = (
            f"{bad} of {rows} scores are not finite; look for constant, duplicate or extreme"
            " columns with `pynomaly inspect`, or take another detector"
        )
        raise PluginFailed(spec.id, stage, reason)
    return result


def _reason(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r})"
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
