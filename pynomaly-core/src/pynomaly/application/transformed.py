"""Any detector for tables on the nodes of a graph: a transformer makes rows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pynomaly.application.guard import (
    explain_guarded,
    fit_guarded,
    fit_score_guarded,
    fit_transformer_guarded,
    notes_of,
    score_guarded,
    transform_guarded,
)
from pynomaly.domain.calibration import Scores
from pynomaly.domain.features import CLIP
from pynomaly.ports.protocols import Detector, Transformer
from pynomaly.ports.specs import DetectorSpec, TransformerSpec

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]


class Transformed:
    """A detector on items of any kind, made of a transformer and a detector for tables.

    Args:
        spec: Of the detector for tables.
        detector: That detector, not fitted.
        transformer_spec: Of the transformer.
        transformer: That transformer.
    """

    def __init__(
        self,
        spec: DetectorSpec,
        detector: Detector,
        transformer_spec: TransformerSpec,
        transformer: Transformer,
    ) -> None:
        self._spec = spec
        self._detector = detector
        self._transformer_spec = transformer_spec
        self._transformer = transformer

    @property
    def notes(self) -> Sequence[str]:
        """What the detector for tables has to say."""
        return notes_of(self._detector)

    @property
    def names(self) -> Sequence[str]:
        """Names of what the transformer makes of an item."""
        return tuple(self._transformer.names)

    def rows(self, items: Any) -> Matrix:
        """What the transformer makes of items, shape (n, k), before it is standardised."""
        return transform_guarded(self._transformer_spec, self._transformer, items)

    def fit(self, items: Any, /) -> Transformed:
        """Learn from items."""
        fit_guarded(self._spec, self._detector, self.learn(items))
        return self

    def fit_score(self, items: Any, /) -> Scores:
        """Fit on items and give their scores, shape (n,)."""
        return fit_score_guarded(self._spec, self._detector, self.learn(items))

    def fit_on(self, items: Any, chosen: np.ndarray[tuple[int], np.dtype[np.intp]]) -> None:
        """Learn from the items at positions `chosen`, seen among all."""
        rows = self.learn(items)[chosen]
        rows.flags.writeable = False
        fit_guarded(self._spec, self._detector, rows)

    def fit_score_on(self, items: Any, chosen: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Scores:
        """Fit on the items at positions `chosen`, and give the scores of all, shape (n,)."""
        rows = self.learn(items)
        some = rows[chosen]
        some.flags.writeable = False
        own = fit_score_guarded(self._spec, self._detector, some)
        scores = score_guarded(self._spec, self._detector, rows)
        scores[chosen] = own
        return scores

    def score(self, items: Any, /) -> Scores:
        """Score of each item, shape (n,)."""
        return score_guarded(self._spec, self._detector, self._standardised(self.rows(items)))

    def explain(self, items: Any, /) -> Matrix:
        """Contribution of each column that the transformer makes, shape (n, k)."""
        X = self._standardised(self.rows(items))
        return explain_guarded(self._spec, self._detector, X)

    def learn(self, items: Any) -> Matrix:
        """Fit the transformer alone: the rows that the detector is to be fitted on."""
        fit_transformer_guarded(self._transformer_spec, self._transformer, items)
        rows = self.rows(items)
        spread = rows.std(axis=0)
        self._center, self._scale = rows.mean(axis=0), np.where(spread > 0, spread, 1.0)
        return self._standardised(rows)

    def get_state(self) -> Mapping[str, Any]:
        """States of both, and what rows are centred and divided by."""
        return {
            "transformer": dict(self._transformer.get_state()),
            "detector": dict(self._detector.get_state()),
            "center": self._center,
            "scale": self._scale,
        }

    def set_state(self, state: Mapping[str, Any], /) -> None:
        """Become the fitted detector that gave `state`."""
        self._transformer.set_state(state["transformer"])
        self._detector.set_state(state["detector"])
        self._center, self._scale = state["center"], state["scale"]

    def _standardised(self, rows: Matrix) -> Matrix:
        X: Matrix = np.clip((rows - self._center) / self._scale, -CLIP, CLIP)
        X.flags.writeable = False
        return X
