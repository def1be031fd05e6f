"""One detector in a process of its own, so that it can be stopped: ranking and false alarms.

A job names what to do as plain data; the answer is plain data too.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.intervals import attained_rank
from benchmarks.kinds import ALPHAS, KIND_TASKS, Answer, Job, ranked, works_apart

REFERENCE_ROWS = 1_000
HELD_OUT_ROWS = 30_000
"""Enough for one held-out split in place of cross-fitting."""

TEST_ROWS = 2_000
CONTAMINATION = 0.05
COLUMNS = 10

Matrix = npt.NDArray[np.float64]


def serve(connection: Connection, detector: str, limit: float) -> None:
    """Answer jobs until the other side hangs up, or one takes `limit` seconds of CPU.

    Of a detector in an environment of its own, seconds on the wall count.
    """
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - till the end
    sys.stderr = sys.stdout
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    _warm_up(detector)
    timer = signal.ITIMER_REAL if works_apart(detector) else signal.ITIMER_PROF
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        # Nobody handles its signal, so that it ends the process.
        signal.setitimer(timer, limit)
        try:
            answer = TASKS[job["task"]](detector, job)
        except Exception as error:  # noqa: BLE001 - a failure is a result
            answer = {"failed": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}
        signal.setitimer(timer, 0.0)
        connection.send(answer)


def _warm_up(detector: str) -> None:
    """Import libraries and compile kernels, so that no job pays for it."""
    import pynomaly

    with suppress(Exception):
        pynomaly.detect(np.random.default_rng(0).standard_normal((200, 3)), detector)


def rank(detector: str, job: Job) -> Answer:
    """AP and ROC AUC of a labelled set, fitted and scored on the same unlabelled rows."""
    X, y = load_set(job["path"])
    return ranked(y > 0, X, detector, job)


def count_alarms(detector: str, job: Job) -> Answer:
    """Alarms among fresh normal rows at each alpha, of a model calibrated on a reference."""
    import pynomaly

    reference, fresh = DATA[job["task"]](job)
    model = pynomaly.fit(reference, detector, seed=job["seed"])
    p_values = model.score(fresh).p_values
    scores = model.fitted.calibration.scores
    return {
        "rows": len(fresh),
        "calibration": len(scores),
        "ranks": [attained_rank(scores, alpha) for alpha in ALPHAS],
        "alarms": [int(np.count_nonzero(p_values <= alpha)) for alpha in ALPHAS],
    }


def load_set(path: str) -> tuple[Matrix, npt.NDArray[np.int8]]:
    """Rows, shape (n, d), and labels, shape (n,), 1 for an anomaly."""
    with np.load(path) as arrays:
        return arrays["X"].astype(np.float64), arrays["y"]


def synthetic(job: Job) -> tuple[Matrix, Matrix]:
    """Correlated Gaussians; `anomalies` of the reference are shifted and wide."""
    rng = np.random.default_rng([job["seed"], 7])
    mix = rng.standard_normal((COLUMNS, COLUMNS))
    rows = job.get("rows", REFERENCE_ROWS)
    reference = rng.standard_normal((rows, COLUMNS))
    odd = round(rows * job.get("anomalies", 0.0))
    reference[:odd] = 3.0 + 2.0 * reference[:odd]
    return reference @ mix, rng.standard_normal((TEST_ROWS, COLUMNS)) @ mix


def real(job: Job) -> tuple[Matrix, Matrix]:
    """The normal rows of a set in two random halves; `anomalies` are added to the reference."""
    X, y = load_set(job["path"])
    rng = np.random.default_rng([job["seed"], 11])
    normal = rng.permutation(X[y == 0])
    half = min(len(normal) // 2, REFERENCE_ROWS)
    reference, fresh = normal[:half], normal[half : half + TEST_ROWS]
    share = job.get("anomalies", 0.0)
    odd = rng.permutation(X[y == 1])[: round(half * share / (1.0 - share))]
    return np.concatenate([reference, odd]), fresh


DATA = {"synthetic": synthetic, "real": real}
TASKS = {"rank": rank, "synthetic": count_alarms, "real": count_alarms, **KIND_TASKS}
