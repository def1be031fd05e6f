"""Score data of any kind with a fitted model."""

from __future__ import annotations

from pynomaly.application.guard import check_explains
from pynomaly.application.model import FittedModel
from pynomaly.application.partition import Partition, in_memory
from pynomaly.application.recipe import Progress, no_progress
from pynomaly.application.score_series import judge_series
from pynomaly.application.score_table import TableJudge
from pynomaly.application.scoring import Judge, Scoring
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import Decision
from pynomaly.ports.specs import Modality


def score(
    model: FittedModel,
    table: Table,
    decision: Decision,
    *,
    explain: int = 0,
    label: str | None = None,
    progress: Progress = no_progress,
    partition: Partition = in_memory,
) -> Scoring:
    """Make ready to score `table`.

    Args:
        model: The fitted model.
        table: What to score.
        decision: Which rows alarm.
        explain: Number of largest contributions to give for each alarm; 0 for none.
        label: Column with the truth; its metrics come with the summary.
        progress: Told as rows are done.
        partition: Gives the series of the table.

    Raises:
        ContractViolation: If the table does not fit the model.
        UsageError: If the decision cannot be kept.
    """
    if explain:
        check_explains(model.spec)
    judge: Judge
    if model.kind is Modality.SERIES:
        judge = judge_series(model, table, partition)
    else:
        judge = TableJudge(model, table)
    return Scoring(judge, table, decision, explain=explain, label=label, progress=progress)
