"""How well scores and alarms agree with labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.bool_]


def average_precision(labels: Labels, scores: npt.NDArray[np.float64]) -> float:
    """Sum of precision over the steps in recall, ties taken together; nan without positives."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    hits, ranks = hits[last_of_tie], np.flatnonzero(last_of_tie) + 1
    total = int(hits[-1]) if len(hits) else 0
    if total == 0:
        return float("nan")
    return float(np.sum(np.diff(hits, prepend=0) / total * (hits / ranks)))


def roc_auc(labels: Labels, scores: npt.NDArray[np.float64]) -> float:
    """Probability that an anomaly scores above a normal row, ties counting half; nan if undefined."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return float("nan")
    normal = np.sort(scores[~labels])
    below = np.searchsorted(normal, scores[labels], side="left")
    not_above = np.searchsorted(normal, scores[labels], side="right")
    return float((below + not_above).sum() / 2 / (positives * negatives))


def label_metrics(
    labels: Labels, scores: npt.NDArray[np.float64], alarms: npt.NDArray[np.bool_]
) -> dict[str, float | int | None]:
    """AP, ROC AUC, precision, recall and false-alarm rate; None where a figure is undefined."""
    true_alarms = int((alarms & labels).sum())
    figures = {
        "average_precision": average_precision(labels, scores),
        "roc_auc": roc_auc(labels, scores),
        "precision": _ratio(true_alarms, int(alarms.sum())),
        "recall": _ratio(true_alarms, int(labels.sum())),
        "false_alarm_rate": _ratio(int((alarms & ~labels).sum()), int((~labels).sum())),
    }
    defined = {name: None if np.isnan(value) else value for name, value in figures.items()}
    return {"anomalies": int(labels.sum()), **defined}


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
