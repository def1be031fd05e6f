"""Several p-values of an item become one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pynomaly.domain.fusion import fisher_scores, fused_p_values, held_out_p_values

p_matrices = arrays(
    np.float64,
    st.tuples(st.integers(1, 30), st.integers(1, 4)),
    elements=st.one_of(st.just(float("nan")), st.floats(1e-6, 1.0)),
)


@given(p_matrices)
def test_the_score_is_the_tail_of_a_chi_squared_distribution(p_values):
    stats = pytest.importorskip("scipy.stats")
    known = ~np.isnan(p_values)
    T = -2 * np.log(np.where(known, p_values, 1.0)).sum(axis=1)
    expected = -stats.chi2.logsf(T, 2 * np.maximum(known.sum(axis=1), 1))
    np.testing.assert_allclose(fisher_scores(p_values), expected, rtol=1e-9, atol=1e-9)


@given(p_matrices)
def test_a_smaller_p_value_never_lowers_the_score(p_values):
    lower = np.where(np.isnan(p_values), p_values, p_values / 2)
    assert (fisher_scores(lower) >= fisher_scores(p_values)).all()


@pytest.mark.parametrize("dependence", [0.0, 0.9, 1.0])
def test_fused_p_values_hold_their_rate_however_parts_depend_on_each_other(dependence):
    rng = np.random.default_rng(0)

    def parts(n):
        common = rng.random((n, 1))
        own = np.where(rng.random((n, 3)) < dependence, common, rng.random((n, 3)))
        own[rng.random((n, 3)) < 0.2] = np.nan
        return own

    reference, fresh = parts(4000), parts(20_000)
    p_values = fused_p_values(fresh, reference, ranks=False)
    for alpha in (0.01, 0.1):
        assert np.mean(p_values <= alpha) == pytest.approx(alpha, rel=0.25)


def test_an_item_without_any_part_raises_no_alarm():
    nothing = np.full((1, 2), np.nan)
    assert fused_p_values(nothing, np.ones((5, 2)), ranks=False).tolist() == [1.0]
    assert fisher_scores(nothing).tolist() == [0.0]


def test_a_part_that_no_held_out_item_shares_can_say_nothing():
    p_values = np.array([[1e-6, 1e-6]])
    reference = np.array([[0.5, np.nan], [np.nan, 0.5]])
    assert fused_p_values(p_values, reference, ranks=False).tolist() == [1.0]


def test_among_themselves_items_are_ranked():
    p_values = np.array([[0.1, 0.2], [0.5, 0.5], [0.9, 0.4], [0.01, np.nan]])
    ranks = fused_p_values(p_values, p_values, ranks=True)
    assert ranks.tolist() == [1 / 3, 2 / 3, 1.0, 1 / 4]


def test_held_out_scores_get_the_share_that_is_as_high():
    assert held_out_p_values(np.array([1.0, 3.0, 3.0, 2.0])).tolist() == [1.0, 0.5, 0.5, 0.75]
