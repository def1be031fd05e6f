"""Detect what is anomalous in a table: by itself, or against a reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

import attrs
import polars as pl

from pynomaly.application.contract import refuse_output_names
from pynomaly.application.fit import fit
from pynomaly.application.fit_table import rank_table
from pynomaly.application.graphs import nodes_table
from pynomaly.application.guard import check_explains
from pynomaly.application.partition import Partition, in_memory
from pynomaly.application.recipe import Progress, Recipe, no_progress
from pynomaly.application.roles import roles_for_reference
from pynomaly.application.score import score
from pynomaly.application.score_graph import rank_graph
from pynomaly.application.score_series import rank_series
from pynomaly.application.score_table import TableJudge
from pynomaly.application.scoring import Judge, ScoredBatch, Scoring
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import Decision, check_reference
from pynomaly.domain.graphs import Graph
from pynomaly.ports.protocols import Publisher
from pynomaly.ports.specs import Modality

OpenPublisher = Callable[[pl.Schema], Publisher]

Second = Callable[[Judge], pl.DataFrame]
"""A second result beside the rows' scores."""


def detect(
    data: Table | Graph,
    recipe: Recipe,
    decision: Decision,
    *,
    reference: Table | Graph | None = None,
    explain: int = 0,
    progress: Progress = no_progress,
    partition: Partition = in_memory,
) -> Scoring:
    """Fit on `reference`, or on `data` itself, and make ready to score `data`.

    With a reference p-values are conformal; without one they are ranks within the data.

    Raises:
        UsageError: If the decision cannot be kept so.
        DataError: If there is too little to learn from.
    """
    if explain:
        check_explains(recipe.spec)
    table = nodes_table(data) if isinstance(data, Graph) else data
    refuse_output_names(list(table.schema), explained=explain > 0)
    label = recipe.roles.label
    if reference is not None:
        columns = nodes_table(reference) if isinstance(reference, Graph) else reference
        roles = roles_for_reference(recipe.roles, columns, table)
        model = fit(reference, attrs.evolve(recipe, roles=roles), progress, partition)
        label = label if label in table.schema else None
        return score(
            *(model, data, decision),
            explain=explain,
            label=label,
            progress=progress,
            partition=partition,
        )
    check_reference(decision)
    judge: Judge
    if isinstance(data, Graph):
        judge = rank_graph(data, recipe, progress)
    elif recipe.kind is Modality.SERIES:
        judge = rank_series(table, recipe, partition, progress)
    else:
        model, known = rank_table(table, recipe, progress)
        judge = TableJudge(model, table, known)
    return Scoring(judge, table, decision, explain=explain, label=label, progress=progress)


def held_in_memory(data: Table | Graph, limit: int) -> Table | Graph:
    """`data` read into memory if it has at most `limit` bytes; else as it is.

    Where the source does not say how large it is, such as a query, it is read as far as `limit`:
    most are smaller, and then it was asked once.
    """
    if isinstance(data, Graph) or data.held is not None or (data.size or 0) > limit:
        return data
    frames, size = [data.schema.to_frame()], 0
    for batch in data.batches():
        size += int(batch.estimated_size())
        if data.size is None and size > limit:
            return data
        frames.append(batch)
    held = Table.from_frame(pl.concat(frames, rechunk=True), data.name)
    return attrs.evolve(held, notes=data.notes)


def publish(
    scoring: Scoring,
    destinations: Sequence[OpenPublisher],
    *,
    only_anomalies: bool = False,
    observe: Callable[[ScoredBatch], None] | None = None,
    seconds: Sequence[tuple[OpenPublisher, Second]] = (),
) -> None:
    """Score and write to every destination: all of them whole, or nothing anywhere.

    Args:
        scoring: What to score.
        destinations: Where to write; may be empty.
        only_anomalies: Write the alarms alone.
        observe: Shown every batch, with all columns of the input.
        seconds: Where to write second results, such as events, and what gives them.
    """
    schema = scoring.output_schema()
    with ExitStack() as undo:
        publishers = []
        for open_publisher in destinations:
            publisher = open_publisher(schema)
            undo.callback(publisher.abort)
            publishers.append(publisher)
        for batch in scoring.batches(None if publishers or observe else ()):
            if observe is not None:
                observe(batch)
            if publishers:
                frame = batch.with_input(only_anomalies=only_anomalies)
                for publisher in publishers:
                    publisher.write(frame)
        for open_publisher, find in seconds:
            found = find(scoring.judge)
            publisher = open_publisher(found.schema)
            undo.callback(publisher.abort)
            publisher.write(found)
            publishers.append(publisher)
        for publisher in publishers:
            publisher.commit()
        undo.pop_all()
