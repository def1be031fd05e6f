"""Matrix profile (Yeh et al. 2016): windows that resemble no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pynomaly.domain.errors import DataError
from pynomaly.domain.series import mean_of_windows, window_for
from pynomaly.ports.specs import DetectorSpec
from pynomaly_series.joining import nearest_windows
from pynomaly_series.params import MatrixProfileParams

Floats = npt.NDArray[np.float64]

_FAR = 1e4
"""Values further out count as so far: beyond, the join's running sums would lose small ones."""

_LEAST = 3
"""Steps of the shortest window that has a shape."""


class MatrixProfile:
    """Distance of a window to the nearest one of the stretch that was fitted.

    Of several channels the largest distance counts: stumpy's profile of several dimensions knows
    no other stretch than its own. A step's score is the mean of the windows that it lies in.
    """

    def __init__(self, spec: DetectorSpec, params: MatrixProfileParams, seed: int) -> None:
        self._id = spec.id
        self._params = params

    def fit(self, X: Floats) -> MatrixProfile:
        """Keep X, shape (n, c), n at least twice the window."""
        self._window = self._params.window or max(_LEAST, window_for(len(X), None))
        self._check(X, 2 * self._window)
        self._stretch = np.clip(X, -_FAR, _FAR)
        return self

    def fit_score(self, X: Floats) -> Floats:
        """Fit on X, and score its steps by its other windows, shape (n,)."""
        self.fit(X)
        return self._by_step([self._nearest(x) for x in self._stretch.T])

    def score(self, X: Floats) -> Floats:
        """Scores of X's steps, shape (n,); the very stretch that was fitted is its own reference.

        Raises:
            DataError: If X is shorter than a window.
        """
        self._check(X, self._window)
        X = np.clip(X, -_FAR, _FAR)
        if np.array_equal(X, self._stretch):
            return self._by_step([self._nearest(x) for x in X.T])
        pairs = zip(X.T, self._stretch.T, strict=True)
        return self._by_step([self._nearest(x, other) for x, other in pairs])

    def get_state(self) -> Mapping[str, Any]:
        """The fitted stretch and the window."""
        return {"stretch": self._stretch, "window": self._window}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._stretch = np.asarray(state["stretch"], dtype=np.float64)
        self._window = int(state["window"])

    def _nearest(self, x: Floats, other: Floats | None = None) -> Floats:
        other = None if other is None else np.ascontiguousarray(other)
        x = np.ascontiguousarray(x)
        return nearest_windows(x, self._window, other, normalize=self._params.normalize)

    def _by_step(self, distances: list[Floats]) -> Floats:
        worst = np.max(distances, axis=0)
        return np.ascontiguousarray(mean_of_windows(worst[:, None], self._window)[:, 0])

    def _check(self, X: Floats, least: int) -> None:
        if len(X) < least:
            steps = f"{len(X)} time step{'' if len(X) == 1 else 's'}"
            raise DataError(
                f"{self._id} needs a stretch of at least {least} time steps for a window of"
                f" {self._window}, and here are {steps}: give more, or a shorter window with"
                " -p window=STEPS"
            )
