"""Score items by the p-values of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from pynomaly.application.items import FusedModel
from pynomaly.application.recipe import Progress
from pynomaly.application.scoring import Contributions, Positions
from pynomaly.domain.calibration import Calibration, Scores
from pynomaly.domain.decisions import Mask
from pynomaly.domain.errors import DataError
from pynomaly.domain.fusion import Matrix, fisher_scores, fused_p_values

DRIVER = "driver"
"""Column that names the part with the smallest p-value."""

PREFIX = "p_"
"""Before a part's name: the column of its p-values."""


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
        matrix: Matrix,
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


def items_table(ids: pl.Series, names: Sequence[str], matrix: Matrix) -> pl.DataFrame:
    """Items, the p-values of their parts, and which part drives each.

    Raises:
        DataError: If the column of items is called as one of these.
    """
    columns = {f"{PREFIX}{name}": matrix[:, j] for j, name in enumerate(names)}
    if ids.name in columns or ids.name == DRIVER:
        raise DataError(f"a column of the result is called {ids.name!r}: give the items' another")
    frame = pl.DataFrame({ids.name: ids, **columns})
    frame = frame.with_columns(pl.col(list(columns)).fill_nan(None))
    known = np.where(np.isnan(matrix), np.inf, matrix)
    return frame.with_columns(pl.Series(DRIVER, [names[j] for j in known.argmin(axis=1)]))
