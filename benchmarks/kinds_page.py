"""The parts of docs/quality.md on series, graphs and texts."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mean

from benchmarks.intervals import paired_bootstrap
from benchmarks.kinds import ALPHAS, FRESH_STEPS, REFERENCE_STEPS, SPAM_SHARE, Answer
from benchmarks.measure import table
from benchmarks.rankings import Answers, rankings, short, summary

_FEWEST = 3

SERIES = """## Series

`pynomaly.detect(series, detector, time="timestamp")` on the {sets} labelled series of the Numenta
Anomaly Benchmark (artificial, cloud servers, road traffic), with defaults. Points in a labelled
window are the anomalies, each point counts alike. Detectors for tables see windows of 100 steps.

"""

SERIES_ALARMS = """### False alarms of series

A model is fitted on a stretch of a series, calibrated on blocks of it, and scores the normal points
that follow. Stationary: {reference:,} steps with a daily curve and autoregressive noise, then
{fresh:,} more. Real: the first half of each of the {sets} series above, without its labelled windows,
then the second half. The mean share of alarms over series, with its 95 % bootstrap interval over them.
Block calibration holds about the rate while the series goes on as it was; points that follow
each other are not exchangeable, and real series drift, so that no p-value of a series promises its rate:
results say `exchangeability: violated`.

"""

GRAPHS = """## Graphs

`pynomaly.detect(graph, detector, seed=seed)` on the {sets} attributed graphs (`books`, `disney`, `gen_500`,
`inj_cora`; in the last two anomalies are injected), with defaults, seeds 0 to 2. Detectors for tables see
what the default transformer says of a node and its neighbourhood.

"""

TEXTS = """## Texts

`pynomaly.detect(messages, detector, text="text")` on the SMS Spam Collection, thinned out until {share:.0%}
of the messages are spam, three draws. Detectors see the default surface features.

"""


def kind_parts(answers: Answers, defaults: Mapping[str, str]) -> list[str]:
    """Sections for those kinds that have answers."""
    parts: list[str] = []
    texts = {"series": SERIES, "graph": GRAPHS, "text": TEXTS}
    for group, text in texts.items():
        ranked = rankings(answers, group)
        if not any(ranked.values()):
            continue
        sets = max(len(found) for found in ranked.values())
        parts += [text.format(sets=sets, share=SPAM_SHARE), summary(ranked, defaults[group]), "\n"]
        if group == "series":
            parts += [
                SERIES_ALARMS.format(sets=sets, reference=REFERENCE_STEPS, fresh=FRESH_STEPS),
                _series_alarms(answers),
                "\n",
            ]
    return parts


def _series_alarms(answers: Answers) -> str:
    groups = {"series-synthetic": "stationary", "series-alarms": "real"}
    header = ["detector"]
    header += [f"{words}, {alpha:g}" for words in groups.values() for alpha in ALPHAS]
    rows = []
    for detector, found in answers.items():
        cells = [
            _mean_share(_of_group(found, group), place)
            for group in groups
            for place in range(len(ALPHAS))
        ]
        if any(cell != "–" for cell in cells):
            rows.append([f"`{detector}`", *cells])
    return table(header, rows)


def _of_group(found: Mapping[str, Answer], group: str) -> list[Answer]:
    return [a for name, a in found.items() if name.split("/")[0] == group and a.get("rows")]


def _mean_share(some: list[Answer], place: int) -> str:
    shares = [each["alarms"][place] / each["rows"] for each in some]
    if len(shares) < _FEWEST:
        return "–"
    low, high = paired_bootstrap(shares)
    return f"{short(mean(shares))} [{short(low)}, {short(high)}]"
