"""How far a mean difference or a false-alarm rate may be off by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

_DRAWS = 10_000


def paired_bootstrap(differences: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of the mean difference, over the sets drawn with replacement."""
    values = np.asarray(differences)
    rng = np.random.default_rng(0)
    means = rng.choice(values, (_DRAWS, len(values))).mean(axis=1)
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


@cache
def alarm_interval(trials: tuple[tuple[int, int, int], ...], level: float) -> tuple[float, float]:
    """Where the share of alarms lies if each model holds its rate.

    A model calibrated on n scores alarms for a share of normal rows that is Beta(k, n + 1 - k)
    distributed, where k / (n + 1) is the largest p-value that alarms (Vovk 2012, doi
    10.1007/s10994-013-5355-6); m fresh rows then give a beta-binomial number of alarms, and
    the numbers of independent models add up.

    Args:
        trials: n, m and k of each model.
        level: Probability of the interval.
    """
    rng = np.random.default_rng(0)
    draws = min(400_000, max(_DRAWS, math.ceil(40 / (1 - level))))
    total = np.zeros(draws)
    for n, m, k in trials:
        total += rng.binomial(m, rng.beta(k, n + 1 - k, draws))
    low, high = np.quantile(total, ((1 - level) / 2, (1 + level) / 2))
    rows = sum(m for _, m, _ in trials)
    return float(low) / rows, float(high) / rows


def nominal_rank(n: int, alpha: float) -> int:
    """Which multiple of 1 / (n + 1) is the largest up to `alpha`."""
    return math.floor(alpha * (n + 1))


def attained_rank(calibration: npt.NDArray[np.float64], alpha: float) -> int:
    """As `nominal_rank`, but of the p-values that a score can have.

    A new score counts all calibration scores that are as high, so ties make p-values jump.

    Args:
        calibration: Scores, ascending, shape (n,).
        alpha: The nominal rate.
    """
    n = len(calibration)
    rank = nominal_rank(n, alpha)
    while rank > 1 and calibration[n - rank] == calibration[n - rank + 1]:
        rank -= 1
    return rank


def can_alarm(calibration: int, alpha: float) -> bool:
    """Whether any p-value of so many calibration scores can be as small as `alpha`."""
    return nominal_rank(calibration, alpha) > 0
