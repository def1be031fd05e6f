"""The workers of one environment: started when they are needed, shared by its detectors."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

from pynomaly.infrastructure.isolation.launching import Launch
from pynomaly.infrastructure.isolation.process import Asked, Worker
from pynomaly.infrastructure.isolation.replies import result_of


class Room:
    """Up to `most` workers, each lent to one caller at a time."""

    def __init__(self, how: Launch, most: int) -> None:
        self.how = how
        self._most = most
        self._workers: list[Worker] = []
        self._lent: set[Worker] = set()
        self._starting = 0
        self._changed = threading.Condition()
        self._close = weakref.finalize(self, _close_all, self._workers)

    @property
    def pids(self) -> tuple[int, ...]:
        """Numbers of the processes that run."""
        return tuple(worker.pid for worker in self._workers)

    def lend(self, asked: Asked, prefer: Collection[Worker] = ()) -> AbstractContextManager[Worker]:
        """A worker of one's own for a while: an idle one, a new one, or one that is waited for.

        Args:
            asked: For errors.
            prefer: Those that it should be one of.

        Raises:
            WorkerFailed: If a new one does not start.
        """
        return _Lent(self._take(prefer) or self._start(asked), self._give_back)

    def lend_this(self, worker: Worker) -> AbstractContextManager[Worker]:
        """This very worker, once it is idle. It may have died meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: worker not in self._lent)
            self._lent.add(worker)
        return _Lent(worker, self._give_back)

    def close(self) -> None:
        """End all workers. The next caller gets a new one."""
        with self._changed:
            workers, self._workers[:] = self._workers[:], []
            self._changed.notify_all()
        _close_all(workers)

    def _take(self, prefer: Collection[Worker]) -> Worker | None:
        """An idle worker, or one that became idle; None if there is room for another one."""
        with self._changed:
            while True:
                for worker in (*prefer, *reversed(self._workers)):
                    if worker in self._workers and worker not in self._lent:
                        if worker.alive:
                            self._lent.add(worker)
                            return worker
                        self._workers.remove(worker)
                if len(self._workers) + self._starting < self._most:
                    self._starting += 1
                    return None
                self._changed.wait()

    def _start(self, asked: Asked) -> Worker:
        worker = None
        try:
            worker = Worker(self.how, asked)
            self._prepare(worker, asked)
        except BaseException:
            if worker is not None:
                worker.end()
                worker = None
            raise
        finally:
            with self._changed:
                self._starting -= 1
                if worker is not None:
                    self._workers.append(worker)
                    self._lent.add(worker)
                self._changed.notify_all()
        return worker

    def _prepare(self, worker: Worker, asked: Asked) -> None:
        seconds = self.how.start_seconds
        reply = worker.request({"op": "ping"}, (), asked, seconds=seconds)
        worker.facts = result_of(reply, asked, self.how)
        if self.how.ready is not None:
            request = {"op": "ready", "factory": self.how.ready}
            result_of(worker.request(request, (), asked, seconds=seconds), asked, self.how)

    def _give_back(self, worker: Worker) -> None:
        with self._changed:
            self._lent.discard(worker)
            if worker.ended and worker in self._workers:
                self._workers.remove(worker)
            self._changed.notify_all()


class _Lent:
    """As `contextlib.contextmanager` would make it, in a third of the time."""

    def __init__(self, worker: Worker, give_back: Callable[[Worker], None]) -> None:
        self._worker, self._give_back = worker, give_back

    def __enter__(self) -> Worker:
        return self._worker

    def __exit__(self, *_: object) -> None:
        self._give_back(self._worker)


def _close_all(workers: list[Worker]) -> None:
    for worker in workers:
        worker.close()
