"""How far a mean difference or a false-alarm rate may be off by chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

_DRAWS = 10_000


def paired_bootstrap(differences: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of the mean difference, over the sets drawn with replacement."""
    values = np.asarray(differences)
    rng = np.random.default_rng(0)
    means = rng.choice(values, (_DRAWS, len(values))).mean(axis=1)
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


@cache
def alarm_interval(
    trials: tuple[tuple[int, int], ...], alpha: float, level: float
) -> tuple[float, float]:
    """Where the share of alarms lies if each model holds `alpha`.

    A model calibrated on n scores without ties alarms for a share of normal rows that is
    Beta(k, n + 1 - k) distributed, k = floor(alpha (n + 1)) (Vovk 2012, doi
    10.1007/s10994-013-5355-6); m fresh rows then give a beta-binomial number of alarms, and
    the numbers of independent models add up.

    Args:
        trials: n and m of each model.
        alpha: The nominal rate.
        level: Probability of the interval.
    """
    rng = np.random.default_rng(0)
    draws = min(400_000, max(_DRAWS, math.ceil(40 / (1 - level))))
    total = np.zeros(draws)
    for n, m in trials:
        k = math.floor(alpha * (n + 1))
        total += rng.binomial(m, rng.beta(k, n + 1 - k, draws))
    low, high = np.quantile(total, ((1 - level) / 2, (1 + level) / 2))
    rows = sum(m for _, m in trials)
    return float(low) / rows, float(high) / rows


def can_alarm(calibration: int, alpha: float) -> bool:
    """Whether any p-value of so many calibration scores can be as small as `alpha`."""
    return math.floor(alpha * (calibration + 1)) > 0
