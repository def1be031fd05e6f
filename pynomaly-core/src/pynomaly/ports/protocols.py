"""What a plugin implements. All are structural: no base class to inherit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from pynomaly.domain.datasets import Download, Table
    from pynomaly.ports.specs import DetectorSpec

    FloatMatrix = npt.NDArray[np.float64]
    """Shape (n, d), C-contiguous, finite (NaN only for detectors with ``missing``), read-only."""
    FloatVector = npt.NDArray[np.float64]
    """Shape (n,)."""

State = Mapping[str, Any]
"""What a fitted detector is made of: names to NumPy arrays (no object dtype), ``bytes``,
or JSON values (str, int, float, bool, None, lists and dicts of them)."""


@runtime_checkable
class Detector(Protocol):
    """An anomaly detector on a float matrix. Higher scores are more anomalous.

    The core guards every call: X is a finite float64 matrix, C-contiguous, read-only, with at
    least one row, and as wide in `score` as it was in `fit`. Scores must be finite.
    """

    def fit(self, X: FloatMatrix, /) -> object:
        """Learn from X, shape (n, d)."""

    def score(self, X: FloatMatrix, /) -> FloatVector:
        """One float64 per row of X, shape (n,); higher is more anomalous."""

    def get_state(self) -> State:
        """All that a fitted detector needs in order to score. Needed for ``saves``."""

    def set_state(self, state: State, /) -> None:
        """Become the fitted detector that gave `state`. Needed for ``saves``."""


@runtime_checkable
class FitScores(Protocol):
    """A detector that scores the rows it is fitted on better, or only, while it fits.

    Neighbour methods leave the row itself out; transductive ones know no other way.
    """

    def fit_score(self, X: FloatMatrix, /) -> FloatVector:
        """Fit on X, shape (n, d), and give its rows' scores, shape (n,)."""


@runtime_checkable
class Explains(Protocol):
    """A detector with the capability ``explains``."""

    def explain(self, X: FloatMatrix, /) -> FloatMatrix:
        """Contribution of each feature to each row's score, shape (n, d).

        Higher is more anomalous. Additive up to a constant where the method allows it.
        """


class DetectorFactory(Protocol):
    """What `DetectorSpec.factory` names."""

    def __call__(self, spec: DetectorSpec, params: Any, seed: int, /) -> Detector:
        """An unfitted detector. `params` is an instance of the class that `spec.params` names."""


class Loader(Protocol):
    """What `LoaderSpec.factory` names."""

    def __call__(self, uri: str, params: Any, /) -> Table | Download:
        """Open `uri`. Reads no more than it must to know the columns.

        `params` is an instance of the class that `LoaderSpec.params` names: what ``-r`` gave.
        What lies elsewhere and is of another loader's format is a `Download`: the core has it
        fetched, finds the loader by suffix and gives it the options.

        Raises:
            DataError: If it cannot be read; the message names the file and the way out.
        """


@runtime_checkable
class Explainer(Protocol):
    """Explains any detector's scores from outside."""

    def explain(
        self, detector: Detector, background: FloatMatrix, X: FloatMatrix, /
    ) -> FloatMatrix:
        """Contribution of each feature to each row's score, shape (n, d).

        `background`, shape (m, d), holds typical rows to compare with.
        """


@runtime_checkable
class Publisher(Protocol):
    """Writes batches to one destination: whole, or not at all."""

    def write(self, frame: pl.DataFrame, /) -> None:
        """Take the next batch. All batches have the same columns, in the same order."""

    def commit(self) -> None:
        """Make all that was written visible at once."""

    def abort(self) -> None:
        """Leave nothing behind. Safe to call at any time, also twice."""


class PublisherFactory(Protocol):
    """What `PublisherSpec.factory` names."""

    def __call__(self, uri: str, schema: pl.Schema, /) -> Publisher:
        """Open the destination for batches of `schema`; raises `OutputError` if it cannot."""


Batches = Iterator["pl.DataFrame"]
"""Consecutive rows, in order."""
