"""What the Python door gives back: scores of a table, and models that score more."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pynomaly.application.contract import finish_matrix
from pynomaly.application.fused import score_parts
from pynomaly.application.graphs import nodes_table
from pynomaly.application.guard import score_guarded
from pynomaly.application.items import FusedModel
from pynomaly.application.model import FittedModel
from pynomaly.application.score import score
from pynomaly.application.score_graph import GraphJudge
from pynomaly.application.score_table import TableJudge
from pynomaly.application.scoring import Judge, Scoring, summarise, top_contributions
from pynomaly.domain.calibration import Scores
from pynomaly.domain.datasets import Table, read_whole
from pynomaly.domain.decisions import (
    Decision,
    Mask,
    choose_decision,
    make_cut,
    needs_all_scores,
)
from pynomaly.domain.errors import MissingRequirement, UsageError
from pynomaly.domain.graphs import Graph
from pynomaly.infrastructure.composition import services
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.settings import Settings
from pynomaly.infrastructure.spool import partition_within
from pynomaly.items import open_to_score
from pynomaly.ports.specs import Modality
from pynomaly.sources import check_width, rows_for

if TYPE_CHECKING:
    import pandas as pd


class Result:
    """Scores of a table's rows, and what was decided.

    Attributes:
        scores: Shape (n,), float64; higher is more anomalous.
        p_values: Shape (n,), float64: conformal where there was a reference, else ranks.
        is_anomaly: Shape (n,), bool: the alarms.
        model: What they were scored with.
    """

    def __init__(
        self,
        judge: Judge,
        scored: Sequence[tuple[Scores, Scores, Mask]],
        table: Callable[[], Table],
        summary: Callable[[], dict[str, Any]],
    ) -> None:
        empty = (np.empty(0), np.empty(0), np.empty(0, dtype=np.bool_))
        scores, p_values, alarms = zip(*(scored or [empty]), strict=True)
        self.scores: Scores = np.concatenate(scores)
        self.p_values: Scores = np.concatenate(p_values)
        self.is_anomaly: Mask = np.concatenate(alarms)
        self.model = Model(judge.model)
        self._judge = judge
        self._table = table
        self._summary = summary

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What was done, as the CLI's ``--json`` gives it."""
        return self._summary()

    @property
    def alarms(self) -> int:
        """Number of alarms."""
        return int(self.is_anomaly.sum())

    @property
    def calibration(self) -> dict[str, Any]:
        """Which calibration the p-values have, and the smallest that can be reached."""
        calibration: dict[str, Any] = self.summary["calibration"]
        return calibration

    @property
    def decision(self) -> dict[str, Any]:
        """The rule, and what it promises."""
        decision: dict[str, Any] = self.summary["decision"]
        return decision

    @property
    def metrics(self) -> dict[str, Any] | None:
        """AP, ROC AUC and more against the label column; None without one."""
        metrics: dict[str, Any] | None = self.summary["metrics"]
        return metrics

    @property
    def events(self) -> pl.DataFrame:
        """Of series: the stretches of time that alarms make up, the strongest first.

        Columns are the series' name, if it has one, ``start``, ``end`` and ``peak`` (times, or
        rows where there are none), ``anomaly_score`` and ``p_value`` of the peak, and ``rows``.
        """
        return self._judge.events

    @property
    def edges(self) -> pl.DataFrame:
        """Of graphs: the edges with a score for each, the highest first.

        Columns are ``source`` and ``target``, positions of nodes, and ``anomaly_score``.

        Raises:
            UsageError: If the data are no graph.
            DataError: If the detector scores nodes only.
        """
        if not isinstance(self._judge, GraphJudge):
            raise UsageError(f"edges are scored in graphs, and this is {self.model.fitted.kind}")
        return self._judge.edge_scores()

    @property
    def warnings(self) -> list[str]:
        """What to know before trusting the alarms."""
        warnings: list[str] = self.summary["warnings"]
        return warnings

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The input's rows and columns, with ``anomaly_score``, ``p_value``, ``is_anomaly``."""
        return (
            self._table()
            .collect()
            .with_columns(
                anomaly_score=self.scores, p_value=self.p_values, is_anomaly=self.is_anomaly
            )
        )

    def to_pandas(self) -> pd.DataFrame:
        """`frame` as a pandas frame."""
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingRequirement("to_pandas", ["pandas"], "pip install pandas") from error
        return pd.DataFrame({column.name: _for_pandas(column) for column in self.frame})

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """`frame` as an Arrow stream: ``pl.DataFrame(result)``, ``pa.table(result)``."""
        return self.frame.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.scores)

    def __repr__(self) -> str:
        """Rows, alarms and how they were decided."""
        rows = f"{len(self):,} row{'' if len(self) == 1 else 's'}"
        alarms = f"{self.alarms:,} alarm{'' if self.alarms == 1 else 's'}"
        return f"Result({rows}, {alarms}: {self.decision['meaning']})"

    def explain(self, n: int = 3) -> list[dict[str, Any]]:
        """The `n` largest contributions for each alarm, the highest score first.

        Returns:
            One ``{"row", "anomaly_score", "p_value", "explanation"}`` per alarm; an explanation
            is a list of ``{"column", "value", "contribution"}``, the largest first.

        Raises:
            UsageError: If `n` is less than 1.
            DataError: If the detector cannot explain its scores.
        """
        if n < 1:
            raise UsageError(f"n must be at least 1, not {n}")
        self.model.fitted.check_explains()
        rows = np.flatnonzero(self.is_anomaly)
        rows = rows[np.argsort(-self.scores[rows], kind="stable")]
        if not rows.size:
            return []
        self._judge.decided(self.scores, self.p_values, self.is_anomaly, explain=True)
        frame = self._table().collect()[rows.tolist()]
        found = top_contributions(*self._judge.explain(frame, rows), n)
        return [
            {
                "row": int(row),
                "anomaly_score": float(self.scores[row]),
                "p_value": float(self.p_values[row]),
                "explanation": explanation,
            }
            for row, explanation in zip(rows, found, strict=True)
        ]


class Model:
    """A fitted, calibrated detector that carries its input contract.

    Attributes:
        fitted: Its parts.
    """

    def __init__(self, fitted: FittedModel | FusedModel) -> None:
        self.fitted = fitted

    def __repr__(self) -> str:
        """The detector and what it was fitted on."""
        rows = self.fitted.lineage["rows"]
        ids = ", ".join(spec.id for spec in self.fitted.specs)
        return f"Model({ids}, fitted on {rows:,} rows)"

    def score(
        self,
        data: Any,
        *,
        alpha: float | None = None,
        top: int | None = None,
        fdr: float | None = None,
        label: str | None = None,
        nodes: Any = None,
    ) -> Result:
        """Score `data`: a path, URI, frame, array, list of rows, `Table` or `Graph`.

        Columns are matched by name; an array without names by position. Where the model was
        fitted on a table of edges, `nodes` is a table with one row for each node.

        Raises:
            ContractViolation: Naming every column that does not fit.
            UsageError: If the decision cannot be kept.
        """
        decision = choose_decision(alpha, top, fdr)
        if isinstance(self.fitted, FusedModel):
            registry = services().get(Registry)
            parts = open_to_score(data, self.fitted, registry, {"nodes": nodes}, label)
            return collect_result(score_parts(self.fitted, parts, decision))
        if label is None and isinstance(data, np.ndarray) and self.fitted.features.all_numbers:
            result = _score_array(self.fitted, data, decision)
            if result is not None:
                return result
        fitted = self.fitted
        table = rows_for(data, fitted, nodes=nodes)
        limit = services().get(Settings).in_memory_mib * 2**20
        partition = partition_within(limit)
        return read_whole(
            table,
            lambda t: collect_result(score(fitted, t, decision, label=label, partition=partition)),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one file that executes nothing when it is read.

        Raises:
            OutputError: If it cannot be written, or the detector cannot be saved.
        """
        from pynomaly.infrastructure.modelfile import save_model

        save_model(self.fitted, path)


def collect_result(scoring: Scoring) -> Result:
    """All that `scoring` gives, in memory."""
    scored = [(batch.scores, batch.p_values, batch.is_anomaly) for batch in scoring.batches(())]
    return Result(scoring.judge, scored, lambda: scoring.table, scoring.summary)


def _score_array(
    model: FittedModel, data: np.ndarray[Any, Any], decision: Decision
) -> Result | None:
    """Score an array without a detour over a frame; None where that is not possible."""
    calibration = model.calibration if model.kind is Modality.TABULAR else None
    if calibration is None or needs_all_scores(decision, calibration) or data.dtype.kind != "f":
        return None
    rows = check_width(np.atleast_2d(data), model)
    judge = TableJudge(model, None)
    raw = np.array(rows[:, _positions(model)], dtype=np.float64, order="C")
    X = finish_matrix(raw, model.features, model.policy, judge.tally)
    scores = score_guarded(model.spec, model.detector, X)
    p_values = calibration.p_values(scores)
    alarms = make_cut(decision)(scores, p_values)

    def summary() -> dict[str, Any]:
        return summarise(judge, decision, len(scores), int(alarms.sum()))

    def table() -> Table:
        found = rows_for(rows, model)
        return nodes_table(found) if isinstance(found, Graph) else found

    return Result(judge, [(scores, p_values, alarms)], table, summary)


def _positions(model: FittedModel) -> list[int]:
    places = {name: i for i, name in enumerate(model.columns)}
    return [places[source] for source in model.features.sources]


def _for_pandas(column: pl.Series) -> Any:
    """Values that pandas takes without pyarrow, with their time zone."""
    zone = column.dtype.time_zone if isinstance(column.dtype, pl.Datetime) else None
    if zone is not None:
        import pandas as pd

        utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy()
        return pd.DatetimeIndex(utc, tz="UTC").tz_convert(zone)
    return column.to_list() if column.dtype.is_nested() else column.to_numpy()
