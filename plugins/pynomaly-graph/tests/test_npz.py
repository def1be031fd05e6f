"""Graphs in npz files: what is read, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from graph_files import ring_and_clique
from scipy import sparse

from pynomaly.domain.errors import DataError, InvalidParams
from pynomaly.infrastructure.registry import discover
from pynomaly.sources import open_source
from pynomaly_graph.npz import NpzOptions, load

X, EDGES = ring_and_clique(8, 4)
N = len(X)


@pytest.fixture
def read(tmp_path):
    def read(options=None, **arrays):
        path = tmp_path / "g.npz"
        np.savez(path, **arrays)
        return load(str(path), NpzOptions(**(options or {})))

    return read


def matrix(form=sparse.csr_array):
    ends = np.hstack([EDGES, EDGES[::-1]])
    return form(sparse.coo_array((np.ones(ends.shape[1]), tuple(ends)), shape=(N, N)))


def split(found, prefix):
    return {f"{prefix}_{name}": getattr(found, name) for name in ("data", "indices", "indptr")} | {
        f"{prefix}_shape": np.array(found.shape)
    }


def test_arrays_as_pytorch_geometric_names_them_are_a_graph(read):
    y = np.arange(N) % 2
    graph = read(x=X, edge_index=np.hstack([EDGES, EDGES[::-1]]), y=y, train_mask=y == 1)
    assert graph.attributes == ("x_0", "x_1", "x_2")
    assert graph.nodes.columns == ["node", *graph.attributes, "y", "train_mask"]
    assert graph.edges.tolist() == EDGES.tolist()
    assert not graph.notes


def test_sparse_matrices_give_the_same_graph(read):
    expected = read(x=X, edge_index=EDGES)
    parts = split(matrix(), "adj") | split(sparse.csr_array(X), "attr")
    found = read(**parts, labels=np.zeros(N))
    assert found.edges.tolist() == expected.edges.tolist()
    assert found.nodes.select(found.attributes).equals(expected.nodes.select(expected.attributes))
    assert "y" in found.nodes.columns
    assert read(**split(matrix(), "adj"), attr_matrix=X).attributes == expected.attributes


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array, sparse.coo_array])
def test_a_matrix_that_scipy_saved_is_a_graph_without_attributes(form, tmp_path):
    sparse.save_npz(tmp_path / "m.npz", matrix(form))
    graph = load(str(tmp_path / "m.npz"), NpzOptions())
    assert graph.edges.tolist() == EDGES.tolist()
    assert graph.nodes.columns == ["node"]


def test_edges_point_where_a_matrix_has_its_columns(tmp_path):
    one_way = sparse.csr_array(([1.0], ([0], [1])), shape=(3, 3))
    for form in (sparse.csr_array, sparse.csc_array):
        sparse.save_npz(tmp_path / "m.npz", form(one_way))
        assert load(str(tmp_path / "m.npz"), NpzOptions(directed=True)).edges.tolist() == [[0], [1]]


def test_a_graph_without_attributes_has_as_many_nodes_as_it_says(read):
    ends = np.array([[0], [1]])
    assert read(edge_index=ends).nodes.height == 2
    assert read(edge_index=ends, num_nodes=np.array(9)).nodes.height == 9
    assert read(edge_index=ends, y=np.zeros(5)).nodes.height == 5


def test_edges_point_where_the_option_says_so(read):
    graph = read({"directed": True}, x=X, edge_index=EDGES[::-1])
    assert graph.directed
    assert set(map(tuple, graph.edges.T.tolist())) == set(map(tuple, EDGES[::-1].T.tolist()))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "holds nothing"),
        ({"x": X}, "holds no edges: edge_index"),
        ({"edge_index": EDGES.T}, r"not integers of shape \(2, m\)"),
        ({"edge_index": EDGES * 0.5}, "not integers"),
        ({"edge_index": np.array([[0], [N]]), "x": X}, f"leads to node {N}"),
        ({"edge_index": np.array([[0], [-1]]), "x": X}, "leads to node -1"),
        ({"edge_index": np.empty((2, 0), int)}, "no nodes"),
        ({"edge_index": EDGES, "x": X[:, 0]}, r"attributes are float64 of shape \(12,\)"),
        ({"edge_index": EDGES, "x": X.astype(str)}, "not numbers"),
        ({"adj_indices": EDGES[0], "adj_indptr": EDGES[1]}, "lacks adj_data, adj_shape"),
        (split(matrix(), "adj") | {"adj_indptr": np.array([0, 99])}, "not sound"),
        (split(matrix(), "adj") | {"adj_shape": np.array([N, 3])}, "not sound"),
    ],
)
def test_what_is_no_graph_is_refused_by_name(read, arrays, message):
    with pytest.raises(DataError, match=message) as caught:
        read(**arrays)
    assert "g.npz" in str(caught.value)


def test_python_objects_are_refused_without_a_look_at_them(read):
    with pytest.raises(DataError, match="'x' holds Python objects"):
        read(x=np.array([{}, {}], dtype=object), edge_index=EDGES)


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"PK\x03\x04 but no archive", b"\x93NUMPY\x01"]
)
def test_a_damaged_file_is_refused(content, tmp_path):
    (tmp_path / "g.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"g\.npz") as caught:
        load(str(tmp_path / "g.npz"), NpzOptions())
    assert "pickle" not in str(caught.value)  # advice that would run what is in the file


def test_a_single_array_is_no_graph(tmp_path):
    with (tmp_path / "g.npz").open("wb") as file:
        np.save(file, X)
    with pytest.raises(DataError, match="no npz file"):
        load(str(tmp_path / "g.npz"), NpzOptions())


def test_unknown_options_and_other_values_are_refused(tmp_path):
    path = tmp_path / "g.npz"
    np.savez(path, x=X, edge_index=EDGES)
    for options, words in (({"way": 1}, "way"), ({"directed": "yes"}, "directed")):
        with pytest.raises(InvalidParams, match=words):
            open_source(str(path), discover(), options)
