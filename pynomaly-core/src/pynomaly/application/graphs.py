"""Graphs from tables, and to what detectors see."""

from __future__ import annotations

import attrs
import numpy as np

from pynomaly.application.contract import Tally, to_matrix
from pynomaly.application.model import FittedModel
from pynomaly.application.recipe import Recipe
from pynomaly.application.roles import check_roles
from pynomaly.domain.datasets import Table
from pynomaly.domain.features import Features
from pynomaly.domain.graphs import NODE, Graph, GraphArrays, graph_from_edges
from pynomaly.domain.schema import Roles


def graph_of(table: Table, roles: Roles, nodes: Table | None, *, directed: bool) -> Graph:
    """The graph whose edges are the rows of `table`.

    Args:
        table: The edges.
        roles: Name the columns of an edge's ends, and the nodes' `id`.
        nodes: One row for each node; None for the nodes that edges name.
        directed: Whether an edge points from its source to its target.

    Raises:
        DataError: If an end is missing, or is none of `nodes`.
    """
    if roles.source is None or roles.target is None:
        raise ValueError("roles name no ends of edges")
    check_roles(table, Roles(source=roles.source, target=roles.target))
    if nodes is not None:
        check_roles(nodes, Roles(id=roles.id))
    ends = table.collect([roles.source, roles.target])
    graph = graph_from_edges(
        *(table.name, ends, roles.source, roles.target),
        nodes=None if nodes is None else nodes.collect(),
        id=roles.id,
        directed=directed,
    )
    return attrs.evolve(graph, files=(*table.files, *(nodes.files if nodes else ())))


def nodes_table(graph: Graph) -> Table:
    """The nodes of a graph as a table."""
    return Table.from_frame(graph.nodes, graph.name)


def check_node_roles(graph: Graph, roles: Roles) -> None:
    """Refuse roles that name columns which the nodes do not have; ends of edges are none.

    Raises:
        DataError: Naming them, with columns that look like them.
    """
    bare = roles.source is not None and graph.nodes.columns == [NODE]
    check_roles(
        *(nodes_table(graph), attrs.evolve(roles, source=None, target=None)),
        of=" of nodes",
        hint=": give a table of nodes with --nodes" if bare else "",
    )


def node_arrays(
    graph: Graph, features: Features, recipe: Recipe | FittedModel, tally: Tally
) -> GraphArrays:
    """The graph as detectors see it."""
    X = np.empty((graph.nodes.height, 0))
    if features.columns:
        X = to_matrix(graph.nodes, features, recipe.policy, tally)
    X.flags.writeable = False
    edges = np.ascontiguousarray(graph.edges)
    edges.flags.writeable = False
    return GraphArrays(X, edges, graph.directed)
