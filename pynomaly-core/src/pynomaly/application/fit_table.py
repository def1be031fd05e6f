"""Fit a detector on a table and calibrate it on rows that it was not fitted on."""

from __future__ import annotations

import attrs
import numpy as np
import polars as pl

from pynomaly.application.contract import Tally, to_matrix
from pynomaly.application.embedding import fitted_embedding
from pynomaly.application.guard import fit_guarded, fit_score_guarded, score_guarded
from pynomaly.application.labels import read_labels
from pynomaly.application.model import FittedModel, HeldOut, Member
from pynomaly.application.recipe import Progress, Recipe, no_progress
from pynomaly.application.roles import check_roles
from pynomaly.application.sizes import check_at_once, check_enough, fit_limit, sample_note
from pynomaly.domain.calibration import Calibration, Scores
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import Mask
from pynomaly.domain.encoding import Embedding
from pynomaly.domain.errors import DataError, UsageError
from pynomaly.domain.features import Features, fit_features
from pynomaly.domain.sampling import Keys, RowSample, Sample, smallest
from pynomaly.domain.schema import ColumnKind, Recognised, Roles, recognise
from pynomaly.ports.protocols import Detector, FitScores
from pynomaly.ports.specs import Capability, DetectorSpec

CROSS_FIT_ROWS = 20_000
"""Up to so many rows are calibrated by cross-fitting; more by one held-out split."""

HELD_OUT_ROWS = 10_000
"""At most so many rows are held out of the fit, and at most half."""

FEATURE_ROWS = 100_000
"""Features are learnt from at most so many rows."""


def fit_table(table: Table, recipe: Recipe, progress: Progress = no_progress) -> FittedModel:
    """A calibrated model of `table`.

    Rows labelled as anomalies are left out. Up to `CROSS_FIT_ROWS` rows are calibrated by
    cross-fitting, if the detector's scores allow it; else up to `HELD_OUT_ROWS` rows, at most half,
    stay out of the fit.

    Raises:
        DataError: If the table has too few rows or no usable column.
        PluginFailed: If the detector fails.
    """
    check_calibratable(recipe.spec)
    limit = fit_limit(recipe.spec)
    capacity = None if limit is None else limit + HELD_OUT_ROWS
    sample = read_sample(table, recipe, capacity, progress)
    frame, cleaned = _without_anomalies(sample.frame, recipe.roles)
    if not frame.height:
        raise DataError(
            f"every row is labelled as an anomaly in {recipe.roles.label!r}, so there is nothing"
            " to learn what is normal from",
            source=table.name,
        )
    keys = sample.keys if not cleaned else sample.keys[~_anomalies(sample.frame, recipe.roles)]
    kinds = recognise(frame, recipe.roles)
    cross_fitted = recipe.spec.folds is not None and frame.height <= CROSS_FIT_ROWS
    fit_calibrated = _cross_fitted if cross_fitted else _held_out
    features, detector, fitted, scores, held = recipe.limited(
        lambda: fit_calibrated(frame, keys, kinds, recipe, progress)
    )
    calibration = Calibration(
        "cross-fitted" if cross_fitted else "held-out",
        np.sort(scores),
        clean=recipe.clean or cleaned > 0,
    )
    notes = _notes(recipe, sample, cleaned, fitted)
    model = _model(table, recipe, features, detector, calibration, fitted, sample, notes)
    rows = sample.index if not cleaned else sample.index[~_anomalies(sample.frame, recipe.roles)]
    return attrs.evolve(model, held_out=HeldOut(rows[held], scores))


def rank_table(
    table: Table, recipe: Recipe, progress: Progress = no_progress
) -> tuple[FittedModel, dict[int, float] | Scores]:
    """An uncalibrated model of `table`, to rank the very rows that it is fitted on.

    Returns:
        The model, and scores of the rows it was fitted on where the detector gives better ones
        while it fits: all rows' scores, shape (n,), or scores by row position; else empty.
    """
    sample = read_sample(table, recipe, fit_limit(recipe.spec), progress)
    if Capability.INDUCTIVE not in recipe.spec.capabilities:
        check_at_once(sample.rows, recipe.spec)
    kinds = recognise(sample.frame, recipe.roles)
    progress("fitting", 0, None)
    some = _smallest(sample.frame, sample.keys, FEATURE_ROWS)
    features = fit_features(some, kinds, learn_embedding(some, kinds, recipe))
    X = to_matrix(sample.frame, features, recipe.policy, Tally())
    detector = recipe.make()
    known: dict[int, float] | Scores = {}
    if isinstance(detector, FitScores):
        scores = recipe.limited(lambda: fit_score_guarded(recipe.spec, detector, X))
        by_row = zip(sample.index.tolist(), scores.tolist(), strict=True)
        known = scores if sample.whole else dict(by_row)
    else:
        recipe.limited(lambda: fit_guarded(recipe.spec, detector, X))
    notes = _notes(recipe, sample, 0, len(X))
    model = _model(table, recipe, features, detector, None, len(X), sample, notes)
    return model, known


def learn_embedding(
    frame: pl.DataFrame, kinds: dict[str, Recognised], recipe: Recipe
) -> Embedding | None:
    """What makes numbers of the texts of `frame`, if the recipe asks for it."""
    chosen = recipe.transformer
    if chosen is None:
        return None
    texts = [name for name, found in kinds.items() if found.kind is ColumnKind.TEXT]
    if not texts:
        raise DataError(f"{chosen.spec.id} needs a column of text: name it with --text")
    return fitted_embedding(
        chosen.spec, chosen.make(), [t for name in texts for t in frame[name].drop_nulls()]
    )


def check_calibratable(spec: DetectorSpec) -> None:
    """Refuse a detector that scores only what it is fitted on.

    Raises:
        UsageError: Saying what to do.
    """
    if Capability.INDUCTIVE not in spec.capabilities:
        raise UsageError(
            f"{spec.id} scores only the rows that it is fitted on, so it can take neither a"
            " reference nor `fit`: rank the rows with `detect` alone, or choose a detector of"
            " `pynomaly detectors --can inductive`"
        )


def read_sample(table: Table, recipe: Recipe, capacity: int | None, progress: Progress) -> Sample:
    """The rows to fit on.

    Raises:
        DataError: If the table has no rows, or a column that the user named does not exist.
    """
    check_roles(table, recipe.roles)
    sample = RowSample(capacity, recipe.seed)
    for batch in table.batches():
        sample.add(batch)
        progress("reading", sample.rows, table.rows)
    if not sample.rows:
        raise DataError("has no rows, so there is nothing to learn from", source=table.name)
    return sample.result()


def _anomalies(frame: pl.DataFrame, roles: Roles) -> Mask:
    if roles.label is None:
        return np.zeros(frame.height, dtype=np.bool_)
    marks: Mask = read_labels(frame.get_column(roles.label)) == 1.0
    return marks


def _without_anomalies(frame: pl.DataFrame, roles: Roles) -> tuple[pl.DataFrame, int]:
    marks = _anomalies(frame, roles)
    count = int(marks.sum())
    return (frame.filter(pl.Series(~marks)), count) if count else (frame, 0)


def _smallest(frame: pl.DataFrame, keys: Keys, count: int) -> pl.DataFrame:
    """The rows with the `count` smallest keys, in their order."""
    return frame if frame.height <= count else frame[smallest(keys, count)]


def _fit_parts(
    frame: pl.DataFrame, keys: Keys, kinds: dict[str, Recognised], recipe: Recipe
) -> tuple[Features, Detector, int]:
    """Features and detector, fitted, and on how many rows: at most what the detector takes."""
    some = _smallest(frame, keys, FEATURE_ROWS)
    features = fit_features(some, kinds, learn_embedding(some, kinds, recipe))
    detector = recipe.make()
    rows = _smallest(frame, keys, fit_limit(recipe.spec) or frame.height)
    X = to_matrix(rows, features, recipe.policy, Tally())
    fit_guarded(recipe.spec, detector, X)
    return features, detector, len(X)


def _held_out(
    frame: pl.DataFrame,
    keys: Keys,
    kinds: dict[str, Recognised],
    recipe: Recipe,
    progress: Progress,
) -> tuple[Features, Detector, int, Scores, Mask]:
    """Fit on all rows but at most `HELD_OUT_ROWS`, or half of them, and score these."""
    held = min(HELD_OUT_ROWS, frame.height // 2)
    check_enough(frame.height, held, recipe.spec)
    progress("fitting", 0, None)
    held_out = keys <= np.partition(keys, held - 1)[held - 1]
    train = frame.filter(pl.Series(~held_out))
    features, detector, fitted = _fit_parts(train, keys[~held_out], kinds, recipe)
    scores = _score(frame.filter(pl.Series(held_out)), features, detector, recipe)
    return features, detector, fitted, scores, held_out


def _score(frame: pl.DataFrame, features: Features, detector: Detector, recipe: Recipe) -> Scores:
    X = to_matrix(frame, features, recipe.policy, Tally())
    return score_guarded(recipe.spec, detector, X)


def _cross_fitted(
    frame: pl.DataFrame,
    keys: Keys,
    kinds: dict[str, Recognised],
    recipe: Recipe,
    progress: Progress,
) -> tuple[Features, Detector, int, Scores, Mask]:
    """Score each fold by a detector fitted on the others, then fit on all rows.

    Features are refitted as well.
    """
    rows = frame.height
    folds = min(recipe.spec.folds or 1, rows)
    check_enough(rows, -(-rows // folds), recipe.spec)
    fold = np.empty(rows, dtype=np.int64)
    fold[np.argsort(keys, kind="stable")] = np.arange(rows) % folds
    scores = np.empty(rows)
    for k in range(folds):
        progress("calibrating", k, folds)
        inside = fold == k
        train = frame.filter(pl.Series(~inside))
        features, detector, _ = _fit_parts(train, keys[~inside], kinds, recipe)
        scores[inside] = _score(frame.filter(pl.Series(inside)), features, detector, recipe)
    progress("fitting", 0, None)
    return *_fit_parts(frame, keys, kinds, recipe), scores, np.ones(rows, dtype=np.bool_)


def _notes(recipe: Recipe, sample: Sample, cleaned: int, fitted: int) -> tuple[str, ...]:
    notes = []
    spec = recipe.spec
    if cleaned:
        notes.append(
            f"{cleaned} row{'s' if cleaned > 1 else ''} labelled as anomalies left out of the fit"
        )
    notes += sample_note(spec, fitted, sample.rows)
    return tuple(notes)


def _model(
    table: Table,
    recipe: Recipe,
    features: Features,
    detector: Detector,
    calibration: Calibration | None,
    fitted: int,
    sample: Sample,
    notes: tuple[str, ...],
) -> FittedModel:
    lineage = {"source": table.name, "rows": sample.rows, "fitted_rows": fitted}
    return FittedModel(
        recipe.kind,
        recipe.spec,
        recipe.params,
        recipe.seed,
        {"": Member(detector, calibration)},
        features,
        recipe.policy,
        recipe.roles,
        tuple(table.schema),
        lineage,
        notes,
        transformer=recipe.transformer,
    )
