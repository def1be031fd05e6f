"""What it costs that a detector runs in a process of its own: `python -m benchmarks.isolated ROWS`.

Prints one JSON object of seconds on the wall: a call there and back with one row and with a matrix,
of a detector that takes no time itself; a copy of the matrix; and what one row takes more than in
this process, of one that does.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.data import make_rows

DETECTOR = "fast.hbos"
_CALLS = 2_000
_ROUNDS = 15
_FIT_ROWS = 2_000


def measure(rows: int) -> dict[str, float]:
    """Seconds of the round trips, of a copy, and of what one row of a detector takes more."""
    X = make_rows(rows)
    row = X[:1].copy()
    instant = _instant()
    here, apart = _both_ways(X[:_FIT_ROWS])
    return {
        "row": statistics.median(_seconds(lambda: instant.score(row)) for _ in range(_CALLS)),
        "matrix": statistics.median(_seconds(lambda: instant.score(X)) for _ in range(_ROUNDS)),
        "copy": statistics.median(_seconds(X.copy) for _ in range(_ROUNDS)),
        "more": statistics.median(
            _seconds(lambda: apart.score(row)) - _seconds(lambda: here.score(row))
            for _ in range(_CALLS)
        ),
    }


def _instant() -> Any:
    from pynomaly.infrastructure.isolation.launching import Launch, file_factory
    from pynomaly.infrastructure.isolation.proxy import Recipe, isolate
    from pynomaly.infrastructure.isolation.room import Room

    factory = file_factory("benchmarks.instant:Instant")
    return isolate(Room(Launch(), 1), Recipe("instant", factory, ()))


def _both_ways(X: Any) -> tuple[Any, Any]:
    """The same detector, fitted, in this process and in another."""
    import numpy as np

    from pynomaly.infrastructure.isolation import IsolationSettings
    from pynomaly.infrastructure.registry import discover

    *_, here = discover().create_detector(DETECTOR)
    *_, apart = discover(isolation=IsolationSettings(plugins=(DETECTOR,))).create_detector(DETECTOR)
    for detector in (here, apart):
        detector.fit(X)
    if not np.array_equal(here.score(X), apart.score(X)):
        raise RuntimeError("scores differ in another process")
    return here, apart


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]))))
