"""Score a table batch by batch, and decide which rows alarm."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import attrs
import numpy as np
import polars as pl

from pynomaly.application.contract import refuse_output_names
from pynomaly.application.labels import read_labels
from pynomaly.application.recipe import Progress, no_progress
from pynomaly.application.roles import check_roles
from pynomaly.domain.calibration import Calibration, Scores
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import (
    Decision,
    Mask,
    check_decision,
    decision_warnings,
    describe_decision,
    make_cut,
    needs_all_scores,
)
from pynomaly.domain.metrics import label_metrics
from pynomaly.domain.schema import Roles

EXPLANATION = pl.List(
    pl.Struct({"column": pl.String, "value": pl.String, "contribution": pl.Float64})
)

Positions = np.ndarray[tuple[int], np.dtype[np.intp]]
Contributions = Mapping[str, Scores]
"""By column, shape (m,): what it adds to the scores of m rows."""


class Judge(Protocol):
    """Scores the rows of one table, all at once or batch by batch.

    Attributes:
        model: What it scores with.
        events: Stretches of alarms, once `decided`; empty where rows have no order.
    """

    model: Any
    events: pl.DataFrame

    @property
    def calibration(self) -> Calibration | None:
        """What p-values come from; None until `judge_all` where they are ranks."""

    @property
    def columns(self) -> Sequence[str]:
        """Columns of the table that `judge` looks at."""

    @property
    def at_once(self) -> bool:
        """Whether rows can only be scored all at once."""

    def warnings(self) -> list[str]:
        """What to know before trusting the scores; complete once all rows are scored."""

    def judge_all(self, progress: Progress, /) -> tuple[Scores, Scores]:
        """Scores and p-values of all rows, each shape (n,)."""

    def judge(self, frame: pl.DataFrame, start: int, /) -> tuple[Scores, Scores]:
        """Scores and p-values of the rows from position `start` on, each shape (m,)."""

    def decided(self, scores: Scores, p_values: Scores, alarms: Mask, /, *, explain: bool) -> None:
        """Told of all rows, before they are written, where it judged all at once.

        It may take `alarms` back, in place.
        """

    def explain(
        self, frame: pl.DataFrame, rows: Positions, /
    ) -> tuple[pl.DataFrame, Contributions]:
        """Contributions to the scores of the rows at positions `rows`, which `frame` holds.

        Returns:
            A frame with the values that contribute, one row for each of `rows`, and by its
            columns what they contribute.
        """

    def findings(self) -> dict[str, Any]:
        """What the summary says beyond the rest, JSON-ready."""


@attrs.frozen(eq=False)
class ScoredBatch:
    """Consecutive rows of the input with their scores, p-values and alarms, each shape (n,)."""

    frame: pl.DataFrame
    scores: Scores
    p_values: Scores
    is_anomaly: Mask
    explanation: pl.Series | None = None

    def with_input(self, *, only_anomalies: bool = False) -> pl.DataFrame:
        """The input's columns and the ones that scoring adds."""
        columns = [
            pl.Series("anomaly_score", self.scores),
            pl.Series("p_value", self.p_values),
            pl.Series("is_anomaly", self.is_anomaly),
        ]
        if self.explanation is not None:
            columns.append(self.explanation)
        scored = self.frame.with_columns(columns)
        return scored.filter(pl.col("is_anomaly")) if only_anomalies else scored


class Scoring:
    """One scoring of a table: iterate `batches` once, then read `summary`.

    Args:
        judge: Scores the rows.
        table: What to score.
        decision: Which rows alarm.
        explain: Number of largest contributions to give for each alarm; 0 for none.
        label: Column with the truth; its metrics come with the summary.
        progress: Told as rows are done.
    """

    def __init__(
        self,
        judge: Judge,
        table: Table,
        decision: Decision,
        *,
        explain: int = 0,
        label: str | None = None,
        progress: Progress = no_progress,
    ) -> None:
        if judge.calibration is not None:
            check_decision(decision, judge.calibration)
        check_roles(table, Roles(label=label))
        refuse_output_names(list(table.schema), explained=explain > 0)
        self.judge = judge
        self.table = table
        self.decision = decision
        self.rows = 0
        self.alarms = 0
        self.metrics: dict[str, Any] | None = None
        self._explain = explain
        self._label = label
        self._progress = progress

    @property
    def model(self) -> Any:
        """What it scores with."""
        return self.judge.model

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[ScoredBatch]:
        """The table's rows, in order, scored and decided.

        Args:
            columns: Columns to read beside what scoring needs; None for all.
        """
        judged = self._judge_all()
        truth = _Truth() if self._label else None
        stage = "scoring" if judged is None else "writing"
        for start, frame in positions(self.table, self._wanted(columns, judging=judged is None)):
            scores, p_values, alarms = self._judged(frame, start, judged)
            self.rows += len(scores)
            self.alarms += int(alarms.sum())
            if truth is not None and self._label:
                truth.add(frame.get_column(self._label), scores, alarms)
            self._progress(stage, self.rows, self.table.rows)
            explanation = self._explanation(frame, start, alarms) if self._explain else None
            yield ScoredBatch(frame, scores, p_values, alarms, explanation)
        if truth is not None:
            self.metrics = truth.metrics()

    def summary(self) -> dict[str, Any]:
        """What was done, JSON-ready; complete once `batches` has ended."""
        found = summarise(self.judge, self.decision, self.rows, self.alarms)
        warnings = list(dict.fromkeys([*self.table.notes, *found["warnings"]]))
        return found | {"metrics": self.metrics, "warnings": warnings}

    def output_schema(self) -> pl.Schema:
        """Columns and types of the scored rows."""
        added = {"anomaly_score": pl.Float64(), "p_value": pl.Float64(), "is_anomaly": pl.Boolean()}
        explanation = {"explanation": EXPLANATION} if self._explain else {}
        return pl.Schema({**self.table.schema, **added, **explanation})

    def _judge_all(self) -> tuple[Scores, Scores, Mask] | None:
        """Scores, p-values and alarms of all rows; None where each row is decided by itself."""
        judged = None
        if self.judge.at_once or needs_all_scores(self.decision, self.judge.calibration):
            scores, p_values = self.judge.judge_all(self._progress)
            alarms = make_cut(self.decision, scores, p_values)(scores, p_values)
            self.judge.decided(scores, p_values, alarms, explain=self._explain > 0)
            judged = scores, p_values, alarms
        if self.judge.calibration is None:
            raise ValueError("a model without calibration must judge all rows at once")
        check_decision(self.decision, self.judge.calibration)
        return judged

    def _judged(
        self, frame: pl.DataFrame, start: int, judged: tuple[Scores, Scores, Mask] | None
    ) -> tuple[Scores, Scores, Mask]:
        """Scores, p-values and alarms of a batch, each shape (m,)."""
        if judged is not None:
            rows = slice(start, start + frame.height)
            return judged[0][rows], judged[1][rows], judged[2][rows]
        scores, p_values = self.judge.judge(frame, start)
        return scores, p_values, make_cut(self.decision)(scores, p_values)

    def _wanted(self, columns: Sequence[str] | None, *, judging: bool) -> list[str] | None:
        if columns is None:
            return None
        needed = set(columns)
        if judging or self._explain:
            needed |= set(self.judge.columns)
        if self._label:
            needed.add(self._label)
        wanted = [name for name in self.table.schema if name in needed]
        return wanted or list(self.table.schema)[:1]  # without a column, a batch has no height

    def _explanation(self, frame: pl.DataFrame, start: int, alarms: Mask) -> pl.Series:
        entries: list[list[dict[str, Any]] | None] = [None] * frame.height
        rows = np.flatnonzero(alarms)
        if rows.size:
            picked = frame[rows.tolist()]
            found = top_contributions(*self.judge.explain(picked, rows + start), self._explain)
            for row, entry in zip(rows.tolist(), found, strict=True):
                entries[row] = entry
        return pl.Series("explanation", entries, dtype=EXPLANATION)


def summarise(judge: Judge, decision: Decision, rows: int, alarms: int) -> dict[str, Any]:
    """What was done, JSON-ready."""
    calibration = judge.calibration
    if calibration is None:
        raise ValueError("nothing was scored yet")
    return {
        **judge.model.about(),
        "rows": rows,
        "alarms": alarms,
        "decision": describe_decision(decision, calibration, rows),
        "calibration": calibration.summary(),
        "metrics": None,
        "warnings": judge.warnings() + decision_warnings(decision, calibration),
        **judge.findings(),
    }


def top_contributions(
    frame: pl.DataFrame, contributions: Contributions, count: int
) -> list[list[dict[str, Any]]]:
    """For each row of `frame` its `count` largest contributions, largest first."""
    names = list(contributions)
    matrix = np.column_stack([contributions[name] for name in names])
    order = np.argsort(-matrix, axis=1, kind="stable")[:, :count]
    return [
        [
            {
                "column": names[j],
                "value": _as_text(frame.item(i, names[j])),
                "contribution": float(matrix[i, j]),
            }
            for j in ranks
        ]
        for i, ranks in enumerate(order.tolist())
    ]


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str)


def positions(table: Table, columns: list[str] | None) -> Iterator[tuple[int, pl.DataFrame]]:
    """Batches of the table's rows, each with the position of its first one."""
    start = 0
    for frame in table.batches(columns=columns):
        yield start, frame
        start += frame.height


class _Truth:
    """Labels, scores and alarms of the rows that have a label."""

    def __init__(self) -> None:
        self._labels: list[Mask] = []
        self._scores: list[Scores] = []
        self._alarms: list[Mask] = []

    def add(self, column: pl.Series, scores: Scores, alarms: Mask) -> None:
        labels = read_labels(column)
        known = ~np.isnan(labels)
        self._labels.append(labels[known] == 1.0)
        self._scores.append(scores[known])
        self._alarms.append(alarms[known])

    def metrics(self) -> dict[str, Any] | None:
        if not self._labels:
            return None
        parts = (self._labels, self._scores, self._alarms)
        return label_metrics(*(np.concatenate(part) for part in parts))  # type: ignore[arg-type]
