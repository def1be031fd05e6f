"""Nodes by numbers, held against slow and plain ways to count."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from graph_files import ring_and_clique
from hypothesis import given
from hypothesis import strategies as st

from pynomaly.domain.graphs import GraphArrays
from pynomaly_graph import pynomaly_transformers, structure
from pynomaly_graph.neighbourhood import Neighbourhood, NeighbourhoodParams

(SPEC,) = pynomaly_transformers()
NODES = 12
graphs = st.sets(
    st.sampled_from([*combinations(range(NODES), 2)]), max_size=NODES * (NODES - 1) // 2
).map(lambda pairs: np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T)


def make(**params):
    return Neighbourhood(SPEC, NeighbourhoodParams(**params), 0)


def described(X, edges, *, directed=False, **params):
    maker = make(**params)
    arrays = GraphArrays(np.asarray(X, dtype=float), edges, directed)
    rows = maker.fit(arrays).transform(arrays)
    return dict(zip(maker.names, rows.T, strict=True))


def neighbours_of(edges):
    sets = [set() for _ in range(NODES)]
    for one, other in edges.T.tolist():
        sets[one].add(other)
        sets[other].add(one)
    return sets


@given(graphs)
def test_triangles_are_those_that_one_counts_by_hand(edges):
    sets = neighbours_of(edges)
    plain = [sum(b in sets[a] for a, b in combinations(sorted(each), 2)) for each in sets]
    assert structure.triangles(structure.Neighbours(edges, NODES)).tolist() == plain


@given(graphs)
def test_core_numbers_are_those_of_peeling(edges):
    sets = neighbours_of(edges)
    core, left, k = {}, set(range(NODES)), 0
    while left:
        node = min(left, key=lambda each: len(sets[each] & left))
        k = max(k, len(sets[node] & left))
        core[node] = k
        left.remove(node)
    found = structure.core_numbers(structure.Neighbours(edges, NODES))
    assert found.tolist() == [core[node] for node in range(NODES)]


def test_triangles_do_not_depend_on_how_many_edges_are_looked_at_at_once(monkeypatch):
    graph = structure.Neighbours(ring_and_clique()[1], 66)
    whole = structure.triangles(graph)
    monkeypatch.setattr(structure, "_CHUNK", 7)
    assert structure.triangles(graph).tolist() == whole.tolist()


def test_a_hub_of_very_many_edges_fits_in_memory():
    leaves = 300_000
    star = np.stack([np.zeros(leaves, dtype=np.int64), np.arange(1, leaves + 1)])
    graph = structure.Neighbours(star, leaves + 1)
    assert structure.triangles(graph).max() == 0
    assert structure.core_numbers(graph).max() == 1


def test_a_clique_stands_out_by_its_triangles():
    X, edges = ring_and_clique()
    found = described(X, edges)
    assert found["core"][62] == 5
    assert found["core"][30] == 2
    assert found["shared_neighbours"][62] == 4
    assert found["clustering"][62] == 1
    assert found["egonet_surprise"][62:64].min() > found["egonet_surprise"][:50].max()


def test_a_node_with_the_attributes_of_elsewhere_is_unlike_its_neighbours():
    X, edges = ring_and_clique(200, 0)
    X[50] = X[150]
    assert described(X, edges)["unlike_neighbours"].argmax() == 50


def test_cosines_are_the_mean_over_edges():
    X, edges = ring_and_clique(9, 3)
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    both = np.hstack([edges, edges[::-1]])
    expected = [1 - (unit[both[1][both[0] == i]] @ unit[i]).mean() for i in range(12)]
    np.testing.assert_allclose(described(X, edges)["unlike_neighbours"], expected, atol=1e-12)


def test_directions_count_where_edges_have_one():
    star = np.array([[0, 0, 0], [1, 2, 3]])
    found = described(np.empty((4, 0)), star, directed=True)
    np.testing.assert_allclose(np.expm1(found["log_out_degree"]), [3, 0, 0, 0])
    np.testing.assert_allclose(np.expm1(found["log_in_degree"]), [0, 1, 1, 1])


def test_an_edge_both_ways_is_one_neighbour():
    both = np.array([[0, 1], [1, 0]])
    found = described(np.empty((2, 0)), both, directed=True)
    np.testing.assert_allclose(np.expm1(found["log_degree"]), [1, 1])


@pytest.mark.parametrize(
    ("params", "width", "names"),
    [
        ({}, 0, 5),
        ({}, 3, 7),
        ({"attributes": False}, 3, 5),
        ({"structure": False}, 3, 2),
        ({"structure": False}, 0, 5),
    ],
)
def test_what_describes_a_node_can_be_chosen(params, width, names):
    X, edges = ring_and_clique()
    assert len(described(X[:, :width], edges, **params)) == names


def test_nothing_but_isolated_nodes_and_huge_values_are_described_finitely():
    none = np.empty((2, 0), dtype=np.int64)
    for X in (np.zeros((5, 2)), np.full((5, 2), 1e300), np.full((5, 2), 1e-310), np.empty((5, 0))):
        found = np.stack([*described(X, none).values()])
        assert np.isfinite(found).all()


def test_a_saved_transformer_judges_another_graph_by_what_it_learnt():
    X, edges = ring_and_clique()
    maker = make()
    maker.fit(GraphArrays(X, edges))
    again = make()
    again.set_state(maker.get_state())
    other = GraphArrays(*ring_and_clique(20, 8, seed=1))
    assert again.names == maker.names
    assert np.array_equal(maker.transform(other), again.transform(other))
    own = make().fit(other)
    assert not np.array_equal(own.transform(other), again.transform(other))
