"""Decisions: an alert budget, and nothing that pretends to know the contamination."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pynomaly.domain.calibration import Calibration
from pynomaly.domain.decisions import (
    FalseAlarmRate,
    FalseDiscoveryRate,
    TopK,
    benjamini_hochberg,
    check_decision,
    choose_decision,
    decision_warnings,
    describe_decision,
    make_cut,
    needs_all_scores,
)
from pynomaly.domain.errors import UsageError

clean = Calibration("held-out", np.arange(999.0), clean=True)
soiled = Calibration("held-out", np.arange(999.0))
ranks = Calibration("ranks", np.arange(100.0))
few_values = st.sampled_from([0.0, 1.0, 2.0, 3.5])
tied_scores = hnp.arrays(np.float64, st.integers(1, 40), elements=few_values)
p_vectors = hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(0.001, 1))


def test_the_default_is_a_false_alarm_rate_of_one_percent():
    assert choose_decision() == FalseAlarmRate(0.01)


@pytest.mark.parametrize(
    ("options", "decision"),
    [
        ({"alpha": 0.2}, FalseAlarmRate(0.2)),
        ({"top": 5}, TopK(5)),
        ({"fdr": 0.1}, FalseDiscoveryRate(0.1)),
    ],
)
def test_an_option_chooses_its_decision(options, decision):
    assert choose_decision(**options) == decision


@pytest.mark.parametrize(
    "options",
    [{"alpha": 0.1, "top": 3}, {"alpha": 0.0}, {"alpha": 1.0}, {"top": 0}, {"fdr": -0.1},
     {"alpha": float("nan")}],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(UsageError):
        choose_decision(**options)


def test_alpha_alarms_where_the_p_value_is_at_most_alpha():
    cut = make_cut(FalseAlarmRate(0.1))
    assert cut(np.zeros(3), np.array([0.1, 0.1001, 0.01])).tolist() == [True, False, True]


@given(tied_scores, st.integers(1, 50), st.integers(1, 7))
def test_top_k_alarms_for_exactly_k_rows_whatever_the_ties_and_batches(scores, k, size):
    cut = make_cut(TopK(k), scores, scores)
    batches = [scores[i : i + size] for i in range(0, len(scores), size)]
    mask = np.concatenate([cut(batch, batch) for batch in batches])
    assert mask.sum() == min(k, len(scores))
    if not mask.all():
        assert scores[mask].min() >= scores[~mask].max()


def test_of_equal_scores_the_earlier_rows_alarm():
    scores = np.array([1.0, 5.0, 5.0, 5.0])
    assert make_cut(TopK(2), scores, scores)(scores, scores).tolist() == [False, True, True, False]


@given(p_vectors, st.floats(0.01, 0.5))
def test_benjamini_hochberg_equals_its_definition(p_values, q):
    limit = benjamini_hochberg(p_values, q)
    m = len(p_values)
    ordered = sorted(p_values)
    k = max((i + 1 for i in range(m) if ordered[i] <= q * (i + 1) / m), default=0)
    assert limit == (ordered[k - 1] if k else 0.0)
    assert (p_values <= limit).sum() >= k


def test_no_anomalies_is_an_allowed_answer():
    scores = np.zeros(50)
    p_values = clean.p_values(scores)
    for decision in (FalseAlarmRate(0.01), FalseDiscoveryRate(0.1)):
        assert not make_cut(decision, scores, p_values)(scores, p_values).any()


def test_a_false_discovery_rate_needs_a_clean_reference():
    check_decision(FalseDiscoveryRate(0.1), clean)
    with pytest.raises(UsageError, match="--clean"):
        check_decision(FalseDiscoveryRate(0.1), soiled)
    with pytest.raises(UsageError, match="needs a reference"):
        check_decision(FalseDiscoveryRate(0.1), ranks)
    check_decision(FalseAlarmRate(0.1), ranks)


def test_only_alpha_on_a_calibrated_model_can_decide_row_by_row():
    assert not needs_all_scores(FalseAlarmRate(), soiled)
    assert needs_all_scores(TopK(1), soiled)
    assert needs_all_scores(FalseAlarmRate(), ranks)


def test_a_decision_that_needs_all_scores_says_so():
    with pytest.raises(ValueError, match="all scores"):
        make_cut(TopK(1))


def test_a_description_says_what_is_promised():
    assert "normal rows" in str(describe_decision(FalseAlarmRate(), soiled, 10)["meaning"])
    assert "by rank" in str(describe_decision(FalseAlarmRate(), ranks, 10)["meaning"])
    assert describe_decision(TopK(3), soiled, 10)["k"] == 3
    fdr = describe_decision(FalseDiscoveryRate(0.1), clean, 1000)
    assert fdr["needed"] == 10


def test_equal_scores_at_the_top_that_keep_each_other_from_alarming_are_warned_about():
    tied = Calibration("ranks", np.sort(np.r_[np.arange(295.0), [999.0] * 5]))
    (warning,) = decision_warnings(FalseAlarmRate(0.01), tied)
    assert "no row can alarm: 5 rows share the highest score" in warning
    assert decision_warnings(FalseAlarmRate(0.02), tied) == []


def test_an_alpha_below_the_smallest_p_value_is_warned_about():
    small = Calibration("cross-fitted", np.arange(50.0))
    (warning,) = decision_warnings(FalseAlarmRate(0.01), small)
    assert "no row can alarm" in warning
    assert not decision_warnings(FalseAlarmRate(0.05), small)


def test_rows_in_time_order_are_warned_about():
    ordered = Calibration("held-out", np.arange(999.0), exchangeability="violated")
    assert "may not hold" in decision_warnings(FalseAlarmRate(), ordered)[0]
