"""Data and detectors that several modules of tests share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pynomaly.ports.params import structure_params
from pynomaly_pyod import params
from pynomaly_pyod.adapter import PyODDetector, create
from pynomaly_pyod.catalogue import DETECTORS

if TYPE_CHECKING:
    from pynomaly.ports import DetectorSpec
    from pynomaly.ports.protocols import FloatMatrix

Create = Callable[..., PyODDetector]


@pytest.fixture(scope="session")
def specs() -> dict[str, DetectorSpec]:
    return {spec.name: spec for spec in DETECTORS}


@pytest.fixture(scope="session")
def make(specs: dict[str, DetectorSpec]) -> Create:
    def make(name: str, seed: int = 0, **values: Any) -> PyODDetector:
        cls = params.params_class(name)
        return create(specs[name], structure_params(cls, values, owner=name), seed)

    return make


@pytest.fixture(scope="session")
def rows() -> FloatMatrix:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 3))
    X[:5] *= 6.0
    X.flags.writeable = False
    return X


@pytest.fixture(scope="session")
def new_rows() -> FloatMatrix:
    X = np.random.default_rng(1).standard_normal((60, 3)) * 2.0
    X.flags.writeable = False
    return X
