"""Items that several data sets describe: a detector for each, and one verdict on the item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import attrs
import numpy as np
import polars as pl

from pynomaly.application.detect import detect
from pynomaly.application.fit import fit
from pynomaly.application.items import (
    FusedModel,
    Part,
    Parts,
    check_parts,
    item_ids,
    join_items,
    to_matrix,
)
from pynomaly.application.model import FittedModel
from pynomaly.application.recipe import Progress, no_progress
from pynomaly.application.score import score
from pynomaly.application.score_items import FusedJudge, items_table
from pynomaly.application.scoring import Judge, Scoring
from pynomaly.domain.calibration import Scores
from pynomaly.domain.datasets import Table, read_whole
from pynomaly.domain.decisions import Decision, FalseAlarmRate, check_reference
from pynomaly.domain.fusion import Matrix, held_out_p_values
from pynomaly.domain.graphs import Graph


def fit_parts(parts: Parts, progress: Progress = no_progress) -> FusedModel:
    """A calibrated model of each part, and of the verdicts on their items.

    Raises:
        DataError: If a part has too few rows, or an item twice.
    """
    members = {}

    def fitted(name: str, part: Part) -> tuple[str, pl.Series, Matrix]:
        ids = item_ids(part, name)
        model = read_whole(part.data, lambda data: fit(data, part.recipe, progress))
        held = model.held_out
        if held is None:
            raise ValueError(f"{model.kind} is no kind of data that a part can be of")
        members[name] = attrs.evolve(model, held_out=None)
        return name, ids[held.rows.tolist()], held_out_p_values(held.scores)

    items = join_items((fitted(name, part) for name, part in parts.parts.items()), parts.id)
    return FusedModel(parts.id, members, to_matrix(items, list(members)))


def detect_parts(
    parts: Parts,
    decision: Decision,
    *,
    reference: Parts | None = None,
    explain: int = 0,
    progress: Progress = no_progress,
) -> Scoring:
    """Score items against those of `reference`, or rank them among themselves.

    Raises:
        UsageError: If the reference lacks a part, or the decision cannot be kept so.
        DataError: If a part has too few rows, or an item twice.
    """
    if reference is not None:
        check_parts(parts, reference)
        model = fit_parts(reference, progress)
        return score_parts(model, parts, decision, explain=explain, progress=progress)
    check_reference(decision)

    def ranked(part: Part) -> Callable[[Table | Graph], Scoring]:
        return lambda data: detect(data, part.recipe, FalseAlarmRate(), progress=progress)

    judged = {name: _judged(ranked(part), part) for name, part in parts.parts.items()}
    return _fused(parts, judged, None, decision, explain, progress)


def score_parts(
    model: FusedModel,
    parts: Parts,
    decision: Decision,
    *,
    explain: int = 0,
    progress: Progress = no_progress,
) -> Scoring:
    """Score items with a fitted model; a part may be absent altogether.

    Raises:
        UsageError: If there is a part that the model does not know.
        DataError: If a part has an item twice.
    """
    check_parts(parts, model)

    def scored(member: FittedModel) -> Callable[[Table | Graph], Scoring]:
        return lambda data: score(member, data, FalseAlarmRate(), progress=progress)

    judged = {
        name: _judged(scored(model.members[name]), part) for name, part in parts.parts.items()
    }
    return _fused(parts, judged, model, decision, explain, progress)


def _judged(prepare: Callable[[Table | Graph], Scoring], part: Part) -> tuple[Judge, Scores]:
    """What scored a part, and the p-values of its rows, shape (n,)."""

    def run(data: Table | Graph) -> tuple[Judge, Scores]:
        scoring = prepare(data)
        p_values = [batch.p_values for batch in scoring.batches(())]
        return scoring.judge, np.concatenate([*p_values, np.empty(0)])

    return read_whole(part.data, run)


def _fused(
    parts: Parts,
    judged: Mapping[str, tuple[Judge, Scores]],
    model: FusedModel | None,
    decision: Decision,
    explain: int,
    progress: Progress,
) -> Scoring:
    ids = {name: item_ids(part, name) for name, part in parts.parts.items()}
    items = join_items(
        ((name, ids[name], p_values) for name, (_, p_values) in judged.items()), parts.id
    )
    warnings = [
        f"part {name!r}: {warning}"
        for name, (judge, _) in judged.items()
        for warning in judge.warnings()
    ]
    ranks = model is None
    if model is None:
        members = {name: cast("FittedModel", judge.model) for name, (judge, _) in judged.items()}
        model = FusedModel(parts.id, members, to_matrix(items, list(members)))
    names = list(model.members)
    matrix = to_matrix(items, names)
    judge = FusedJudge(model, names, matrix, warnings, ranks=ranks)
    table = Table.from_frame(items_table(items[parts.id], names, matrix), parts.name)
    return Scoring(judge, table, decision, explain=explain, progress=progress)
