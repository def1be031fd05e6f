"""What a plugin implements. All are structural: no base class to inherit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from pynomaly.domain.datasets import Table
    from pynomaly.domain.graphs import Graph, GraphArrays
    from pynomaly.ports.specs import DetectorSpec, TransformerSpec

    FloatMatrix = npt.NDArray[np.float64]
    """Shape (n, d), C-contiguous, finite (NaN only for detectors with ``missing``), read-only."""
    FloatVector = npt.NDArray[np.float64]
    """Shape (n,)."""

State = Mapping[str, Any]
"""What a fitted detector is made of: names to NumPy arrays (no object dtype), ``bytes``,
or JSON values (str, int, float, bool, None, lists and dicts of them)."""


@runtime_checkable
class Detector(Protocol):
    """An anomaly detector on n items. Higher scores are more anomalous.

    What X is depends on the kind of data, the spec's `modalities`:

    - ``tabular``: a matrix, shape (n, d), one row for each item;
    - ``series``: a matrix, shape (n, c): one series, a row for each time step, in order;
    - ``graph``: `GraphArrays` of n nodes.

    The core guards every call: matrices are finite float64, C-contiguous, read-only, with at
    least one row, and as wide in `score` as they were in `fit`. Scores must be finite.
    """

    def fit(self, X: Any, /) -> object:
        """Learn from X."""

    def score(self, X: Any, /) -> FloatVector:
        """One float64 for each item of X, shape (n,); higher is more anomalous."""

    def get_state(self) -> State:
        """All that a fitted detector needs in order to score. Needed for ``saves``."""

    def set_state(self, state: State, /) -> None:
        """Become the fitted detector that gave `state`. Needed for ``saves``."""


@runtime_checkable
class FitScores(Protocol):
    """A detector that scores the rows it is fitted on better, or only, while it fits.

    Neighbour methods leave the row itself out; transductive ones know no other way.
    """

    def fit_score(self, X: Any, /) -> FloatVector:
        """Fit on X and give its items' scores, shape (n,)."""


@runtime_checkable
class Explains(Protocol):
    """A detector with the capability ``explains``."""

    def explain(self, X: Any, /) -> FloatMatrix:
        """Contribution of each feature to each item's score, shape (n, d).

        Higher is more anomalous. Additive up to a constant where the method allows it.
        """


@runtime_checkable
class ScoresEdges(Protocol):
    """A detector on graphs that says of edges, too, how anomalous they are."""

    def score_edges(self, X: GraphArrays, /) -> FloatVector:
        """One float64 for each edge of X, shape (m,); higher is more anomalous."""


class DetectorFactory(Protocol):
    """What `DetectorSpec.factory` names."""

    def __call__(self, spec: DetectorSpec, params: Any, seed: int, /) -> Detector:
        """An unfitted detector. `params` is an instance of the class that `spec.params` names."""


@runtime_checkable
class Transformer(Protocol):
    """Turns items that are no rows of numbers into such.

    Items are those of the spec's `modalities`: texts (a sequence of str), or the nodes of a
    graph (`GraphArrays`).
    """

    @property
    def names(self) -> Sequence[str]:
        """Names of the columns that `transform` gives; known once it is fitted."""

    def fit(self, items: Any, /) -> object:
        """Learn from items; what is learnt already does nothing."""

    def transform(self, items: Any, /) -> FloatMatrix:
        """One row of finite float64 for each item, shape (n, k)."""

    def get_state(self) -> State:
        """All that a fitted transformer needs."""

    def set_state(self, state: State, /) -> None:
        """Become the fitted transformer that gave `state`."""


class TransformerFactory(Protocol):
    """What `TransformerSpec.factory` names."""

    def __call__(self, spec: TransformerSpec, params: Any, seed: int, /) -> Transformer:
        """A transformer. `params` is an instance of the class that `spec.params` names."""


class Loader(Protocol):
    """What `LoaderSpec.factory` names."""

    def __call__(self, uri: str, options: Mapping[str, Any], /) -> Table | Graph:
        """Open `uri`. Reads no more than it must to know the columns.

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
