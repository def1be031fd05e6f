"""One adapter for every PyGOD detector: builds it, guards it, scores with it, saves it."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import torch
from pygod import detector as library
from torch_geometric.data import Data
from torch_geometric.nn import GCN

from pynomaly.domain.errors import InvalidParams, PynomalyError, UsageError
from pynomaly.ports import Capability, DetectorSpec
from pynomaly_pygod.errors import UnfitGraph
from pynomaly_pygod.running import at_work
from pynomaly_pygod.saving import dump, restore

if TYPE_CHECKING:
    from pynomaly.domain.graphs import GraphArrays
    from pynomaly.ports.protocols import FloatVector, State

_LARGEST = 1e12
"""Squares of larger values, summed up, overflow in 32 bits."""
_WAY_OUT = "use fast.iforest, which takes what graph.neighbourhood makes of nodes"


class GCNCompat(GCN):  # type: ignore[misc, no-any-unimported]
    """A backbone that does without the number of nodes that GAD-NR hands to it."""

    def __init__(self, *args: Any, tot_nodes: int | None = None, **options: Any) -> None:
        super().__init__(*args, **options)


class PyGODDetector:
    """A PyGOD object behind the contract of `pynomaly.ports.protocols.Detector`.

    Edges of an undirected graph point both ways for PyGOD, and a node without any points to
    itself, since PyGOD counts nodes by their edges. Networks run in full batches unless
    `batch_size` says otherwise, on the processor.
    """

    def __init__(self, spec: DetectorSpec, params: Any, seed: int) -> None:
        self._spec = spec
        self._params = params
        self._seed = seed
        self._model: Any = None
        self._width = 0

    def fit(self, X: GraphArrays, /) -> PyGODDetector:
        """Learn from a graph.

        Raises:
            UnfitGraph: If PyGOD cannot fit it, or gives scores that are not finite.
        """
        self.fit_score(X)
        return self

    def fit_score(self, X: GraphArrays, /) -> FloatVector:
        """Fit on a graph and give its nodes' scores, shape (n,).

        They are those of the last pass of training where the method knows no other.

        Raises:
            UnfitGraph: As `fit`.
        """
        self._check(X)
        with TemporaryDirectory() as folder, at_work(self._seed):
            model = self._build(folder)
            try:
                model.fit(_data(X))
            except (PynomalyError, MemoryError):
                raise
            except Exception as error:
                raise self._unfit(_first_line(error)) from error
        self._model, self._width = model, X.features.shape[1]
        return self.score(X) if self._inductive else self._finite(model.decision_score_)

    def score(self, X: GraphArrays, /) -> FloatVector:
        """One score per node of a graph, shape (n,); higher is more anomalous.

        Raises:
            UsageError: If the method scores only what it is fitted on.
            UnfitGraph: If the graph has other attributes, or scores are not finite.
        """
        if not self._inductive:
            raise UsageError(
                f"{self._spec.id} scores only the graph that it is fitted on: use `detect` without"
                " a reference, or pygod.dominant"
            )
        if self._model is None:
            raise ValueError(f"{self._spec.id} is not fitted: fit it before it scores")
        self._check(X)
        if X.features.shape[1] != self._width:
            raise UnfitGraph(
                f"{self._spec.id} was fitted on {self._width} attributes and is given"
                f" {X.features.shape[1]}"
            )
        model = self._model
        with TemporaryDirectory() as folder, at_work(self._seed):
            _prepare(model, self._params, len(X), folder)
            try:
                scores = model.decision_function(_data(X))
            except (PynomalyError, MemoryError):
                raise
            except Exception as error:
                raise self._unfit(_first_line(error)) from error
        return self._finite(scores)

    def get_state(self) -> State:
        """The network's weights as safetensors, with what it takes to build it."""
        if self._model is None:
            raise ValueError(f"{self._spec.id} is not fitted: there is nothing to save")
        return {"seed": self._seed, "width": self._width, **dump(self._model)}

    def set_state(self, state: State, /) -> None:
        """Become the detector that gave `state`."""
        self._seed, self._width = state["seed"], state["width"]
        with at_work(self._seed):
            self._model = restore(self._build(""), self._width, state)

    @property
    def _inductive(self) -> bool:
        return Capability.INDUCTIVE in self._spec.capabilities

    def _build(self, folder: str) -> Any:
        """An unfitted object, for which `contamination` moves a threshold that nobody reads."""
        chosen = attrs.asdict(self._params)
        if "act" in chosen:
            chosen["act"] = getattr(torch.nn.functional, chosen["act"])
        match self._spec.name:
            case "gadnr":
                chosen["backbone"] = GCNCompat
            case "guide":
                chosen["cache_dir"] = folder
        try:
            return getattr(library, self._spec.target.partition(":")[2])(**chosen)
        except (ValueError, AssertionError) as error:
            raise InvalidParams(self._spec.id, [("params", str(error))]) from error

    def _check(self, X: GraphArrays) -> None:
        if not X.features.shape[1]:
            raise self._unfit("it compares attributes, and these nodes have none")
        if np.abs(X.features).max(initial=0.0) > _LARGEST:
            raise self._unfit(f"attributes beyond {_LARGEST:g} overflow once they are squared")

    def _finite(self, found: Any) -> FloatVector:
        scores: FloatVector = found.detach().numpy().astype(np.float64)
        bad = int(np.count_nonzero(~np.isfinite(scores)))
        if bad:
            raise self._unfit(f"{bad} of {len(scores)} scores are not finite")
        return scores

    def _unfit(self, reason: str) -> UnfitGraph:
        return UnfitGraph(f"{self._spec.id} cannot use this graph: {reason}; {_WAY_OUT}")


def _data(X: GraphArrays) -> Any:
    """The graph as PyGOD takes it."""
    alone = np.setdiff1d(np.arange(len(X)), X.edges)
    parts = [X.edges, np.stack([alone, alone])]
    if not X.directed:
        parts.insert(1, X.edges[::-1])
    edges = np.ascontiguousarray(np.hstack(parts))
    features = X.features.astype(np.float32)
    return Data(x=torch.from_numpy(features), edge_index=torch.from_numpy(edges))


def _prepare(model: Any, params: Any, nodes: int, folder: str) -> None:
    """Set what PyGOD leaves behind after a fit as a scoring needs it."""
    # A fit has put the number of its own nodes in place of 0.
    model.batch_size = params.batch_size or nodes
    if model.gan:
        # Scoring takes a step of training: one of no length changes nothing.
        model.epoch_loss_in = 0
        model.opt_in = torch.optim.SGD(model.model.inner.parameters(), lr=0.0)
    if hasattr(model, "cache_dir"):
        # Motifs are cached under the shape of a graph, which others share.
        model.cache_dir = folder


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:200].rstrip(".:")
