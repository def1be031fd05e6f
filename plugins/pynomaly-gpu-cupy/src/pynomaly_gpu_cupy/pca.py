"""Principal components: rows that the leading ones cannot reconstruct, or that lie far out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from pynomaly_gpu_cupy.backends import Array, Floats
from pynomaly_gpu_cupy.detector import ArrayDetector, columns_of, in_chunks

_LARGEST = 1e150
"""Sums of squares of larger values overflow."""

_ENTRIES = 2**22
"""Entries of X whose products are added up at once. A fit's rounding depends on it."""


class PCA(ArrayDetector):
    """Squared error of the reconstruction from the leading components, or Mahalanobis distance.

    Jackson, Mudholkar (1979). Both are a quadratic form of the centred row c, c'Mc: with M the
    projection on the components left out, or the inverse of the covariance.
    """

    def fit(self, X: Floats) -> Self:
        """Find the components of X, shape (n, d).

        Raises:
            ValueError: If values are too large, or there are fewer components than asked for.
        """
        largest = max(X.max(), -X.min())
        if largest > _LARGEST:
            raise ValueError(
                f"values of {largest:.3g} are too large to be squared: rescale the columns, or"
                " look for faults in them"
            )
        mean = X.mean(axis=0)
        variances, components = self._components(X, mean)
        if self._params.method == "mahalanobis":
            self._keep(mean, _inverse(variances, components))
        else:
            self._keep(mean, _left_out(variances, components, self._params.n_components, len(X)))
        return self

    def _components(self, X: Floats, mean: Floats) -> tuple[Floats, Floats]:
        """Variances, the largest first, shape (d,), and components, the columns of (d, d)."""
        backend, xp = self._backend, self._backend.xp
        n, d = X.shape
        size = max(1, _ENTRIES // d)
        with backend.active():
            centre = backend.to_device(mean)[None, :]
            total = xp.zeros((d, d), dtype=xp.float64)
            for start in range(0, n, size):
                centred = backend.to_device(X[start : start + size]) - centre
                total = total + xp.matmul(xp.permute_dims(centred, (1, 0)), centred)
            variances, components = xp.linalg.eigh(total / (n - 1))
            found = backend.to_host(variances), backend.to_host(components)
        return np.maximum(found[0][::-1], 0.0), np.ascontiguousarray(found[1][:, ::-1])

    def _keep(self, mean: Floats, matrix: Floats) -> None:
        self._mean, self._matrix = mean, matrix
        with self._backend.active():
            self._mean_there = self._backend.to_device(mean)
            self._rows_there = [self._backend.to_device(row) for row in matrix]

    def score(self, X: Floats) -> Floats:
        """Score of each row of X, shape (n,); higher is more anomalous.

        Raises:
            ValueError: If one overflows.
        """
        xp = self._backend.xp

        def sums(rows: Array) -> Array:
            total = xp.zeros(rows.shape[0], dtype=xp.float64)
            for part in columns_of(xp, self._parts(rows)):
                total = total + part
            return total

        return _finite(in_chunks(self._backend, sums, X, self._row_bytes))

    def explain(self, X: Floats) -> Floats:
        """What each feature adds to each row's score, shape (n, d); the sum is the score.

        A feature that alone is off gets all of it, which its own residual would not.
        """
        return _finite(in_chunks(self._backend, self._parts, X, self._row_bytes))

    @property
    def _row_bytes(self) -> int:
        return 56 * len(self._mean)

    def _parts(self, X: Array) -> Array:
        """c_j (Mc)_j of rows on the device, shape (n, d); M is symmetric.

        The product goes feature by feature: BLAS would round a row's otherwise in another batch.
        """
        centred = X - self._mean_there[None, :]
        product = self._backend.xp.zeros_like(centred)
        for j, row in enumerate(self._rows_there):
            product = product + centred[:, j : j + 1] * row[None, :]
        return centred * product

    def get_state(self) -> Mapping[str, Any]:
        """The mean and the matrix of the quadratic form."""
        return {"mean": self._mean, "matrix": self._matrix}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._keep(state["mean"], state["matrix"])


def _left_out(variances: Floats, components: Floats, wanted: float, n: int) -> Floats:
    """The projection on all but the leading components, shape (d, d).

    The last component is always left out, so that there is something to measure.
    """
    d = len(variances)
    if isinstance(wanted, int):
        if wanted > min(n, d):
            raise ValueError(
                f"n_components is {wanted}, and {n} rows of {d} columns have at most {min(n, d)}"
            )
        count = wanted
    else:
        shares = np.cumsum(variances) / max(variances.sum(), np.finfo(np.float64).tiny)
        count = int(shares.searchsorted(wanted, side="right")) + 1
    kept = components[:, : min(count, d - 1)]
    return np.eye(d) - kept @ kept.T


def _inverse(variances: Floats, components: Floats) -> Floats:
    """The inverse of the covariance, shape (d, d), on the components that vary at all."""
    least = variances[0] * len(variances) * np.finfo(np.float64).eps
    vary = variances > max(least, np.finfo(np.float64).tiny)
    kept = components[:, vary] / np.sqrt(variances[vary])
    inverse: Floats = kept @ kept.T
    return inverse


def _finite(scores: Floats) -> Floats:
    bad = int(np.count_nonzero(~np.isfinite(scores)))
    if bad:
        raise ValueError(
            f"{bad} of {scores.size} scores are not finite: look for values that are far too large"
        )
    return scores
