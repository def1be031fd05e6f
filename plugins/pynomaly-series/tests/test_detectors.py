"""What the detectors compute, against definitions written out."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pynomaly.testing import load_package


@pytest.fixture(scope="module")
def create():
    registry = load_package("pynomaly_series").registry
    return lambda name, **params: registry.create_detector(f"series.{name}", params)[2]


def daily(steps, *, seed=0, start=0):
    """Noisy days of 24 steps that are no sine."""
    rng = np.random.default_rng(seed)
    hour = (np.arange(steps) + start) % 24
    return ((hour > 7) * 2.0 + (hour == 12) + 0.1 * rng.standard_normal(steps))[:, None]


def windows_of(x, window, *, normalize):
    rows = np.lib.stride_tricks.sliding_window_view(x, window)
    if normalize:
        rows = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)
    return rows / np.sqrt(2 * window if normalize else window)


def by_step(distances, window):
    """Mean of the windows that each step lies in, the outermost standing in for those beyond."""
    last = len(distances) - 1
    steps = range(last + window)
    return [np.mean(distances[np.clip(np.arange(t - window + 1, t + 1), 0, last)]) for t in steps]


@pytest.mark.parametrize("normalize", [False, True])
def test_a_matrix_profile_is_the_distance_to_the_nearest_window(create, normalize):
    x, y = daily(150)[:, 0], daily(120, seed=1, start=5)[:, 0]
    detector = create("matrix_profile", window=16, normalize=normalize)
    own = detector.fit_score(x[:, None])
    rows = windows_of(x, 16, normalize=normalize)
    between = np.linalg.norm(rows[:, None] - rows, axis=2)
    near = np.abs(np.subtract.outer(np.arange(len(rows)), np.arange(len(rows)))) <= 4
    expected = np.where(near, np.inf, between).min(axis=1)
    assert own == pytest.approx(by_step(expected, 16), abs=1e-6)
    assert np.array_equal(detector.score(x[:, None]), own)
    others = windows_of(y, 16, normalize=normalize)
    expected = np.linalg.norm(others[:, None] - rows, axis=2).min(axis=1)
    assert detector.score(y[:, None]) == pytest.approx(by_step(expected, 16), abs=1e-6)


@pytest.mark.parametrize("normalize", [False, True])
def test_windows_that_repeat_are_no_distance_apart(create, normalize):
    wave = (1e3 + np.sin(2 * np.pi * np.arange(720) / 24) - 1e3)[:, None]
    assert not create("matrix_profile", normalize=normalize).fit_score(wave).any()


def test_of_several_channels_the_one_furthest_off_counts(create):
    X = np.hstack([daily(200), daily(200, seed=1)])
    alone = [create("matrix_profile", window=16).fit_score(x[:, None]) for x in X.T]
    both = create("matrix_profile", window=16).fit_score(X)
    assert (both >= np.max(alone, axis=0) - 1e-12).all()
    assert both.max() == pytest.approx(np.max(alone), rel=0.2)


def test_a_matrix_profile_keeps_what_numba_compiles():
    code = (
        "import numpy as np, stumpy\n"
        "from pynomaly_series.joining import nearest_windows\n"
        "nearest_windows(np.sin(np.arange(60.0)), 8)\n"
        "from stumpy.core import _rolling_isconstant as function\n"
        "print(type(function._cache).__name__)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.strip() == "FunctionCache"


def test_a_saliency_is_what_the_papers_formulas_give(create):
    x = daily(90)[:, 0]
    detector = create("spectral_residual", n_est_points=0)
    spectrum = np.fft.fft(x)
    log, phase = np.log(np.abs(spectrum)), np.angle(spectrum)
    mean = (np.roll(log, 1) + log + np.roll(log, -1)) / 3
    saliency = np.abs(np.fft.ifft(np.exp(log - mean + 1j * phase)))
    found = detector.fit(x[:, None]).score(x[:, None])
    assert found == pytest.approx(saliency / saliency.mean())
    local = create("spectral_residual", n_est_points=0, window_local=21).fit(x[:, None])
    expected = saliency[50] / saliency[29:50].mean()
    assert local.score(x[:, None])[50] == pytest.approx(expected)


def test_the_estimate_after_the_end_follows_the_papers_formula():
    from pynomaly_series.spectral_residual import extended

    x = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    gradient = np.mean([(5 - 1) / 1, (5 - 4) / 2, (5 - 1) / 3])
    assert extended(x, 2, 3) == pytest.approx([*x, *[4.0 + 3 * gradient] * 2])
    assert extended(x[:1], 2, 3).tolist() == [3.0, 3.0, 3.0]


def test_saliencies_of_stretches_of_any_length_compare(create):
    rng = np.random.default_rng(0)
    detector = create("spectral_residual").fit(rng.standard_normal((4000, 1)))
    means = [detector.score(rng.standard_normal((n, 1))).mean() for n in (200, 1000, 8000)]
    assert means == pytest.approx([1.0, 1.0, 1.0], rel=0.1)


def test_a_spike_stands_out_inside_a_stretch(create):
    detector = create("spectral_residual").fit(daily(500))
    for at in (60, 250, 490):
        x = daily(500, seed=3)
        x[at] += 6.0
        assert detector.score(x).argmax() == at


@settings(max_examples=20)
@given(
    period=st.integers(12, 60),
    slope=st.floats(-2, 2),
    spikes=st.integers(0, 3),
    seed=st.integers(0, 1000),
)
def test_a_season_is_found_under_noise_trend_and_spikes(period, slope, spikes, seed):
    from pynomaly_series.seasons import find_period

    rng = np.random.default_rng(seed)
    steps = np.arange(20 * period)
    x = np.sin(2 * np.pi * steps / period) + 0.2 * rng.standard_normal(len(steps))
    x += slope * steps / len(steps)
    x[rng.integers(0, len(steps), spikes)] += 30.0
    assert abs(find_period(x[:, None]) - period) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_neither_noise_nor_a_random_walk_has_a_season(seed):
    from pynomaly_series.seasons import find_period

    noise = np.random.default_rng(seed).standard_normal((2000, 1))
    assert find_period(noise) == 1
    assert find_period(noise.cumsum(axis=0)) == 1


@pytest.mark.parametrize("start", [1, 11, 23])
def test_a_stretch_may_begin_anywhere_in_the_season(create, start):
    detector = create("seasonal_residual").fit(daily(480))
    x = daily(100, seed=1, start=start)
    assert np.median(detector.score(x)) < 1.5
    x[40] += 3.0
    assert detector.score(x).argmax() == 40
    assert detector.score(x)[40] > 10


def test_a_residual_is_in_standard_deviations_despite_odd_steps(create):
    x = daily(960)
    x[100:110] += 5.0
    scores = create("seasonal_residual").fit_score(x)
    rest = np.delete(scores, np.arange(100, 110))
    assert np.median(rest) == pytest.approx(0.6745, rel=0.1)
    assert scores[100:110].min() > 30


def test_contributions_are_those_of_the_channels(create):
    X = np.hstack([daily(480), daily(480, seed=1)])
    detector = create("seasonal_residual").fit(X)
    X = X[:96].copy()
    X[50, 1] += 4.0
    found = detector.explain(X)
    assert found[50].argmax() == 1
    assert np.array_equal(found.max(axis=1), detector.score(X))


def test_a_channel_that_was_constant_counts_once_it_moves(create):
    X = np.hstack([daily(480), np.zeros((480, 1))])
    detector = create("seasonal_residual").fit(X)
    X = X[:96].copy()
    X[50, 1] = 20.0
    assert detector.score(X).argmax() == 50
