"""How a scoring looks on a terminal."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pynomaly.cli.tables import table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from pynomaly.application.scoring import ScoredBatch
    from pynomaly.domain.calibration import Scores

TOP_ROWS = 10
_CELL = 24
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
_NO_SECONDS = re.compile(r"(?<=\d\d:\d\d):00$")
_HELD = ("anomaly_score", "p_value", "is_anomaly")


class TopRows:
    """Keeps the rows with the highest scores of all batches that it is shown."""

    def __init__(self, count: int = TOP_ROWS) -> None:
        self._count = count
        self._kept: pl.DataFrame | None = None
        self._rows = 0

    def __call__(self, batch: ScoredBatch) -> None:
        """See the next batch."""
        import polars as pl

        order = _highest(batch.scores, self._count)
        picked = batch.with_input()[order.tolist()]
        number = _free_name("row", picked.columns)
        picked = picked.insert_column(0, pl.Series(number, order + self._rows + 1))
        self._rows += len(batch.scores)
        if self._kept is not None:
            picked = pl.concat([self._kept, picked])
        ranked = picked.sort("anomaly_score", descending=True, maintain_order=True)
        self._kept = ranked.head(self._count)

    @property
    def frame(self) -> pl.DataFrame | None:
        """The rows kept, the highest score first, with their row numbers from 1."""
        return self._kept


def _highest(scores: Scores, count: int) -> npt.NDArray[np.intp]:
    """Positions of the `count` highest scores, the highest first; of equal ones the earlier."""
    import numpy as np

    count = min(count, len(scores))
    if not count:
        return np.empty(0, dtype=np.intp)
    high = np.flatnonzero(scores >= np.partition(scores, -count)[-count])
    return high[np.argsort(-scores[high], kind="stable")][:count]


def echo_scoring(
    summary: dict[str, Any],
    top: pl.DataFrame | None,
    *,
    id: str | None = None,
    label: str | None = None,
    text: str | None = None,
) -> None:
    """Print the top rows, the alarms, the decision and where the outputs are.

    Args:
        summary: What was done.
        top: The rows with the highest scores.
        id, label, text: Columns as `format_rows` takes them.
    """
    events = summary.get("strongest_events")
    if events:
        _echo_events(events, summary["events"])
    elif top is not None and top.height:
        click.echo(f"The {top.height} highest scores")
        click.echo(format_rows(top, id=id, label=label, text=text))
        click.echo()
    rows, alarms = summary["rows"], summary["alarms"]
    _echo_field("data", _data(summary))
    share = f" ({alarms / rows:.2%})" if rows else ""
    among = f" in {_count(summary['events'], 'event')}" if events else ""
    _echo_field("alarms", f"{alarms:,} of {_count(rows, _noun(summary))}{share}{among}")
    _echo_field("decision", _decision(summary["decision"]))
    _echo_field("calibration", _calibration(summary["calibration"], _noun(summary)))
    _echo_field("detector", _detector(summary))
    for name, reason in summary["left_out"].items():
        _echo_field("left out", f"{name}: {reason}")
    if summary["metrics"]:
        _echo_field("against labels", _metrics(summary["metrics"]))
    for output in summary["outputs"]:
        _echo_field("written to", output)
    _echo_field("took", f"{summary['seconds']:.2f} s")
    echo_warnings(summary["warnings"])


def echo_fit(summary: dict[str, Any]) -> None:
    """Print what was fitted, on how much, how it is calibrated, and where the model is."""
    rows, fitted = summary["rows"], summary["fitted_rows"]
    used = f"{fitted:,} of {rows:,}" if fitted < rows else f"{rows:,}"
    series = f", {_count(summary['members'], 'series')}" if summary["kind"] == "series" else ""
    if summary["kind"] == "multimodal":
        _echo_field("fitted", f"{rows:,} items: {_detector(summary)}")
    else:
        _echo_field("fitted", f"{summary['detector']} on {used} {_noun(summary)}s{series}")
    if summary["calibration"]:
        _echo_field("calibration", _calibration(summary["calibration"], _noun(summary)))
    for name, reason in summary["left_out"].items():
        _echo_field("left out", f"{name}: {reason}")
    for output in summary["outputs"]:
        _echo_field("written to", output)
    _echo_field("took", f"{summary['seconds']:.2f} s")
    echo_warnings(summary["warnings"])


def echo_warnings(warnings: list[str]) -> None:
    """One line on stderr for each warning."""
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)


def _echo_events(events: list[dict[str, Any]], count: int) -> None:
    """The strongest events as a table."""
    click.echo(_events_title(len(events), count))
    header = list(events[0])
    rows = [[_cell(name, event[name]) for name in header] for event in events]
    click.echo(table(header, rows))
    click.echo()


def _events_title(shown: int, count: int) -> str:
    if shown < count:
        return f"The {shown} strongest of {count:,} events, stretches of alarms"
    if shown > 1:
        return f"{shown} events, stretches of alarms, the strongest first"
    return "1 event, a stretch of alarms"


def _data(summary: dict[str, Any]) -> str:
    """What was looked at, in words."""
    if summary["kind"] == "series":
        return f"{_count(summary['series'], 'series')}, {_count(summary['steps'], 'time step')}"
    if summary["kind"] == "graph":
        nodes, edges = _count(summary["nodes"], "node"), _count(summary["edges"], "edge")
        return f"a graph of {nodes} and {edges}"
    if summary["kind"] == "multimodal":
        parts = ", ".join(f"{count:,} with {name}" for name, count in summary["parts"].items())
        return f"{_count(summary['rows'], 'item')}: {parts}"
    if summary["kind"] == "text":
        return _count(summary["rows"], "text")
    return f"a table of {_count(summary['rows'], 'row')}"


def _noun(summary: dict[str, Any]) -> str:
    """What a row is."""
    return {"graph": "node", "multimodal": "item", "text": "text"}.get(summary["kind"], "row")


def _detector(summary: dict[str, Any]) -> str:
    """The detector and its parameters; of items, those of each part."""
    if summary["kind"] == "multimodal":
        return ", ".join(f"{name} by {spec}" for name, spec in summary["detector"].items())
    params = ", ".join(f"{name}={value}" for name, value in summary["params"].items())
    shown = f"{summary['detector']} ({params})" if params else str(summary["detector"])
    return f"{shown}{_seen(summary)}"


def _seen(summary: dict[str, Any]) -> str:
    """What a detector for tables is given of data that are none."""
    if window := summary.get("window"):
        most = "up to " if summary.get("series", 1) > 1 else ""
        return f" on windows of {most}{window} steps"
    if summary["features"]:
        return f" on {summary['features']} of each {_noun(summary)}"
    return " on counts of characters" if summary["kind"] == "text" else ""


def _count(number: int, noun: str) -> str:
    if noun.endswith("s"):
        return f"{number:,} {noun}"
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _echo_field(name: str, value: str) -> None:
    click.echo(f"{name + ':':<16}{value}")


def _free_name(name: str, taken: Sequence[str]) -> str:
    """`name`, changed only if a column of the input has it already."""
    while name in taken:
        name = f"#{name}"
    return name


def _decision(decision: dict[str, Any]) -> str:
    rule = {"alpha": "p_value <= {alpha:g}", "top": "top {k:,}", "fdr": "fdr {q:g}"}
    return f"{rule[decision['rule']].format(**decision)}: {decision['meaning']}"


def _calibration(calibration: dict[str, Any], noun: str) -> str:
    rows, smallest = f"{calibration['rows']:,}", f"{calibration['smallest_p']:.2g}"
    if calibration["method"] == "ranks":
        return f"none: p_value is a {noun}'s rank among these {rows} {noun}s"
    kind = {
        "blocks": "blocks of time left out of a fit:",
        "cross-fitted": "cross-fitted on",
        "held-out": "held out of the fit:",
    }
    clean = ", declared clean" if calibration["clean_reference"] else ""
    return f"{kind[calibration['method']]} {rows} {noun}s{clean}; smallest p_value {smallest}"


def _metrics(metrics: dict[str, Any]) -> str:
    names = {
        "average_precision": "AP",
        "roc_auc": "ROC AUC",
        "precision": "precision",
        "recall": "recall",
        "false_alarm_rate": "false-alarm rate",
    }
    parts = [
        f"{title} {metrics[name]:.3f}" if metrics[name] is not None else f"{title} undefined"
        for name, title in names.items()
    ]
    count = metrics["anomalies"]
    return f"{', '.join(parts)} ({count:,} anomal{'y' if count == 1 else 'ies'})"


def format_rows(
    frame: pl.DataFrame,
    *,
    id: str | None = None,
    label: str | None = None,
    text: str | None = None,
) -> str:
    """`frame` as an aligned table that fits the terminal; columns that do not fit are counted.

    Args:
        frame: Rows with their numbers first, then scores and input columns.
        id: Column that names a row, to stand next to its number.
        label: Column with the truth, to stand next to the scores.
        text: Column of texts, to take all the place that is left.
    """
    wanted = [frame.columns[0], id, *_HELD, "explanation", label, text, *frame.columns]
    names = [name for name in dict.fromkeys(wanted) if name is not None and name in frame.columns]
    long = ("explanation", text)
    columns = [[_cell(name, value, long) for value in frame[name]] for name in names]
    width = shutil.get_terminal_size((100, 24)).columns
    shown: list[list[str]] = []
    used = 0
    for name, column in zip(names, columns, strict=True):
        cells = [_short(name), *column]
        if name in long:
            cells = [_short(cell, max(_CELL, width - used)) for cell in cells]
        size = max(map(len, cells)) + 2
        if used + size > width + 2 and len(shown) > len(_HELD) + 1:
            break
        right = all(_is_number(cell) for cell in column)
        shown.append([f"{c:>{size - 2}}" if right else f"{c:<{size - 2}}" for c in cells])
        used += size
    lines = ["  ".join(cells).rstrip() for cells in zip(*shown, strict=True)]
    hidden = len(names) - len(shown)
    if hidden:
        lines.append(f"({hidden} more column{'s' if hidden > 1 else ''})")
    return "\n".join(lines)


def _cell(name: str, value: object, long: Sequence[str | None] = ()) -> str:
    if value is None:
        return ""
    if name == "explanation":
        return _explanation(value)
    if name in long:
        return str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _tidy(str(value))


def _tidy(text: str) -> str:
    """A cell that fits; of a moment, without the seconds and the zone that say nothing."""
    if _MOMENT.match(text):
        text = _NO_SECONDS.sub("", text.removesuffix("+00:00")).replace("T", " ")
    return _short(text)


def _explanation(value: Any) -> str:
    return "; ".join(f"{each['column']}={_tidy(_unquoted(each['value']))}" for each in value)


def _unquoted(value: str | None) -> str:
    if value is None:
        return "missing"
    try:
        known = json.loads(value)
    except ValueError:
        return value
    return f"{known:.4g}" if isinstance(known, float) else str(known)


def _short(text: str, length: int = _CELL) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def _is_number(cell: str) -> bool:
    try:
        float(cell or 0)
    except ValueError:
        return False
    return True
