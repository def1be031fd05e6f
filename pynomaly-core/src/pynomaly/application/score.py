"""Score data of any kind with a fitted model."""

from __future__ import annotations

from pynomaly.application.graphs import check_node_roles, nodes_table
from pynomaly.application.guard import check_explains
from pynomaly.application.model import FittedModel
from pynomaly.application.partition import Partition, in_memory
from pynomaly.application.recipe import Progress, no_progress
from pynomaly.application.score_graph import judge_graph
from pynomaly.application.score_series import judge_series
from pynomaly.application.score_table import TableJudge
from pynomaly.application.scoring import Judge, Scoring
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import Decision
from pynomaly.domain.errors import UsageError
from pynomaly.domain.graphs import Graph
from pynomaly.domain.schema import Roles
from pynomaly.ports.specs import Modality


def score(
    model: FittedModel,
    data: Table | Graph,
    decision: Decision,
    *,
    explain: int = 0,
    label: str | None = None,
    progress: Progress = no_progress,
    partition: Partition = in_memory,
) -> Scoring:
    """Make ready to score `data`.

    Args:
        model: The fitted model.
        data: What to score.
        decision: Which rows alarm.
        explain: Number of largest contributions to give for each alarm; 0 for none.
        label: Column with the truth; its metrics come with the summary.
        progress: Told as rows are done.
        partition: Gives the series of a table.

    Raises:
        ContractViolation: If the data do not fit the model.
        UsageError: If they are of another kind, or the decision cannot be kept.
    """
    if explain:
        check_explains(model.spec)
    if isinstance(data, Graph) != (model.kind is Modality.GRAPH):
        given = "a graph" if isinstance(data, Graph) else "a table"
        raise UsageError(f"the model takes {model.kind} data, and this is {given}")
    judge: Judge
    if isinstance(data, Graph):
        source, target = model.roles.source, model.roles.target
        check_node_roles(data, Roles(label=label, source=source, target=target))
        judge, table = judge_graph(model, data), nodes_table(data)
    elif model.kind is Modality.SERIES:
        judge, table = judge_series(model, data, partition), data
    else:
        judge, table = TableJudge(model, data), data
    return Scoring(judge, table, decision, explain=explain, label=label, progress=progress)
