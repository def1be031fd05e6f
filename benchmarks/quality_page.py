"""docs/quality.md from the answers of all detectors."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from benchmarks.intervals import alarm_interval, can_alarm, nominal_rank
from benchmarks.kinds import ALPHAS, Answer
from benchmarks.kinds_page import kind_parts
from benchmarks.measure import describe_in_words, describe_machine, table
from benchmarks.rankings import Answers, Scores, rankings, short, summary
from benchmarks.worker import (
    CONTAMINATION,
    HELD_OUT_ROWS,
    REFERENCE_ROWS,
    TEST_ROWS,
)

GROUPS = {
    "clean": "synthetic, clean",
    "clean-real": "real, clean",
    "held-out": "held-out split, clean",
    "contaminated": "synthetic, contaminated",
    "contaminated-real": "real, contaminated",
}
_NUMBER = re.compile(r"\d[\d,.]*")
_CLEAN = ("clean", "clean-real", "held-out")

_INTRODUCTION = """# Quality

Written by `python -m benchmarks.quality`; don't edit.

{machine} One thread for each detector, stopped when a line's fits and scores
take {limit:.0f} s of CPU, or what the last section names. Detectors in environments of their own
(`pynomaly env list`) are timed by the wall.

All detectors that are installed run with their defaults, or the parameters that are
named, and through the public API: features standardised, row limits kept, calibration as users get
it.

"""

_RANKING = """## Tables: ranking without labels

`pynomaly.detect(X, detector, seed=seed)`: fitted and scored on the same unlabelled rows of the 25
sets of ADBench's classical collection (at most 10,000 rows each). Average precision (AP) and area
under the ROC curve (ROC), of seeded detectors the mean of seeds 0 to 2 (PyOD's networks,
feature bagging and SUOD: seed 0 alone), then the mean over the
sets that the detector finished. *Against {baseline}*: mean difference of AP on the sets that both
finished, with the 95 % paired bootstrap interval over sets, and the share of sets won. Seconds are
CPU, summed over the sets, for one seed.

"""

_ALARMS = """## Tables: false alarms

The share of fresh normal rows that alarm at p <= .01 and p <= .1 with `pynomaly.fit(reference)` and
`model.score(fresh)`. Synthetic: correlated Gaussians of 10 columns, {reference:,} reference rows,
{test:,} fresh ones, all repeats pooled. Real: the normal rows of each of the 25 sets, split at
random in halves of at most {reference:,} and {test:,}. Both are calibrated by cross-fitting in as
many folds as the detector's spec says, or by a held-out half where it says none; the
held-out split has {held_out:,} reference rows. Contaminated: {contamination:.0%} of the reference
are anomalies, which must make the alarms fewer, never more.

The interval is where the share lies when alarms hold their rate exactly. Calibration rows are
finite: a model calibrated on n scores has a rate of its own, Beta(k, n + 1 - k) distributed, where
k / (n + 1) is the largest p-value up to alpha that the scores, ties included, can give; so the
alarms are beta-binomial, and wider spread than binomial. Each detector has its own interval; the
first line shows that of five folds without ties. It is
simultaneous: with all detectors right, the chance that any is outside is at most 5 % (Bonferroni).
**Bold** is above, so the promise is broken; *italic* is below: fewer alarms than allowed, which
contamination causes. Cross-fitted calibration has no exact distribution; the interval takes
it for a split of the same size.

"""


def make_page(
    answers: Answers,
    unable: Mapping[str, str],
    baseline: str,
    defaults: Mapping[str, str],
    limit: float,
) -> str:
    """The whole page as Markdown."""
    ranked = rankings(answers, "rank")
    parts = [
        _INTRODUCTION.format(machine=describe_in_words(describe_machine()), limit=limit),
        _RANKING.format(baseline=baseline),
        summary(ranked, baseline),
        "\n"
        + _ALARMS.format(
            reference=REFERENCE_ROWS,
            test=TEST_ROWS,
            held_out=HELD_OUT_ROWS,
            contamination=CONTAMINATION,
        ),
        _false_alarms(answers),
        "\n",
        *kind_parts(answers, defaults),
        "## Tables: AP by set\n\n",
        _per_set(ranked, "ap"),
        "\n## Tables: ROC AUC by set\n\n",
        _per_set(ranked, "roc"),
        "\n## Without a result\n\n",
        _failures(answers, unable),
    ]
    return "".join(parts)


def _false_alarms(answers: Answers) -> str:
    counted = {
        detector: {group: _trials(found, group) for group in GROUPS}
        for detector, found in answers.items()
    }
    tests = sum(bool(some[group]) for some in counted.values() for group in _CLEAN) * len(ALPHAS)
    level = 1.0 - 0.05 / max(tests, 1)
    header = ["detector"]
    header += [f"{words}, {alpha:g}" for words in GROUPS.values() for alpha in ALPHAS]
    rows = []
    for detector, groups in counted.items():
        if not any(groups.values()):
            continue
        cells = [_share(some, i, level) for some in groups.values() for i in range(len(ALPHAS))]
        rows.append([f"`{detector}`", *cells])
    limits = [
        _interval_of_most(counted, group, i, level) for group in GROUPS for i in range(len(ALPHAS))
    ]
    return table(header, [["interval", *limits], *rows])


def _trials(found: Mapping[str, Answer], group: str) -> list[Answer]:
    return [
        answer
        for name, answer in found.items()
        if name.split("/")[0] == group and "alarms" in answer
    ]


def _usable(some: list[Answer], alpha: float) -> list[Answer]:
    return [each for each in some if can_alarm(each["calibration"], alpha)]


def _interval(some: list[Answer], place: int, level: float) -> tuple[float, float]:
    trials = sorted((each["calibration"], each["rows"], each["ranks"][place]) for each in some)
    return alarm_interval(tuple(trials), level)


def _share(some: list[Answer], place: int, level: float) -> str:
    used = _usable(some, ALPHAS[place])
    if not used:
        return "–"
    share = sum(each["alarms"][place] for each in used) / sum(each["rows"] for each in used)
    low, high = _interval(used, place, level)
    text = _rate(share)
    if share > high:
        return f"**{text}**"
    return f"*{text}*" if share < low else text


def _interval_of_most(
    counted: Mapping[str, dict[str, list[Answer]]], group: str, place: int, level: float
) -> str:
    """The interval for a detector that finished everything and has no ties."""
    alpha = ALPHAS[place]
    most = max((_usable(some[group], alpha) for some in counted.values()), key=len, default=[])
    if not most:
        return ""
    trials = sorted(
        (each["calibration"], each["rows"], nominal_rank(each["calibration"], alpha))
        for each in most
    )
    low, high = alarm_interval(tuple(trials), level)
    return f"{_rate(low)} to {_rate(high)}"


def _per_set(ranked: Mapping[str, dict[str, Scores]], key: str) -> str:
    names = sorted({name for sets in ranked.values() for name in sets}, key=str.lower)
    ranked = {detector: sets for detector, sets in ranked.items() if sets}
    rows = [
        [f"`{detector}`", *(short(sets[name][key]) if name in sets else "–" for name in names)]
        for detector, sets in ranked.items()
    ]
    return table(["detector", *names], rows)


def _failures(answers: Answers, unable: Mapping[str, str]) -> str:
    lines = [f"- `{detector}`: not run: {reason}" for detector, reason in unable.items()]
    for detector, found in answers.items():
        # Reasons that differ in their numbers alone are one; the first stands for all.
        reasons: dict[str, list[str]] = defaultdict(list)
        for name, answer in found.items():
            if "failed" in answer:
                reasons[_NUMBER.sub("", answer["failed"])].append(name)
        lines += [
            f"- `{detector}`: {len(names)} of {len(found)}: {found[names[0]]['failed']}"
            f" ({', '.join(names[:4])}{', ...' if len(names) > 4 else ''})"
            for names in reasons.values()
        ]
    return "\n".join(lines or ["All finished."]) + "\n"


def _rate(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")
