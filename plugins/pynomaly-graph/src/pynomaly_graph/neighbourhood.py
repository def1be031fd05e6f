"""A node by numbers: its degrees, its egonet, and how unlike its neighbours it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs
import numpy as np

from pynomaly.ports import TransformerSpec
from pynomaly.ports.params import param
from pynomaly_graph.structure import Neighbours, core_numbers, ends, triangles

if TYPE_CHECKING:
    from pynomaly.domain.graphs import GraphArrays
    from pynomaly.ports.protocols import FloatMatrix, FloatVector, State

_STRUCTURE = ("log_degree", "clustering", "shared_neighbours", "core", "egonet_surprise")
_DIRECTED = ("log_out_degree", "log_in_degree")
_ATTRIBUTES = ("unlike_neighbours", "log_size")
_LARGEST = 1e100
"""Beyond this, squares overflow."""


@attrs.frozen
class NeighbourhoodParams:
    """Parameters of `graph.neighbourhood`."""

    structure: bool = param(True, help="Whether the edges around a node describe it.")
    attributes: bool = param(True, help="Whether its attributes do, beside its neighbours'.")


class Neighbourhood:
    """Describes the nodes of a graph by up to nine numbers each.

    Of the structure: the logarithm of a node's degree; its clustering coefficient; how many
    neighbours it shares with each of its neighbours, on average; its core number; and how far, in
    logarithms, the edges of its egonet are from what the power law over all nodes expects of its
    degree (OddBall). Of directed graphs also the logarithms of the degrees each way. Of
    attributes, where there are any: one minus the mean cosine with its neighbours' attributes,
    and the logarithm of their root mean square.

    Counts of shared neighbours and core numbers are no logarithms: a group of nodes that is far
    denser than the rest is to stand far out.
    """

    def __init__(self, spec: TransformerSpec, params: NeighbourhoodParams, seed: int) -> None:
        self._params = params
        self._law = np.zeros(2)
        self.names: tuple[str, ...] = ()

    def fit(self, items: GraphArrays, /) -> Neighbourhood:
        """Learn how many edges an egonet usually has."""
        attributed = self._params.attributes and items.features.shape[1] > 0
        # Nodes without attributes have nothing but their edges.
        structural = self._params.structure or not attributed
        self.names = (
            *(_STRUCTURE if structural else ()),
            *(_DIRECTED if structural and items.directed else ()),
            *(_ATTRIBUTES if attributed else ()),
        )
        if structural:
            graph = Neighbours(items.edges, len(items))
            self._law = _power_law(graph.degree, graph.degree + triangles(graph))
        return self

    def transform(self, items: GraphArrays, /) -> FloatMatrix:
        """The numbers, shape (n, k)."""
        graph = Neighbours(items.edges, len(items))
        columns: dict[str, FloatVector] = {}
        if _STRUCTURE[0] in self.names:
            columns |= self._structure(graph)
        if _DIRECTED[0] in self.names:
            both = ends(items.edges, len(items))
            columns |= dict(zip(_DIRECTED, map(np.log1p, both), strict=True))
        if _ATTRIBUTES[0] in self.names:
            columns |= _beside_neighbours(graph, items.features)
        return np.column_stack([columns[name] for name in self.names])

    def get_state(self) -> State:
        """The power law, and which numbers there are."""
        return {"law": self._law, "names": list(self.names)}

    def set_state(self, state: State, /) -> None:
        """Become the transformer that gave `state`."""
        self._law, self.names = state["law"], tuple(state["names"])

    def _structure(self, graph: Neighbours) -> dict[str, FloatVector]:
        degree, corners = graph.degree, triangles(graph)
        shared = 2.0 * corners / np.maximum(degree, 1.0)
        slope, intercept = self._law
        surprise = np.abs(np.log1p(degree + corners) - slope * np.log1p(degree) - intercept)
        clustering = shared / np.maximum(degree - 1.0, 1.0)
        values = (np.log1p(degree), clustering, shared, core_numbers(graph), surprise)
        return dict(zip(_STRUCTURE, values, strict=True))


def _power_law(degree: FloatVector, edges: FloatVector) -> FloatVector:
    """Slope and intercept of the edges of egonets over degrees, both as logarithms."""
    x, y = np.log1p(degree), np.log1p(edges)
    x0, y0 = x.mean(), y.mean()
    spread = np.square(x - x0).sum()
    slope = ((x - x0) * (y - y0)).sum() / spread if spread > 0 else 0.0
    return np.array([slope, y0 - slope * x0])


def _beside_neighbours(graph: Neighbours, X: FloatMatrix) -> dict[str, FloatVector]:
    """How attributes, shape (n, d), compare with the neighbours', to which one without any is unlike."""
    X = np.clip(X, -_LARGEST, _LARGEST)
    size = _root_mean_square(X)
    directions = X / np.where(size > 0, size, 1.0)[:, None]
    alike = (directions * graph.mean(directions)).mean(axis=1)
    return dict(zip(_ATTRIBUTES, (1.0 - alike, np.log1p(size)), strict=True))


def _root_mean_square(X: FloatMatrix) -> FloatVector:
    return cast("FloatVector", np.sqrt(np.square(X).mean(axis=1)))
