"""Series and graphs reach a detector in another process as they reach one in this."""

from __future__ import annotations

import numpy as np
import pytest

from pynomaly.domain.graphs import GraphArrays
from pynomaly.infrastructure.isolation import IsolationSettings
from pynomaly.infrastructure.isolation.launching import Launch, file_factory
from pynomaly.infrastructure.isolation.proxy import Recipe, isolate
from pynomaly.infrastructure.isolation.room import Room
from pynomaly.infrastructure.registry import discover
from pynomaly.ports.protocols import ScoresEdges

PLUGIN = """
from pynomaly.ports import DetectorSpec, Modality, hookimpl

@hookimpl
def pynomaly_detectors():
    for name in (Modality.GRAPH, Modality.SERIES):
        yield DetectorSpec(id="kinds." + name, title=name, summary="Of that kind.",
                           factory="kinds_detectors:make", modalities={name})
"""

DETECTORS = """
import numpy as np

class OnGraph:
    def fit(self, X):
        self.checks = [type(X).__module__, X.features.flags.writeable, X.edges.dtype.str]
    def score(self, X):
        assert len(X) == len(X.features) and self.checks[1:] == [False, "<i8"], self.checks
        degrees = np.bincount(X.edges.ravel(), minlength=len(X)) if not X.directed else X.edges[0]
        return degrees + X.features.sum(axis=1)
    def score_edges(self, X):
        return (X.features[X.edges[0]] - X.features[X.edges[1]]).sum(axis=1)

class OnSeries:
    def fit(self, X): self.first = X[0]
    def score(self, X): return np.abs(np.diff(X, axis=0, prepend=self.first[None])).sum(axis=1)

class OnPynomalysGraph(OnGraph):
    def fit(self, X):
        from pynomaly.domain.graphs import GraphArrays
        assert isinstance(X, GraphArrays)
        super().fit(X)

def make(spec, params, seed):
    return OnPynomalysGraph() if spec.name == "graph" else OnSeries()

def create(id, params, seed):
    return OnGraph()
"""


def random_graph(nodes, edges):
    rng = np.random.default_rng(0)
    arrays = rng.standard_normal((nodes, 8)), rng.integers(0, nodes, (2, edges))
    for array in arrays:
        array.flags.writeable = False
    return GraphArrays(*arrays)


@pytest.fixture
def graph():
    return random_graph(5, 4)


@pytest.fixture
def modules(add_plugin, tmp_path):
    add_plugin("pynomaly-kinds", PLUGIN)
    (tmp_path / "kinds_detectors.py").write_text(DETECTORS)


@pytest.fixture
def both(modules):
    isolated = discover(isolation=IsolationSettings(plugins=["kinds"]))
    yield discover(), isolated
    isolated.isolation.close()


def test_a_graph_gives_the_same_scores_of_nodes_and_edges(both, graph):
    here, there = (registry.create_detector("kinds.graph")[2] for registry in both)
    for detector in (here, there):
        detector.fit(graph)
    assert isinstance(there, ScoresEdges)
    assert np.array_equal(here.score(graph), there.score(graph))
    assert np.array_equal(here.score_edges(graph), there.score_edges(graph))


def test_a_series_gives_the_same_scores(both):
    here, there = (registry.create_detector("kinds.series")[2] for registry in both)
    X = np.random.default_rng(0).standard_normal((300, 3)).cumsum(axis=0)
    for detector in (here, there):
        detector.fit(X)
    assert np.array_equal(here.score(X), there.score(X))


def test_a_large_graph_goes_through_shared_memory(both):
    here, there = (registry.create_detector("kinds.graph")[2] for registry in both)
    graph = random_graph(50_000, 200_000)
    for detector in (here, there):
        detector.fit(graph)
    assert np.array_equal(here.score(graph), there.score(graph))


@pytest.mark.parametrize("directed", [False, True])
def test_where_there_is_no_pynomaly_a_graph_looks_the_same(modules, graph, directed):
    room = Room(Launch(), 1)
    factory = file_factory("kinds_detectors:create")
    detector = isolate(room, Recipe("kinds.graph", factory, ("kinds.graph", {}, 0)))
    edges = np.vstack([np.arange(5), np.arange(5)[::-1]])
    graph = GraphArrays(graph.features, edges, directed=directed)
    detector.fit(graph)
    ends = edges[0] if directed else np.full(5, 2)
    assert np.array_equal(detector.score(graph), ends + graph.features.sum(axis=1))
    room.close()
