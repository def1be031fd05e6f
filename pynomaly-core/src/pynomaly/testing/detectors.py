"""What every detector must do, and what it must do where it claims to."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from pynomaly.domain.errors import PynomalyError
from pynomaly.ports.protocols import FitScores
from pynomaly.ports.specs import Capability, Modality
from pynomaly.testing.kit import MATRICES, Check, Subject, require
from pynomaly.testing.samples import (
    WIDTH,
    frozen,
    planted,
    planted_stretches,
    usual,
    waves,
    with_columns,
)

if TYPE_CHECKING:
    from pynomaly.ports.protocols import (
        Detector,
        Explains,
        FloatMatrix,
        FloatVector,
        State,
    )

_TABLES = frozenset({Modality.TABULAR})
_SERIES = frozenset({Modality.SERIES})

HUGE = 1e300
TINY = 1e-310


def gives_one_finite_score_per_row(subject: Subject) -> None:
    """Scores are finite float64, one per row."""
    X = _training(subject)
    _valid(_training_scores(subject, X), len(X))


def ranks_planted_anomalies_high(subject: Subject) -> None:
    """Higher is more anomalous: planted anomalies outrank most usual rows."""
    rows = len(_training(subject))
    X, truth = (planted_stretches if _in_time(subject) else planted)(rows, rows // 20)
    scores = _training_scores(subject, X)
    above = scores[truth == 1][:, None] - scores[truth == 0][None, :]
    auc = float(np.mean(above > 0) + 0.5 * np.mean(above == 0))
    require(auc >= 0.75, f"planted anomalies reach a ROC AUC of {auc:.2f}, not 0.75")


def leaves_its_input_alone(subject: Subject) -> None:
    """Neither fit nor score changes the matrix that it is given."""
    X = _training(subject).copy()
    before = X.copy()
    _training_scores(subject, X)
    require(np.array_equal(X, before), "it changed the rows that it was given")


def prints_nothing(subject: Subject) -> None:
    """Results own stdout: a detector does not print."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        _training_scores(subject, _training(subject))
    require(not printed.getvalue(), f"it printed {printed.getvalue()[:80]!r}")


def fits_the_fewest_rows_it_names(subject: Subject) -> None:
    """`min_rows` is true: so many rows can be fitted."""
    X = _ordinary(subject, subject.detector.min_rows)
    _valid(_training_scores(subject, X), len(X))


def takes_one_column(subject: Subject) -> None:
    """A table may have a single feature."""
    X = _ordinary(subject, len(_training(subject)), width=1)
    _valid(_training_scores(subject, X), len(X))


def takes_a_constant_column(subject: Subject) -> None:
    """A column of zeros, which is what a constant one is once standardised, does no harm."""
    X = with_columns(_training(subject), {1: 0.0})
    _valid(_training_scores(subject, X), len(X))


def takes_float32_values(subject: Subject) -> None:
    """Values that came as float32 are coarser, often tied, and welcome."""
    X = frozen(_training(subject).astype(np.float32))
    _valid(_training_scores(subject, X), len(X))


def scores_or_refuses_equal_rows(subject: Subject) -> None:
    """Rows that are all the same give finite scores or a ValueError, never NaN."""
    X = frozen(np.ones((len(_training(subject)), WIDTH)))
    _finite_or_refused(lambda: _training_scores(subject, X), len(X))


def scores_or_refuses_repeated_rows(subject: Subject) -> None:
    """Many duplicates give finite scores or a ValueError."""
    X = frozen(np.repeat(usual(4, seed=2), len(_training(subject)) // 4 + 1, axis=0))
    _finite_or_refused(lambda: _training_scores(subject, X), len(X))


def fits_or_refuses_huge_values(subject: Subject) -> None:
    """Fitting on values of 1e300 gives finite scores or a ValueError."""
    X = _training(subject).copy()
    X[::7, 1] = HUGE
    X[3::7, 2] = -HUGE
    _finite_or_refused(lambda: _training_scores(subject, frozen(X)), len(X))


def fits_or_refuses_tiny_values(subject: Subject) -> None:
    """Fitting on denormal numbers gives finite scores or a ValueError."""
    X = frozen(_training(subject) * TINY)
    _finite_or_refused(lambda: _training_scores(subject, X), len(X))


def scores_or_refuses_huge_values(subject: Subject) -> None:
    """Scoring values of 1e300 after an ordinary fit gives finite scores or a ValueError."""
    detector = _fitted(subject)
    X = np.array([[HUGE] * WIDTH, [-HUGE] * WIDTH, [HUGE, -HUGE, 0.0, TINY]])
    if _in_time(subject):
        X = np.vstack([_fresh(subject), X, _fresh(subject)])
    X = frozen(X)
    _finite_or_refused(lambda: detector.score(X), len(X))


def scores_new_rows(subject: Subject) -> None:
    """Rows that it was not fitted on get finite scores."""
    X = _fresh(subject)
    _valid(_fitted(subject).score(X), len(X))


def takes_one_row(subject: Subject) -> None:
    """A single row can be scored."""
    _valid(_fitted(subject).score(frozen(_fresh(subject)[:1])), 1)


def scores_or_refuses_a_short_stretch(subject: Subject) -> None:
    """A stretch of one time step, or of few, gives finite scores or a ValueError."""
    detector = _fitted(subject)
    for steps in (1, 3):
        X = frozen(_fresh(subject)[:steps])
        _finite_or_refused(partial(detector.score, X), steps)


def implements_what_it_claims(subject: Subject) -> None:
    """Every capability that needs a method has it."""
    detector = subject.create()
    methods = {
        "explain": subject.can(Capability.EXPLAINS),
        "partial_fit": subject.can(Capability.ONLINE),
        "get_state": subject.can(Capability.SAVES),
        "set_state": subject.can(Capability.SAVES),
        "fit_score": not subject.can(Capability.INDUCTIVE),
    }
    lacking = [
        name
        for name, needed in methods.items()
        if needed and not callable(getattr(detector, name, None))
    ]
    require(not lacking, f"its capabilities need the methods {', '.join(lacking)}")


def repeats_itself_with_the_same_seed(subject: Subject) -> None:
    """``seeded``: two fits with one seed score the same, bit for bit."""
    X = _training(subject)
    first, second = (_training_scores(subject, X, seed=7) for _ in range(2))
    require(np.array_equal(first, second), "two fits with the same seed score differently")


def scores_the_same_once_saved(subject: Subject) -> None:
    """``saves``: the state survives JSON, npz and bytes, and scores the same bit for bit."""
    detector = _fitted(subject)
    loaded = subject.create(seed=99)
    loaded.set_state(_through_a_file(detector.get_state()))
    expected, found = detector.score(_fresh(subject)), loaded.score(_fresh(subject))
    require(np.array_equal(expected, found), "it scores differently once saved and loaded")


def saves_no_rows_it_does_not_declare(subject: Subject) -> None:
    """A state without ``stores_training_data`` holds no row that was fitted."""
    if subject.can(Capability.STORES_TRAINING_DATA):
        return
    X = _training(subject)
    saved = b"".join(_raw(value) for value in _fitted(subject).get_state().values())
    held = sum(row.tobytes() in saved for row in X)
    message = f"its state holds {held} of {len(X)} training rows: declare stores_training_data"
    require(held <= len(X) // 20, message)


def scores_a_row_alone_as_among_others(subject: Subject) -> None:
    """``rowwise``: a row's score is the same, bit for bit, in any batch and order."""
    detector = _fitted(subject)
    X = _fresh(subject)
    whole = detector.score(X)
    alone = np.concatenate([detector.score(frozen(row[None])) for row in X])
    require(np.array_equal(whole, alone), f"{_differing(whole, alone)} alone")
    turned = detector.score(frozen(X[::-1]))[::-1]
    require(np.array_equal(whole, turned), f"{_differing(whole, turned)} in another order")
    many = detector.score(frozen(np.tile(X, (50, 1))))[: len(X)]
    require(np.array_equal(whole, many), f"{_differing(whole, many)} in a larger batch")


def scores_the_same_in_threads(subject: Subject) -> None:
    """``thread_safe``: threads that share a fitted detector get what one thread gets."""
    detector = _fitted(subject)
    size = len(_fresh(subject)) if _in_time(subject) else 20
    batches = [frozen(_ordinary(subject, size, seed=seed) * (1 + seed % 3)) for seed in range(24)]
    expected = [detector.score(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(detector.score, batches))
    wrong = sum(not np.array_equal(a, b) for a, b in zip(expected, found, strict=True))
    require(not wrong, f"{wrong} of {len(batches)} batches score differently in 8 threads")


def takes_missing_values(subject: Subject) -> None:
    """``missing``: NaN is fitted and scored, and gives finite scores."""
    X = _training(subject).copy()
    X[::5, 1] = np.nan
    _valid(_training_scores(subject, frozen(X)), len(X))


def explains_with_one_number_per_feature(subject: Subject) -> None:
    """``explains``: contributions are finite float64, one per row and feature."""
    X = _fresh(subject)
    contributions = _explain(subject, X)
    require(
        contributions.shape == X.shape and contributions.dtype == np.float64,
        f"contributions are {contributions.dtype} of shape {contributions.shape},"
        f" not float64 of shape {X.shape}",
    )
    require(np.isfinite(contributions).all(), "contributions are not all finite")


def explains_the_feature_that_is_off(subject: Subject) -> None:
    """``explains``: where one feature is far off, it mostly contributes most."""
    X = np.zeros((WIDTH, WIDTH))
    np.fill_diagonal(X, 8.0)
    top = _explain(subject, frozen(X)).argmax(axis=1)
    right = int((top == np.arange(WIDTH)).sum())
    require(right > WIDTH // 2, f"it names {right} of {WIDTH} planted features")


def _claimed(
    check: Callable[[Subject], None], *needs: Capability, kinds: frozenset[Modality] = MATRICES
) -> Check:
    return Check(check, frozenset(needs), kinds)


DETECTOR_CHECKS: tuple[Check, ...] = (
    _claimed(gives_one_finite_score_per_row),
    _claimed(ranks_planted_anomalies_high),
    _claimed(leaves_its_input_alone),
    _claimed(prints_nothing),
    _claimed(fits_the_fewest_rows_it_names),
    _claimed(takes_one_column),
    _claimed(takes_a_constant_column),
    _claimed(takes_float32_values),
    _claimed(scores_or_refuses_equal_rows),
    _claimed(scores_or_refuses_repeated_rows),
    _claimed(fits_or_refuses_huge_values),
    _claimed(fits_or_refuses_tiny_values),
    _claimed(implements_what_it_claims),
    _claimed(scores_new_rows, Capability.INDUCTIVE),
    _claimed(takes_one_row, Capability.INDUCTIVE, kinds=_TABLES),
    _claimed(scores_or_refuses_a_short_stretch, Capability.INDUCTIVE, kinds=_SERIES),
    _claimed(scores_or_refuses_huge_values, Capability.INDUCTIVE),
    _claimed(repeats_itself_with_the_same_seed, Capability.SEEDED),
    _claimed(scores_the_same_once_saved, Capability.SAVES, Capability.INDUCTIVE),
    _claimed(saves_no_rows_it_does_not_declare, Capability.SAVES),
    _claimed(scores_a_row_alone_as_among_others, Capability.ROWWISE),
    _claimed(scores_the_same_in_threads, Capability.THREAD_SAFE),
    _claimed(takes_missing_values, Capability.MISSING),
    _claimed(explains_with_one_number_per_feature, Capability.EXPLAINS),
    _claimed(explains_the_feature_that_is_off, Capability.EXPLAINS),
)
"""All checks for detectors; those with `needs` concern only detectors that claim them."""


def _training(subject: Subject) -> FloatMatrix:
    """Ordinary rows, enough for the detector."""
    return _ordinary(subject, max(250 if _in_time(subject) else 100, 2 * subject.detector.min_rows))


def _ordinary(subject: Subject, rows: int, *, seed: int = 0, width: int = WIDTH) -> FloatMatrix:
    """Ordinary rows of a table, or time steps of a series, as the detector takes them."""
    return (waves if _in_time(subject) else usual)(rows, seed=seed, width=width)


def _in_time(subject: Subject) -> bool:
    """Whether the detector takes series only."""
    return Modality.TABULAR not in subject.detector.modalities


def _fresh(subject: Subject) -> FloatMatrix:
    """Rows that no detector was fitted on, some of them anomalous: 40, or 150 time steps."""
    if _in_time(subject):
        return planted_stretches(150, 10, seed=5)[0]
    return frozen(np.vstack([usual(30, seed=5), planted(0, 10, seed=5)[0]]))


def _fitted(subject: Subject) -> Detector:
    detector = subject.create()
    detector.fit(_training(subject))
    return detector


def _training_scores(subject: Subject, X: FloatMatrix, seed: int = 0) -> FloatVector:
    """Scores of the rows that it is fitted on, as the core asks for them."""
    detector = subject.create(seed)
    if isinstance(detector, FitScores):
        return detector.fit_score(X)
    detector.fit(X)
    return detector.score(X)


def _explain(subject: Subject, X: FloatMatrix) -> FloatMatrix:
    return cast("Explains", _fitted(subject)).explain(X)


def _valid(scores: Any, rows: int) -> None:
    require(isinstance(scores, np.ndarray), f"scores are a {type(scores).__name__}")
    require(
        scores.shape == (rows,) and scores.dtype == np.float64,
        f"scores are {scores.dtype} of shape {scores.shape}, not float64 of shape ({rows},)",
    )
    bad = int(np.count_nonzero(~np.isfinite(scores)))
    require(not bad, f"{bad} of {rows} scores are not finite")


def _finite_or_refused(score: Callable[[], FloatVector], rows: int) -> None:
    try:
        scores = score()
    except (ValueError, PynomalyError) as error:
        # LinAlgError is a ValueError that says nothing to a user.
        require(
            not isinstance(error, np.linalg.LinAlgError) and str(error),
            f"it refuses with {type(error).__name__}, not with a ValueError that says why",
        )
        return
    _valid(scores, rows)


def _through_a_file(state: State) -> dict[str, Any]:
    """The state as a model file would give it back; nothing is pickled."""
    return {str(name): _stored(name, value) for name, value in state.items()}


def _stored(name: str, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        file = io.BytesIO()
        try:
            np.save(file, value, allow_pickle=False)
        except ValueError as error:
            raise AssertionError(f"state {name!r} is an array of objects") from error
        return np.load(io.BytesIO(file.getvalue()), allow_pickle=False)
    if isinstance(value, bytes):
        return value
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        kind = type(value).__name__
        raise AssertionError(f"state {name!r} is a {kind}: not array, bytes or JSON") from error


def _raw(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return np.ascontiguousarray(value).tobytes()
    return value if isinstance(value, bytes) else b""


def _differing(expected: FloatVector, found: FloatVector) -> str:
    differing = int((expected != found).sum())
    worst = float(np.abs(expected - found).max())
    return f"{differing} of {len(expected)} rows score differently (by up to {worst:.3g})"
