"""Fit a detector on each series of a table, and calibrate it on blocks of time left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import attrs
import numpy as np
import polars as pl

from pynomaly.application.contract import Tally
from pynomaly.application.fit_table import (
    CROSS_FIT_ROWS,
    FEATURE_ROWS,
    HELD_OUT_ROWS,
    check_calibratable,
    read_sample,
)
from pynomaly.application.guard import fit_guarded, score_guarded
from pynomaly.application.labels import read_labels
from pynomaly.application.model import FittedModel, Member
from pynomaly.application.partition import Partition
from pynomaly.application.recipe import Progress, Recipe, no_progress
from pynomaly.application.stepping import (
    Stepped,
    learn_scaling,
    least_steps,
    scaled,
    series_detector,
    step_series,
)
from pynomaly.application.windowed import over
from pynomaly.domain.calibration import Calibration, Scores
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import Mask
from pynomaly.domain.errors import DataError
from pynomaly.domain.features import Features, fit_features
from pynomaly.domain.schema import Roles, recognise
from pynomaly.ports.specs import Modality

BLOCKS = 5
"""A block must hold some windows, so there are no more, whatever folds the detector asks for."""


def fit_series(
    table: Table, recipe: Recipe, partition: Partition, progress: Progress = no_progress
) -> FittedModel:
    """A calibrated model of each series in `table`, one at a time.

    Rows labelled as anomalies count as missing. Each series is calibrated on blocks of time that
    were left out of a fit: five, or the last `HELD_OUT_ROWS` steps of a long one. Its rows follow
    each other, so that its p-values say that exchangeability is violated.

    Raises:
        DataError: If no series is long enough, or there is no usable column.
        PluginFailed: If the detector fails.
    """
    check_calibratable(recipe.spec)
    features, rows = learn_features(table, recipe, progress)
    found = recipe.limited(lambda: _fit_all(table, recipe, features, partition, progress))
    if not found.members:
        raise too_short(found.short, recipe)
    members = found.members
    if found.cleaned or recipe.clean:
        members = {name: _declared_clean(member) for name, member in members.items()}
    notes = []
    if found.cleaned:
        some = "s" if found.cleaned > 1 else ""
        notes.append(f"{found.cleaned} row{some} labelled as anomalies left out of the fit")
    if found.short:
        short = describe_short(found.short)
        notes.append(f"{short}: left out, and the model does not know them")
    return series_model(table, recipe, features, members, rows, notes)


@attrs.define
class _Found:
    """Series that were fitted, steps of those too short, and rows labelled as anomalies."""

    members: dict[str, Member] = attrs.field(factory=dict)
    short: dict[str, int] = attrs.field(factory=dict)
    cleaned: int = 0


def _fit_all(
    table: Table, recipe: Recipe, features: Features, partition: Partition, progress: Progress
) -> _Found:
    found, done = _Found(), 0
    with series_of(table, recipe.roles, features, partition) as parts:
        for name, frame in parts:
            anomalies = _anomalies(frame, recipe.roles)
            stepped = step_series(
                *(name, frame, features, recipe.roles.time, recipe.policy, Tally(), recipe.window),
                ignored=anomalies,
            )
            if stepped.timeline.length < least_steps(recipe):
                found.short[name] = stepped.timeline.length
            else:
                usable = _usable_steps(stepped, anomalies)
                if not usable.any():
                    which = f"the series {name!r}" if name else "the series"
                    raise DataError(f"every row of {which} is labelled as an anomaly: leave it out")
                found.members[name] = _fit_member(stepped, usable, recipe)
            found.cleaned += int(anomalies.sum())
            done += frame.height
            progress("fitting", done, table.rows)
    return found


def learn_features(table: Table, recipe: Recipe, progress: Progress) -> tuple[Features, int]:
    """Features from a sample of all rows, whatever their series; and the number of rows."""
    sample = read_sample(table, recipe, FEATURE_ROWS, progress)
    kinds = recognise(sample.frame, recipe.roles, constants=True)
    return fit_features(sample.frame, kinds), sample.rows


@contextmanager
def series_of(
    table: Table, roles: Roles, features: Features, partition: Partition
) -> Iterator[Iterator[tuple[str, pl.DataFrame]]]:
    """The series of `table`, one at a time, with the columns that count."""
    columns = [column.column for column in features.columns]
    columns += [name for name in (roles.time, roles.label) if name in table.schema and name]
    with partition(table, roles.series, columns) as parts:
        yield parts


def series_model(
    table: Table,
    recipe: Recipe,
    features: Features,
    members: dict[str, Member],
    rows: int,
    notes: Sequence[str],
) -> FittedModel:
    """The model of several series."""
    return FittedModel(
        Modality.SERIES,
        recipe.spec,
        recipe.params,
        recipe.seed,
        members,
        features,
        recipe.policy,
        recipe.roles,
        tuple(table.schema),
        {"source": table.name, "rows": rows, "fitted_rows": rows},
        tuple(notes),
        recipe.window,
        recipe.season,
    )


def too_short(short: dict[str, int], recipe: Recipe) -> DataError:
    """The error that no series is long enough."""
    needed = least_steps(recipe)
    return DataError(
        f"{describe_short(short)}, and {recipe.spec.id} needs {needed} on series: give a longer"
        f" stretch, or a shorter --{'season' if needed == 2 * (recipe.season or 0) else 'window'}"
    )


def describe_short(short: dict[str, int]) -> str:
    """Which series are short, in words."""
    some = [
        f"{f'series {name!r}' if name else 'the series'} has {steps} time step"
        f"{'' if steps == 1 else 's'}"
        for name, steps in list(short.items())[:3]
    ]
    more = f", and {len(short) - 3:,} more are as short" if len(short) > 3 else ""
    return f"{', '.join(some)}{more}"


def _anomalies(frame: pl.DataFrame, roles: Roles) -> Mask:
    if roles.label is None:
        return np.zeros(frame.height, dtype=np.bool_)
    marks: Mask = read_labels(frame.get_column(roles.label)) == 1.0
    return marks


def _usable_steps(stepped: Stepped, anomalies: Mask) -> Mask:
    """Steps that have a row, and none that is labelled as an anomaly."""
    usable = np.zeros(stepped.timeline.length, dtype=np.bool_)
    usable[stepped.timeline.steps] = True
    usable[stepped.timeline.steps[anomalies]] = False
    return usable


def _fit_member(stepped: Stepped, usable: Mask, recipe: Recipe) -> Member:
    length = len(stepped.X)
    if recipe.spec.folds is not None and length <= CROSS_FIT_ROWS:
        scores = np.empty(length)
        edges = np.linspace(0, length, BLOCKS + 1).astype(int).tolist()
        for start, stop in pairwise(edges):
            inside = np.zeros(length, dtype=np.bool_)
            inside[start:stop] = True
            member = _fit_on(stepped, ~inside, recipe)
            scores[inside] = _score_with(member, stepped, inside, recipe)
        member = _fit_on(stepped, np.ones(length, dtype=np.bool_), recipe)
    else:
        inside = np.arange(length) >= length - min(HELD_OUT_ROWS, length // 2)
        member = _fit_on(stepped, ~inside, recipe)
        scores = _score_with(member, stepped, inside, recipe)
        usable = usable[inside]
    calibration = Calibration("blocks", np.sort(scores[usable]), exchangeability="violated")
    return Member(member.detector, calibration, member.scaling)


def _fit_on(stepped: Stepped, kept: Mask, recipe: Recipe) -> Member:
    """Fitted on the steps that are `kept`, closed up."""
    X, places = stepped.X[kept], stepped.timeline.places[kept]
    scaling = learn_scaling(X, places, recipe.season)
    detector = series_detector(recipe, len(kept))
    fitted = over(detector, stepped.gaps.of(kept))
    fit_guarded(recipe.spec, fitted, scaled(X, places, scaling))
    return Member(detector, None, scaling)


def _score_with(member: Member, stepped: Stepped, inside: Mask, recipe: Recipe) -> Scores:
    X = scaled(stepped.X[inside], stepped.timeline.places[inside], member.scaling)
    return score_guarded(recipe.spec, over(member.detector, stepped.gaps.of(inside)), X)


def _declared_clean(member: Member) -> Member:
    calibration = member.calibration
    return (
        member
        if calibration is None
        else attrs.evolve(member, calibration=attrs.evolve(calibration, clean=True))
    )
