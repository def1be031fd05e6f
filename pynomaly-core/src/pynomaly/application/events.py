"""Events: what alarms of a series make up where they follow each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from pynomaly.application.stepping import Stepped
from pynomaly.domain.calibration import Scores
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import Mask
from pynomaly.domain.schema import Roles
from pynomaly.domain.series import find_runs


def find_events(
    stepped: Stepped,
    times: pl.Series | None,
    scores: Scores,
    p_values: Scores,
    alarms: Mask,
    gap: int,
) -> list[dict[str, Any]]:
    """Stretches of alarms of one series, each with its strongest row.

    Args:
        stepped: The series.
        times: Of its rows; None where rows are steps as they come.
        scores: Of all rows of the table, shape (n,).
        p_values: Of all rows, shape (n,).
        alarms: Of all rows, shape (n,).
        gap: Fewer steps than this without an alarm do not end an event.
    """
    steps, rows = stepped.timeline.steps, stepped.rows
    marked = np.zeros(stepped.timeline.length, dtype=np.bool_)
    marked[steps[alarms[rows]]] = True
    found = []
    order = np.argsort(steps, kind="stable")
    for first, last in find_runs(marked, gap):
        low, high = np.searchsorted(steps[order], [first, last + 1])
        inside = order[low:high]
        inside = inside[alarms[rows[inside]]]
        peak = inside[np.argmax(scores[rows[inside]])]
        at = [inside[0], inside[-1], peak]
        start, end, top = (int(rows[i]) if times is None else times[int(i)] for i in at)
        found.append(
            {
                "series": stepped.name,
                "start": start,
                "end": end,
                "peak": top,
                "anomaly_score": float(scores[rows[peak]]),
                "p_value": float(p_values[rows[peak]]),
                "rows": len(inside),
            }
        )
    return found


def event_frame(found: list[dict[str, Any]], table: Table, roles: Roles) -> pl.DataFrame:
    """Events, the strongest first; the column of the series is called as in the data."""
    moment = pl.Int64() if roles.time is None else table.schema[roles.time]
    kinds = {
        "series": pl.String(),
        **dict.fromkeys(("start", "end", "peak"), moment),
        **dict.fromkeys(("anomaly_score", "p_value"), pl.Float64()),
        "rows": pl.Int64(),
    }
    frame = pl.DataFrame(found, schema=kinds)
    frame = frame.sort("anomaly_score", descending=True, maintain_order=True)
    if roles.series is None:
        return frame.drop("series")
    return frame if roles.series in kinds else frame.rename({"series": roles.series})
