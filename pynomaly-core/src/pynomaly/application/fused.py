"""Items that several data sets describe: a detector for each, and one verdict on the item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import polars as pl

from pynomaly.application.detect import detect
from pynomaly.application.fit import fit
from pynomaly.application.graphs import nodes_table
from pynomaly.application.model import FittedModel
from pynomaly.application.recipe import Progress, Recipe, no_progress
from pynomaly.application.score import score
from pynomaly.application.scoring import Contributions, Positions, Scoring
from pynomaly.domain.calibration import Calibration, Scores
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import Decision, FalseAlarmRate, Mask
from pynomaly.domain.errors import DataError, UsageError
from pynomaly.domain.fusion import fisher_scores, fused_p_values, held_out_p_values
from pynomaly.domain.graphs import Graph
from pynomaly.domain.schema import Roles
from pynomaly.ports.specs import Modality

DRIVER = "driver"
"""Column that names the part with the smallest p-value."""

PREFIX = "p_"
"""Before a part's name: the column of its p-values."""


@attrs.frozen(eq=False)
class Part:
    """One data set that describes items, and what was said about it.

    Attributes:
        data: One row, text or node for each item.
        roles: What the user said about its columns.
        options: Further arguments of `pynomaly.detect` for this part, such as ``detector``.
    """

    data: Table | Graph
    roles: Roles
    options: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class Parts:
    """Data sets that describe the same items, which `id` names in each.

    Attributes:
        name: What messages call it.
        id: Column that names an item.
        parts: By name.
    """

    name: str
    id: str
    parts: Mapping[str, Part]


@attrs.frozen(eq=False)
class FusedModel:
    """A fitted model of each part, and what verdicts on items are calibrated with.

    Attributes:
        id: Column that names an item.
        models: By the part's name.
        reference: p-values of held-out rows by part, shape (m, k); NaN where an item of the
            reference has none.
        clean: Whether the reference was declared clean, or cleaned by labels.
        kind: Always ``multimodal``.
    """

    id: str
    models: Mapping[str, FittedModel]
    reference: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    clean: bool = False
    kind: Modality = Modality.MULTIMODAL

    @property
    def calibration(self) -> Calibration:
        """Scores of the reference's items, for the summary."""
        scores = np.sort(fisher_scores(self.reference))
        return Calibration("cross-fitted", scores, clean=self.clean)

    def about(self) -> dict[str, Any]:
        """What the summary says of it, JSON-ready."""
        return {
            "kind": str(self.kind),
            "detector": {name: model.spec.id for name, model in self.models.items()},
            "params": {name: model.about()["params"] for name, model in self.models.items()},
            "seed": next(iter(self.models.values())).seed,
            "left_out": {
                f"{name}.{column}": why
                for name, model in self.models.items()
                for column, why in model.features.left_out.items()
            },
        }


def fit_parts(
    parts: Parts, recipes: Mapping[str, Recipe], progress: Progress = no_progress
) -> FusedModel:
    """A calibrated model of each part, and of the verdicts on their items.

    Raises:
        DataError: If a part has too few rows, or an item twice.
    """
    models, found = {}, []
    for name, part in parts.parts.items():
        model = fit(part.data, recipes[name], progress)
        held = model.held_out
        if held is None:
            raise UsageError(f"part {name!r} is a series: it has many rows for an item")
        ids = _ids(part.data, parts.id, name)[held.rows.tolist()]
        found.append(pl.DataFrame({parts.id: ids, name: held_out_p_values(held.scores)}))
        models[name] = attrs.evolve(model, held_out=None)
    clean = all(m.calibration is not None and m.calibration.clean for m in models.values())
    matrix = _joined(found, parts.id).select(list(models)).to_numpy().astype(np.float64)
    return FusedModel(parts.id, models, matrix, clean)


def detect_parts(
    parts: Parts,
    recipes: Mapping[str, Recipe],
    decision: Decision,
    *,
    reference: Parts | None = None,
    explain: int = 0,
    progress: Progress = no_progress,
) -> Scoring:
    """Score items against those of `reference`, or rank them among themselves.

    Raises:
        UsageError: If the reference has other parts.
        DataError: If a part has too few rows, or an item twice.
    """
    if reference is not None:
        if set(reference.parts) != set(parts.parts):
            raise UsageError(
                f"the reference has the parts {', '.join(reference.parts)}, and the data"
                f" {', '.join(parts.parts)}"
            )
        model = fit_parts(reference, recipes, progress)
        return score_parts(model, parts, decision, explain=explain, progress=progress)
    scorings = {
        name: detect(part.data, recipes[name], FalseAlarmRate(), progress=progress)
        for name, part in parts.parts.items()
    }
    return _fused(parts, scorings, None, decision, explain, progress)


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
    unknown = sorted(set(parts.parts) - set(model.models))
    if unknown:
        raise UsageError(
            f"the model does not know the part{'s' if len(unknown) > 1 else ''}"
            f" {', '.join(unknown)}: it has {', '.join(model.models)}"
        )
    scorings = {
        name: score(model.models[name], part.data, FalseAlarmRate(), progress=progress)
        for name, part in parts.parts.items()
    }
    return _fused(parts, scorings, model, decision, explain, progress)


def _fused(
    parts: Parts,
    scorings: Mapping[str, Scoring],
    model: FusedModel | None,
    decision: Decision,
    explain: int,
    progress: Progress,
) -> Scoring:
    names = list(scorings if model is None else model.models)
    found, warnings = [], []
    for name, scoring in scorings.items():
        p_values = np.concatenate([b.p_values for b in scoring.batches(())] or [np.empty(0)])
        ids = _ids(parts.parts[name].data, parts.id, name)
        found.append(pl.DataFrame({parts.id: ids, name: p_values}))
        warnings += [f"part {name!r}: {each}" for each in scoring.judge.warnings()]
    items = _joined(found, parts.id)
    lacking = [pl.lit(None, pl.Float64).alias(name) for name in names if name not in items.columns]
    matrix = items.with_columns(lacking).select(names).to_numpy().astype(np.float64)
    if model is None:
        model = FusedModel(parts.id, {n: s.judge.model for n, s in scorings.items()}, matrix)
        judge = FusedJudge(model, names, matrix, warnings, ranks=True)
    else:
        judge = FusedJudge(model, names, matrix, warnings, ranks=False)
    table = _items_table(items[parts.id], names, matrix)
    return Scoring(
        judge, Table.from_frame(table, parts.name), decision, explain=explain, progress=progress
    )


class FusedJudge:
    """Scores items; see `pynomaly.application.scoring.Judge`.

    Args:
        model: The fitted models of the parts.
        names: Of the parts.
        matrix: p-values of the items by part, shape (n, k); NaN where an item has no such part.
        warnings: Of the parts.
        ranks: Whether items are ranked among themselves.
    """

    def __init__(
        self,
        model: FusedModel,
        names: Sequence[str],
        matrix: np.ndarray[Any, np.dtype[np.float64]],
        warnings: Sequence[str],
        *,
        ranks: bool,
    ) -> None:
        self.model = model
        self.events = pl.DataFrame()
        self._names = names
        self._matrix = matrix
        self._warnings = list(warnings)
        self._ranks = ranks

    @property
    def calibration(self) -> Calibration | None:
        """What p-values come from."""
        if not self._ranks:
            return self.model.calibration
        return Calibration("ranks", np.sort(fisher_scores(self._matrix)))

    @property
    def columns(self) -> Sequence[str]:
        """The p-values of the parts."""
        return [f"{PREFIX}{name}" for name in self._names]

    @property
    def at_once(self) -> bool:
        """All parts were scored already."""
        return True

    def warnings(self) -> list[str]:
        """What to know of the parts."""
        return self._warnings

    def judge_all(self, progress: Progress, /) -> tuple[Scores, Scores]:
        """Scores and p-values of all items, each shape (n,)."""
        scores = fisher_scores(self._matrix)
        progress("scoring", len(scores), len(scores))
        reference = self._matrix if self._ranks else self.model.reference
        return scores, fused_p_values(self._matrix, reference, ranks=self._ranks)

    def judge(self, frame: pl.DataFrame, start: int, /) -> tuple[Scores, Scores]:
        """Not to be called: items are scored all at once."""
        raise NotImplementedError

    def decided(self, scores: Scores, p_values: Scores, alarms: Mask, /, *, explain: bool) -> None:
        """Alarms of items mean nothing to each other: there is nothing to do."""

    def explain(
        self, frame: pl.DataFrame, rows: Positions, /
    ) -> tuple[pl.DataFrame, Contributions]:
        """-log of each part's p-value; 0 where an item has no such part."""
        p_values = np.nan_to_num(self._matrix[rows], nan=1.0)
        return frame, dict(zip(self.columns, -np.log(p_values).T, strict=True))

    def findings(self) -> dict[str, Any]:
        """How many items each part has."""
        counts = (~np.isnan(self._matrix)).sum(axis=0).tolist()
        return {"parts": dict(zip(self._names, counts, strict=True))}


def _items_table(
    ids: pl.Series, names: Sequence[str], matrix: np.ndarray[Any, np.dtype[np.float64]]
) -> pl.DataFrame:
    columns = {f"{PREFIX}{name}": matrix[:, j] for j, name in enumerate(names)}
    frame = pl.DataFrame({ids.name: ids, **columns})
    frame = frame.with_columns(pl.col(list(columns)).fill_nan(None))
    known = np.where(np.isnan(matrix), np.inf, matrix)
    return frame.with_columns(pl.Series(DRIVER, [names[j] for j in known.argmin(axis=1)]))


def _joined(frames: Sequence[pl.DataFrame], id: str) -> pl.DataFrame:
    """All items, in the order in which the parts name them, with the p-values of each part."""
    ids = pl.concat([frame[id] for frame in frames]).unique(maintain_order=True).to_frame()
    for frame in frames:
        ids = ids.join(frame, on=id, how="left", maintain_order="left")
    return ids


def _ids(data: Table | Graph, id: str, part: str) -> pl.Series:
    """The item that each row of a part describes, as text."""
    table = nodes_table(data) if isinstance(data, Graph) else data
    if id not in table.schema:
        raise DataError(
            f"part {part!r} has no column {id!r}, which names an item; it has"
            f" {', '.join(list(table.schema)[:20])}",
            source=table.name,
            columns=(id,),
        )
    ids = table.collect([id])[id].cast(pl.String)
    if ids.null_count():
        raise DataError(f"a row has no item in the column {id!r}", source=table.name)
    twice = ids.filter(ids.is_duplicated())
    if len(twice):
        raise DataError(
            f"part {part!r} has the item {twice[0]!r} in more than one row: aggregate its rows to"
            " one for each item",
            source=table.name,
            columns=(id,),
        )
    return ids


def each_part(parts: Parts) -> Iterator[tuple[str, Part]]:
    """The parts by name.

    Raises:
        UsageError: If there are fewer than two.
    """
    if len(parts.parts) < 2:
        raise UsageError(f"{parts.name}: items need two parts or more, each a data set")
    yield from parts.parts.items()
