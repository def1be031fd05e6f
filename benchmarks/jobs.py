"""Run a detector's jobs in a worker that is stopped when it takes too long."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmarks.measure import load_json, save_json
from benchmarks.worker import Answer, Job, serve

_SPAWN = multiprocessing.get_context("spawn")
_PATIENCE = 20  # the machine may be busy with other work
_CLOCKS = {-signal.SIGPROF: " of CPU", -signal.SIGALRM: ""}
"""What ran out, by the exit code."""

GIVE_UP = 2
"""After so many jobs of a task that took too long, the larger ones of it are not tried."""


class Worker:
    """A process that answers jobs for one detector, started again after it was stopped."""

    def __init__(self, detector: str, limit: float) -> None:
        self._detector = detector
        self._limit = limit
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def ask(self, job: Job) -> Answer:
        """The answer, or what stopped it."""
        if self._connection is None:
            self._start()
        assert self._connection is not None
        self._connection.send(job)
        if not self._connection.poll(_PATIENCE * self._limit):
            self.stop()
            return {"failed": "the process hung"}
        try:
            answer: Answer = self._connection.recv()
        except (EOFError, ConnectionResetError):
            clock = _CLOCKS.get(self.stop())
            if clock is None:
                return {"failed": "the process died"}
            return {"failed": f"took more than {self._limit:.0f} s{clock}", "slow": True}
        return answer

    def stop(self) -> int | None:
        """End the process; its exit code, negative for a signal."""
        code = None
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.join(1.0)
            self._process.kill()
            self._process.join()
            code = self._process.exitcode
        self._process = self._connection = None
        return code

    def _start(self) -> None:
        self._connection, theirs = _SPAWN.Pipe()
        args = (theirs, self._detector, self._limit)
        self._process = _SPAWN.Process(target=serve, args=args, daemon=True)
        self._process.start()
        theirs.close()


def run_jobs(detector: str, jobs: Sequence[Job], cache: Path, limit: float) -> dict[str, Answer]:
    """Answers by job name; those in `cache` are not asked for again.

    `detector` is an id, and what tells these jobs from others of it may follow after a space.
    """
    path = cache / f"{detector}.json"
    answers = load_json(path)
    worker = Worker(detector.partition(" ")[0], limit)
    slow: dict[str, int] = {}
    try:
        for job in jobs:
            answer = answers.get(job["name"])
            if answer is None:
                answer = _answer(worker, job, slow)
                answers[job["name"]] = answer
                save_json(path, answers)
            if answer.get("slow"):
                slow[job["group"]] = slow.get(job["group"], 0) + 1
    finally:
        worker.stop()
    return {job["name"]: answers[job["name"]] for job in jobs}


def _answer(worker: Worker, job: Job, slow: dict[str, int]) -> Answer:
    if slow.get(job["group"], 0) >= GIVE_UP:
        return {"failed": "not tried: smaller data took too long"}
    return worker.ask(job)


def run_all(
    jobs: Mapping[str, Sequence[Job]],
    cache: Path,
    limit: float,
    processes: int,
    tell: Callable[[str], None],
) -> dict[str, dict[str, Answer]]:
    """Answers by detector and job name, of each detector's jobs; `processes` at a time."""

    def one(detector: str) -> tuple[str, dict[str, Answer]]:
        answers = run_jobs(detector, jobs[detector], cache, limit)
        failed = sum("failed" in answer for answer in answers.values())
        tell(f"{detector}: {len(answers)} jobs, {failed} without a result")
        return detector, answers

    with ThreadPoolExecutor(processes) as pool:
        return dict(pool.map(one, jobs))
