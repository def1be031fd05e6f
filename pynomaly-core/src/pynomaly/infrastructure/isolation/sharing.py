"""Memory that a host shares with one worker, so that large arrays are copied once.

On Linux it has no name in any folder: nothing is left of it, however a process ends. Elsewhere
arguments go by a temporary file, and results by the pipe.
"""

from __future__ import annotations

import mmap
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

_ALIGNMENT = 64
_KEPT_BYTES = 2**28
_NAMELESS = sys.platform == "linux" and Path("/proc/self/fd").is_dir()


@attrs.frozen
class _Loan:
    """Memory that a worker was told of."""

    number: int
    descriptor: int
    path: str
    size: int
    mapped: np.ndarray[Any, Any] | None


class SharedMemory:
    """Arguments are written to one piece of memory, results are read from another.

    The first is used again for the next request, which saves half the time of a large one, unless
    the worker says that its detector kept an array that lies in it.

    Attributes:
        results: Descriptor of what the worker writes to; None where there is none.
    """

    def __init__(self) -> None:
        self._nameless = _NAMELESS
        self.results = os.memfd_create("pynomaly") if self._nameless else None
        self._loan: _Loan | None = None
        self._number = 0
        self._taken = False

    def lend(self, pieces: Sequence[memoryview]) -> tuple[dict[str, Any] | None, list[int]]:
        """Put `pieces` where the worker can map them: what to tell it, and where each begins."""
        if not pieces:
            return None, []
        starts = [0]
        for piece in pieces:
            starts.append(starts[-1] + -(-len(piece) // _ALIGNMENT) * _ALIGNMENT)
        loan = self._lend(starts.pop())
        for start, piece in zip(starts, pieces, strict=True):
            if loan.mapped is None:
                _write_at(loan.descriptor, piece, start)
            else:
                loan.mapped[start : start + len(piece)] = np.frombuffer(piece, np.uint8)
        return {"number": loan.number, "path": loan.path, "bytes": loan.size}, starts

    def _lend(self, size: int) -> _Loan:
        if self._loan is None or self._loan.size < size:
            self.drop()
            self._number += 1
            self._loan = (_memory if self._nameless else _file)(self._number, size)
        return self._loan

    def take_back(self, *, kept: bool) -> None:
        """After a request: forget what the worker keeps arrays in, and what is too large to keep."""
        loan = self._loan
        if loan is not None and (kept or loan.size > _KEPT_BYTES or not self._nameless):
            self.drop()
        if self.results is not None and self._taken:
            os.ftruncate(self.results, 0)
            self._taken = False

    def drop(self) -> None:
        """Forget what was lent. It stays as long as an array of the worker lies in it."""
        if self._loan is not None:
            os.close(self._loan.descriptor)
            if not self._nameless:
                Path(self._loan.path).unlink(missing_ok=True)
            self._loan = None

    def take(self, offset: int, size: int) -> bytearray:
        """`size` bytes of results, copied out: what a worker does to them then does no harm.

        Raises:
            EOFError: If there is less.
        """
        self._taken = True
        raw = bytearray(size)
        view = memoryview(raw)
        while view:
            count = 0 if self.results is None else os.preadv(self.results, [view], offset)
            if not count:
                raise EOFError
            view = view[count:]
            offset += count
        return raw

    def close(self) -> None:
        """Give all of it back; the worker must be gone."""
        self.drop()
        if self.results is not None:
            os.close(self.results)


def _memory(number: int, size: int) -> _Loan:
    """Mapped: to copy into it takes half the time of writing to it, once its pages are there."""
    import fcntl

    descriptor = os.memfd_create("pynomaly", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.truncate(descriptor, size)
        # A worker that made it shorter would end this process at its next write.
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
        mapped = np.frombuffer(mmap.mmap(descriptor, size), np.uint8)
    except BaseException:
        os.close(descriptor)
        raise
    return _Loan(number, descriptor, f"/proc/{os.getpid()}/fd/{descriptor}", size, mapped)


def _file(number: int, size: int) -> _Loan:
    descriptor, path = tempfile.mkstemp(prefix="pynomaly-")
    os.truncate(descriptor, size)
    return _Loan(number, descriptor, path, size, None)


def _write_at(descriptor: int, view: memoryview, offset: int) -> None:
    os.lseek(descriptor, offset, os.SEEK_SET)
    while view:
        view = view[os.write(descriptor, view) :]
