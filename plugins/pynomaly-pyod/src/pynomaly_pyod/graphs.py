"""The adapter for PyOD's detectors on graphs, which score only the graph that they are fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import torch
from torch_geometric.data import Data

from pynomaly.domain.errors import PynomalyError, UsageError
from pynomaly.ports import DetectorSpec
from pynomaly_pyod.building import build
from pynomaly_pyod.errors import UnfitData, first_line
from pynomaly_pyod.quiet import quietly

if TYPE_CHECKING:
    from pynomaly.domain.graphs import GraphArrays
    from pynomaly.ports.protocols import FloatVector, State

_LARGEST = 1e12
"""Squares of larger values, summed up, overflow in 32 bits."""
_WAY_OUT = "use fast.iforest, which takes what graph.neighbourhood makes of nodes"


class PyODGraphDetector:
    """A PyOD object for graphs behind the contract of `pynomaly.ports.protocols.Detector`.

    Edges of an undirected graph point both ways for PyOD.
    """

    def __init__(self, spec: DetectorSpec, params: Any, seed: int) -> None:
        self._spec = spec
        self._params = params
        self._seed = seed

    def fit(self, X: GraphArrays, /) -> PyODGraphDetector:
        """Learn from a graph.

        Raises:
            UnfitData: If PyOD cannot fit it, or gives scores that are not finite.
        """
        self.fit_score(X)
        return self

    def fit_score(self, X: GraphArrays, /) -> FloatVector:
        """Fit on a graph and give its nodes' scores, shape (n,).

        Raises:
            UnfitData: As `fit`.
        """
        self._check(X)
        with quietly(self._spec.id, self._seed):
            model = build(self._spec, self._params, self._seed, X.features.shape[1])
            try:
                model.fit(_data(X))
            except (PynomalyError, ImportError, MemoryError):
                raise
            except Exception as error:
                raise self._unfit(first_line(error)) from error
        scores: FloatVector = np.asarray(model.decision_scores_, dtype=np.float64).ravel()
        bad = int(np.count_nonzero(~np.isfinite(scores)))
        if bad:
            raise self._unfit(f"{bad} of {len(scores)} scores are not finite")
        return scores

    def score(self, X: GraphArrays, /) -> NoReturn:
        """Nothing: the method knows no other graph.

        Raises:
            UsageError: Always.
        """
        del X
        raise UsageError(
            f"{self._spec.id} scores only the graph that it is fitted on: use `detect` without a"
            " reference, or pygod.dominant"
        )

    def get_state(self) -> State:
        """Nothing that could score is left of a fit."""
        return {}

    def set_state(self, state: State, /) -> None:
        """Become the detector that gave `state`, which is none."""

    def _check(self, X: GraphArrays) -> None:
        if not X.features.shape[1]:
            raise self._unfit("it compares attributes, and these nodes have none")
        if np.abs(X.features).max(initial=0.0) > _LARGEST:
            raise self._unfit(f"attributes beyond {_LARGEST:g} overflow once they are squared")

    def _unfit(self, reason: str) -> UnfitData:
        return UnfitData(f"{self._spec.id} cannot use this graph: {reason}; {_WAY_OUT}")


def _data(X: GraphArrays) -> Any:
    """The graph as PyOD takes it."""
    edges = X.edges if X.directed else np.hstack([X.edges, X.edges[::-1]])
    features = torch.from_numpy(X.features.astype(np.float32))
    return Data(x=features, edge_index=torch.from_numpy(np.ascontiguousarray(edges)))
