"""Metrics against labels, held against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynomaly.domain.metrics import average_precision, label_metrics, roc_auc

rows = st.lists(
    st.tuples(st.booleans(), st.sampled_from([-1.0, 0.0, 0.5, 0.5000001, 3.0])),
    min_size=2,
    max_size=60,
)


@given(rows)
def test_they_equal_those_of_scikit_learn_ties_included(rows):
    reference = pytest.importorskip("sklearn.metrics")
    labels = np.array([label for label, _ in rows])
    scores = np.array([score for _, score in rows])
    if labels.all() or not labels.any():
        return
    assert average_precision(labels, scores) == pytest.approx(
        reference.average_precision_score(labels, scores)
    )
    assert roc_auc(labels, scores) == pytest.approx(reference.roc_auc_score(labels, scores))


def test_figures_that_are_undefined_are_none():
    nothing = np.zeros(3, dtype=bool)
    found = label_metrics(nothing, np.arange(3.0), nothing)
    assert found == {
        "anomalies": 0,
        "average_precision": None,
        "roc_auc": None,
        "precision": None,
        "recall": None,
        "false_alarm_rate": 0.0,
    }


def test_alarms_are_counted_against_the_truth():
    labels = np.array([True, True, False, False])
    found = label_metrics(labels, np.array([3.0, 1, 2, 0]), np.array([True, False, True, False]))
    assert (found["precision"], found["recall"], found["false_alarm_rate"]) == (0.5, 0.5, 0.5)
