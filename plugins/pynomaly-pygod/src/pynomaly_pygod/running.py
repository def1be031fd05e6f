"""PyGOD at work: seeded, silent, alone, and with neighbours sampled by NumPy."""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from threading import RLock
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch_geometric.typing as geometric
from pygod.detector import base, gadnr
from pygod.nn import gadnr as gadnr_network

from pynomaly_pygod.sampler import neighbor_loader

_LOCK = RLock()
_LOADER = "NeighborLoader"


def has_extensions() -> bool:
    """Whether a compiled sampler of PyTorch Geometric is installed."""
    return bool(geometric.WITH_PYG_LIB or geometric.WITH_TORCH_SPARSE)


@contextmanager
def at_work(seed: int) -> Iterator[None]:
    """Run a block of PyGOD's code.

    Names in modules, streams, warning filters and global generators belong to the process, so that
    one thread at a time is let in. All are put back.
    """
    with (
        _LOCK,
        open(os.devnull, "w", encoding="utf-8") as nowhere,  # noqa: PTH123 - no path
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
        warnings.catch_warnings(),
        ExitStack() as undo,
    ):
        warnings.simplefilter("ignore")
        if not has_extensions():
            for module in (base, gadnr):
                _rebind(undo, module, _LOADER, neighbor_loader)
        # Each network would start four processes, and never use or end them.
        _rebind(undo, gadnr_network, "mp", SimpleNamespace(Pool=lambda _: None))
        _seed(undo, seed)
        yield


def _rebind(undo: ExitStack, module: Any, name: str, value: Any) -> None:
    undo.callback(setattr, module, name, getattr(module, name))
    setattr(module, name, value)


def _seed(undo: ExitStack, seed: int) -> None:
    undo.callback(random.setstate, random.getstate())
    undo.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002 - PyGOD's
    undo.callback(torch.set_rng_state, torch.get_rng_state())
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)
