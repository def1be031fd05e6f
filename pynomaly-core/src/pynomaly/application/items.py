"""Items that several data sets describe: their parts, and what is fitted on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import polars as pl

from pynomaly.application.graphs import nodes_table
from pynomaly.application.model import FittedModel
from pynomaly.application.recipe import Recipe
from pynomaly.domain.calibration import Calibration
from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError, UsageError
from pynomaly.domain.fusion import Matrix, fisher_scores
from pynomaly.domain.graphs import Graph
from pynomaly.domain.schema import Roles, as_names
from pynomaly.ports.specs import DetectorSpec, Modality


@attrs.frozen(eq=False)
class Part:
    """One data set that describes items.

    Attributes:
        data: One row, text or node for each item; its recipe's `roles` name the column that says
            which.
        recipe: What to fit on it.
    """

    data: Table | Graph
    recipe: Recipe


@attrs.frozen(eq=False)
class Parts:
    """Data sets that describe the same items.

    Attributes:
        name: What messages call it.
        id: What the column that names an item is called; no part is called so.
        parts: By name; two at least, but to score.
        files: Local files that they are read from: no output may replace one.
    """

    name: str
    id: str
    parts: Mapping[str, Part]
    files: tuple[Path, ...] = ()


@attrs.frozen(eq=False)
class FusedModel:
    """A fitted model of each part, and what verdicts on items are calibrated with.

    Attributes:
        id: What the column that names an item is called.
        members: The models, by the part's name.
        reference: p-values of held-out rows by part, shape (m, k); NaN where an item of the
            reference has no such part.
        kind: Always ``multimodal``.
    """

    id: str
    members: Mapping[str, FittedModel]
    reference: Matrix
    kind: Modality = Modality.MULTIMODAL

    @property
    def clean(self) -> bool:
        """Whether all parts were declared clean, or cleaned by labels."""
        found = [member.calibration for member in self.members.values()]
        return all(each is not None and each.clean for each in found)

    @property
    def calibration(self) -> Calibration:
        """Scores of the reference's items."""
        scores = np.sort(fisher_scores(self.reference))
        return Calibration("cross-fitted", scores, clean=self.clean)

    @property
    def least_calibration(self) -> Calibration:
        """The same; see `FittedModel.least_calibration`."""
        return self.calibration

    @property
    def specs(self) -> list[DetectorSpec]:
        """Of all detectors."""
        return [member.spec for member in self.members.values()]

    @property
    def roles(self) -> Roles:
        """What names an item."""
        return Roles(id=self.id)

    @property
    def lineage(self) -> dict[str, Any]:
        """How many items it was fitted on."""
        rows = len(self.reference)
        return {"rows": rows, "fitted_rows": rows}

    @property
    def warnings(self) -> list[str]:
        """Those of the parts' models."""
        return [
            f"part {name!r}: {each}"
            for name, model in self.members.items()
            for each in model.warnings
        ]

    def about(self) -> dict[str, Any]:
        """What the summary says of it, JSON-ready."""
        return {
            "kind": str(self.kind),
            "detector": {name: member.spec.id for name, member in self.members.items()},
            "params": {name: member.about()["params"] for name, member in self.members.items()},
            "seed": next(iter(self.members.values())).seed,
            "left_out": {
                f"{name}.{column}": why
                for name, member in self.members.items()
                for column, why in member.features.left_out.items()
            },
        }

    def check_explains(self) -> None:
        """Parts always explain an item."""


def item_ids(part: Part, name: str) -> pl.Series:
    """The item that each row of a part describes, as text.

    Raises:
        DataError: If a row has none, or an item has two rows.
    """
    table = nodes_table(part.data) if isinstance(part.data, Graph) else part.data
    column = part.recipe.roles.id
    if column is None or column not in table.schema:
        raise DataError(
            f"part {name!r} has no column {column!r}, which names an item; it has"
            f" {', '.join(list(table.schema)[:20])}",
            source=table.name,
        )
    ids = as_names(table.collect([column])[column])
    if ids.null_count():
        raise DataError(f"a row has no item in the column {column!r}", source=table.name)
    twice = ids.filter(ids.is_duplicated())
    if len(twice):
        raise DataError(
            f"part {name!r} has the item {twice[0]!r} in more than one row: aggregate its rows to"
            " one for each item",
            source=table.name,
            columns=(column,),
        )
    return ids


def join_items(found: Iterator[tuple[str, pl.Series, Matrix]], id: str) -> pl.DataFrame:
    """All items, in the order in which parts name them, with a column of p-values for each part.

    Args:
        found: The name of each part, the items of its rows, and their p-values.
        id: What the column of items is called.

    Raises:
        DataError: If no item is in more than one part.
    """
    frames = [pl.DataFrame({id: ids.rename(id), name: values}) for name, ids, values in found]
    items = pl.concat([frame[id] for frame in frames]).unique(maintain_order=True).to_frame()
    for frame in frames:
        items = items.join(frame, on=id, how="left", maintain_order="left")
    if len(frames) > 1 and items.height == sum(frame.height for frame in frames):
        firsts = ", ".join(f"{frame.columns[1]} {frame[id][0]!r}" for frame in frames)
        raise DataError(
            f"no item is in more than one part: do their columns of items agree? ({firsts})"
        )
    return items


def to_matrix(items: pl.DataFrame, names: Sequence[str]) -> Matrix:
    """The p-values of parts, shape (n, k); NaN where an item has no such part."""
    absent = [pl.lit(None, pl.Float64).alias(name) for name in names if name not in items.columns]
    return items.with_columns(absent).select(names).cast(pl.Float64).to_numpy().astype(np.float64)


def check_id(name: str, id: str, parts: Collection[str]) -> None:
    """Refuse items whose `id` is the name of one of `parts`: both name columns.

    Raises:
        UsageError: If it is.
    """
    if id in parts:
        raise UsageError(f"{name}: {id!r} names the items and a part: call one of them otherwise")


def check_parts(parts: Parts, model: FusedModel | Parts) -> None:
    """Refuse parts that `model` does not know.

    Raises:
        UsageError: Naming them.
    """
    known = model.members if isinstance(model, FusedModel) else model.parts
    check_id(parts.name, parts.id, known)
    unknown = [name for name in parts.parts if name not in known]
    if unknown:
        raise UsageError(
            f"{parts.name}: the reference does not have the part{'s' if unknown[1:] else ''}"
            f" {', '.join(unknown)}, but {', '.join(known)}"
        )
