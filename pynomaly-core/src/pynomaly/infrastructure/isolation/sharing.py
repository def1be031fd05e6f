"""Memory that host and worker share, so that large arrays are copied once.

On Linux it has no name in any folder: nothing is left of it, however a process ends. Elsewhere
arguments go by a temporary file, and results by the pipe.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

_ALIGNMENT = 64
_NAMELESS = sys.platform == "linux" and Path("/proc/self/fd").is_dir()


@contextmanager
def lend(pieces: Sequence[memoryview]) -> Iterator[tuple[str | None, list[int]]]:
    """Put `pieces` where a worker can map them; gives the path, and where in it each begins.

    The path holds until the block ends, and what was mapped until then stays.
    """
    if not pieces:
        yield None, []
        return
    with _file() as (descriptor, path):
        offsets = []
        end = 0
        for piece in pieces:
            offsets.append(end)
            _write_at(descriptor, piece, end)
            end += -(-len(piece) // _ALIGNMENT) * _ALIGNMENT
        yield path, offsets


@contextmanager
def _file() -> Iterator[tuple[int, str]]:
    if _NAMELESS:
        descriptor = os.memfd_create("pynomaly")
        try:
            yield descriptor, f"/proc/{os.getpid()}/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    descriptor, path = tempfile.mkstemp(prefix="pynomaly-")
    try:
        yield descriptor, path
    finally:
        os.close(descriptor)
        Path(path).unlink(missing_ok=True)


def results_memory() -> int | None:
    """A descriptor of memory that a worker may write large results to; None where there is none."""
    return os.memfd_create("pynomaly") if _NAMELESS else None


def take(descriptor: int, offset: int, size: int) -> np.ndarray[Any, Any]:
    """`size` bytes of shared memory, copied out: what a worker does to it then does no harm.

    Raises:
        EOFError: If there is less.
    """
    raw = np.empty(size, np.uint8)
    view = raw.data
    while view:
        count = os.preadv(descriptor, [view], offset)
        if not count:
            raise EOFError
        view = view[count:]
        offset += count
    return raw


def _write_at(descriptor: int, view: memoryview, offset: int) -> None:
    if not hasattr(os, "pwrite"):  # Windows: pieces come in order
        os.lseek(descriptor, offset, os.SEEK_SET)
    while view:
        if hasattr(os, "pwrite"):
            count = os.pwrite(descriptor, view, offset)
        else:
            count = os.write(descriptor, view)
        view = view[count:]
        offset += count
