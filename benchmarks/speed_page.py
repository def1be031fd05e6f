"""docs/benchmarks.md from what was measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from benchmarks.gpu_page import section_of
from benchmarks.measure import ROOT, describe_in_words, describe_machine, table

PAGE = ROOT / "docs" / "benchmarks.md"


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the page: what was measured, in words, and its bound."""

    what: str
    value: float
    bound: float
    unit: str = ""
    ours: str = ""
    peer: str = ""
    aim: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the value is within the bound."""
        return self.value <= self.bound


def in_units(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds * 1e9:.3g} ns"


def _amount(value: float, unit: str) -> str:
    if unit:
        return f"{value:.3g}{unit}"
    return f"1/{1 / value:.0f}" if value < 0.1 else f"{value:.2f}"


def show(rows: Sequence[Row]) -> str:
    """The table of the page."""
    header = ["what", "measured", "at most", "aim", "holds", "ours", "against"]
    return table(
        header,
        [
            [
                row.what,
                _amount(row.value, row.unit),
                _amount(row.bound, row.unit),
                "" if row.aim is None else _amount(row.aim, ""),
                "yes" if row.holds else "**no**",
                row.ours,
                row.peer,
            ]
            for row in rows
        ],
    )


_INTRODUCTION = """# Speed and memory

Written by `python -m benchmarks.run`; don't edit.

{machine}

Every ratio is Pynomaly's cost over its peer's, on one thread, the median of {rounds} runs of each
in turns; absolute figures are for orientation. The peer is PyOD, unless said: for whole processes a
script that reads with pandas, calls `IForest().fit`, takes `decision_scores_` and `labels_` and
writes with pandas; for operations the same data in memory, libraries imported and kernels compiled
before the clock starts. Seconds are CPU time, user and system. Data are N(0, 1) with 5 % of the
rows uniform in (-6, 6), 6 decimals. PyOD's fit includes the scores of the training rows; so do
ours where it says so.

"""


def write_page(
    stored: Mapping[str, list[dict[str, object]]], tasks: Sequence[str], rounds: int
) -> None:
    """docs/benchmarks.md, from all that was measured here."""
    rows = [Row(**row) for name in tasks for row in stored.get(name, [])]  # type: ignore[arg-type]
    text = _INTRODUCTION.format(machine=describe_in_words(describe_machine()), rounds=rounds)
    absent = [f"`{name}`" for name in tasks if name not in stored]
    note = f"\nNot measured: {', '.join(absent)}.\n" if absent else ""
    PAGE.parent.mkdir(exist_ok=True)
    page = f"{text}{show(rows)}{note}\n{section_of(PAGE)}"  # what GPUs do, another command says
    PAGE.write_text(page, encoding="utf-8")
