"""PyOD prints, warns and draws from global random states; here none of it gets out."""

from __future__ import annotations

import logging
import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from threading import RLock

import numpy as np

_LOCK = RLock()
_log = logging.getLogger(__name__)


@contextmanager
def quietly(id: str, seed: int | None = None) -> Iterator[None]:
    """Run a block with nothing printed, no warning shown and global randomness seeded.

    Streams, warning filters and global random states belong to the process, so that only one
    thread at a time is let in. The states are put back. Kinds of warnings are logged for
    debugging; their texts are not, since they may hold data.

    Args:
        id: Id of the detector, for the log.
        seed: Seed of the global generators; None leaves them alone.
    """
    with (
        _LOCK,
        open(os.devnull, "w", encoding="utf-8") as nowhere,  # noqa: PTH123 - no path
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        with _seeded(seed):
            yield
        for kind in sorted({warning.category.__name__ for warning in caught}):
            _log.debug("%s: %s", id, kind)


@contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    if seed is None:
        yield
        return
    torch = sys.modules.get("torch")
    legacy = np.random.get_state()  # noqa: NPY002 - PyOD draws from it
    states = random.getstate(), torch and torch.get_rng_state()
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if torch:
        torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(legacy)  # noqa: NPY002
        if torch:
            torch.set_rng_state(states[1])
