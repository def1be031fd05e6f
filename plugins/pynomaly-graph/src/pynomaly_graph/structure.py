"""What the edges alone say of a node, on sparse matrices: n nodes, m edges.

All treat edges as undirected, but for `degrees` of directed graphs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from pynomaly.domain.graphs import Edges
    from pynomaly.ports.protocols import FloatMatrix, FloatVector

_CHUNK = 2**16
"""Edges whose triangles are looked for at once: bounds the memory."""
_STEPS = 50
"""Most steps towards core numbers, which most graphs reach in ten."""


class Neighbours:
    """The undirected graph as a symmetric matrix of zeros and ones.

    Args:
        edges: Positions of both ends, shape (2, m), without loops; a directed graph may hold an
            edge both ways.
        nodes: Number of nodes, n.
    """

    def __init__(self, edges: Edges, nodes: int) -> None:
        low, high = np.sort(edges, axis=0)
        distinct = np.unique(low * nodes + high)
        self.low, self.high = np.divmod(distinct, nodes)
        rows = np.concatenate([self.low, self.high])
        columns = np.concatenate([self.high, self.low])
        self.matrix: Any = sparse.csr_array(
            (np.ones(len(rows)), (rows, columns)), shape=(nodes, nodes)
        )
        self.degree: FloatVector = np.diff(self.matrix.indptr).astype(np.float64)

    def __len__(self) -> int:
        """Number of nodes."""
        return len(self.degree)

    def mean(self, values: FloatMatrix) -> FloatMatrix:
        """Mean of the neighbours' values, shape (n, k); 0 for a node without neighbours."""
        total: FloatMatrix = self.matrix @ values
        return total / np.maximum(self.degree, 1.0)[:, None]


def ends(edges: Edges, nodes: int) -> tuple[FloatVector, FloatVector]:
    """Edges that leave and that enter each node, each shape (n,)."""
    out, into = (np.bincount(end, minlength=nodes).astype(np.float64) for end in edges)
    return out, into


def triangles(graph: Neighbours) -> FloatVector:
    """Triangles that each node is a corner of, shape (n,).

    Edges point from the node of lower degree to that of higher degree, so that no node has more
    than sqrt(2 m) successors and a hub costs no more than others: m sqrt(m) steps in all.
    Chiba, Nishizeki (1985). Arboricity and Subgraph Listing Algorithms. doi:10.1137/0214017
    """
    n = len(graph)
    order = np.lexsort((np.arange(n), graph.degree))
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    turned = rank[graph.low] > rank[graph.high]
    start = np.where(turned, graph.high, graph.low)
    stop = np.where(turned, graph.low, graph.high)
    successors: Any = sparse.csr_array((np.ones(len(start)), (start, stop)), shape=(n, n))
    count = np.zeros(n)
    for first in range(0, len(start), _CHUNK):
        one, other = start[first : first + _CHUNK], stop[first : first + _CHUNK]
        shared = (successors[one] * successors[other]).tocoo()
        for corner in (one[shared.row], other[shared.row], shared.col):
            count += np.bincount(corner, minlength=n)
    return count


def core_numbers(graph: Neighbours) -> FloatVector:
    """The largest k such that a node belongs to a subgraph of degrees of at least k, shape (n,).

    Reached from the degrees by taking the h-index of the neighbours' values again and again.
    Lü, Zhou, Zhang, Stanley (2016). The H-index of a network node and its relation to degree and
    coreness. doi:10.1038/ncomms10168
    """
    return _settled(lambda values: _h_index(graph, values), graph.degree)


def _settled(step: Callable[[FloatVector], FloatVector], values: FloatVector) -> FloatVector:
    for _ in range(_STEPS):
        following = step(values)
        if np.array_equal(following, values):
            break
        values = following
    return values


def _h_index(graph: Neighbours, values: FloatVector) -> FloatVector:
    """The largest h such that h neighbours have a value of at least h."""
    starts, neighbours = graph.matrix.indptr, graph.matrix.indices
    owner = np.repeat(np.arange(len(graph)), np.diff(starts))
    theirs = values[neighbours]
    theirs = theirs[np.lexsort((-theirs, owner))]
    place = np.arange(len(theirs)) - starts[owner] + 1
    return np.bincount(owner, theirs >= place, minlength=len(graph)).astype(np.float64)
