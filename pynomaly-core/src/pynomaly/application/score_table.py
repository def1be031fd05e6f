"""Score the rows of a table with a fitted model, each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from pynomaly.application.contract import Tally, check_schema, to_matrix
from pynomaly.application.guard import check_explains, explain_guarded, score_guarded
from pynomaly.application.model import FittedModel
from pynomaly.application.recipe import Progress
from pynomaly.application.scoring import Contributions, Positions, positions
from pynomaly.domain.calibration import Calibration, Scores
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import Mask

if TYPE_CHECKING:
    from pynomaly.ports.protocols import FloatMatrix


class TableJudge:
    """Scores a table's rows; see `pynomaly.application.scoring.Judge`.

    Args:
        model: The fitted model; without a calibration, ranks within the table take its place.
        table: What to score; None where it is handed over row by row.
        known: Scores that are known already, of all rows or by row position.
    """

    def __init__(
        self,
        model: FittedModel,
        table: Table | None,
        known: Scores | dict[int, float] | None = None,
    ) -> None:
        if table is not None:
            check_schema(model.features, table.schema, model.columns, model.policy)
        self.model = model
        self.tally = Tally()
        self.events = pl.DataFrame()
        self._table = table
        self._known = {} if known is None else known

    @property
    def calibration(self) -> Calibration | None:
        """What p-values come from."""
        return self.model.calibration

    @property
    def columns(self) -> Sequence[str]:
        """Columns that are features, or would be if they had varied."""
        features = self.model.features
        return [*(column.column for column in features.columns), *features.constants]

    @property
    def at_once(self) -> bool:
        """Ranks need all scores; else each row is scored by itself."""
        return self.calibration is None

    def warnings(self) -> list[str]:
        """Of the fit, and of what was mended on the way."""
        return [*self.model.warnings, *self.tally.warnings(self.model.features)]

    def judge_all(self, progress: Progress, /) -> tuple[Scores, Scores]:
        """Scores and p-values of all rows, each shape (n,)."""
        if self._table is None:
            raise ValueError("there is no table to score")
        names, parts, done = set(self.columns), [], 0
        ordered = [name for name in self._table.schema if name in names]
        for start, frame in positions(self._table, ordered):
            X = self._matrix(frame, start)
            parts.append(self._scores(X, start))
            done += len(X)
            progress("scoring", done, self._table.rows)
        scores = np.concatenate(parts) if parts else np.empty(0)
        if self.model.calibration is None:
            self.model = self.model.with_ranks(scores)
        return scores, self._p_values(scores)

    def judge(self, frame: pl.DataFrame, start: int, /) -> tuple[Scores, Scores]:
        """Scores and p-values of the rows from position `start` on, each shape (m,)."""
        scores = self._scores(self._matrix(frame, start), start)
        return scores, self._p_values(scores)

    def decided(self, scores: Scores, p_values: Scores, alarms: Mask, /, *, explain: bool) -> None:
        """Rows of a table mean nothing to each other: there is nothing to do."""

    def explain(
        self, frame: pl.DataFrame, rows: Positions, /
    ) -> tuple[pl.DataFrame, Contributions]:
        """Contributions to the scores of the rows that `frame` holds."""
        check_explains(self.model.spec)
        X = to_matrix(frame, self.model.features, self.model.policy, Tally(), int(rows[0]))
        contributions = explain_guarded(self.model.spec, self.model.detector, X)
        return self.model.features.explained(frame, contributions)

    def findings(self) -> dict[str, Any]:
        """Nothing beyond what every summary says."""
        return {}

    def _matrix(self, frame: pl.DataFrame, start: int) -> FloatMatrix:
        return to_matrix(frame, self.model.features, self.model.policy, self.tally, start)

    def _p_values(self, scores: Scores) -> Scores:
        calibration = self.model.calibration
        if calibration is None:
            raise ValueError("ranks are known once all rows are scored")
        return calibration.p_values(scores)

    def _scores(self, X: FloatMatrix, start: int) -> Scores:
        if isinstance(self._known, np.ndarray):
            return self._known[start : start + len(X)]
        scores = score_guarded(self.model.spec, self.model.detector, X)
        if self._known:
            for i in range(len(scores)):
                scores[i] = self._known.get(start + i, scores[i])
        return scores
