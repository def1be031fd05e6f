"""Graphs: nodes with or without attributes, and the edges between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from pynomaly.domain.errors import DataError
from pynomaly.domain.schema import as_names

Edges = npt.NDArray[np.int64]

NODE = "node"
"""Column of nodes that names them, where nothing else is said."""


@attrs.frozen(eq=False)
class GraphArrays:
    """A graph as detectors see it.

    Attributes:
        features: Attributes of the nodes, standardised, shape (n, d), float64, finite, read-only;
            d is 0 where they have none.
        edges: Positions of both ends of each edge, shape (2, m), int64, read-only. No edge leads
            from a node to itself, none stands there twice. Undirected graphs hold each edge once.
        directed: Whether an edge's first end points to its second.
    """

    features: npt.NDArray[np.float64]
    edges: Edges
    directed: bool = False

    def __len__(self) -> int:
        """Number of nodes."""
        return len(self.features)


@attrs.frozen(eq=False)
class Graph:
    """A homogeneous graph in memory.

    Attributes:
        name: What messages call it: a path, or ``"<memory>"``.
        nodes: One row for each node.
        edges: Positions of both ends of each edge, shape (2, m), int64.
        attributes: Columns of `nodes` that may be features, unless the user says otherwise.
        directed: Whether an edge's first end points to its second.
        notes: What was mended while it was made, in sentences.
        files: Local files that it was read from: no output may replace one.
    """

    name: str
    nodes: pl.DataFrame
    edges: Edges
    attributes: tuple[str, ...] = ()
    directed: bool = False
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()


def make_graph(
    name: str,
    nodes: pl.DataFrame,
    edges: Edges,
    *,
    attributes: Sequence[str] = (),
    directed: bool = False,
) -> Graph:
    """A graph whose edges are simple: no loops, none twice.

    Args:
        name: What messages call it.
        nodes: One row for each node.
        edges: Positions of both ends of each edge, shape (2, m).
        attributes: Columns of `nodes` that may be features.
        directed: Whether an edge's first end points to its second.

    Raises:
        DataError: If there is no node, or an edge leads to one that does not exist.
    """
    if not nodes.height:
        raise DataError("the graph has no nodes", source=name)
    if edges.shape[0] != 2 or edges.ndim != 2:
        raise DataError(f"edges are of shape {edges.shape}, not (2, m)", source=name)
    outside = (edges < 0) | (edges >= nodes.height)
    if outside.any():
        at = int(np.flatnonzero(outside.any(axis=0))[0])
        raise DataError(
            f"edge {at + 1:,} leads to node {edges[:, at][outside[:, at]][0]:,}, but there are"
            f" {nodes.height:,} nodes, counted from 0",
            source=name,
        )
    simple, notes = _simple(edges.astype(np.int64), nodes.height, directed=directed)
    return Graph(name, nodes, simple, tuple(attributes), directed, notes)


def _simple(edges: Edges, nodes: int, *, directed: bool) -> tuple[Edges, tuple[str, ...]]:
    """Edges without loops and repetitions, and sentences about those."""
    loops = edges[0] == edges[1]
    kept = edges[:, ~loops]
    # The same way twice is once too often; both ways is how some write an undirected edge.
    again = kept.shape[1] - len(np.unique(kept[0] * nodes + kept[1]))
    if not directed:
        kept = np.sort(kept, axis=0)
    distinct = np.stack(np.divmod(np.unique(kept[0] * nodes + kept[1]), nodes))
    notes = []
    if loops.any():
        notes.append(f"{_count(int(loops.sum()), 'edge')} from a node to itself left out")
    if again:
        notes.append(f"{_count(again, 'edge')} between nodes that have one already left out")
    return distinct, tuple(notes)


def graph_from_edges(
    name: str,
    rows: pl.DataFrame,
    source: str,
    target: str,
    *,
    nodes: pl.DataFrame | None = None,
    id: str | None = None,
    directed: bool = False,
) -> Graph:
    """A graph from a table with one row for each edge.

    Args:
        name: What messages call it.
        rows: The edges.
        source, target: Columns of `rows` that name an edge's ends.
        nodes: One row for each node, with attributes; None for the nodes that edges name.
        id: Column of `nodes` that names them.
        directed: Whether an edge points from its source to its target.

    Raises:
        DataError: If an end is missing, or is none of `nodes`.
    """
    ends = pl.concat([_end(rows, source, name), _end(rows, target, name)])
    if nodes is None:
        names = ends.unique(maintain_order=True).alias(NODE)
        table, column = names.to_frame(), NODE
        attributes: Sequence[str] = ()
    else:
        if id is None:
            raise DataError("name the column of the nodes' names with --id", source=name)
        table, column = nodes, id
        names = as_names(nodes[id])
        _check_names(names, name)
        attributes = [each for each in nodes.columns if each != id]
    places = dict(zip(names.to_list(), range(len(names)), strict=True))
    found = ends.replace_strict(places, default=None, return_dtype=pl.Int64)
    unknown = ends.filter(found.is_null()).unique(maintain_order=True)
    if len(unknown):
        some = ", ".join(map(repr, unknown[:3].to_list()))
        raise DataError(
            f"edges lead to {_count(len(unknown), 'node')} that the column {column!r} of the nodes"
            f" does not name: {some}{', ...' if len(unknown) > 3 else ''}",
            source=name,
        )
    edges = found.to_numpy().reshape(2, -1)
    return make_graph(name, table, edges, attributes=attributes, directed=directed)


def _end(rows: pl.DataFrame, column: str, name: str) -> pl.Series:
    ends = as_names(rows[column])
    first = ends.is_null().arg_true()
    if len(first):
        raise DataError(
            f"row {first[0] + 1:,} has no node in the column {column!r}: mend it or leave it out",
            source=name,
            columns=(column,),
        )
    return ends.alias(NODE)


def _check_names(names: pl.Series, source: str) -> None:
    if names.null_count():
        raise DataError(f"a node has no name in the column {names.name!r}", source=source)
    twice = names.filter(names.is_duplicated())
    if len(twice):
        raise DataError(
            f"{twice[0]!r} names more than one node in the column {names.name!r}", source=source
        )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
