"""Ctrl-C and SIGTERM end a command, though foreign code may swallow the exception.

A signal is an exception where Python happens to be. Where that is a call from native code (a class
asked by Polars, a destructor), the exception is dropped, or becomes another error.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_SECONDS = 0.2

_received: list[int] = []


class Interrupted(KeyboardInterrupt):
    """A signal that ends the command: unwinds, so that nothing half-written is left behind."""


@contextmanager
def raised_until_unwound() -> Iterator[None]:
    """Let SIGINT and SIGTERM raise `Interrupted`, again until it unwinds the main thread."""
    _received.clear()
    handlers: dict[int, Callable[[int, FrameType | None], None]] = {
        signal.SIGINT: _interrupt,
        signal.SIGTERM: _interrupt,
    }
    if hasattr(signal, "SIGALRM"):  # POSIX
        handlers[signal.SIGALRM] = _insist
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    said_before, sys.unraisablehook = sys.unraisablehook, _say_unless_interrupted
    try:
        yield
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = said_before
        for number, handler in before.items():
            signal.signal(number, handler)


def received() -> int | None:
    """The number of the first signal that came; None before any."""
    return _received[0] if _received else None


def _interrupt(number: int, _: FrameType | None) -> None:
    _received.append(number)
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS, _AGAIN_SECONDS)
    raise Interrupted(number)


def _insist(_number: int, _frame: FrameType | None) -> None:
    """Raise anew where no cleaning up of the first one is going on."""
    if not _comes_from_signal(sys.exception()):
        raise Interrupted(_received[0])


def _comes_from_signal(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, Interrupted):
            return True
        error = error.__cause__ or error.__context__
    return False


def _say_unless_interrupted(dropped: sys.UnraisableHookArgs) -> None:
    if not isinstance(dropped.exc_value, Interrupted):
        sys.__unraisablehook__(dropped)
