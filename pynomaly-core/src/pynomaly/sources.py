"""From what a user hands over to a table: a path, URI, frame, array, list of rows or table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from pynomaly.application.graphs import graph_of, nodes_table
from pynomaly.application.model import FittedModel
from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import ContractViolation, DataError, UsageError
from pynomaly.domain.graphs import NODE, Graph
from pynomaly.domain.schema import Roles
from pynomaly.infrastructure.composition import services
from pynomaly.infrastructure.loaders.memory import table_from
from pynomaly.infrastructure.opening import open_uri
from pynomaly.infrastructure.registry import Registry


def open_data(
    data: Any,
    registry: Registry,
    roles: Roles,
    options: Mapping[str, Any] | None = None,
    *,
    nodes: Any = None,
    directed: bool = False,
) -> Table | Graph:
    """The table or graph behind `data`.

    Args:
        data: A path, a URI, ``"-"`` for stdin, or data in memory.
        registry: Where loaders are found.
        roles: Where they name the ends of edges, the rows of `data` are edges.
        options: For the loader.
        nodes: A table with one row for each node, for edges.
        directed: Whether an edge points from its source to its target.

    Raises:
        DataError: If it cannot be read.
        UsageError: If options for graphs are given for something else.
    """
    opened = open_source(data, registry, options)
    if isinstance(opened, Table) and roles.source is not None:
        attributes = None if nodes is None else open_source(nodes, registry)
        if isinstance(attributes, Graph):
            raise UsageError("--nodes names a graph, not a table of nodes")
        return graph_of(opened, roles, attributes, directed=directed)
    if nodes is not None or directed or (isinstance(opened, Graph) and roles.source is not None):
        raise UsageError(
            "--source, --target, --nodes and --directed are for tables of edges: name the columns of"
            " an edge's ends with --source and --target"
        )
    return opened


def open_table(data: Any, registry: Registry, options: Mapping[str, Any] | None = None) -> Table:
    """The table behind `data`; of a graph its nodes.

    Raises:
        DataError: If it cannot be read.
    """
    opened = open_source(data, registry, options)
    return nodes_table(opened) if isinstance(opened, Graph) else opened


def open_source(
    data: Any, registry: Registry, options: Mapping[str, Any] | None = None
) -> Table | Graph:
    """The table or graph behind `data`.

    Args:
        data: A path, a URI, ``"-"`` for stdin, or data in memory.
        registry: Where loaders are found.
        options: For the loader, such as ``{"delimiter": ";"}``; see `open_uri`.

    Raises:
        DataError: If it cannot be read.
    """
    if isinstance(data, (str, os.PathLike)):
        return open_uri(registry, str(os.fspath(data)), options)
    if options:
        raise UsageError(f"data in memory take no options: leave out {', '.join(options)}")
    if isinstance(data, (Table, Graph)):
        return data
    return table_from(data)


def names_of(given: str | Sequence[str]) -> tuple[str, ...]:
    """Names of columns; a string is one name, not its letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def check_width(rows: np.ndarray[Any, Any], model: FittedModel) -> np.ndarray[Any, Any]:
    """`rows` if it has as many columns as the data that `model` was fitted on.

    Raises:
        ContractViolation: If not, naming the columns.
        DataError: If it is no table at all.
    """
    expected = len(model.columns)
    if rows.ndim == 2 and rows.shape[1] == expected:
        return rows
    fault = f"the array is of shape {rows.shape}, and the model knows {expected} columns"
    if rows.ndim != 2:
        raise DataError(f"{fault}: give rows of {expected} values")
    width = rows.shape[1]
    if width < expected:
        raise ContractViolation(dict.fromkeys(model.columns[width:], f"missing: {fault}"))
    further = [f"column_{i + 1}" for i in range(expected, width)]
    raise ContractViolation(dict.fromkeys(further, f"not known to the model: {fault}"))


def rows_for(
    data: Any,
    model: FittedModel,
    registry: Registry | None = None,
    options: Mapping[str, Any] | None = None,
    *,
    nodes: Any = None,
) -> Table | Graph:
    """The table or graph behind `data`, with the model's column names where `data` has none of its own.

    Raises:
        ContractViolation, DataError: If `data` has no names and another number of columns.
        UsageError: If it is not what the model takes: edges, nodes beside them, or neither.
    """
    if isinstance(data, np.ndarray) and data.dtype.names is None:
        rows = check_width(np.atleast_2d(data), model)
        if rows.dtype.kind in "fiub":
            frame = pl.from_numpy(np.asarray(rows, dtype=np.float64), list(model.columns))
            return Table.from_frame(frame, "array")
        found = table_from(rows).collect()
        return Table.from_frame(found.rename(dict(zip(found.columns, model.columns, strict=True))))
    if nodes is not None and model.roles.source is None:
        raise UsageError(
            "--nodes is for models of tables of edges, and this one is none: leave it out"
        )
    registry = registry or services().get(Registry)
    opened = open_source(data, registry, options)
    if model.roles.source is None:
        return opened
    _check_edges(opened, model, nodes)
    directed = bool(model.lineage.get("directed"))
    return open_data(opened, registry, model.roles, nodes=nodes, directed=directed)


def _check_edges(opened: Table | Graph, model: FittedModel, nodes: Any) -> None:
    """Refuse what is no table of edges, and edges alone where the model knows attributes."""
    if isinstance(opened, Graph):
        raise UsageError(
            f"{opened.name}: it is a graph, and the model was fitted on a table of edges: give one,"
            f" with the columns {model.roles.source!r} and {model.roles.target!r}"
        )
    if nodes is None:
        missing = {c.column for c in model.features.columns} - {NODE}
        fault = "missing, and so is the table of nodes: give it with --nodes"
        if missing:
            raise ContractViolation(dict.fromkeys(sorted(missing), fault))
