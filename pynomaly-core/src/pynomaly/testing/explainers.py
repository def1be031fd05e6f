"""What every explainer must do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from pynomaly.testing.kit import Check, Subject, require
from pynomaly.testing.samples import WIDTH, frozen, usual

if TYPE_CHECKING:
    from pynomaly.ports.protocols import Explainer, FloatMatrix, FloatVector, State


def gives_one_contribution_per_feature(subject: Subject) -> None:
    """Contributions are finite float64, one per row and feature."""
    X = frozen(usual(6, seed=3))
    found = _explain(subject, X)
    right = found.shape == X.shape and found.dtype == np.float64
    require(right, f"contributions are {found.dtype} of shape {found.shape}, not {X.shape}")
    require(np.isfinite(found).all(), "contributions are not all finite")


def points_at_the_feature_that_is_off(subject: Subject) -> None:
    """Where one feature is far off, it contributes most."""
    X = np.zeros((WIDTH, WIDTH))
    np.fill_diagonal(X, 8.0)
    top = _explain(subject, frozen(X)).argmax(axis=1)
    right = int((top == np.arange(WIDTH)).sum())
    require(right == WIDTH, f"it points at {right} of {WIDTH} planted features")


def explains_the_same_again(subject: Subject) -> None:
    """The same seed gives the same contributions."""
    X = frozen(usual(3, seed=3))
    same = np.array_equal(_explain(subject, X), _explain(subject, X))
    require(same, "the same seed gives other contributions")


EXPLAINER_CHECKS: tuple[Check, ...] = (
    Check(gives_one_contribution_per_feature),
    Check(points_at_the_feature_that_is_off),
    Check(explains_the_same_again),
)
"""Checks for explainers."""


class _Distance:
    """A detector whose score is a sum over features: each one's share is known."""

    def fit(self, X: FloatMatrix) -> None:
        """Learn nothing."""

    def score(self, X: FloatMatrix) -> FloatVector:
        """Squared distance from the origin."""
        return cast("FloatVector", np.square(X).sum(axis=1))

    def get_state(self) -> State:
        return {}

    def set_state(self, state: State) -> None:
        """Nothing is needed."""


def _explain(subject: Subject, X: FloatMatrix) -> FloatMatrix:
    params: Any = subject.package.registry.params_class(subject.spec)()
    explainer = cast("Explainer", subject.factory()(params, 0))
    return explainer.explain(_Distance(), usual(50), X)
