"""The workers of one environment: started when they are needed, shared by its detectors."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Collection, Iterator
from contextlib import contextmanager

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

    @contextmanager
    def lend(self, asked: Asked, prefer: Collection[Worker] = ()) -> Iterator[Worker]:
        """A worker of one's own for a while: an idle one, a new one, or one that is waited for.

        Args:
            asked: For errors.
            prefer: Those that it should be one of.

        Raises:
            WorkerFailed: If a new one does not start.
        """
        worker = self._take(prefer) or self._start(asked)
        try:
            yield worker
        finally:
            self._give_back(worker)

    @contextmanager
    def lend_this(self, worker: Worker) -> Iterator[Worker]:
        """This very worker, once it is idle. It may have died meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: worker not in self._lent)
            self._lent.add(worker)
        try:
            yield worker
        finally:
            self._give_back(worker)

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
                idle = [worker for worker in self._workers if worker not in self._lent]
                for worker in [worker for worker in idle if not worker.alive]:
                    idle.remove(worker)
                    self._workers.remove(worker)
                if idle:
                    chosen = next((worker for worker in idle if worker in prefer), idle[-1])
                    self._lent.add(chosen)
                    return chosen
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
            if not worker.alive and worker in self._workers:
                self._workers.remove(worker)
            self._changed.notify_all()


def _close_all(workers: list[Worker]) -> None:
    for worker in workers:
        worker.close()
