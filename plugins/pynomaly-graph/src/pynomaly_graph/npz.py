"""Graphs in npz files: arrays as PyTorch Geometric names them, or sparse matrices as SciPy does."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from pynomaly.domain.errors import DataError
from pynomaly.domain.graphs import NODE, make_graph
from pynomaly.ports.loading import existing_file
from pynomaly.ports.params import param

if TYPE_CHECKING:
    from pynomaly.domain.graphs import Edges, Graph

Array = npt.NDArray[Any]

_SPARSE = ("data", "indices", "indptr", "shape")
_NAMED = {"y": "y", "labels": "y"}
_EDGES = "edge_index; adj_indices, adj_indptr and adj_shape; or a matrix saved by scipy.sparse"
_KINDS = "biufUM"
"""Kinds of NumPy types that a column of nodes can have."""


@attrs.frozen
class NpzOptions:
    """What cannot be seen in the file."""

    directed: bool = param(
        default=False, help="Whether edges point from the first end to the second."
    )


def load(uri: str, options: NpzOptions) -> Graph:
    """Read a graph.

    Edges are `edge_index`, shape (2, m), or a sparse matrix: `adj_data`, `adj_indices`,
    `adj_indptr`, `adj_shape`, or the same without ``adj_``, as `scipy.sparse.save_npz` writes.
    Attributes are `x`, shape (n, d), or a sparse matrix `attr_data` and so on. Other arrays of
    one value for each node become columns beside them, and are no attributes; `y` may be called
    `labels`.

    Args:
        uri: The file.
        options: What cannot be seen in it.

    Raises:
        DataError: If it holds no graph, or Python objects, or is damaged.
    """
    path = existing_file(uri)
    if not zipfile.is_zipfile(path):  # NumPy would take it for pickled objects
        raise DataError("it is no npz file: an archive of named arrays, whole", source=uri)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: _array(file, name, uri) for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"it is no npz file that can be read ({error})", source=uri) from error
    graph = _graph(uri, arrays, directed=options.directed)
    return attrs.evolve(graph, files=(path,))


def _array(file: Any, name: str, uri: str) -> Array:
    try:
        array: Array = file[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise DataError(
            f"the array {name!r} holds Python objects, which could run code: save plain arrays",
            source=uri,
        ) from error
    return array


def _graph(uri: str, arrays: Mapping[str, Array], *, directed: bool) -> Graph:
    edges, size = _edges(uri, arrays)
    x = _attributes(uri, arrays)
    count = len(x) if x is not None else _count(arrays, edges, size)
    columns = {NODE: np.arange(count)}
    attributes = {} if x is None else {f"x_{j}": x[:, j] for j in range(x.shape[1])}
    others = {name: values for name, values in _others(arrays, count) if name not in attributes}
    try:
        nodes = pl.DataFrame({**columns, **attributes, **others})
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise DataError(f"its arrays make no table of nodes ({error})", source=uri) from error
    return make_graph(uri, nodes, edges, attributes=list(attributes), directed=directed)


def _edges(uri: str, arrays: Mapping[str, Array]) -> tuple[Edges, int]:
    """Both ends of each edge, and how many nodes there are, 0 where that is not said."""
    if "edge_index" in arrays:
        ends = arrays["edge_index"]
        if ends.ndim != 2 or ends.shape[0] != 2 or ends.dtype.kind not in "iu":
            raise DataError(
                f"edge_index is {ends.dtype} of shape {ends.shape}, not integers of shape (2, m)",
                source=uri,
            )
        return ends.astype(np.int64), 0
    for prefix in ("adj_", ""):
        if f"{prefix}indices" in arrays and f"{prefix}indptr" in arrays:
            matrix = _sparse(uri, arrays, prefix).tocoo()
            ends = np.stack([matrix.row, matrix.col]).astype(np.int64)
            return ends, int(matrix.shape[0])
    if "row" in arrays and "col" in arrays and "shape" in arrays:
        ends = np.stack([arrays["row"], arrays["col"]]).astype(np.int64)
        return ends, int(arrays["shape"].flat[0])
    held = ", ".join(arrays) or "nothing"
    raise DataError(f"it holds no edges: {_EDGES} is due, and it holds {held}", source=uri)


def _sparse(uri: str, arrays: Mapping[str, Array], prefix: str) -> Any:
    from scipy import sparse

    lacking = [prefix + name for name in _SPARSE if prefix + name not in arrays]
    if lacking:
        raise DataError(f"its sparse matrix lacks {', '.join(lacking)}", source=uri)
    data, indices, indptr, shape = (arrays[prefix + name] for name in _SPARSE)
    by_column = "format" in arrays and arrays["format"].astype(str) == "csc"
    make = sparse.csc_array if by_column else sparse.csr_array
    try:
        rows, columns = shape.flat
        matrix = make((data, indices, indptr), shape=(int(rows), int(columns)))
        matrix.check_format(full_check=True)
    except (ValueError, TypeError, IndexError) as error:
        raise DataError(f"its sparse matrix is not sound ({error})", source=uri) from error
    return matrix


def _attributes(uri: str, arrays: Mapping[str, Array]) -> Array | None:
    if "x" in arrays:
        x = arrays["x"]
    elif "attr_indices" in arrays:
        x = _sparse(uri, arrays, "attr_").toarray()
    elif "attr_matrix" in arrays:
        x = arrays["attr_matrix"]
    else:
        return None
    if x.ndim != 2 or x.dtype.kind not in "biuf":
        raise DataError(
            f"attributes are {x.dtype} of shape {x.shape}, not numbers of shape (n, d)", source=uri
        )
    return x


def _count(arrays: Mapping[str, Array], edges: Edges, size: int) -> int:
    """Number of nodes of a graph without attributes."""
    if "num_nodes" in arrays:
        return int(arrays["num_nodes"].flat[0])
    if size:
        return size
    for name in _NAMED:
        if name in arrays:
            return int(arrays[name].size)
    return int(edges.max()) + 1 if edges.size else 0


def _others(arrays: Mapping[str, Array], count: int) -> Iterator[tuple[str, Array]]:
    """Arrays of one value for each node, with the names of their columns."""
    apart = {"edge_index", "num_nodes", "x", "row", "col", *_SPARSE, NODE}
    for name, array in arrays.items():
        if name in apart or name.startswith(("adj_", "attr_")):
            continue
        if array.shape == (count,) and array.dtype.kind in _KINDS:
            yield _NAMED.get(name, name), array
