"""Measure speed and memory against PyOD: `python -m benchmarks.run`, or `nox -s bench`.

Prints a table, and writes docs/benchmarks.md from all that was measured on this machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.isolated import DETECTOR
from benchmarks.measure import (
    Cost,
    alternate,
    default_folder,
    describe_machine,
    load_json,
    pynomaly,
    python,
    run,
    save_json,
)
from benchmarks.speed_page import Row, in_units, show, write_page


@dataclasses.dataclass(frozen=True)
class Setting:
    """How to measure.

    Attributes:
        folder: Where data are kept.
        rounds: Alternated runs, of which the median counts.
        shrink: Rows are divided by this; 1 but for a quick run.
        keep: Whether the largest files stay.
    """

    folder: Path
    rounds: int
    shrink: int
    keep: bool

    def table(self, rows: int, suffix: str) -> Path:
        """A file of so many rows, made if need be."""
        path = self.folder / f"x{rows // self.shrink}{suffix}"
        if not path.exists():
            run(python("benchmarks.data", path, rows // self.shrink), threads={})
        return path


def whole_process(
    rows: int, suffix: str, bound: float, aim: float
) -> Callable[[Setting], list[Row]]:
    """CPU of `pynomaly detect` against a script that does the same with PyOD."""

    def measure(setting: Setting) -> list[Row]:
        source = setting.table(rows, suffix)
        target = setting.folder / f"scored{suffix}"
        options = ("-d", "fast.iforest", "-p", "n_estimators=100", "-o", target)
        ours, peer = alternate(
            lambda: run(pynomaly("detect", source, *options)).cpu,
            lambda: run(python("benchmarks.peers", source, target)).cpu,
            setting.rounds,
        )
        target.unlink()
        size = f"{rows // 1000:,}k" if rows < 10**6 else f"{rows // 10**6}M"
        what = f"CPU of the whole process, {size} × 20 {suffix[1:]} in and out, 100 trees"
        return [Row(what, ours / peer, bound, ours=in_units(ours), peer=in_units(peer), aim=aim)]

    return measure


def operation(
    kind: str, detector: str, rows: int, bounds: dict[str, tuple[str, float]]
) -> Callable[[Setting], list[Row]]:
    """CPU of one operation in a running process against PyOD's."""

    def measure(setting: Setting) -> list[Row]:
        def side(name: str) -> dict[str, float]:
            command = python("benchmarks.operations", name, kind, detector, rows // setting.shrink)
            found: dict[str, float] = json.loads(run(command).output)
            return found

        side("ours")
        pairs = [(side("ours"), side("peer")) for _ in range(setting.rounds)]
        found = []
        for key, (what, bound) in bounds.items():
            ours = sorted(a[key] for a, _ in pairs)[len(pairs) // 2]
            peer = sorted(b[key] for _, b in pairs)[len(pairs) // 2]
            found.append(Row(what, ours / peer, bound, ours=in_units(ours), peer=in_units(peer)))
        return found

    return measure


def memory(suffix: str) -> Callable[[Setting], list[Row]]:
    """Peak memory of `pynomaly score` on 10M rows, and against 4M."""

    def measure(setting: Setting) -> list[Row]:
        model = setting.folder / "model.pynomaly"
        run(pynomaly("fit", setting.table(100_000, ".parquet"), "-o", model))
        small = _score_peak(setting, model, 4_000_000, suffix)
        large = _score_peak(setting, model, 10_000_000, suffix)
        what = f"peak memory scoring 10M × 20 {suffix[1:]} in and out"
        mib = f"{large:.0f} MiB"
        return [
            Row(what, large, 600.0, unit=" MiB", ours=mib),
            Row("the same against 4M rows", large / small, 1.2, ours=mib, peer=f"{small:.0f} MiB"),
        ]

    return measure


def _score_peak(setting: Setting, model: Path, rows: int, suffix: str) -> float:
    source = setting.table(rows, suffix)
    target = setting.folder / f"scored{suffix}"
    cost = run(pynomaly("score", model, source, "-o", target))
    target.unlink()
    if not setting.keep:
        source.unlink()
    return cost.peak_mib


def isolation(setting: Setting) -> list[Row]:
    """What calls to another process cost, against a copy and against here."""
    command = python("benchmarks.isolated", 1_000_000 // setting.shrink)
    rounds = [json.loads(run(command).output) for _ in range(setting.rounds)]
    # What other processes take adds to a time alone; a ratio goes up and down with them.
    found = {name: min(each[name] for each in rounds) for name in ("row", "more")}
    found |= {name: statistics.median(each[name] for each in rounds) for name in ("matrix", "copy")}
    call = "call to a detector in another process that takes no time"
    shown = {name: in_units(seconds) for name, seconds in found.items()}
    return [
        Row(f"{call}, one row", 1000 * found["row"], 0.1, " ms", shown["row"]),
        Row(
            f"{call}, 1M × 20, against a copy",
            found["matrix"] / found["copy"],
            1.5,
            ours=shown["matrix"],
            peer=shown["copy"],
        ),
        Row(
            f"one row of `{DETECTOR}` in another process, more than here",
            1000 * found["more"],
            0.1,
            " ms",
            shown["more"],
        ),
    ]


def startup(command: str, bound: float) -> Callable[[Setting], list[Row]]:
    """CPU of a command that does nothing with data, against bare Python."""

    def measure(setting: Setting) -> list[Row]:
        ours, bare = alternate(
            lambda: _repeat(lambda: run(pynomaly(command))),
            lambda: _repeat(lambda: run([sys.executable, "-c", "pass"])),
            setting.rounds,
        )
        what = f"CPU of `pynomaly {command}`, against `python -c pass`"
        return [Row(what, ours / bare, bound, ours=in_units(ours), peer=in_units(bare))]

    return measure


def _repeat(call: Callable[[], Cost]) -> float:
    return sum(call().cpu for _ in range(10)) / 10


TASKS: dict[str, Callable[[Setting], list[Row]]] = {
    "process-10k-csv": whole_process(10_000, ".csv", 0.30, 0.20),
    "process-1m-csv": whole_process(1_000_000, ".csv", 0.18, 0.12),
    "process-1m-parquet": whole_process(1_000_000, ".parquet", 0.30, 0.20),
    "row-iforest": operation(
        "row",
        "fast.iforest",
        100_000,
        {"row": ("`model.score` of one row, 100 trees, 100k training rows", 1 / 20)},
    ),
    "row-ecod": operation(
        "row",
        "fast.ecod",
        100_000,
        {"row": ("`fast.ecod`, `model.score` of one row, 100k training rows", 1 / 1000)},
    ),
    "ecod": operation(
        "fit",
        "fast.ecod",
        1_000_000,
        {
            "fit": ("`fast.ecod` fit, 1M × 20", 1 / 10),
            "score": ("`fast.ecod` score, 1M × 20", 1 / 5),
        },
    ),
    "knn": operation(
        "fit",
        "fast.knn",
        100_000,
        {"fit_score": ("`fast.knn` fit and training scores, 100k × 20", 1 / 4)},
    ),
    "memory-parquet": memory(".parquet"),
    "memory-csv": memory(".csv"),
    "isolation": isolation,
    "startup-help": startup("--help", 10.0),
    "startup-detectors": startup("detectors", 18.0),
}


def main(args: Sequence[str] | None = None) -> int:
    """Measure, print and write. Returns 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS), metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the rows; no page")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=default_folder(), help="for data")
    parser.add_argument("--keep", action="store_true", help="keep the largest files")
    given = parser.parse_args(args)
    given.folder.mkdir(parents=True, exist_ok=True)
    setting = Setting(given.folder, given.rounds, 100 if given.quick else 1, given.keep)
    store = given.folder / "speed.json"
    stored = load_json(store)
    if stored.get("machine") != describe_machine():
        stored = {"machine": describe_machine(), "rows": {}}
    found = []
    for name in given.only:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        rows = TASKS[name](setting)
        found += rows
        stored["rows"][name] = [dataclasses.asdict(row) for row in rows]
        if not given.quick:
            save_json(store, stored)
    print(show(found))
    if not given.quick:
        write_page(stored["rows"], list(TASKS), given.rounds)
    return 0 if all(row.holds for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
