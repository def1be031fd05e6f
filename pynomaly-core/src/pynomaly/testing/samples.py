"""Small data that the checks feed to detectors: float64, standardised, read-only, seeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pynomaly.ports.protocols import FloatMatrix, FloatVector

WIDTH = 4


def frozen(X: FloatMatrix) -> FloatMatrix:
    """A read-only, C-contiguous float64 copy: what the core hands to a detector."""
    X = np.array(X, dtype=np.float64, order="C")
    X.flags.writeable = False
    return X


def usual(rows: int, *, seed: int = 0, width: int = WIDTH) -> FloatMatrix:
    """Correlated normal rows, shape (rows, width), about mean 0 and sd 1."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((rows, 1))
    return frozen(0.6 * common + 0.8 * rng.standard_normal((rows, width)))


def planted(rows: int, anomalies: int, *, seed: int = 0) -> tuple[FloatMatrix, FloatVector]:
    """Usual rows, then anomalies far out in random directions; and 1.0 where one is."""
    rng = np.random.default_rng(seed + 1)
    directions = rng.standard_normal((anomalies, WIDTH))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    X = np.vstack([usual(rows, seed=seed), 8.0 * directions])
    truth = np.concatenate([np.zeros(rows), np.ones(anomalies)])
    order = rng.permutation(len(X))
    return frozen(X[order]), truth[order]


def waves(steps: int, *, seed: int = 0, width: int = WIDTH) -> FloatMatrix:
    """One series of noisy waves of 25 steps, shape (steps, width), about mean 0 and sd 1."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * (np.arange(steps)[:, None] / 25 + np.arange(width) / width)
    return frozen(1.3 * np.sin(phase) + 0.3 * rng.standard_normal((steps, width)))


def planted_stretches(
    steps: int, anomalies: int, *, seed: int = 0
) -> tuple[FloatMatrix, FloatVector]:
    """Waves with stretches of 10 steps that are something else; and 1.0 where one is."""
    X = waves(steps, seed=seed).copy()
    truth = np.zeros(steps)
    rng = np.random.default_rng(seed + 1)
    for start in np.linspace(steps // 5, steps - 20, max(1, anomalies // 10)).astype(int):
        X[start : start + 10] = 5.0 + 2.0 * rng.standard_normal((10, WIDTH))
        truth[start : start + 10] = 1.0
    return frozen(X), truth


def with_columns(X: FloatMatrix, columns: dict[int, FloatVector | float]) -> FloatMatrix:
    """X with some columns replaced."""
    changed = X.copy()
    for column, values in columns.items():
        changed[:, column] = values
    return frozen(changed)
