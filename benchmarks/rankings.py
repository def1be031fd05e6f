"""How well detectors rank, from their answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from statistics import mean

from benchmarks.intervals import paired_bootstrap
from benchmarks.kinds import Answer
from benchmarks.measure import table

Answers = Mapping[str, Mapping[str, Answer]]
Scores = dict[str, float]


def rankings(answers: Answers, group: str) -> dict[str, dict[str, Scores]]:
    """Detector to set to AP, ROC AUC and seconds of the jobs of a group."""
    return {detector: _by_set(found, group) for detector, found in answers.items()}


def _by_set(found: Mapping[str, Answer], wanted: str) -> dict[str, Scores]:
    """Set to AP, ROC AUC and seconds, each the mean over seeds."""
    seeds: dict[str, list[Answer]] = defaultdict(list)
    for name, answer in found.items():
        group, *place, _ = name.split("/")
        if group == wanted and "ap" in answer:
            seeds[place[0]].append(answer)
    keys = ("ap", "roc", "seconds")
    return {
        name: {key: mean(each[key] for each in some) for key in keys}
        for name, some in sorted(seeds.items(), key=lambda item: item[0].lower())
    }


def summary(ranked: Mapping[str, dict[str, Scores]], baseline: str) -> str:
    """A line for each detector that ranked a set, best first, against the baseline."""
    base = ranked.get(baseline, {})
    rows = []
    for detector, sets in sorted(ranked.items(), key=lambda item: -mean_of(item[1], "ap")):
        if not sets:
            continue
        rows.append(
            [
                f"`{detector}`",
                str(len(sets)),
                short(mean_of(sets, "ap")),
                short(mean_of(sets, "roc")),
                *_against(sets, base, same=detector == baseline),
                f"{total_seconds(sets):.1f}",
            ]
        )
    return table(["detector", "sets", "AP", "ROC", f"AP against {baseline}", "won", "s"], rows)


def mean_of(sets: Mapping[str, Scores], key: str) -> float:
    """Mean over the sets; 0 where there is none."""
    return mean(each[key] for each in sets.values()) if sets else 0.0


def total_seconds(sets: Mapping[str, Scores]) -> float:
    """CPU seconds over the sets, for one seed."""
    return sum(each["seconds"] for each in sets.values())


def _against(sets: Mapping[str, Scores], base: Mapping[str, Scores], *, same: bool) -> list[str]:
    both = sets.keys() & base.keys()
    if same or not both:
        return ["", ""]
    differences = [sets[name]["ap"] - base[name]["ap"] for name in sorted(both)]
    low, high = paired_bootstrap(differences)
    won = mean(difference > 0 for difference in differences)
    return [f"{mean(differences):+.3f} [{low:+.3f}, {high:+.3f}]", f"{won:.0%}"]


def short(value: float) -> str:
    """Three digits after the point, without the zero before it."""
    return f"{value:.3f}".removeprefix("0")
