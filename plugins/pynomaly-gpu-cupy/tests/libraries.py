"""Array libraries that stand in for CuPy: the same code computes with each of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from pynomaly.ports.params import structure_params
from pynomaly.ports.runtime import Runtime
from pynomaly.ports.specs import DetectorSpec
from pynomaly_gpu_cupy.backends import Backend, numpy_backend
from pynomaly_gpu_cupy.specs import DETECTORS

Matrix = npt.NDArray[np.float64]

SPECS = {spec.name: spec for spec in DETECTORS}


def resolve(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def _by_the_standard(xp: Any, runtime: Runtime, **ways: Any) -> Backend:
    """A backend of what the standard has, within a mebibyte unless the runtime says otherwise."""

    size = (runtime.memory_mib or 1) * 2**20
    return Backend(xp=xp, memory=lambda: size, **ways)


def strict_backend(runtime: Runtime) -> Backend:
    import array_api_strict as xp

    return _by_the_standard(
        xp,
        runtime,
        to_device=lambda array: xp.asarray(array, copy=True),
        to_host=np.asarray,
        active=lambda: np.errstate(all="ignore"),
    )


def torch_backend(runtime: Runtime) -> Backend:
    import torch
    from array_api_compat import torch as xp

    return _by_the_standard(
        xp,
        runtime,
        to_device=lambda array: torch.from_numpy(np.array(array)),
        to_host=lambda array: array.numpy(force=True),
        active=nullcontext,
    )


BACKENDS: dict[str, Callable[[Runtime], Backend]] = {
    "numpy": numpy_backend,
    "strict": strict_backend,
    "torch": torch_backend,
}
NEEDS = {"numpy": "numpy", "strict": "array_api_strict", "torch": "torch"}


def create_on_strict(spec: DetectorSpec, params: Any, seed: int) -> Any:
    return resolve(spec.target)(params, seed, strict_backend(Runtime()))


def create_on_torch(spec: DetectorSpec, params: Any, seed: int) -> Any:
    return resolve(spec.target)(params, seed, torch_backend(Runtime()))


def make(
    name: str, library: str = "numpy", seed: int = 0, memory: int | None = None, **values: Any
) -> Any:
    """An unfitted detector on a library, with so many bytes of memory to work in."""
    spec = SPECS[name]
    params = structure_params(resolve(spec.params), values, owner=spec.id)
    backend = BACKENDS[library](Runtime())
    if memory is not None:
        backend = attrs.evolve(backend, memory=lambda: memory)
    return resolve(spec.target)(params, seed, backend)


def frozen(X: npt.ArrayLike) -> Matrix:
    """A matrix as the core hands it over: float64, C-contiguous, read-only."""
    matrix = np.array(X, dtype=np.float64, order="C")
    matrix.flags.writeable = False
    return matrix


def usual_rows(rows: int, width: int = 4, seed: int = 0) -> Matrix:
    """Correlated normal rows, skewed in one column, with 2 % that lie far out: the last ones."""
    rng = np.random.default_rng(seed)
    X = 0.6 * rng.standard_normal((rows, 1)) + 0.8 * rng.standard_normal((rows, width))
    X[:, 0] = np.exp(X[:, 0])
    X[-(rows // 50) :] += 6.0
    return frozen(X)


def training_scores(detector: Any, X: Matrix) -> Matrix:
    """Fit, and score the training rows as the core does."""
    if hasattr(detector, "fit_score"):
        scores: Matrix = detector.fit_score(X)
    else:
        detector.fit(X)
        scores = detector.score(X)
    return scores
