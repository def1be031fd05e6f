"""What all detectors of the plugin share: how they are made, and how rows get to the device."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from pynomaly.ports.runtime import Runtime
from pynomaly.ports.specs import DetectorSpec
from pynomaly_gpu_cupy.backends import Array, Backend, Floats, choose_backend


def create(spec: DetectorSpec, params: Any, seed: int, runtime: Runtime) -> ArrayDetector:
    """An unfitted detector of the class that `spec.target` names: every spec's factory.

    Raises:
        MissingRequirement, DeviceUnavailable: If it cannot compute where `runtime` says.
    """
    backend = choose_backend(spec.id, runtime)
    module, _, name = spec.target.partition(":")
    made: ArrayDetector = getattr(import_module(module), name)(params, seed, backend)
    return made


class ArrayDetector:
    """A detector that computes with a `Backend`: the base of all of the plugin.

    What it learns it keeps as arrays of NumPy's, and beside them copies on the device, so that a
    model that was fitted anywhere scores anywhere.
    """

    def __init__(self, params: Any, seed: int, backend: Backend) -> None:
        self._params = params
        self._seed = seed
        self._backend = backend

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know about where it computes."""
        return self._backend.notes


def in_chunks(
    backend: Backend, function: Callable[[Array], Array], X: Floats, row_bytes: int
) -> Floats:
    """`function` of the rows of X, shape (n, d), as many at a time as the memory has room for.

    Args:
        backend: Where to compute.
        function: Takes rows on the device, shape (m, d), and treats each alone; gives an array
            whose first axis is theirs.
        X: The rows.
        row_bytes: What it takes for a row.
    """
    size = max(1, backend.memory() // row_bytes)
    with backend.active():
        parts = [
            backend.to_host(function(backend.to_device(X[start : start + size])))
            for start in range(0, len(X), size)
        ]
    return np.concatenate(parts)


def columns_of(xp: Any, X: Array) -> list[Array]:
    """The columns of X, shape (n, d), each contiguous."""
    n, d = X.shape
    flat = xp.reshape(xp.permute_dims(X, (1, 0)), (-1,))
    return [flat[j * n : (j + 1) * n] for j in range(d)]
