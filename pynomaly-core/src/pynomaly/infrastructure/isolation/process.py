"""One worker process: asked, limited in time, and ended."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any, cast

import attrs

from pynomaly.domain.errors import WorkerDied, WorkerFailed, WorkerLied, WorkerTimeout
from pynomaly.infrastructure.isolation.launching import Launch, Launched, launch
from pynomaly.infrastructure.isolation.transport import BlockingPipes, PolledPipes, Transport
from pynomaly.infrastructure.isolation.wire import ProtocolError, Reply, exchange, pack_parcel

_TAIL_BYTES = 2**16
_CLOSE_SECONDS = 2.0


@attrs.frozen
class Asked:
    """Who asks for what, for errors: ``"acme.one"`` that is to ``"fit"``."""

    id: str
    stage: str


class Worker:
    """A process that holds detectors and answers one request at a time.

    It is ended after any error of the process itself, and after a request that was interrupted:
    its next reply might be that request's.
    """

    def __init__(self, how: Launch, asked: Asked) -> None:
        """Start it.

        Raises:
            WorkerDied: If there is no such interpreter.
        """
        self.ended = False
        """Whether it was ended; `alive` also sees that it ended by itself."""
        self._seconds = how.call_seconds
        self._forget: list[int] = []
        self._numbers = itertools.count()
        self._lock, self._ending = threading.Lock(), threading.Lock()
        self._tail = bytearray()
        try:
            self._launched = launch(how)
        except OSError as error:
            reason = f"{how.python} cannot be started: {error.strerror or error}"
            raise WorkerDied(asked.id, asked.stage, reason) from error
        self._transport = _connect(self._launched, self._kill)
        self._drain = threading.Thread(
            target=self._keep_last_words, daemon=True, name="pynomaly-worker-stderr"
        )
        self._drain.start()
        self.facts: dict[str, Any] = {}
        """Versions of its Python and NumPy, once it was asked for them."""

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._launched.process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked. Only who has it to himself may ask this."""
        if not self.ended and self._launched.process.poll() is not None:
            self.end()
        return not self.ended

    def forget(self, handle: int) -> None:
        """Have the detector `handle` dropped, with the next request."""
        self._forget.append(handle)

    def request(
        self,
        what: Mapping[str, Any],
        args: Sequence[Any],
        asked: Asked,
        *,
        seconds: float | None = None,
    ) -> Reply:
        """Have something done, and wait for it.

        Args:
            what: Which operation, ``"op"``, and JSON values that go with it.
            args: Arguments.
            asked: For errors.
            seconds: Time limit; 0 for none, None for the launch's.

        Raises:
            TypeError: If `args` hold what cannot be sent.
            WorkerFailed: If the process died, lied or took too long; it is gone then.
        """
        parcel = pack_parcel(args)
        seconds = self._seconds if seconds is None else seconds
        with self._lock:
            if self.ended:
                raise WorkerDied(asked.id, asked.stage, "its process is gone")
            forget, self._forget = self._forget, []
            header = {**what, "forget": forget}
            memory = self._launched.memory
            deadline = time.monotonic() + (seconds or math.inf)
            try:
                return exchange(
                    self._transport, next(self._numbers), header, parcel, memory, deadline
                )
            except BaseException as error:
                self.end()
                failure = self._failure(asked, error, seconds)
                if failure is None:
                    raise
                raise failure from error

    def _failure(self, asked: Asked, error: BaseException, seconds: float) -> WorkerFailed | None:
        """What to tell of an error of the process; None if it is not one."""
        words = self._tail.decode(errors="replace")
        match error:
            case TimeoutError():
                reason = f"its process took longer than {seconds:g} s and was ended"
                return WorkerTimeout(asked.id, asked.stage, reason, words)
            case ProtocolError():
                reason = f"its process gave a reply that cannot be believed: {error}"
                return WorkerLied(asked.id, asked.stage, reason, words)
            case EOFError() | BrokenPipeError():
                reason = f"its process ended ({_describe(self._launched.process.returncode)})"
                return WorkerDied(asked.id, asked.stage, reason, words)
        return None

    def close(self) -> None:
        """Let an idle process end by itself, and end it if it does not, or if it is at work."""
        if not self.ended and self._lock.acquire(blocking=False):
            process = self._launched.process
            cast("IO[bytes]", process.stdin).close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_CLOSE_SECONDS)
            self._lock.release()
        self.end()

    def end(self) -> None:
        """End the process and its children at once."""
        with self._ending:
            if self.ended:
                return
            self.ended = True
            self._kill()
            self._launched.process.wait()
            self._drain.join(_CLOSE_SECONDS)
            self._launched.close()

    def _kill(self) -> None:
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        else:
            self._launched.process.kill()

    def _keep_last_words(self) -> None:
        stream = cast("IO[bytes]", self._launched.process.stderr)
        with stream:
            while chunk := stream.read(2**16):
                self._tail += chunk
                del self._tail[:-_TAIL_BYTES]


def _connect(launched: Launched, kill: Any) -> Transport:
    source = cast("IO[bytes]", launched.process.stdout).fileno()
    target = cast("IO[bytes]", launched.process.stdin).fileno()
    if os.name == "posix":
        return PolledPipes(source, target)
    return BlockingPipes(source, target, kill)


def _describe(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    return f"{name}, as when memory runs out" if name == "SIGKILL" else name
