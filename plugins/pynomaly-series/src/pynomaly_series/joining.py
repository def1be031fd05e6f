"""Nearest windows of series, by stumpy, whose compiled code is kept on the machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import cache
from importlib import import_module
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import numpy.typing as npt

from pynomaly.logs import get_logger

Floats = npt.NDArray[np.float64]

_ROUNDING = 1e-6
"""A smaller distance is that of equal windows, up to rounding."""


def nearest_windows(
    x: Floats, window: int, other: Floats | None = None, *, normalize: bool = True
) -> Floats:
    """Distance of each window of x to the nearest one of `other`, shape (n - window + 1,).

    Without `other` it is the nearest of x itself that begins more than a quarter window before or
    after it. Distances are per step: the root mean square difference or, standardised, √(1 - r) of
    the correlation r, 0 to √2.

    Args:
        x: A channel, shape (n,).
        window: Steps of a window.
        other: A channel, shape (m,).
        normalize: Whether windows are standardised.
    """
    stump = _stump()
    with catch_warnings(), _compilation_announced():
        # Of windows that are all alike, as in a constant channel, stumpy suspects a mistake.
        simplefilter("ignore", UserWarning)
        joined = stump(x, window, other, ignore_trivial=other is None, normalize=normalize)
    distances: Floats = np.asarray(joined[:, 0], dtype=np.float64)
    distances /= np.sqrt(2 * window if normalize else window)
    return np.where(distances > _ROUNDING, distances, 0.0)


def _compilation_announced() -> AbstractContextManager[None]:
    """Say, once, that Numba compiles, should it do so."""
    from numba.core import event

    class Announcer(event.Listener):
        told = False

        def on_start(self, event: Any) -> None:
            if not self.told:
                self.told = True
                get_logger(__name__).info("compiling stumpy, up to a minute, once on this machine")

        def on_end(self, event: Any) -> None:
            pass

    installed: AbstractContextManager[None] = event.install_listener("numba:compile", Announcer())
    return installed


@cache
def _stump() -> Callable[..., Any]:
    """`stumpy.stump`, with what Numba compiles for it kept on the machine.

    Else it is compiled in each process anew, which takes most of a minute.
    """
    modules = [import_module(f"stumpy.{name}") for name in ("core", "aamp", "stump")]
    for module in modules:
        for function in vars(module).values():
            _keep(function)
    stump: Callable[..., Any] = vars(modules[-1])["stump"]
    return stump


def _keep(function: Any) -> None:
    if hasattr(function, "enable_caching"):
        with suppress(RuntimeError, OSError):  # nowhere to write to
            function.enable_caching()
