"""Spectral residual (Ren et al. 2019): steps that stand out of what the spectrum leads to expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from pynomaly.ports.specs import DetectorSpec
from pynomaly_series.params import SpectralResidualParams

Floats = npt.NDArray[np.float64]

_FAR = 1e9
"""Values further out count as so far: their squares stay finite."""

_FAINT = 1e-8
"""Amplitude, and share of the largest amplitude or saliency, below which there is but rounding."""


class SpectralResidual:
    """Saliency of each step over what is usual; of several channels the largest.

    What is usual is the mean saliency of the stretch that was fitted. The paper, which fits none,
    takes that of the steps before: `window_local`. Each stretch has a spectrum of its own.
    """

    def __init__(self, spec: DetectorSpec, params: SpectralResidualParams, seed: int) -> None:
        self._params = params

    def fit(self, X: Floats) -> SpectralResidual:
        """Learn the mean saliency of each channel of X, shape (n, c)."""
        means = self._saliency(X).mean(axis=0)
        self._usual = np.where(means > _FAINT, means, 1.0)
        return self

    def score(self, X: Floats) -> Floats:
        """How many times the usual saliency that of a step of X is, shape (n,)."""
        saliency = self._saliency(X)
        usual = self._usual
        if self._params.window_local is not None:
            before = [mean_before(channel, self._params.window_local) for channel in saliency.T]
            usual = np.maximum(np.stack(before, axis=1), _FAINT * usual)
        scores: Floats = (saliency / usual).max(axis=1)
        return scores

    def get_state(self) -> Mapping[str, Any]:
        """The usual saliency."""
        return {"usual": self._usual}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Become the fitted detector that gave `state`."""
        self._usual = np.asarray(state["usual"], dtype=np.float64)

    def _saliency(self, X: Floats) -> Floats:
        """Saliency of X's steps, shape (n, c)."""
        params = self._params
        longer = [
            extended(x, params.n_est_points, params.n_grad_points)
            for x in np.clip(X, -_FAR, _FAR).T
        ]
        return np.stack([saliency_map(x, params.window_amp)[: len(X)] for x in longer], axis=1)


def extended(x: Floats, steps: int, back: int) -> Floats:
    """x, shape (n,), and `steps` estimates of the one after it, so that its end is in the midst.

    The estimate follows the mean gradient from the last `back` steps to the last one.
    """
    back = min(back, len(x) - 1)
    if not back:
        return np.pad(x, (0, steps), mode="edge")
    gradient = np.mean((x[-1] - x[-1 - back : -1]) / np.arange(back, 0, -1))
    return np.append(x, np.full(steps, x[-back] + gradient * back))


def saliency_map(x: Floats, average: int) -> Floats:
    """What is left of x, shape (n,), once the mean of its log spectrum is taken off.

    It is about 1 where nothing stands out, however long x is.

    Args:
        x: A channel.
        average: Frequencies over which the log spectrum is averaged.
    """
    spectrum = np.fft.fft(x)
    amplitude = np.abs(spectrum)
    if amplitude.max() <= _FAINT:
        return np.zeros(len(x))
    log = np.log(np.maximum(amplitude, _FAINT * amplitude.max()))
    before = average // 2
    around = np.pad(log, (before, average - 1 - before), mode="wrap")
    usual = np.convolve(around, np.full(average, 1 / average), mode="valid")
    residual: Floats = np.abs(np.fft.ifft(spectrum / np.exp(usual))) * np.sqrt(len(x))
    return residual


def mean_before(values: Floats, steps: int) -> Floats:
    """Mean of up to `steps` values before each one, shape (n,); the first stands for itself."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    at = np.arange(1, len(values))
    first = np.maximum(at - steps, 0)
    return np.append(values[:1], (sums[at] - sums[first]) / (at - first))
