"""Residual of a seasonal decomposition (Cleveland et al. 1990; Hochenbaum et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pynomaly.domain.errors import DataError
from pynomaly.ports.specs import DetectorSpec
from pynomaly_series.params import SeasonalResidualParams
from pynomaly_series.seasons import find_period, place_in_season, seasonal_profile

Floats = npt.NDArray[np.float64]

_FAR = 1e9
"""Values further out count as so far: their squares stay finite."""

_NARROW = 1e-9
"""Smaller rests and spreads are rounding."""


class SeasonalResidual:
    """Robust z of what season and level leave over; of several channels the largest.

    `fit` learns of each channel its course over a season, and the median and the spread of what
    that leaves. A stretch that is scored may begin anywhere in the season: it is put where it fits
    best.
    """

    def __init__(self, spec: DetectorSpec, params: SeasonalResidualParams, seed: int) -> None:
        self._id = spec.id
        self._params = params

    @property
    def notes(self) -> Sequence[str]:
        """Says where no season was found."""
        if self._params.period is not None or len(self._profile) > 1:
            return ()
        advice = "`-p period=STEPS` names one"
        return (f"{self._id} found no season, and compares steps with the median: {advice}",)

    def fit(self, X: Floats) -> SeasonalResidual:
        """Learn season, level and spread of X, shape (n, c).

        Raises:
            DataError: If X is shorter than two seasons.
        """
        X = np.clip(X, -_FAR, _FAR)
        period = self._params.period or find_period(X)
        if period == 1:
            self._profile = np.zeros((1, X.shape[1]))
        else:
            self._check(X, period)
            columns = [seasonal_profile(x, period, robust=self._params.robust) for x in X.T]
            self._profile = np.stack(columns, axis=1)
        rest = X - self._course(len(X), 0)
        self._level = np.median(rest, axis=0)
        self._spread = _spread(rest - self._level)
        return self

    def fit_score(self, X: Floats) -> Floats:
        """Fit on X, and score its steps, shape (n,): it begins where the season does."""
        self.fit(X)
        scores: Floats = self._z(np.clip(X, -_FAR, _FAR), 0).max(axis=1)
        return scores

    def score(self, X: Floats) -> Floats:
        """Score of each step of X, shape (n,): its distance from what is usual, in spreads."""
        scores: Floats = self.explain(X).max(axis=1)
        return scores

    def explain(self, X: Floats) -> Floats:
        """Each channel's distance from what is usual, in spreads, shape (n, c)."""
        X = np.clip(X, -_FAR, _FAR)
        place = place_in_season((X - self._level) / self._spread, self._profile / self._spread)
        return self._z(X, place)

    def get_state(self) -> Mapping[str, Any]:
        """Season, level and spread."""
        return {"profile": self._profile, "level": self._level, "spread": self._spread}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._profile, self._level, self._spread = (
            np.asarray(state[name], dtype=np.float64) for name in ("profile", "level", "spread")
        )

    def _course(self, steps: int, place: int) -> Floats:
        """What is usual at so many steps from a place in the season on, shape (steps, c)."""
        course: Floats = self._profile[(np.arange(steps) + place) % len(self._profile)]
        return course

    def _z(self, X: Floats, place: int) -> Floats:
        rest = np.abs(X - self._course(len(X), place) - self._level)
        return np.where(rest > _NARROW, rest, 0.0) / self._spread

    def _check(self, X: Floats, period: int) -> None:
        if len(X) < 2 * period:
            raise DataError(
                f"{self._id} needs two seasons of {period} time steps to fit, and here are"
                f" {len(X)} steps: give a longer stretch, or a shorter season with -p period=STEPS"
            )


def _spread(rest: Floats) -> Floats:
    """Standard deviation of each column about 0, by its median distance or, if 0, its mean one."""
    distances = np.abs(rest)
    spread = 1.4826 * np.median(distances, axis=0)
    spread = np.where(spread > _NARROW, spread, 1.2533 * distances.mean(axis=0))
    return np.where(spread > _NARROW, spread, 1.0)
