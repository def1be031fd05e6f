"""Waits for foreign code so that Ctrl-C ends the wait.

Python sees a signal between two of its own instructions, and a database may take minutes for one
of them. So such code runs in a thread, and the main thread looks up every now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread, current_thread, main_thread
from typing import TypeVar, cast

T = TypeVar("T")

_Given = SimpleQueue[tuple[object, BaseException | None]]

_END = object()
_LOOK_UP_SECONDS = 0.1
"""A wait without end would not do: some libraries have the system resume it after a signal."""
_GRACE_SECONDS = 10.0
"""How long a read that was cancelled may take to clean up."""


def wait_for(work: Callable[[], T]) -> T:
    """What `work` returns or raises. After Ctrl-C it is left alone, and ends with the program."""

    def once() -> Iterator[T]:
        yield work()

    return next(interruptible(once()))


def interruptible(values: Iterator[T], cancel: Callable[[], object] | None = None) -> Iterator[T]:
    """The same values, each made when it is asked for, all in one thread.

    Args:
        values: An iterator, best a generator: it is closed in its thread.
        cancel: Makes it stop, called from the main thread; None where nothing can.
    """
    if current_thread() is not main_thread():  # signals come to the main thread only
        yield from values
        return
    asked: SimpleQueue[bool] = SimpleQueue()
    given: _Given = SimpleQueue()
    worker = Thread(target=_work, args=(values, asked, given), name="pynomaly-read", daemon=True)
    worker.start()
    grace = _GRACE_SECONDS
    try:
        while True:
            asked.put(True)
            value, error = _next(given)
            if error is not None:
                raise error
            if value is _END:
                return
            yield cast("T", value)
    except KeyboardInterrupt:
        if cancel is None:
            grace = 0.0
        else:
            with suppress(Exception):
                cancel()
        raise
    finally:
        asked.put(False)
        worker.join(grace)


def _next(given: _Given) -> tuple[object, BaseException | None]:
    while True:
        with suppress(Empty):
            return given.get(timeout=_LOOK_UP_SECONDS)


def _work(values: Iterator[object], asked: SimpleQueue[bool], given: _Given) -> None:
    while asked.get():
        try:
            given.put((next(values, _END), None))
        except BaseException as error:  # noqa: BLE001, it is raised where it is waited for
            given.put((_END, error))
    if (close := getattr(values, "close", None)) is not None:
        close()
