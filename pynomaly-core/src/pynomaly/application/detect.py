"""Detect what is anomalous in a table: by itself, or against a reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

import attrs
import polars as pl

from pynomaly.application.contract import refuse_output_names
from pynomaly.application.fit import Progress, Recipe, fit, fit_batch, no_progress
from pynomaly.application.guard import check_explains
from pynomaly.application.roles import roles_for_reference
from pynomaly.application.score import ScoredBatch, Scoring
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import (
    Decision,
    FalseDiscoveryRate,
)
from pynomaly.domain.errors import UsageError
from pynomaly.ports.protocols import Publisher

OpenPublisher = Callable[[pl.Schema], Publisher]


def detect(
    table: Table,
    recipe: Recipe,
    decision: Decision,
    *,
    reference: Table | None = None,
    explain: int = 0,
    progress: Progress = no_progress,
) -> Scoring:
    """Fit on `reference`, or on `table` itself, and make ready to score `table`.

    With a reference p-values are conformal; without one they are ranks within the table.

    Raises:
        UsageError: If the decision cannot be kept so.
        DataError: If there is too little to learn from.
    """
    if explain:
        check_explains(recipe.spec)
    refuse_output_names(list(table.schema), explained=explain > 0)
    label = recipe.roles.label
    if reference is not None:
        roles = roles_for_reference(recipe.roles, reference, table)
        model = fit(reference, attrs.evolve(recipe, roles=roles), progress)
        label = label if label in table.schema else None
        return Scoring(model, table, decision, explain=explain, label=label, progress=progress)
    if isinstance(decision, FalseDiscoveryRate):
        raise UsageError(
            "fdr needs a reference: without one p-values are ranks, which are uniform by"
            " construction; give --reference with --clean, or use --alpha or --top"
        )
    model, known = fit_batch(table, recipe, progress)
    return Scoring(
        model, table, decision, explain=explain, label=label, known=known, progress=progress
    )


def held_in_memory(table: Table, limit: int) -> Table:
    """`table` read into memory if it has at most `limit` bytes; else as it is.

    Where the source does not say how large it is, such as a query, it is read as far as `limit`:
    most are smaller, and then it was asked once.
    """
    if table.held is not None or (table.size or 0) > limit:
        return table
    frames, size = [table.schema.to_frame()], 0
    for batch in table.batches():
        size += int(batch.estimated_size())
        if table.size is None and size > limit:
            return table
        frames.append(batch)
    return Table.from_frame(pl.concat(frames, rechunk=True), table.name)


def publish(
    scoring: Scoring,
    destinations: Sequence[OpenPublisher],
    *,
    only_anomalies: bool = False,
    observe: Callable[[ScoredBatch], None] | None = None,
) -> None:
    """Score and write to every destination: all of them whole, or nothing anywhere.

    Args:
        scoring: What to score.
        destinations: Where to write; may be empty.
        only_anomalies: Write the alarms alone.
        observe: Shown every batch, with all columns of the input.
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
        for publisher in publishers:
            publisher.commit()
        undo.pop_all()
