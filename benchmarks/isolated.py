"""What it costs that a detector runs in a process of its own: `python -m benchmarks.isolated ROWS`.

Prints one JSON object of seconds on the wall: what scoring one row and a matrix takes more than
here, and a copy of the matrix.
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
_GROUP = 200
_ROUNDS = 15
_FIT_ROWS = 2_000


def measure(rows: int) -> dict[str, float]:
    """Seconds more for one row and for `rows` rows, and seconds of a copy."""
    import numpy as np

    from pynomaly.infrastructure.isolation import IsolationSettings
    from pynomaly.infrastructure.registry import discover

    X = make_rows(rows)
    row = X[:1].copy()
    isolation = IsolationSettings(plugins=(DETECTOR,))
    *_, here = discover().create_detector(DETECTOR)
    *_, apart = discover(isolation=isolation).create_detector(DETECTOR)
    for detector in (here, apart):
        detector.fit(X[:_FIT_ROWS])
    if not np.array_equal(here.score(X), apart.score(X)):
        raise RuntimeError("scores differ in another process")
    return {
        "row": _more(lambda: apart.score(row), lambda: here.score(row), _GROUP),
        "matrix": _more(lambda: apart.score(X), lambda: here.score(X), 1),
        "copy": statistics.median(_seconds(X.copy, 1) for _ in range(_ROUNDS)),
    }


def _more(apart: Callable[[], Any], here: Callable[[], Any], group: int) -> float:
    """Median difference of the two, in turns."""
    return statistics.median(_seconds(apart, group) - _seconds(here, group) for _ in range(_ROUNDS))


def _seconds(call: Callable[[], Any], group: int) -> float:
    start = time.perf_counter()
    for _ in range(group):
        call()
    return (time.perf_counter() - start) / group


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]))))
