"""Two pipes to a worker, with a time limit on both: a worker may stop reading as well as writing."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

_CHUNK = 2**16
_SLICE_SECONDS = 0.2
"""Between two looks: an interrupt that is meant for this thread gets through then."""


class Transport(Protocol):
    """Carries bytes to a worker and back."""

    def write(self, data: bytes | memoryview, deadline: float) -> None:
        """Send all of `data`.

        Raises:
            TimeoutError: At `deadline`, in seconds of the monotonic clock.
            BrokenPipeError: If the worker is gone.
        """

    def read_into(self, view: memoryview, deadline: float) -> None:
        """Fill `view`, of bytes.

        Raises:
            TimeoutError: At `deadline`.
            EOFError: If the worker is gone.
        """


class PolledPipes:
    """Pipes of which the system tells when they are ready."""

    def __init__(self, source: int, target: int) -> None:
        self._source, self._target = source, target
        self._early = b""  # read, but not asked for yet
        for descriptor in (source, target):
            os.set_blocking(descriptor, False)
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(source, select.POLLIN)
        self._writable.register(target, select.POLLOUT)

    def write(self, data: bytes | memoryview, deadline: float) -> None:
        """Send all of `data`; see `Transport`."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._target, view) :]
            except BlockingIOError:
                _wait(self._writable, deadline)

    def read_into(self, view: memoryview, deadline: float) -> None:
        """Fill `view`; see `Transport`."""
        while view:
            if self._early or len(view) < _CHUNK:
                count = self._read_little(view, deadline)
            else:
                _wait(self._readable, deadline)
                count = os.readv(self._source, [view])
                if not count:
                    raise EOFError
            view = view[count:]

    def _read_little(self, view: memoryview, deadline: float) -> int:
        """Read more than is asked for, and keep the rest: a short reply costs one call."""
        if not self._early:
            _wait(self._readable, deadline)
            self._early = os.read(self._source, _CHUNK)
            if not self._early:
                raise EOFError
        count = min(len(view), len(self._early))
        view[:count] = self._early[:count]
        self._early = self._early[count:]
        return count


def _wait(poll: select.poll, deadline: float) -> None:
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if poll.poll(min(left, _SLICE_SECONDS) * 1000):
            return


class BlockingPipes:
    """Pipes that cannot be polled, as on Windows: at the deadline a timer ends the worker."""

    def __init__(self, source: int, target: int, kill: Callable[[], None]) -> None:
        self._source, self._target, self._kill = source, target, kill

    def write(self, data: bytes | memoryview, deadline: float) -> None:
        """Send all of `data`; see `Transport`."""
        view = memoryview(data)
        with self._until(deadline):
            while view:
                view = view[os.write(self._target, view) :]

    def read_into(self, view: memoryview, deadline: float) -> None:
        """Fill `view`; see `Transport`."""
        with self._until(deadline):
            while view:
                some = os.read(self._source, len(view))
                if not some:
                    raise EOFError
                view[: len(some)] = some
                view = view[len(some) :]

    @contextmanager
    def _until(self, deadline: float) -> Iterator[None]:
        late = threading.Event()

        def end() -> None:
            late.set()
            self._kill()

        timer = threading.Timer(min(deadline - time.monotonic(), threading.TIMEOUT_MAX), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (EOFError, BrokenPipeError):
            if late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
