"""What is said while stumpy's code is compiled."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from pynomaly_series import joining


@pytest.fixture
def fresh(monkeypatch):
    """A stand-in for stumpy's join that Numba has not compiled yet: else it takes a minute."""
    distance = numba.njit(lambda x: np.sqrt(x * x))

    def stump(x, window, other, **options):
        return distance(x[: len(x) - window + 1])[:, None]

    monkeypatch.setattr(joining, "_stump", lambda: stump)


@pytest.mark.usefixtures("fresh")
def test_a_compilation_is_announced_once(capfd):
    joining.nearest_windows(np.arange(10.0), 3)
    assert "compiling stumpy" in capfd.readouterr().err
    joining.nearest_windows(np.arange(10.0), 3)
    assert capfd.readouterr().err == ""
