"""Score the rows of series: each series as a whole, one at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import attrs
import numpy as np
import polars as pl

from pynomaly.application.contract import Tally, check_schema
from pynomaly.application.events import event_frame, find_events
from pynomaly.application.fit_series import (
    describe_short,
    learn_features,
    series_model,
    series_of,
    too_short,
)
from pynomaly.application.guard import (
    explain_guarded,
    fit_score_guarded,
    notes_of,
    score_guarded,
)
from pynomaly.application.model import FittedModel, Member
from pynomaly.application.partition import Partition
from pynomaly.application.recipe import Limits, Progress, Recipe, no_limits
from pynomaly.application.roles import check_roles
from pynomaly.application.scoring import Contributions, Positions
from pynomaly.application.stepping import (
    Stepped,
    learn_scaling,
    least_steps,
    scaled,
    series_detector,
    step_series,
)
from pynomaly.application.windowed import Windowed, over
from pynomaly.domain.calibration import Calibration, Scores
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import Mask
from pynomaly.domain.errors import DataError
from pynomaly.domain.schema import Roles
from pynomaly.domain.series import window_for

EVENTS_SHOWN = 10
"""Events that a summary lists."""

Scored = tuple[Member, Scores]
"""A series' member, and its steps' scores, shape (length,)."""


class SeriesJudge:
    """Scores series; see `pynomaly.application.scoring.Judge`.

    Args:
        model: What is known of all series: features, roles, members.
        table: What to score.
        partition: Gives its series, one at a time.
        score: Scores the steps of one series, or says with None that it is too short.
        limited: Runs what scores all series.
    """

    def __init__(
        self,
        model: FittedModel,
        table: Table,
        partition: Partition,
        score: Callable[[Stepped], Scored | None],
        limited: Limits = no_limits,
    ) -> None:
        check_roles(table, Roles(time=model.roles.time, series=model.roles.series))
        check_schema(model.features, table.schema, model.columns, model.policy)
        self.model = model
        self.tally = Tally()
        self.events = pl.DataFrame()
        self._table = table
        self._partition = partition
        self._score = score
        self._limited = limited
        self._calibration = model.least_calibration
        self._counts: Counter[str] = Counter()
        self._short: dict[str, int] = {}
        self._said: dict[str, None] = {}
        self._contributions: dict[int, Sequence[float]] = {}
        self._unscored: Mask | None = None

    @property
    def calibration(self) -> Calibration | None:
        """What p-values come from; of several series, that of the one with the fewest steps."""
        return self._calibration

    @property
    def columns(self) -> Sequence[str]:
        """Columns that are features."""
        return [column.column for column in self.model.features.columns]

    @property
    def at_once(self) -> bool:
        """A row's score depends on those around it."""
        return True

    def warnings(self) -> list[str]:
        """Of the fit, and of what was mended on the way."""
        said = dict.fromkeys([*self.model.warnings, *self._said])
        return [*said, *self.tally.warnings(self.model.features)]

    def judge_all(self, progress: Progress, /) -> tuple[Scores, Scores]:
        """Scores and p-values of all rows, each shape (n,)."""
        return self._limited(lambda: self._judge_all(progress))

    def _judge_all(self, progress: Progress) -> tuple[Scores, Scores]:
        rows: list[Positions] = []
        scores: list[Scores] = []
        p_values: list[Scores] = []
        done = 0
        for stepped in self._each(self.tally):
            member, found = self._score(stepped) or (None, np.full(stepped.timeline.length, np.nan))
            rows.append(stepped.rows)
            scores.append(stepped.by_row(found))
            if member is None or member.calibration is None:
                p_values.append(np.ones(len(stepped.rows)))
            else:
                p_values.append(member.calibration.p_values(scores[-1]))
            if member is not None and isinstance(member.detector, Windowed):
                self._counts["window"] = max(self._counts["window"], member.detector.window)
            self._count(stepped, known=member is not None)
            self._said |= {} if member is None else dict.fromkeys(notes_of(member.detector))
            done += len(stepped.rows)
            progress("scoring", done, self._table.rows)
        self._note()
        ordered = _in_order(rows, scores), _in_order(rows, p_values)
        return self._ranked(*ordered)

    def judge(self, frame: pl.DataFrame, start: int, /) -> tuple[Scores, Scores]:
        """Not to be called: rows of series are scored all at once."""
        raise NotImplementedError

    def decided(self, scores: Scores, p_values: Scores, alarms: Mask, /, *, explain: bool) -> None:
        """Find the events that alarms make up and, if asked to, what contributed to them."""
        if self._unscored is not None:
            alarms &= ~self._unscored
        found = []
        for stepped, times in self._each_with_times(Tally()):
            mine = alarms[stepped.rows]
            if mine.any():
                found += find_events(stepped, times, scores, p_values, alarms, self._gap(stepped))
                if explain:
                    self._explain(stepped, mine)
        self.events = event_frame(found, self._table, self.model.roles)

    def explain(
        self, frame: pl.DataFrame, rows: Positions, /
    ) -> tuple[pl.DataFrame, Contributions]:
        """Contributions to the scores of alarms, which `decided` has found."""
        matrix = np.array([self._contributions[row] for row in rows.tolist()])
        return frame, self.model.features.by_column(matrix)

    def findings(self) -> dict[str, Any]:
        """Numbers of series, steps and events, the longest window, and the strongest events."""
        counts = {name: self._counts[name] for name in ("series", "steps")}
        strongest = [
            {name: _json_ready(value) for name, value in event.items()}
            for event in self.events.head(EVENTS_SHOWN).to_dicts()
        ]
        return {
            **counts,
            "window": self._counts["window"] or None,
            "events": self.events.height,
            "strongest_events": strongest,
        }

    def _each(self, tally: Tally) -> Iterator[Stepped]:
        return (stepped for stepped, _ in self._each_with_times(tally))

    def _each_with_times(self, tally: Tally) -> Iterator[tuple[Stepped, pl.Series | None]]:
        model, time = self.model, self.model.roles.time
        roles = attrs.evolve(model.roles, label=None)
        with series_of(self._table, roles, model.features, self._partition) as parts:
            for name, frame in parts:
                stepped = step_series(
                    *(name, frame, model.features, time, model.policy, tally, model.window)
                )
                yield stepped, None if time is None else frame[time]

    def _explain(self, stepped: Stepped, mine: Mask) -> None:
        scored = self._score(stepped)
        if scored is None:
            return
        member = scored[0]
        X = scaled(stepped.X, stepped.timeline.places, member.scaling)
        detector = over(member.detector, stepped.gaps)
        by_step = explain_guarded(self.model.spec, detector, X)
        by_row = by_step[stepped.timeline.steps[mine]]
        rows = stepped.rows[mine].tolist()
        self._contributions.update(zip(rows, by_row.tolist(), strict=True))

    def _gap(self, stepped: Stepped) -> int:
        return window_for(stepped.timeline.length, self.model.window)

    def _count(self, stepped: Stepped, *, known: bool) -> None:
        line = stepped.timeline
        self._counts["series"] += 1
        self._counts["steps"] += line.length - line.filled
        for name in ("late", "duplicates", "filled", "breaks"):
            self._counts[name] += getattr(line, name)
        self._counts["irregular"] += not line.regular
        if not known:
            self._short[stepped.name] = line.length

    def _note(self) -> None:
        """Say what was mended in the series' times."""
        self.tally.notes += [
            sentence.format(count, "" if count == 1 else "s")
            for name, sentence in _SENTENCES.items()
            if (count := self._counts[name])
        ]
        if self._short:
            self.tally.notes.append(f"{describe_short(self._short)}: too few, no alarm there")

    def _ranked(self, scores: Scores, p_values: Scores) -> tuple[Scores, Scores]:
        """Rows without a score get the lowest one; without a calibration, p-values are ranks."""
        unknown = np.isnan(scores)
        if unknown.all() and unknown.size:
            raise DataError(f"{describe_short(self._short)}: too few to score; give more rows")
        if unknown.any():
            self._unscored = unknown
            scores = np.where(unknown, np.nanmin(scores), scores)
        if self._calibration is None:
            self._calibration = Calibration("ranks", np.sort(scores), exchangeability="violated")
            p_values = self._calibration.p_values(scores)
        return scores, np.where(unknown, 1.0, p_values)


_SENTENCES = {
    "late": "{:,} row{} stood after one of a later time: sorted",
    "duplicates": "{:,} row{} had the time of another row of the series: they share its step, and"
    " its score",
    "filled": "{:,} step{} without a row: interpolated, and not in the result",
    "breaks": "{:,} gap{} longer than a window: closed up",
    "irregular": "{:,} series{} without a regular step: rows count as steps as they follow each"
    " other",
}


def judge_series(model: FittedModel, table: Table, partition: Partition) -> SeriesJudge:
    """Scores series that `model` knows.

    Raises:
        DataError, ContractViolation: If the table does not fit the model.
    """

    def score(stepped: Stepped) -> Scored | None:
        member = model.members.get(stepped.name)
        if member is None:
            known = ", ".join(map(repr, list(model.members)[:5]))
            raise DataError(
                f"the model does not know the series {stepped.name!r} (it knows {known}"
                f"{', ...' if len(model.members) > 5 else ''}): leave its rows out, or fit a model"
                " on data that hold it"
            )
        X = scaled(stepped.X, stepped.timeline.places, member.scaling)
        window = member.detector.window if isinstance(member.detector, Windowed) else 1
        if len(X) < window and model.roles.series is not None:
            return None
        return member, score_guarded(model.spec, over(member.detector, stepped.gaps), X)

    return SeriesJudge(model, table, partition, score)


def rank_series(
    table: Table, recipe: Recipe, partition: Partition, progress: Progress
) -> SeriesJudge:
    """Fits a detector on each series and ranks the very rows that it is fitted on.

    Raises:
        DataError: If there is no usable column.
    """
    features, rows = learn_features(table, recipe, progress)
    model = series_model(table, recipe, features, {}, rows, ())

    def score(stepped: Stepped) -> Scored | None:
        if stepped.timeline.length < least_steps(recipe):
            if recipe.roles.series is None:
                raise too_short({"": stepped.timeline.length}, recipe)
            return None
        places = stepped.timeline.places
        scaling = learn_scaling(stepped.X, places, recipe.season)
        detector = series_detector(recipe, stepped.timeline.length)
        X = scaled(stepped.X, places, scaling)
        seen = over(detector, stepped.gaps)
        return Member(detector, None, scaling), fit_score_guarded(recipe.spec, seen, X)

    return SeriesJudge(model, table, partition, score, recipe.limited)


def _json_ready(value: Any) -> Any:
    if isinstance(value, timedelta):
        return pl.Series([value]).dt.to_string("iso")[0]
    return value if isinstance(value, (int, float, str)) else value.isoformat()


def _in_order(rows: list[Positions], values: list[Scores]) -> Scores:
    """Values of rows at these positions, in the order of the positions."""
    ordered = np.empty(sum(map(len, rows)))
    for at, some in zip(rows, values, strict=True):
        ordered[at] = some
    return ordered
