"""From the rows of one series to the matrix of its time steps that detectors see."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
import polars as pl

from pynomaly.application.contract import ContractPolicy, Tally, check_values, count_mended
from pynomaly.application.partition import ROW
from pynomaly.application.recipe import Recipe
from pynomaly.application.sizes import check_at_once
from pynomaly.application.windowed import Windowed
from pynomaly.domain.calibration import Scores
from pynomaly.domain.features import CLIP, Features
from pynomaly.domain.series import WINDOW, window_for
from pynomaly.domain.timeline import (
    Gaps,
    Matrix,
    Steps,
    Timeline,
    make_timeline,
    on_steps,
    read_times,
    seasonal_profile,
    wall_clock,
)
from pynomaly.ports.protocols import Detector
from pynomaly.ports.specs import Modality

LEAST_STEPS = 20
"""A shorter series has no windows to speak of."""

_LARGEST = 1e300

Scaling = Mapping[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]


@attrs.frozen(eq=False)
class Stepped:
    """One series, step by step.

    Attributes:
        name: The series' name.
        rows: Positions of its rows in the table, shape (n,).
        timeline: The step of each row.
        X: Standardised features by steps, shape (length, c), finite.
        gaps: Of its steps: those without any known value, and those of its times.
    """

    name: str
    rows: Steps
    timeline: Timeline
    X: Matrix
    gaps: Gaps

    def by_row(self, scores: Scores) -> Scores:
        """Scores of steps, shape (length,), as those of rows, shape (n,)."""
        return scores[self.timeline.steps]


def step_series(
    name: str,
    frame: pl.DataFrame,
    features: Features,
    time: str | None,
    policy: ContractPolicy,
    tally: Tally,
    window: int | None,
    ignored: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None,
) -> Stepped:
    """The series `name`, whose rows are those of `frame`.

    Args:
        name: What messages call it.
        frame: Its rows, with the column `ROW`.
        features: What the columns become.
        time: Column of times; None where rows are steps as they come.
        policy: What to do about missing and infinite values.
        tally: Counts what was mended.
        window: Steps of a window; gaps of up to so many steps are filled.
        ignored: Rows, shape (n,), whose values count as missing.

    Raises:
        DataError: If a row has no time.
        ContractViolation: If values do not fit.
    """
    rows = frame[ROW].to_numpy().astype(np.intp)
    times = np.arange(len(rows)) if time is None else read_times(frame[time])
    clock = None if time is None else wall_clock(frame[time], times)
    timeline = make_timeline(times, window or WINDOW, clock)
    check_values(frame, features, int(rows[0]))
    raw = features.raw(frame)
    count_mended(raw, features, policy, tally)
    if ignored is not None:
        raw[ignored] = np.nan
    known = np.zeros(timeline.length, dtype=np.bool_)
    known[timeline.steps[~np.isnan(raw).all(axis=1)]] = True
    X = features.standardise(on_steps(np.clip(raw, -_LARGEST, _LARGEST), timeline))
    return Stepped(name, rows, timeline, X, Gaps(~known, timeline.gaps.seams))


def learn_scaling(X: Matrix, places: Steps, season: int | None) -> Scaling:
    """What a series is centred and divided by, and what is usual at each place in its season."""
    scaling = {}
    if season:
        scaling["profile"] = seasonal_profile(X, places, season)
        X = X - scaling["profile"][places % season]
    spread = X.std(axis=0)
    return {
        **scaling,
        "center": X.mean(axis=0),
        "scale": np.where(spread > 0, spread, 1.0),
    }


def scaled(X: Matrix, places: Steps, scaling: Scaling) -> Matrix:
    """X, shape (length, c), as detectors see it: read-only."""
    if "profile" in scaling:
        X = X - scaling["profile"][places % len(scaling["profile"])]
    with np.errstate(over="ignore"):
        X = np.clip((X - scaling["center"]) / scaling["scale"], -CLIP, CLIP)
    X = np.ascontiguousarray(X)
    X.flags.writeable = False
    return X


def series_detector(recipe: Recipe, length: int) -> Detector:
    """An unfitted detector for a series of `length` steps: one for tables sees windows.

    Raises:
        DataError: If they are more than it can hold at once.
    """
    if Modality.SERIES in recipe.spec.modalities:
        check_at_once(length, recipe.spec, "time step")
        return recipe.make()
    window = window_for(length, recipe.window)
    return Windowed(recipe.spec, recipe.make(), recipe.seed, window)


def least_steps(recipe: Recipe) -> int:
    """Steps that a series must have to be fitted: two seasons, to tell one from what is odd."""
    seasons = 2 * (recipe.season or 0)
    if Modality.SERIES in recipe.spec.modalities:
        return max(recipe.spec.min_rows, seasons)
    return max(LEAST_STEPS, (recipe.window or 0) + recipe.spec.min_rows, seasons)
