"""The host bridges Pythons: what runs it, and any from 3.6 on for the worker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pynomaly.domain.errors import EnvironmentFailed, PluginFailed, WorkerDied
from pynomaly.infrastructure.isolation.interpreters import find_python
from pynomaly.infrastructure.isolation.launching import launch_in
from pynomaly.infrastructure.isolation.proxy import Recipe, isolate
from pynomaly.infrastructure.isolation.room import Room
from pynomaly.ports import EnvironmentSpec

FILE = Path(__file__).with_name("misbehaving.py")
VERSIONS = [f"3.{minor}" for minor in range(6, 14)]


def environment(version, **changes):
    about = {
        "id": f"every.py{version.replace('.', '')}",
        "title": version,
        "summary": "A Python.",
        "python": version,
        "requirements": ("numpy",),
    }
    return EnvironmentSpec(**about | changes)


@pytest.fixture(params=VERSIONS)
def room(request, build):
    spec = environment(request.param)
    try:
        python = find_python(spec)
    except EnvironmentFailed as error:
        pytest.skip(str(error))
    room = Room(launch_in(spec, build(spec, python)), 1)
    yield room
    room.close()


def detector(room, does="works", amount=0):
    factory = {"module": "misbehaving", "path": str(FILE), "name": "create"}
    params = {"does": does, "amount": amount}
    return isolate(room, Recipe("every.one", factory, ("every.one", params, 0)))


@pytest.mark.slow
def test_a_worker_of_any_python_does_all_that_ours_does(room, rows):
    large = np.random.default_rng(1).standard_normal((100_000, 3))
    good = detector(room)
    for X in (rows, large):
        good.fit(X)
        here = np.abs(X - X.mean(axis=0)).sum(axis=1)
        assert np.allclose(good.score(X), here, rtol=1e-12)
        assert np.array_equal(good.score(X), good.score(X))
    copy = detector(room)
    copy.set_state(good.get_state())
    assert np.array_equal(copy.score(large), good.score(large))
    noisy = detector(room, "prints")
    noisy.fit(rows)
    assert noisy.score(rows).shape == (50,)
    keeping = detector(room, "keeps_its_input")
    keeping.fit(large[:1])
    for shift in range(3):
        keeping.score(large + shift)
    failing = detector(room, "complains")
    failing.fit(rows)
    with pytest.raises(PluginFailed, match="failed to score: xxx"):
        failing.score(rows)
    dying = detector(room, "segfaults")
    dying.fit(rows)
    with pytest.raises(WorkerDied, match="SIGSEGV"):
        dying.score(rows)
    assert np.array_equal(copy.score(large), good.score(large))
