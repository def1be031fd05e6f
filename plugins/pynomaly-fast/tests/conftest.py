"""What the tests share: detectors by id, on either path, and matrices for Hypothesis."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pynomaly.ports.params import structure_params
from pynomaly_fast.compiling import Kernels
from pynomaly_fast.specs import DETECTORS

settings.register_profile("fast", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("fast")

SPECS = {spec.id: spec for spec in DETECTORS}


_finite = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1.0, 2.0, 1e300, -1e300, 5e-324, -5e-324, 1.7976931348623157e308]),
)


def _named(path: str) -> Any:
    module, name = path.split(":")
    return getattr(import_module(module), name)


class Lab:
    """Makes detectors, and says how they compute."""

    ids = tuple(SPECS)

    def make(self, id: str, seed: int = 0, **params: Any) -> Any:
        spec = SPECS[id]
        typed = structure_params(_named(spec.params), params, owner=id)
        return _named(spec.factory)(spec, typed, seed)

    def compiled(self, detector: Any) -> Any:
        """The detector, using its kernels from the first row on."""
        return self._worth(detector, 0.0)

    def plain(self, detector: Any) -> Any:
        """The detector, never using its kernels."""
        return self._worth(detector, float("inf"))

    def _worth(self, detector: Any, worth: float) -> Any:
        for name, value in vars(detector).items():
            if isinstance(value, Kernels):
                module = value.module.removeprefix("no ")
                module = module if worth == 0.0 else "no " + module  # one that is not loaded
                setattr(detector, name, Kernels(module, worth))
        return detector

    @staticmethod
    def frozen(X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """X as the core hands it to detectors: C-contiguous and read-only."""
        X = np.array(X, dtype=np.float64, order="C")
        X.setflags(write=False)
        return X

    @staticmethod
    def matrices(rows: tuple[int, int] = (2, 40), columns: int = 3) -> Any:
        """Strategy for matrices of any finite values."""
        return st.integers(*rows).flatmap(
            lambda n: arrays(np.float64, (n, columns), elements=_finite)
        )

    def training(self, n: int = 500, d: int = 4, seed: int = 0) -> npt.NDArray[np.float64]:
        """Normal rows with 2 % that lie far out, the last ones."""
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n, d))
        X[-n // 50 :] += 6.0
        return self.frozen(X)


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab()


@pytest.fixture(params=Lab.ids, scope="session")
def id(request: pytest.FixtureRequest) -> Iterator[str]:  # noqa: A001 # what it is called everywhere
    return request.param
