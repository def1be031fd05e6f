"""A plugin whose detectors misbehave, and rooms for it."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import psutil
import pytest

from pynomaly.domain.errors import EnvironmentFailed
from pynomaly.infrastructure.isolation import IsolationSettings
from pynomaly.infrastructure.isolation.building import create_environment
from pynomaly.infrastructure.registry import Registry, discover
from pynomaly.ports import EnvironmentSpec

HERE = Path(__file__).parent

PLUGIN = """
import attrs
from pynomaly.ports import Capability, DetectorSpec, hookimpl
from pynomaly.ports.params import param

@attrs.frozen
class Params:
    does: str = param("works", help="What it does when it scores.")
    amount: int = param(0, help="How much of it.")

def make(spec, params, seed):
    from misbehaving import create
    values = {**attrs.asdict(params), "unsavable": spec.name == "unsavable"}
    return create(spec.id, values, seed)

@hookimpl
def pynomaly_detectors():
    for name, more in (("savable", {Capability.SAVES}), ("unsavable", set())):
        yield DetectorSpec(id="bad." + name, title="Bad", summary="Misbehaves.",
                           factory="pynomaly_bad:make", params="pynomaly_bad:Params",
                           capabilities={Capability.INDUCTIVE, Capability.ROWWISE} | more)
"""

Rooms = Callable[..., Registry]


@pytest.fixture
def misbehaving(add_plugin, tmp_path: Path) -> None:
    """Install the plugin for this process, and for those that it starts."""
    add_plugin("pynomaly-bad", PLUGIN)
    shutil.copy(HERE / "misbehaving.py", tmp_path)


@pytest.fixture
def rooms(misbehaving) -> Iterator[Rooms]:
    """Registries whose plugin `bad` is isolated, ``rooms(call_seconds=1, ...)``; none outlives."""
    made: list[Registry] = []

    def make(**settings) -> Registry:
        made.append(discover(isolation=IsolationSettings(plugins=["bad"], **settings)))
        return made[-1]

    yield make
    for registry in made:
        registry.isolation.close()


@pytest.fixture(scope="session")
def kept_cache() -> Path:
    """Where environments are built that later runs of the tests may use again."""
    folder = Path(sys.prefix)
    return folder / "cache-of-tests" if os.access(folder, os.W_OK) else Path(mkdtemp())


@pytest.fixture
def build(kept_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """``build(spec)`` gives the folder of an environment; skips where nothing can be fetched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(kept_cache))

    def build(spec: EnvironmentSpec, python: str | None = None) -> Path:
        try:
            return create_environment(spec, python=python, say=lambda line: None)
        except EnvironmentFailed as error:
            if "cannot be reached" in str(error):
                pytest.skip(str(error))
            raise

    return build


@pytest.fixture
def rows():
    X = np.random.default_rng(0).standard_normal((50, 3))
    X.flags.writeable = False
    return X


def workers_of(pid: int) -> list[psutil.Process]:
    """Its processes that are no zombies, of any generation."""
    children = psutil.Process(pid).children(recursive=True)
    return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    """Every test ends what it started."""
    before = {child.pid for child in workers_of(os.getpid())}
    yield
    gc.collect()
    left = [child for child in workers_of(os.getpid()) if child.pid not in before]
    assert left == []
