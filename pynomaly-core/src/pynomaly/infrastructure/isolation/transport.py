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
_PIECE = 2**20
_SPIN_SECONDS = 0.001
"""To look again and again before falling asleep: to be woken takes longer than a small request."""
_MOST_MISSES = 12
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

    def read(self, size: int, deadline: float) -> bytearray:
        """The next `size` bytes.

        Raises:
            TimeoutError: At `deadline`.
            EOFError: If the worker is gone.
        """


class PolledPipes:
    """Pipes of which the system tells when they are ready."""

    def __init__(self, source: int, target: int) -> None:
        self._source, self._target = source, target
        self._early, self._used = bytearray(), 0  # read, and how much of it was asked for
        self._misses, self._skip = 0, 0
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

    def read(self, size: int, deadline: float) -> bytearray:
        """The next `size` bytes; see `Transport`. What comes with them is kept for the next time."""
        start, self._used = self._used, self._used + size
        data = self._early[start : self._used]
        while (missing := size - len(data)) > _CHUNK:
            data += self._some(min(missing, _PIECE), deadline)
        while missing := size - len(data):
            self._early, self._used = bytearray(self._some(_CHUNK, deadline)), missing
            data += self._early[:missing]
        return data

    def _some(self, most: int, deadline: float) -> bytes:
        if not self._spin():
            _wait(self._readable, deadline)
        some = os.read(self._source, most)
        if not some:
            raise EOFError
        return some

    def _spin(self) -> bool:
        """Look for a moment; whether there is something to read.

        After each time in vain there are more times without: where requests take longer, or others
        want the processor, it is not wasted.
        """
        if self._skip:
            self._skip -= 1
            return False
        end = time.monotonic() + _SPIN_SECONDS
        while not self._readable.poll(0):
            if time.monotonic() > end:
                self._misses = min(self._misses + 2, _MOST_MISSES)
                self._skip = 2**self._misses
                return False
        self._misses = max(self._misses - 1, 0)
        return True


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

    def read(self, size: int, deadline: float) -> bytearray:
        """The next `size` bytes; see `Transport`."""
        data = bytearray()
        with self._until(deadline):
            while len(data) < size:
                some = os.read(self._source, min(size - len(data), _PIECE))
                if not some:
                    raise EOFError
                data += some
        return data

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
