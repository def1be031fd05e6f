"""One operation of ours or of PyOD, timed: `python -m benchmarks.operations ours NAME ROWS`.

Prints one JSON object: operation to seconds of CPU. Data are made, libraries imported and
kernels compiled before the clock starts.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.data import Matrix, make_rows

_SMALL = 2_000


def seconds(call: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def seconds_each(call: Callable[[], Any], budget: float = 1.0) -> float:
    """CPU seconds of one call among many: the median of up to 21 groups."""
    call()
    group = max(1, int(budget / 21 / max(seconds(call), 1e-7)))
    groups = 21 if group > 1 else 3

    def repeat() -> None:
        for _ in range(group):
            call()

    return statistics.median(seconds(repeat) / group for _ in range(groups))


def our_row(detector: str, rows: int) -> dict[str, float]:
    """`model.score` of one row, through the public API."""
    import pynomaly

    X = make_rows(rows)
    params = {"n_estimators": 100} if detector == "fast.iforest" else None
    model = pynomaly.fit(X, detector, params)
    row = X[:1].copy()
    return {"row": seconds_each(lambda: model.score(row))}


def peer_row(detector: str, rows: int) -> dict[str, float]:
    """`decision_function` of one row."""
    X = make_rows(rows)
    model = _peer(detector).fit(X)
    row = X[:1].copy()
    return {"row": seconds_each(lambda: model.decision_function(row))}


def our_fit(detector: str, rows: int) -> dict[str, float]:
    """Fit and score a matrix; `model_` is the same with features and calibration."""
    import pynomaly
    from pynomaly.ports.protocols import FitScores

    X = make_rows(rows)
    _fit_score(pynomaly.create_detector(detector), make_rows(_SMALL))
    made = pynomaly.create_detector(detector)
    took = {"fit": seconds(lambda: made.fit(X)), "score": seconds(lambda: made.score(X))}
    took["fit_score"] = took["fit"] + took["score"]
    if isinstance(made, FitScores):
        again = pynomaly.create_detector(detector)
        took["fit_score"] = seconds(lambda: _fit_score(again, X))
    return took


def peer_fit(detector: str, rows: int) -> dict[str, float]:
    """Fit, which gives the training rows' scores in PyOD, and score."""
    X = make_rows(rows)
    _peer(detector).fit(make_rows(_SMALL))
    model = _peer(detector)
    fit = seconds(lambda: model.fit(X))
    took = {"fit": fit, "fit_score": fit}
    if detector != "fast.knn":
        took["score"] = seconds(lambda: model.decision_function(X))
    return took


def _fit_score(detector: Any, X: Matrix) -> Any:
    if hasattr(detector, "fit_score"):
        return detector.fit_score(X)
    detector.fit(X)
    return detector.score(X)


def _peer(detector: str) -> Any:
    from pyod.models.ecod import ECOD
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN

    return {"fast.iforest": IForest, "fast.ecod": ECOD, "fast.knn": KNN}[detector]()


OPERATIONS: dict[tuple[str, str], Callable[[str, int], dict[str, float]]] = {
    ("ours", "row"): our_row,
    ("peer", "row"): peer_row,
    ("ours", "fit"): our_fit,
    ("peer", "fit"): peer_fit,
}

if __name__ == "__main__":
    side, operation, detector, rows = sys.argv[1:]
    sys.stdout.write(json.dumps(OPERATIONS[side, operation](detector, int(rows))))
