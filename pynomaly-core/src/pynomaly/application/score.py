"""Score a table with a fitted model, batch by batch, and decide which rows alarm."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import polars as pl

from pynomaly.application.contract import (
    Tally,
    check_schema,
    refuse_output_names,
    to_matrix,
)
from pynomaly.application.fit import Progress, no_progress
from pynomaly.application.guard import check_explains, explain_guarded, score_guarded
from pynomaly.application.labels import read_labels
from pynomaly.application.model import FittedModel
from pynomaly.application.roles import check_roles
from pynomaly.domain.calibration import Scores
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
from pynomaly.ports.params import unstructure_params

if TYPE_CHECKING:
    from pynomaly.ports.protocols import FloatMatrix

BATCH_ROWS = 65_536


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
        model: The fitted model; without a calibration, ranks within the table take its place.
        table: What to score.
        decision: Which rows alarm.
        explain: Number of largest contributions to give for each alarm; 0 for none.
        label: Column with the truth; its metrics come with the summary.
        known: Scores that are known already, of all rows or by row position.
        progress: Told as rows are done.
    """

    def __init__(
        self,
        model: FittedModel,
        table: Table,
        decision: Decision,
        *,
        explain: int = 0,
        label: str | None = None,
        known: Scores | dict[int, float] | None = None,
        progress: Progress = no_progress,
    ) -> None:
        if explain:
            check_explains(model.spec)
        if model.calibration is not None:
            check_decision(decision, model.calibration)
        check_roles(
            table, attrs.evolve(model.roles, columns=None, exclude=(), id=None, label=label)
        )
        check_schema(model.features, table.schema, model.columns, model.policy)
        refuse_output_names(list(table.schema), explained=explain > 0)
        self.model = model
        self.table = table
        self.decision = decision
        self.rows = 0
        self.alarms = 0
        self.metrics: dict[str, Any] | None = None
        self._explain = explain
        self._label = label
        self._known = {} if known is None else known
        self._progress = progress
        self._tally = Tally()

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[ScoredBatch]:
        """The table's rows, in order, scored and decided.

        Args:
            columns: Columns to read beside what scoring needs; None for all.
        """
        wanted = None if columns is None else self._needed(columns)
        all_scores = self._all_scores() if self._needs_all() else None
        if self.model.calibration is None and all_scores is not None:
            self.model = self.model.with_ranks(all_scores)
        calibration = self.model.calibration
        if calibration is None:
            raise ValueError("a model without calibration needs all scores")
        check_decision(self.decision, calibration)
        cut = make_cut(self.decision, calibration, all_scores)
        truth = _Truth() if self._label else None
        for start, frame in _positions(self.table, wanted):
            scores = self._batch_scores(frame, start, all_scores)
            p_values = calibration.p_values(scores)
            alarms = cut(scores, p_values)
            self.rows += len(scores)
            self.alarms += int(alarms.sum())
            if truth is not None and self._label:
                truth.add(frame.get_column(self._label), scores, alarms)
            self._progress(
                "writing" if self._needs_all() else "scoring", self.rows, self.table.rows
            )
            explanation = self._explanation(frame, start, alarms) if self._explain else None
            yield ScoredBatch(frame, scores, p_values, alarms, explanation)
        if truth is not None:
            self.metrics = truth.metrics()

    def summary(self) -> dict[str, Any]:
        """What was done, JSON-ready; complete once `batches` has ended."""
        found = summarise(self.model, self.decision, self.rows, self.alarms, self._tally)
        return found | {"metrics": self.metrics}

    def output_schema(self) -> pl.Schema:
        """Columns and types of the scored rows."""
        added = {"anomaly_score": pl.Float64(), "p_value": pl.Float64(), "is_anomaly": pl.Boolean()}
        explanation = {"explanation": EXPLANATION} if self._explain else {}
        return pl.Schema({**self.table.schema, **added, **explanation})

    def _needed(self, columns: Sequence[str]) -> list[str]:
        needed = {column.column for column in self.model.features.columns} | set(columns)
        if self._label:
            needed.add(self._label)
        return [name for name in self.table.schema if name in needed]

    def _needs_all(self) -> bool:
        calibration = self.model.calibration
        return calibration is None or needs_all_scores(self.decision, calibration)

    def _all_scores(self) -> Scores:
        if isinstance(self._known, np.ndarray):
            return self._known
        parts, done = [], 0
        for start, frame in _positions(self.table, self._needed(())):
            X = self._matrix(frame, start, self._tally)
            parts.append(self._scores(X, start))
            done += len(X)
            self._progress("scoring", done, self.table.rows)
        return np.concatenate(parts) if parts else np.empty(0)

    def _batch_scores(self, frame: pl.DataFrame, start: int, all_scores: Scores | None) -> Scores:
        if all_scores is None:
            return self._scores(self._matrix(frame, start, self._tally), start)
        if isinstance(self._known, np.ndarray):  # then what is mended was not counted yet
            self._matrix(frame, start, self._tally)
        return all_scores[start : start + frame.height]

    def _scores(self, X: FloatMatrix, start: int) -> Scores:
        scores = score_guarded(self.model.spec, self.model.detector, X)
        if isinstance(self._known, dict) and self._known:
            for i in range(len(scores)):
                scores[i] = self._known.get(start + i, scores[i])
        return scores

    def _matrix(self, frame: pl.DataFrame, start: int, tally: Tally) -> FloatMatrix:
        return to_matrix(frame, self.model.features, self.model.policy, tally, start)

    def _explanation(self, frame: pl.DataFrame, start: int, alarms: Mask) -> pl.Series:
        entries: list[list[dict[str, Any]] | None] = [None] * frame.height
        positions = np.flatnonzero(alarms)
        if positions.size:
            rows = frame[positions.tolist()]
            X = self._matrix(rows, start, Tally())
            contributions = explain_guarded(self.model.spec, self.model.detector, X)
            found = top_contributions(self.model, rows, contributions, self._explain)
            for position, entry in zip(positions.tolist(), found, strict=True):
                entries[position] = entry
        return pl.Series("explanation", entries, dtype=EXPLANATION)


def summarise(
    model: FittedModel, decision: Decision, rows: int, alarms: int, tally: Tally
) -> dict[str, Any]:
    """What was done, JSON-ready."""
    calibration = model.calibration
    if calibration is None:
        raise ValueError("nothing was scored yet")
    warnings = [*model.warnings, *tally.warnings(model.features)]
    return {
        "detector": model.spec.id,
        "params": unstructure_params(model.params),
        "seed": model.seed,
        "rows": rows,
        "alarms": alarms,
        "decision": describe_decision(decision, calibration, rows),
        "calibration": calibration.summary(),
        "left_out": dict(model.features.left_out),
        "metrics": None,
        "warnings": warnings + decision_warnings(decision, calibration),
    }


EXPLANATION = pl.List(
    pl.Struct({"column": pl.String, "value": pl.String, "contribution": pl.Float64})
)


def top_contributions(
    model: FittedModel, frame: pl.DataFrame, contributions: FloatMatrix, count: int
) -> list[list[dict[str, Any]]]:
    """For each row of `frame` its `count` largest contributions, largest first."""
    totals = model.features.by_column(contributions)
    names = list(totals)
    matrix = np.column_stack([totals[name] for name in names])
    order = np.argsort(-matrix, axis=1, kind="stable")[:, :count]
    found = []
    for i, ranks in enumerate(order.tolist()):
        found.append(
            [
                {
                    "column": names[j],
                    "value": _as_text(frame.item(i, names[j])),
                    "contribution": float(matrix[i, j]),
                }
                for j in ranks
            ]
        )
    return found


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, default=str)


def _positions(table: Table, columns: list[str] | None) -> Iterator[tuple[int, pl.DataFrame]]:
    start = 0
    for frame in table.batches(BATCH_ROWS, columns):
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
