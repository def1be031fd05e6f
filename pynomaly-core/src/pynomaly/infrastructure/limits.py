"""Stops a fit that takes too long or too much memory."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import psutil

from pynomaly.domain.errors import LimitExceeded

T = TypeVar("T")

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 2.0
_MIB = 2**20


def run_limited(
    function: Callable[[], T],
    /,
    *,
    seconds: float = 0.0,
    mib: int = 0,
    stop_process: Callable[[LimitExceeded], None] | None = None,
) -> T:
    """What `function` gives; stopped when it takes more than `seconds`, or the process than `mib`.

    A thread watches, and raises in the thread that runs the function. Code that does not return
    to Python cannot be interrupted so: then `stop_process` is called, if given.

    Args:
        function: What to run.
        seconds: Time limit; 0 for none.
        mib: Limit of the process's resident memory in MiB; 0 for none.
        stop_process: Ends the process as the last resort.

    Raises:
        LimitExceeded: Saying which limit, and the way out.
    """
    watch = _Watch(threading.get_ident(), seconds, mib, stop_process)
    already = watch.check()
    if already is not None:
        raise already
    # It may be interrupted anywhere in here, but only once.
    try:
        try:
            watch.start()
            return function()
        finally:
            watch.finish()
    except _Interrupted:
        watch.finish()
        if watch.exceeded is None:  # pragma: no cover
            raise
        raise watch.exceeded from None


class _Interrupted(BaseException):
    """Raised in the watched thread; not an Exception, so that no detector swallows it."""


class _Watch(threading.Thread):
    def __init__(
        self,
        watched: int,
        seconds: float,
        mib: int,
        stop_process: Callable[[LimitExceeded], None] | None,
    ) -> None:
        super().__init__(daemon=True, name="pynomaly-fit-limits")
        self.exceeded: LimitExceeded | None = None
        self._watched = watched
        self._deadline = time.monotonic() + seconds if seconds else None
        self._seconds = seconds
        self._mib = mib
        self._stop_process = stop_process
        self._sent = False
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._process = psutil.Process()

    def run(self) -> None:
        # While an interrupt is on its way, CPython 3.11 goes no step further in traced threads.
        sys.settrace(None)
        while not self._done.wait(_POLL_SECONDS):
            self.exceeded = self.check()
            if self.exceeded is not None:
                self._interrupt(self.exceeded)
                return

    def finish(self) -> None:
        """Send no interrupt from now on, and let one that was sent arrive.

        It cannot be taken back: CPython 3.11 would go on looking for it, for ever.
        """
        with self._lock:
            self._done.set()
        if self._sent:
            for _ in range(10):  # it is raised where a loop jumps back
                pass

    def check(self) -> LimitExceeded | None:
        """The limit that is exceeded now, if one is."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            return LimitExceeded(
                "time",
                f"the fit took longer than its limit of {self._seconds:g} s: give fewer rows,"
                " another detector, or a higher --time-limit",
            )
        used = self._process.memory_info().rss // _MIB
        if self._mib and used > self._mib:
            return LimitExceeded(
                "memory",
                f"the process takes {used:,} MiB, more than the fit's limit of {self._mib:,} MiB: give"
                " fewer rows, another detector, or a higher --memory-limit",
            )
        return None

    def _interrupt(self, exceeded: LimitExceeded) -> None:
        with self._lock:
            if self._done.is_set():
                return
            self._sent = True
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._watched), ctypes.py_object(_Interrupted)
            )
        if self._stop_process is not None and not self._done.wait(_GRACE_SECONDS):
            self._stop_process(exceeded)
