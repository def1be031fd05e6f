"""What is said of a fit and of a scoring on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pynomaly.cli.cells import visible
from pynomaly.cli.rows import cell, format_rows, with_zone_in_heading
from pynomaly.cli.tables import table

if TYPE_CHECKING:
    import polars as pl


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
        click.echo(f"Warning: {visible(warning)}", err=True)


def _echo_events(events: list[dict[str, Any]], count: int) -> None:
    """The strongest events as a table."""
    click.echo(_events_title(len(events), count))
    columns = [
        with_zone_in_heading([name, *(_event_cell(name, event[name]) for event in events)])
        for name in events[0]
    ]
    header, *rows = zip(*columns, strict=True)
    click.echo(table(header, rows))
    click.echo()


def _event_cell(name: str, value: object) -> str:
    """A value as it stands in the table of events; a number that is a time with all its digits."""
    if name in {"start", "end", "peak"} and isinstance(value, float):
        return str(int(value) if value.is_integer() else value)
    return cell(name, value)


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
    click.echo(f"{name + ':':<16}{visible(value)}")


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
