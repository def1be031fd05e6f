"""The detectors at work: as PyGOD computes, and better guarded."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest

from pynomaly.domain.errors import InvalidParams, UsageError
from pynomaly.testing.samples import graph_of, usual_graph
from pynomaly_pygod.catalogue import DETECTORS, MIN_NODES
from pynomaly_pygod.errors import UnfitGraph

pytestmark = pytest.mark.usefixtures("libraries")

QUICK = {"epoch": 3}
INDUCTIVE = [spec.name for spec in DETECTORS if "saves" in spec.capabilities]


def quick(name):
    return {} if name == "scan" else QUICK


def test_scores_are_those_of_pygod_with_its_own_loader_replaced(make, graph):
    import torch
    from pygod.detector import DOMINANT
    from torch_geometric.data import Data

    from pynomaly_pygod.running import at_work

    detector = make("dominant", seed=3, **QUICK)
    detector.fit(graph)
    ends = np.hstack([graph.edges, graph.edges[::-1]])
    data = Data(x=torch.tensor(graph.features, dtype=torch.float32), edge_index=torch.tensor(ends))
    with at_work(3):
        theirs = DOMINANT(**QUICK).fit(data)
    with at_work(3):
        expected = theirs.decision_function(data).numpy()
    assert np.array_equal(detector.score(graph), expected.astype(np.float64))


@pytest.mark.parametrize("name", INDUCTIVE)
def test_scoring_changes_nothing_and_neither_does_the_size_of_another_graph(make, graph, name):
    detector = make(name, **QUICK)
    detector.fit(graph)
    first = detector.score(graph)
    detector.score(usual_graph(50, seed=2))
    detector.score(usual_graph(30, seed=3))
    assert np.array_equal(detector.score(graph), first)


@pytest.mark.parametrize("name", [spec.name for spec in DETECTORS if spec.name not in INDUCTIVE])
def test_what_scores_its_own_graph_only_says_so(make, graph, name):
    detector = make(name, **quick(name))
    assert np.isfinite(detector.fit_score(graph)).all()
    with pytest.raises(UsageError, match="scores only the graph that it is fitted on"):
        detector.score(graph)


@pytest.mark.parametrize("name", INDUCTIVE)
def test_batches_of_sampled_neighbours_give_finite_and_repeatable_scores(make, graph, name):
    found = []
    for _ in range(2):
        detector = make(name, batch_size=16, num_neigh=2, **QUICK)
        detector.fit(graph)
        found.append(detector.score(graph))
    assert np.isfinite(found[0]).all()
    assert np.array_equal(*found)


def test_motifs_of_one_graph_are_not_those_of_another_of_the_same_shape(make):
    """PyGOD keeps them in the home folder, under a name that tells shapes apart, and no more."""
    one = usual_graph(40, seed=1)
    other = graph_of(one.features, usual_graph(40, seed=4).edges[:, : one.edges.shape[1]])
    detector = make("guide", **QUICK)
    detector.fit(one)
    first = detector.score(one)
    assert not np.array_equal(detector.score(other), first)
    assert np.array_equal(detector.score(one), first)


def test_nothing_is_left_running_or_changed_in_the_process(make, graph):
    import multiprocessing

    import torch
    from pygod.detector import base, gadnr
    from torch_geometric.loader import NeighborLoader

    states = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    make("gadnr", **QUICK).fit(graph)
    assert base.NeighborLoader is gadnr.NeighborLoader is NeighborLoader
    assert not multiprocessing.active_children()
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])
    assert np.random.get_state()[1].tolist() == states[2]  # noqa: NPY002


def test_threads_take_turns(make, graph):
    detector = make("dominant", **QUICK)
    detector.fit(graph)
    expected = detector.score(graph)
    found = []
    threads = [threading.Thread(target=lambda: found.append(detector.score(graph))) for _ in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(each, expected) for each in found)
    assert len(found) == 4


@pytest.mark.parametrize("name", INDUCTIVE)
def test_a_saved_network_is_plain_weights(make, graph, name):
    from safetensors.torch import load

    detector = make(name, **QUICK)
    detector.fit(graph)
    state = detector.get_state()
    assert all(isinstance(each, (int, bytes)) for each in state.values())
    assert load(state["weights"])
    again = make(name, seed=9, **QUICK)
    again.set_state(state)
    assert np.array_equal(again.score(graph), detector.score(graph))


def test_weights_of_another_network_are_refused(make, graph):
    from pynomaly_pygod.saving import dump

    small, large = (make("dominant", hid_dim=size, **QUICK).fit(graph) for size in (8, 16))
    state = {**small.get_state(), **dump(large._model)}
    with pytest.raises(RuntimeError, match="size mismatch"):
        make("dominant", hid_dim=8).set_state(state)


def test_nodes_without_an_edge_count_as_their_own_neighbours(make, graph):
    alone = graph_of(graph.features, graph.edges[:, (graph.edges < 35).all(axis=0)])
    for name in ("dominant", "guide", "radar", "gadnr"):
        assert np.isfinite(make(name, **QUICK).fit_score(alone)).all()


def test_what_it_cannot_use_is_one_sentence_with_a_way_out(make, graph):
    bare = graph_of(np.empty((40, 0)), graph.edges)
    with pytest.raises(UnfitGraph, match="these nodes have none; use fast"):
        make("dominant").fit(bare)
    with pytest.raises(UnfitGraph, match="overflow"):
        make("cola").fit(graph_of(graph.features * 1e20, graph.edges))
    detector = make("cola", **QUICK)
    detector.fit(graph)
    with pytest.raises(UnfitGraph, match="fitted on 4 attributes and is given 3"):
        detector.score(usual_graph(20, width=3))
    with pytest.raises(ValueError, match="not fitted"):
        make("cola").score(graph)
    with pytest.raises(ValueError, match="nothing to save"):
        make("cola").get_state()


def test_params_that_pygod_refuses_are_invalid(make, graph):
    with pytest.raises(InvalidParams, match="Graphlet size"):
        make("guide", graphlet_size=3).fit(graph)


def test_a_fit_that_fails_within_pygod_says_so(make):
    graph = usual_graph(MIN_NODES, width=2)
    with pytest.raises(UnfitGraph, match="not finite"):
        make("gae", lr=1e30).fit(graph)


def test_directed_edges_point_one_way(make, graph):
    from pynomaly_pygod.adapter import _data

    assert _data(graph).edge_index.shape[1] == 2 * graph.edges.shape[1]
    directed = usual_graph(60, directed=True)
    assert _data(directed).edge_index.shape[1] == directed.edges.shape[1]
