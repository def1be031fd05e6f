"""What a detector must do in a process of its own, besides what every detector must do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import numpy as np
import psutil

from pynomaly.domain.errors import WorkerFailed
from pynomaly.infrastructure.isolation.room import Room
from pynomaly.ports.specs import Capability
from pynomaly.testing.fitting import fitted, fresh, training, training_scores
from pynomaly.testing.kit import Check, Subject, require

if TYPE_CHECKING:
    from pynomaly.infrastructure.isolation.proxy import IsolatedDetector
    from pynomaly.ports.protocols import Detector


def scores_the_same_in_this_process(subject: Subject) -> None:
    """``seeded``: isolated or not, the scores are the same, bit for bit."""
    here = subject.here()
    X = training(subject)
    require(
        np.array_equal(training_scores(subject, X, seed=3), training_scores(here, X, seed=3)),
        "rows that it is fitted on score differently in this process",
    )
    if subject.can(Capability.INDUCTIVE):
        isolated, ours = fitted(subject).score(fresh(subject)), fitted(here).score(fresh(subject))
        require(np.array_equal(isolated, ours), "new rows score differently in this process")


def comes_back_when_its_process_ended(subject: Subject) -> None:
    """A process that was killed is a typed error at most, and then there is a new one."""
    detector = fitted(subject)
    before = detector.score(fresh(subject))
    processes = [psutil.Process(pid) for pid in _room(detector).pids]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)
    with suppress(WorkerFailed):
        detector.score(fresh(subject))
    if subject.can(Capability.SAVES):
        after = detector.score(fresh(subject))
        require(np.array_equal(before, after), "it scores differently in a new process")
    else:
        detector.fit(training(subject))
        require(len(detector.score(fresh(subject))) == len(before), "it cannot be fitted again")


def leaves_no_process_behind(subject: Subject) -> None:
    """Once its room is closed, no process of it is left, nor of its children."""
    room = _room(subject.create())
    processes = [psutil.Process(pid) for pid in room.pids]
    processes += [child for process in processes for child in process.children(recursive=True)]
    room.close()
    _, left = psutil.wait_procs(processes, timeout=10)
    require(not left, f"{len(left)} processes go on")


def serves_several_threads(subject: Subject) -> None:
    """Threads that share it get what one thread gets: its process takes one call at a time."""
    detector = fitted(subject)
    expected = detector.score(fresh(subject))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: detector.score(fresh(subject)), range(8)))
    wrong = sum(not np.array_equal(expected, scores) for scores in found)
    require(not wrong, f"{wrong} of {len(found)} calls score differently in 4 threads")


ISOLATION_CHECKS: tuple[Check, ...] = (
    Check(scores_the_same_in_this_process, frozenset({Capability.SEEDED})),
    Check(comes_back_when_its_process_ended, frozenset({Capability.INDUCTIVE})),
    Check(leaves_no_process_behind),
    Check(serves_several_threads, frozenset({Capability.INDUCTIVE})),
)
"""Checks for detectors that do not run in this process."""


def _room(detector: Detector) -> Room:
    return cast("IsolatedDetector", detector).remote.room
