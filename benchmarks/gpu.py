"""Measure `gpu-cupy.*` against `fast.*` and PyOD: `python -m benchmarks.gpu`, or `nox -s bench-gpu`.

Prints a table, and writes it into docs/benchmarks.md. Without a GPU it says so, and measures
nothing; with `--device cpu` it measures NumPy instead, and writes nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from benchmarks.data import Matrix, make_rows
from benchmarks.gpu_page import HEADING, write_section
from benchmarks.measure import describe_in_words, describe_machine, table
from benchmarks.speed_page import PAGE

import pynomaly
from pynomaly.domain.errors import DeviceUnavailable, MissingRequirement

_ROWS, _PAIR_ROWS, _SMALL = 1_000_000, 100_000, 2_000

PEERS = {
    "iforest": ("fast.iforest", "pyod.models.iforest:IForest"),
    "ecod": ("fast.ecod", "pyod.models.ecod:ECOD"),
    "copod": ("fast.copod", "pyod.models.copod:COPOD"),
    "hbos": ("fast.hbos", "pyod.models.hbos:HBOS"),
    "loda": ("fast.loda", "pyod.models.loda:LODA"),
    "knn": ("fast.knn", "pyod.models.knn:KNN"),
    "pca": ("sklearn.pca", "pyod.models.pca:PCA"),
}
"""Each detector's peer among ours on the processor, and PyOD's."""

_INTRODUCTION = """{heading}

{gpu}; {machine}

Seconds by the clock to fit and to score the rows it was fitted on, from arrays of NumPy's to arrays
of NumPy's: the way to the GPU and back is included. The median of {rounds} runs after a small one
that compiles kernels. The processor's side uses the threads that its library takes.

"""


def seconds_of(run: Callable[[Matrix], Any], X: Matrix, rounds: int) -> float:
    """Seconds of one run on X: the median after a small one."""
    run(X[:_SMALL])
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        run(X)
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def ours(id: str, device: str | None = None) -> Callable[[Matrix], Any]:
    """Fit and training scores of a detector of ours."""

    def run(X: Matrix) -> Any:
        made: Any = pynomaly.create_detector(id, device=device)
        if hasattr(made, "fit_score"):
            return made.fit_score(X)
        made.fit(X)
        return made.score(X)

    return run


def pyod(target: str) -> Callable[[Matrix], Any]:
    """Fit of a class of PyOD's, which gives the training scores."""
    module, _, name = target.partition(":")
    return lambda X: getattr(import_module(module), name)().fit(X).decision_scores_


def measure(names: Sequence[str], device: str, shrink: int, rounds: int) -> list[list[str]]:
    """The rows of the table."""
    rows = []
    for name in names:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        X = make_rows((_PAIR_ROWS if name == "knn" else _ROWS) // shrink)
        fast, peer = PEERS[name]
        took = [
            seconds_of(ours(f"gpu-cupy.{name}", device), X, rounds),
            seconds_of(ours(fast), X, rounds),
            seconds_of(pyod(peer), X, rounds),
        ]
        size = f"{len(X):,} × {X.shape[1]}"
        rows.append(
            [f"`gpu-cupy.{name}`, {size}", *(f"{each:.3g} s" for each in took), f"`{fast}`"]
        )
    return rows


def show(rows: Sequence[Sequence[str]]) -> str:
    """The table of the page."""
    return table(["what", "ours", "ours on the processor", "PyOD", "which"], rows)


def _name_of_gpu(number: int) -> str:
    runtime = import_module("cupy").cuda.runtime
    name = runtime.getDeviceProperties(number)["name"].decode()
    version = import_module("cupy").__version__
    return f"{name}, CuPy {version}, CUDA {runtime.runtimeGetVersion()}"


def main(args: Sequence[str] | None = None) -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="benchmarks.gpu", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS), metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the rows; no page")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, ...; cpu writes no page")
    given = parser.parse_args(args)
    try:
        pynomaly.create_detector("gpu-cupy.ecod", device=given.device)
    except (DeviceUnavailable, MissingRequirement) as reason:
        print(f"no GPU here: {reason}")
        return 0
    rows = measure(given.only, given.device, 100 if given.quick else 1, given.rounds)
    print(show(rows))
    if not given.quick and given.device != "cpu":
        introduction = _INTRODUCTION.format(
            heading=HEADING,
            gpu=_name_of_gpu(int(given.device.partition(":")[2] or 0)),
            machine=describe_in_words(describe_machine()),
            rounds=given.rounds,
        )
        write_section(PAGE, introduction + show(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
