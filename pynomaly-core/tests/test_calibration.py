"""P-values: conformal ones against held-out scores, ranks within one batch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pynomaly.domain.calibration import Calibration

floats = st.floats(allow_nan=False, allow_infinity=False)
score_vectors = hnp.arrays(np.float64, st.integers(1, 60), elements=floats)


def calibrated(scores, method="held-out"):
    return Calibration(method, np.sort(scores))


@given(score_vectors, score_vectors)
def test_a_conformal_p_value_is_one_plus_the_calibration_scores_at_least_as_high(cal, scores):
    p_values = calibrated(cal).p_values(scores)
    expected = [(1 + sum(c >= s for c in cal)) / (len(cal) + 1) for s in scores]
    assert p_values.tolist() == expected


@given(score_vectors, score_vectors)
def test_p_values_lie_between_the_smallest_reachable_and_one(cal, scores):
    calibration = calibrated(cal)
    p_values = calibration.p_values(scores)
    assert (p_values >= calibration.smallest_p).all()
    assert (p_values <= 1).all()


@given(score_vectors, score_vectors)
def test_a_higher_score_never_has_a_higher_p_value(cal, scores):
    ordered = calibrated(cal).p_values(np.sort(scores))
    assert (np.diff(ordered) <= 0).all()


@given(score_vectors)
def test_ranks_count_the_batch_itself(scores):
    p_values = calibrated(scores, "ranks").p_values(scores)
    assert p_values.max() == 1
    assert p_values.tolist() == [(scores >= s).sum() / len(scores) for s in scores]


@given(score_vectors, score_vectors)
def test_a_p_value_does_not_depend_on_its_batch(cal, scores):
    calibration = calibrated(cal)
    one_by_one = [calibration.p_values(scores[i : i + 1])[0] for i in range(len(scores))]
    assert calibration.p_values(scores).tolist() == one_by_one


def test_a_p_value_does_not_depend_on_its_batch_where_many_are_compared_with_many():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 1_000, 120_000).astype(float)
    calibration = calibrated(scores, "ranks")
    some = scores[:500]
    expected = [np.mean(scores >= score) for score in some]
    assert calibration.p_values(some).tolist() == expected
    assert np.array_equal(calibration.p_values(scores)[:500], expected)


def test_fresh_scores_alarm_at_the_stated_rate():
    rng = np.random.default_rng(0)
    rates = [
        (calibrated(rng.normal(size=1000)).p_values(rng.normal(size=1000)) <= 0.05).mean()
        for _ in range(200)
    ]
    # mean of 200 draws: standard error of about .0007
    assert abs(np.mean(rates) - 0.05) < 0.004


def test_the_summary_says_the_method_and_the_smallest_p_value():
    summary = Calibration("held-out", np.arange(99.0), clean=True).summary()
    assert summary == {
        "method": "held-out",
        "rows": 99,
        "smallest_p": 0.01,
        "clean_reference": True,
        "exchangeability": "assumed",
    }
