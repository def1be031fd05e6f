"""Scores that are bit for bit the same in any batch.

BLAS rounds a row's products differently in batches of other sizes. These sums are taken feature
by feature instead, all rows at once, so that a row's operations never depend on its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pynomaly.ports.protocols import FloatMatrix, FloatVector

_ROWS = 1024
"""Rows at a time: what is computed for them fits into the processor's cache."""


def in_chunks(function: Callable[[FloatMatrix], FloatMatrix], X: FloatMatrix) -> FloatMatrix:
    """`function` of X, a few rows at a time; it must treat each row alone."""
    return np.concatenate([function(X[i : i + _ROWS]) for i in range(0, len(X), _ROWS)])


def product(A: FloatMatrix, B: FloatMatrix) -> FloatMatrix:
    """The matrix product of A, shape (n, d), and B, shape (d, k)."""
    total = np.zeros((len(A), B.shape[1]))
    for j, row in enumerate(B):
        total += A[:, j : j + 1] * row
    return total


def row_sums(A: FloatMatrix) -> FloatVector:
    """The sum of each row of A, shape (n, d)."""
    total = np.zeros(len(A))
    for column in A.T:
        total += column
    return total


def residual_parts(model: Any, X: FloatMatrix) -> FloatMatrix:
    """What each feature adds to the squared error of a reconstruction, shape (n, d).

    `model` is a fitted `PCA`. With Q the projection on what it leaves out, the error x'Qx falls
    into the parts x_j (Qx)_j: a feature that alone is off gets all of it, which its own residual
    does not. The last component is always left out, so that there is something to measure.
    """
    components = model.components_[: X.shape[1] - 1]
    centred: FloatMatrix = X - model.mean_
    residuals = centred - product(product(centred, components.T), components)
    return centred * residuals


def mahalanobis_parts(model: Any, X: FloatMatrix) -> FloatMatrix:
    """What each feature adds to the squared Mahalanobis distance, shape (n, d).

    `model` is a fitted `EllipticEnvelope`. A part is below 0 where a feature makes the others
    likelier.
    """
    centred: FloatMatrix = X - model.location_
    return centred * product(centred, model.precision_)


def negative_log_likelihood(model: Any, X: FloatMatrix) -> FloatVector:
    """Minus the log-density of each row of X under a fitted `GaussianMixture`, shape (n,)."""
    d = X.shape[1]
    parts = np.empty((len(X), len(model.means_)))
    for i, root in enumerate(_precision_roots(model, d)):
        distances = row_sums(np.square(product(X - model.means_[i], root)))
        volume = np.log(model.weights_[i]) + np.log(np.diag(root)).sum()
        parts[:, i] = volume - 0.5 * (d * math.log(2 * math.pi) + distances)
    largest = parts.max(axis=1, keepdims=True)
    scores: FloatVector = -(largest[:, 0] + np.log(row_sums(np.exp(parts - largest))))
    return scores


def _precision_roots(model: Any, d: int) -> FloatMatrix:
    """Cholesky factors of the precisions, shape (k, d, d)."""
    roots: FloatMatrix = model.precisions_cholesky_
    match model.covariance_type:
        case "tied":
            return np.broadcast_to(roots, (len(model.means_), d, d))
        case "diag":
            return roots[:, :, None] * np.eye(d)
        case "spherical":
            return roots[:, None, None] * np.eye(d)
        case _:
            return roots


def kernel_boundary(model: Any, X: FloatMatrix) -> FloatVector:
    """Minus the raw score of a fitted pipeline of `Nystroem` and `SGDOneClassSVM`, shape (n,)."""
    kernel, svm = model[0], model[1]
    gamma = 1 / X.shape[1] if kernel.gamma is None else kernel.gamma
    weights = kernel.normalization_.T @ svm.coef_
    distances = np.zeros((len(X), len(kernel.components_)))
    for j, values in enumerate(kernel.components_.T):
        distances += np.square(X[:, j : j + 1] - values)
    return -product(np.exp(-gamma * distances), weights[:, None])[:, 0]
