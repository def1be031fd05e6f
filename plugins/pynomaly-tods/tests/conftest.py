"""Builds the environments once, for all tests and for later runs of them."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import pytest

from pynomaly.domain.errors import EnvironmentFailed
from pynomaly.infrastructure.isolation.building import create_environment
from pynomaly.infrastructure.isolation.environments import is_built
from pynomaly_tods.specs import ENVIRONMENTS


@pytest.fixture(scope="session", autouse=True)
def environments():
    """Build what can be built here: with networks only where torch is, which is large."""
    folder = Path(sys.prefix)
    cache = folder / "cache-of-tests" if os.access(folder, os.W_OK) else Path(mkdtemp())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        for spec in ENVIRONMENTS:
            if spec.id == "tods.keras" and find_spec("torch") is None:
                continue
            try:
                create_environment(spec, say=lambda line: None)
            except EnvironmentFailed as error:
                if "cannot be reached" not in str(error):
                    raise
        yield {spec.id for spec in ENVIRONMENTS if is_built(spec)}
