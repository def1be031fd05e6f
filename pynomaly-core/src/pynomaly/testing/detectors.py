"""What every detector must do, and what it must do where it claims to."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from functools import partial

import numpy as np

from pynomaly.domain.errors import DeviceUnavailable, MissingRequirement
from pynomaly.ports.runtime import AUTO, CPU, Runtime
from pynomaly.ports.specs import Capability, Modality
from pynomaly.testing.fitting import (
    check_close,
    differing,
    explained,
    finite_or_refused,
    fitted,
    fresh,
    in_time,
    ordinary,
    raw,
    through_a_file,
    training,
    training_scores,
    valid,
)
from pynomaly.testing.kit import MATRICES, Check, Subject, require
from pynomaly.testing.samples import (
    WIDTH,
    frozen,
    planted,
    planted_stretches,
    usual,
    with_columns,
)

_TABLES = frozenset({Modality.TABULAR})
_SERIES = frozenset({Modality.SERIES})

HUGE = 1e300
TINY = 1e-310


def gives_one_finite_score_per_row(subject: Subject) -> None:
    """Scores are finite float64, one per row."""
    X = training(subject)
    valid(training_scores(subject, X), len(X))


def ranks_planted_anomalies_high(subject: Subject) -> None:
    """Higher is more anomalous: planted anomalies outrank most usual rows."""
    rows = len(training(subject))
    X, truth = (planted_stretches if in_time(subject) else planted)(rows, rows // 20)
    scores = training_scores(subject, X)
    above = scores[truth == 1][:, None] - scores[truth == 0][None, :]
    auc = float(np.mean(above > 0) + 0.5 * np.mean(above == 0))
    require(auc >= 0.75, f"planted anomalies reach a ROC AUC of {auc:.2f}, not 0.75")


def leaves_its_input_alone(subject: Subject) -> None:
    """Neither fit nor score changes the matrix that it is given."""
    X = training(subject).copy()
    before = X.copy()
    training_scores(subject, X)
    require(np.array_equal(X, before), "it changed the rows that it was given")


def prints_nothing(subject: Subject) -> None:
    """Results own stdout: a detector does not print."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        training_scores(subject, training(subject))
    require(not printed.getvalue(), f"it printed {printed.getvalue()[:80]!r}")


def fits_the_fewest_rows_it_names(subject: Subject) -> None:
    """`min_rows` is true: so many rows can be fitted."""
    X = ordinary(subject, subject.detector.min_rows)
    valid(training_scores(subject, X), len(X))


def takes_one_column(subject: Subject) -> None:
    """A table may have a single feature."""
    X = ordinary(subject, len(training(subject)), width=1)
    valid(training_scores(subject, X), len(X))


def takes_a_constant_column(subject: Subject) -> None:
    """A column of zeros, which is what a constant one is once standardised, does no harm."""
    X = with_columns(training(subject), {1: 0.0})
    valid(training_scores(subject, X), len(X))


def takes_float32_values(subject: Subject) -> None:
    """Values that came as float32 are coarser, often tied, and welcome."""
    X = frozen(training(subject).astype(np.float32))
    valid(training_scores(subject, X), len(X))


def scores_or_refuses_equal_rows(subject: Subject) -> None:
    """Rows that are all the same give finite scores or a ValueError, never NaN."""
    X = frozen(np.ones((len(training(subject)), WIDTH)))
    finite_or_refused(lambda: training_scores(subject, X), len(X))


def scores_or_refuses_repeated_rows(subject: Subject) -> None:
    """Many duplicates give finite scores or a ValueError."""
    X = frozen(np.repeat(usual(4, seed=2), len(training(subject)) // 4 + 1, axis=0))
    finite_or_refused(lambda: training_scores(subject, X), len(X))


def fits_or_refuses_huge_values(subject: Subject) -> None:
    """Fitting on values of 1e300 gives finite scores or a ValueError."""
    X = training(subject).copy()
    X[::7, 1] = HUGE
    X[3::7, 2] = -HUGE
    finite_or_refused(lambda: training_scores(subject, frozen(X)), len(X))


def fits_or_refuses_tiny_values(subject: Subject) -> None:
    """Fitting on denormal numbers gives finite scores or a ValueError."""
    X = frozen(training(subject) * TINY)
    finite_or_refused(lambda: training_scores(subject, X), len(X))


def scores_or_refuses_huge_values(subject: Subject) -> None:
    """Scoring values of 1e300 after an ordinary fit gives finite scores or a ValueError."""
    detector = fitted(subject)
    X = np.array([[HUGE] * WIDTH, [-HUGE] * WIDTH, [HUGE, -HUGE, 0.0, TINY]])
    if in_time(subject):
        X = np.vstack([fresh(subject), X, fresh(subject)])
    X = frozen(X)
    finite_or_refused(lambda: detector.score(X), len(X))


def scores_new_rows(subject: Subject) -> None:
    """Rows that it was not fitted on get finite scores."""
    X = fresh(subject)
    valid(fitted(subject).score(X), len(X))


def takes_one_row(subject: Subject) -> None:
    """A single row can be scored."""
    valid(fitted(subject).score(frozen(fresh(subject)[:1])), 1)


def scores_or_refuses_a_short_stretch(subject: Subject) -> None:
    """A stretch of one time step, or of few, gives finite scores or a ValueError."""
    detector = fitted(subject)
    for steps in (1, 3):
        X = frozen(fresh(subject)[:steps])
        finite_or_refused(partial(detector.score, X), steps)


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
    X = training(subject)
    first, second = (training_scores(subject, X, seed=7) for _ in range(2))
    require(np.array_equal(first, second), "two fits with the same seed score differently")


def scores_the_same_once_saved(subject: Subject) -> None:
    """``saves``: the state survives JSON, npz and bytes, and scores the same bit for bit."""
    detector = fitted(subject)
    loaded = subject.create(seed=99)
    loaded.set_state(through_a_file(detector.get_state()))
    expected, found = detector.score(fresh(subject)), loaded.score(fresh(subject))
    require(np.array_equal(expected, found), "it scores differently once saved and loaded")


def saves_no_rows_it_does_not_declare(subject: Subject) -> None:
    """A state without ``stores_training_data`` holds no row that was fitted."""
    if subject.can(Capability.STORES_TRAINING_DATA):
        return
    X = training(subject)
    saved = b"".join(raw(value) for value in fitted(subject).get_state().values())
    held = sum(row.tobytes() in saved for row in X)
    message = f"its state holds {held} of {len(X)} training rows: declare stores_training_data"
    require(held <= len(X) // 20, message)


def scores_a_row_alone_as_among_others(subject: Subject) -> None:
    """``rowwise``: a row's score is the same, bit for bit, in any batch and order."""
    detector = fitted(subject)
    X = fresh(subject)
    whole = detector.score(X)
    alone = np.concatenate([detector.score(frozen(row[None])) for row in X])
    require(np.array_equal(whole, alone), f"{differing(whole, alone)} alone")
    turned = detector.score(frozen(X[::-1]))[::-1]
    require(np.array_equal(whole, turned), f"{differing(whole, turned)} in another order")
    many = detector.score(frozen(np.tile(X, (50, 1))))[: len(X)]
    require(np.array_equal(whole, many), f"{differing(whole, many)} in a larger batch")


def scores_the_same_in_threads(subject: Subject) -> None:
    """``thread_safe``: threads that share a fitted detector get what one thread gets."""
    detector = fitted(subject)
    size = len(fresh(subject)) if in_time(subject) else 20
    batches = [frozen(ordinary(subject, size, seed=seed) * (1 + seed % 3)) for seed in range(24)]
    expected = [detector.score(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(detector.score, batches))
    wrong = sum(not np.array_equal(a, b) for a, b in zip(expected, found, strict=True))
    require(not wrong, f"{wrong} of {len(batches)} batches score differently in 8 threads")


def takes_missing_values(subject: Subject) -> None:
    """``missing``: NaN is fitted and scored, and gives finite scores."""
    X = training(subject).copy()
    X[::5, 1] = np.nan
    valid(training_scores(subject, frozen(X)), len(X))


def explains_with_one_number_per_feature(subject: Subject) -> None:
    """``explains``: contributions are finite float64, one per row and feature."""
    X = fresh(subject)
    contributions = explained(subject, X)
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
    top = explained(subject, frozen(X)).argmax(axis=1)
    right = int((top == np.arange(WIDTH)).sum())
    require(right > WIDTH // 2, f"it names {right} of {WIDTH} planted features")


def computes_on_the_processor_when_told(subject: Subject) -> None:
    """``gpu``: told ``cpu``, it computes there, and scores what it scores by default."""
    X = fresh(subject)
    told, left_alone = (fitted(subject, device).score(X) for device in (CPU, AUTO))
    valid(told, len(X))
    check_close(told, left_alone, "on the processor")


def refuses_devices_that_are_not_there(subject: Subject) -> None:
    """``gpu``: a device that cannot be used is an error, never a silent change to another."""
    for device in ("cuda:999", "abacus"):
        try:
            subject.package.registry.create_detector(subject.spec.id, runtime=Runtime(device))
        except (DeviceUnavailable, MissingRequirement):
            continue
        require(False, f"told to compute on {device}, it says nothing")


def scores_the_same_on_another_device(subject: Subject) -> None:
    """``gpu``: a state goes from any device to any other, and scores the same but for rounding."""
    X = fresh(subject)
    for there, here in ((AUTO, CPU), (CPU, AUTO)):
        detector = fitted(subject, there)
        loaded = subject.create(seed=99, runtime=Runtime(here))
        loaded.set_state(through_a_file(detector.get_state()))
        check_close(loaded.score(X), detector.score(X), f"fitted on {there}, on {here}")


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
    Check(implements_what_it_claims),
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
    _claimed(computes_on_the_processor_when_told, Capability.GPU, Capability.INDUCTIVE),
    _claimed(refuses_devices_that_are_not_there, Capability.GPU),
    _claimed(
        scores_the_same_on_another_device,
        Capability.GPU,
        Capability.SAVES,
        Capability.INDUCTIVE,
    ),
)
"""All checks for detectors; those with `needs` concern only detectors that claim them."""
