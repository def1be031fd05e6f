"""Any detector for tables on a series: its rows are windows of the series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pynomaly.application.guard import (
    explain_guarded,
    fit_guarded,
    fit_score_guarded,
    notes_of,
    score_guarded,
)
from pynomaly.domain.errors import DataError
from pynomaly.domain.sampling import row_keys, smallest
from pynomaly.domain.series import (
    WINDOW,
    Vector,
    lower_neighbour,
    mean_of_windows,
    whole_windows,
    windows,
)
from pynomaly.domain.timeline import Gaps, Mask, Matrix
from pynomaly.ports.protocols import Detector, FitScores
from pynomaly.ports.specs import DetectorSpec

FIT_WINDOWS = 20_000
"""A detector is fitted on at most so many windows of a series, drawn at random."""

_CELLS = 2_000_000
"""Values of the windows that are held at once."""


class Windowed:
    """A detector on series made of one for tables.

    A step's score is the mean of the windows that it lies in. Windows that were hardly seen, for
    gaps in the series, count only where there are no others; a step that is made up scores as the
    lower of those beside it.

    Args:
        spec: Of the detector for tables.
        detector: That detector, not fitted.
        seed: Chooses the windows to fit on, where there are many.
        window: Steps of a window.
        gaps: Of the series; None for none.
    """

    def __init__(
        self,
        spec: DetectorSpec,
        detector: Detector,
        seed: int,
        window: int = WINDOW,
        gaps: Gaps | None = None,
    ) -> None:
        self.window = window
        self._spec = spec
        self._detector = detector
        self._seed = seed
        self._gaps = gaps
        limits = [spec.fit_rows, spec.row_limit, FIT_WINDOWS]
        self._limit = min(limit for limit in limits if limit is not None)

    @property
    def notes(self) -> Sequence[str]:
        """What the detector for tables has to say."""
        return notes_of(self._detector)

    def over(self, gaps: Gaps) -> Windowed:
        """The same detector, for a series with these gaps."""
        return Windowed(self._spec, self._detector, self._seed, self.window, gaps)

    def fit(self, X: Matrix, /) -> Windowed:
        """Learn from the windows of X, shape (length, c), in time order."""
        fit_guarded(self._spec, self._detector, self._sample(X)[1])
        return self

    def fit_score(self, X: Matrix, /) -> Vector:
        """Fit on X, shape (length, c), and score its steps, shape (length,)."""
        chosen, rows = self._sample(X)
        if not isinstance(self._detector, FitScores):
            fit_guarded(self._spec, self._detector, rows)
            return self.score(X)
        own = fit_score_guarded(self._spec, self._detector, rows)
        whole = len(chosen) == len(X) - self.window + 1
        scores = own if whole else self._window_scores(X)
        scores[chosen] = own
        return self._by_step(scores)

    def score(self, X: Matrix, /) -> Vector:
        """Score of each step of X, shape (length, c): shape (length,)."""
        return self._by_step(self._window_scores(X))

    def explain(self, X: Matrix, /) -> Matrix:
        """Each channel's contribution to the windows of a step, shape (length, c)."""
        by_channel = np.empty((self._count(X), X.shape[1]))
        for start, rows in self._blocks(X):
            found = explain_guarded(self._spec, self._detector, rows)
            found = found.reshape(len(rows), self.window, -1).sum(axis=1)
            by_channel[start : start + len(rows)] = found
        return mean_of_windows(by_channel, self.window, self._counted())

    def get_state(self) -> Mapping[str, Any]:
        """What the detector for tables gives, and the window."""
        return {"window": self.window, "detector": dict(self._detector.get_state())}

    def set_state(self, state: Mapping[str, Any], /) -> None:
        """Become the fitted detector that gave `state`."""
        self.window = int(state["window"])
        self._detector.set_state(state["detector"])

    def _sample(self, X: Matrix) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Matrix]:
        """The windows to fit on, as their starts and as rows."""
        count = self._count(X)
        counted = self._counted()
        chosen = np.arange(count) if counted is None else np.flatnonzero(counted)
        if len(chosen) < self._spec.min_rows:
            chosen = np.arange(count)
        if len(chosen) > self._limit:
            chosen = chosen[smallest(row_keys(0, len(chosen), self._seed), self._limit)]
        if len(chosen) < count:
            view = np.lib.stride_tricks.sliding_window_view(X, self.window, axis=0)
            rows = np.ascontiguousarray(view[chosen].transpose(0, 2, 1)).reshape(len(chosen), -1)
        else:
            rows = windows(X, self.window, 0, count)
        rows.flags.writeable = False
        return chosen, rows

    def _window_scores(self, X: Matrix) -> Vector:
        scores = np.empty(self._count(X))
        for start, rows in self._blocks(X):
            found = score_guarded(self._spec, self._detector, rows)
            scores[start : start + len(rows)] = found
        return scores

    def _by_step(self, scores: Vector) -> Vector:
        means = mean_of_windows(scores[:, None], self.window, self._counted())[:, 0]
        if self._gaps is not None:
            means = lower_neighbour(means, self._gaps.made_up)
        return np.ascontiguousarray(means)

    def _counted(self) -> Mask | None:
        return None if self._gaps is None else whole_windows(self._gaps, self.window)

    def _blocks(self, X: Matrix) -> Iterator[tuple[int, Matrix]]:
        """All windows of X as rows, some at once, each with the first one's start."""
        count = self._count(X)
        size = max(1, _CELLS // (self.window * X.shape[1]))
        for start in range(0, count, size):
            rows = windows(X, self.window, start, min(start + size, count))
            rows.flags.writeable = False
            yield start, rows

    def _count(self, X: Matrix) -> int:
        count = len(X) - self.window + 1
        if count < 1:
            raise DataError(
                f"the series has {len(X)} time step{'s' if len(X) > 1 else ''}, fewer than a window"
                f" of {self.window}: give more rows, such as those before them"
            )
        return count


def over(detector: Detector, gaps: Gaps) -> Detector:
    """The detector, told of the gaps of a series if it sees windows of it."""
    return detector.over(gaps) if isinstance(detector, Windowed) and gaps.any else detector
