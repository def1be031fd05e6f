"""What several test modules need: rows, and detectors without a registry."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pynomaly.ports.params import structure_params
from pynomaly.ports.specs import DetectorSpec
from pynomaly_sklearn.specs import DETECTORS

Matrix = npt.NDArray[np.float64]

SPECS = {spec.id: spec for spec in DETECTORS}
DATA = Path(__file__).parents[4] / "shared" / "data"


def resolve(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def params_class(spec: DetectorSpec) -> Any:
    return resolve(spec.params)


def create(id: str, params: dict[str, Any] | None = None, seed: int = 0) -> Any:
    """An unfitted detector, as the registry makes it."""
    spec = SPECS[id]
    values = structure_params(params_class(spec), params or {}, owner=id)
    return resolve(spec.factory)(spec, values, seed)


def frozen(X: npt.ArrayLike) -> Matrix:
    """A matrix as the core hands it over: read-only."""
    matrix = np.array(X, dtype=np.float64, order="C")
    matrix.flags.writeable = False
    return matrix


def usual_rows(rows: int, *, width: int = 4, seed: int = 0) -> Matrix:
    """Correlated rows of about mean 0 and sd 1."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((rows, 1))
    return frozen(0.6 * common + 0.8 * rng.standard_normal((rows, width)))
