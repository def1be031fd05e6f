"""Seasons: how long one is, what is usual in it, and where in it a stretch begins."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_SEASONS = 3
"""A season is looked for where so many of it fit into the series."""

_CLEAR = 0.3
"""Autocorrelation at which there is a season."""

_AS_GOOD = 0.8
"""Share of the highest autocorrelation at which a shorter season is taken for the season."""

_REACH = 0.5
"""Widths of the middle four fifths, beyond these, at which a value is extreme."""

_PHASES = 2_000
"""Places in a season, about, that a stretch is put in its place by."""


def find_period(X: Floats) -> int:
    """Steps of the season of X, shape (n, c), by its mean autocorrelation; 1 for none.

    It is the first peak about as high as the highest, beyond the lag at which the autocorrelation
    first is negative: the steps before that are alike because time passes slowly.
    """
    correlations = _autocorrelation(X)[: len(X) // _SEASONS + 2]
    negative = np.flatnonzero(correlations < 0)
    if not negative.size:
        return 1
    inner = correlations[1:-1]
    is_peak = (inner >= correlations[:-2]) & (inner > correlations[2:])
    peaks = np.flatnonzero(is_peak) + 1
    peaks = peaks[peaks > negative[0]]
    if not peaks.size or correlations[peaks].max() < _CLEAR:
        return 1
    high = correlations[peaks] >= _AS_GOOD * correlations[peaks].max()
    return _refined(correlations, int(peaks[high][0]))


def _refined(correlations: Floats, period: int) -> int:
    """The season near `period`, told by its multiples: noise moves each peak by as few steps."""
    estimate, multiple = float(period), 1
    reach = max(1, period // 8)
    while multiple * estimate + reach < len(correlations):
        first = round(multiple * estimate) - reach
        peak = first + int(np.argmax(correlations[first : first + 2 * reach + 1]))
        estimate = peak / multiple
        multiple *= 2
    return round(estimate)


def _autocorrelation(X: Floats) -> Floats:
    """Mean over channels, shape (n,), of channels without a trend and without extremes."""
    n = len(X)
    time = np.linspace(-1.0, 1.0, n)
    sums = np.zeros(n)
    varying = 0
    for x in X.T:
        tame = _without_extremes(x)
        flat = tame - tame.mean()
        flat = flat - time * (time @ flat) / (time @ time)
        power = np.abs(np.fft.rfft(flat, 2 * n)) ** 2
        own = np.fft.irfft(power)[:n]
        if own[0] > 0:
            sums += own / own[0] * n / np.arange(n, 0, -1)
            varying += 1
    return sums / max(varying, 1)


def _without_extremes(x: Floats) -> Floats:
    """Bring what lies far out of the middle four fifths of x nearer: a spike is like nothing else."""
    low, high = np.quantile(x, (0.1, 0.9))
    reach = _REACH * (high - low) or np.inf
    return np.clip(x, low - reach, high + reach)


def seasonal_profile(x: Floats, period: int, *, robust: bool) -> Floats:
    """The seasonal part of x, shape (n,), n at least twice the period: shape (period,).

    By STL (Cleveland et al. 1990), the seasons all alike.
    """
    from statsmodels.tsa.seasonal import STL

    if not np.ptp(x) > 0:
        return np.zeros(period)
    # A window of many series' length and degree 0 take the mean over seasons: R's "periodic".
    # Smoothing at a tenth of the steps, and straight lines between, is as the authors advise.
    found = STL(
        *(x, period),
        seasonal=10 * len(x) + 1,
        seasonal_deg=0,
        robust=robust,
        seasonal_jump=len(x),
        trend_jump=max(1, period // 7),
        low_pass_jump=max(1, period // 10),
    ).fit()
    return np.array(found.seasonal[:period], dtype=np.float64)


def place_in_season(X: Floats, profile: Floats) -> int:
    """Place of X's first step in the season: where X, shape (n, c), fits the profile best.

    Args:
        X: A stretch, without its level and in units of its spread.
        profile: Shape (period, c), likewise.
    """
    period = len(profile)
    phases = np.arange(0, min(period, len(X)), 1 + period // _PHASES)
    usual = np.array([np.median(X[phase::period], axis=0) for phase in phases])
    around = np.concatenate([profile, profile])
    misfits = [np.abs(usual - around[place + phases]).sum() for place in range(period)]
    return int(np.argmin(misfits))
