"""Neighbours sampled by NumPy, in place of PyTorch Geometric's compiled extensions.

What it gives is what `torch-sparse` gives: directional, without replacement, and with new nodes
in the order in which they are met.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch_geometric.loader import NeighborLoader
from torch_geometric.sampler import BaseSampler, SamplerOutput


class NumpyNeighborSampler(BaseSampler):  # type: ignore[misc, no-any-unimported]
    """Samples in-neighbours, hop by hop.

    Args:
        data: A graph, with `edge_index` and `num_nodes`.
        num_neighbors: How many for each hop; -1 for all.
    """

    def __init__(self, data: Any, num_neighbors: Sequence[int]) -> None:
        source, target = data.edge_index.numpy()
        order = np.argsort(target, kind="stable")
        self._order = torch.from_numpy(order)
        self._sources = source[order]
        counts = np.bincount(target, minlength=data.num_nodes)
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        self._hops = tuple(num_neighbors)
        # The global generator is the one that the detector's seed has seeded.
        self._rng = np.random.default_rng(int(torch.randint(2**31, ())))

    @property
    def edge_permutation(self) -> Any:
        """Where each edge, sorted by its target, stands in the graph."""
        return self._order

    def sample_from_nodes(self, index: Any, **_: Any) -> Any:
        """The seeds in `index`, then what each hop discovers, and the edges taken."""
        nodes = index.node.tolist()
        places = {node: place for place, node in enumerate(nodes)}
        rows: list[int] = []
        columns: list[int] = []
        edges: list[int] = []
        frontier = list(nodes)
        for count in self._hops:
            met = len(nodes)
            for node in frontier:
                for edge in self._some_edges(node, count):
                    neighbour = int(self._sources[edge])
                    if neighbour not in places:
                        places[neighbour] = len(nodes)
                        nodes.append(neighbour)
                    rows.append(places[neighbour])
                    columns.append(places[node])
                    edges.append(int(edge))
            frontier = nodes[met:]
        found = (torch.tensor(each, dtype=torch.int64) for each in (nodes, rows, columns, edges))
        return SamplerOutput(*found, metadata=(index.input_id, index.time))

    def sample_from_edges(self, index: Any, neg_sampling: Any = None) -> Any:
        """Not to be called: detectors sample around nodes."""
        raise NotImplementedError

    def _some_edges(self, node: int, count: int) -> np.ndarray[Any, Any]:
        first, last = self._starts[node], self._starts[node + 1]
        if count < 0 or count >= last - first:
            return np.arange(first, last)
        return self._rng.choice(np.arange(first, last), count, replace=False)


def neighbor_loader(data: Any, num_neighbors: Sequence[int], **options: Any) -> Any:
    """`NeighborLoader` with that sampler, for those who call it by position as PyGOD does."""
    sampler = NumpyNeighborSampler(data, num_neighbors)
    return NeighborLoader(data, num_neighbors, neighbor_sampler=sampler, **options)
