"""Calls into detectors are held to the contract on both sides."""

import numpy as np
import pytest

from pynomaly.application.guard import (
    explain_guarded,
    fit_guarded,
    fit_score_guarded,
    score_guarded,
)
from pynomaly.domain.errors import DataError, MissingRequirement, PluginFailed
from pynomaly.ports import Capability, DetectorSpec

X = np.zeros((4, 2))
spec = DetectorSpec(
    id="test.any",
    title="Any",
    summary="Any.",
    factory="a:b",
    capabilities={Capability.EXPLAINS},
    min_rows=3,
)


class Giving:
    """A detector that gives what it is told to, or raises it."""

    def __init__(self, answer):
        self.answer = answer

    def _answer(self, X):
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    fit = score = explain = _answer

    def get_state(self):
        return {}

    def set_state(self, state):
        pass


class GivingWhileFitting(Giving):
    def fit_score(self, X):
        return self._answer(X)


def test_a_detector_that_ends_the_program_has_failed():
    for call in (fit_guarded, score_guarded, explain_guarded):
        with pytest.raises(PluginFailed, match=r"it called sys\.exit\(0\)"):
            call(spec, Giving(SystemExit(0)), X)


@pytest.mark.parametrize(
    "answer",
    [np.zeros(3), np.zeros((4, 1)), ["a"] * 4, None, np.array([0, 1, np.nan, 2]), [np.inf] * 4],
)
def test_scores_of_another_shape_type_or_not_finite_are_refused(answer):
    with pytest.raises(PluginFailed, match=r"test\.any failed to score"):
        score_guarded(spec, Giving(answer), X)
    with pytest.raises(PluginFailed, match=r"test\.any failed to score"):
        fit_score_guarded(spec, GivingWhileFitting(answer), X)


@pytest.mark.parametrize("answer", [[1, 2, 3, 4], np.arange(4, dtype=np.float32)])
def test_scores_become_float64(answer):
    scores = score_guarded(spec, Giving(answer), X)
    assert scores.dtype == np.float64
    assert fit_score_guarded(spec, Giving(answer), X).tolist() == scores.tolist()


def test_an_error_of_a_detector_becomes_one_line_with_its_id():
    broken = GivingWhileFitting(ValueError("no convergence\nat line 3"))
    for call, stage in (
        (fit_guarded, "fit"),
        (fit_score_guarded, "fit"),
        (score_guarded, "score"),
        (explain_guarded, "explain"),
    ):
        with pytest.raises(PluginFailed) as caught:
            call(spec, broken, X)
        assert str(caught.value) == f"test.any failed to {stage}: no convergence"
        assert caught.value.stage == stage


def test_errors_of_our_types_pass_through():
    ours = GivingWhileFitting(MissingRequirement("test.any", ["torch"], "pip install torch"))
    for call in (fit_guarded, fit_score_guarded, score_guarded, explain_guarded):
        with pytest.raises(MissingRequirement):
            call(spec, ours, X)


def test_too_few_rows_are_refused_before_the_detector_sees_them():
    for call in (fit_guarded, fit_score_guarded):
        with pytest.raises(DataError, match="at least 3 rows"):
            call(spec, GivingWhileFitting(AssertionError()), X[:2])


def test_no_rows_have_no_scores():
    assert score_guarded(spec, Giving(AssertionError()), X[:0]).shape == (0,)


def test_contributions_of_another_shape_are_refused():
    with pytest.raises(PluginFailed, match="shape"):
        explain_guarded(spec, Giving(np.zeros(4)), X)


def test_a_detector_that_cannot_explain_says_which_can():
    plain = DetectorSpec(id="test.plain", title="t", summary="s", factory="a:b")
    with pytest.raises(DataError, match="--can explains"):
        explain_guarded(plain, Giving(X), X)
