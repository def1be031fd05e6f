"""PyOD's detectors on graphs, where torch and torch_geometric are installed."""

import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.errors import UsageError
from pynomaly.domain.graphs import GraphArrays, make_graph
from pynomaly_pyod.errors import UnfitData

pytest.importorskip("torch", reason="needs torch: `nox -s tests-torch` has it")
pytest.importorskip("torch_geometric", reason="needs torch_geometric: `nox -s tests-torch` has it")

rng = np.random.default_rng(0)
EDGES = np.sort(rng.integers(60, size=(2, 200)), axis=0)
EDGES = np.unique(EDGES[:, EDGES[0] < EDGES[1]], axis=1)
FEATURES = rng.normal(size=(60, 4))
FEATURES[7] = 9.0


def graph():
    nodes = pl.DataFrame(FEATURES, schema=["a", "b", "c", "d"])
    return make_graph("made", nodes, EDGES, attributes=nodes.columns)


def arrays(features, edges=EDGES):
    return GraphArrays(features, edges)


@pytest.mark.parametrize("id", ["pyod.dominant", "pyod.radar", "pyod.scan"])
def test_nodes_are_ranked_the_same_each_time(id):
    first, again = (pynomaly.detect(graph(), id, seed=3).scores for _ in range(2))
    assert first.shape == (60,)
    assert np.array_equal(first, again)


def test_an_odd_node_is_first():
    assert pynomaly.detect(graph(), "pyod.dominant").scores.argmax() == 7


def test_a_reference_is_refused():
    with pytest.raises(UsageError, match=r"pyod\.dominant scores only the rows"):
        pynomaly.detect(graph(), "pyod.dominant", reference=graph())
    with pytest.raises(UsageError, match="only the graph that it is fitted on"):
        pynomaly.create_detector("pyod.dominant").score(arrays(FEATURES))


def test_nodes_without_attributes_are_refused():
    with pytest.raises(UnfitData, match="it compares attributes, and these nodes have none"):
        pynomaly.create_detector("pyod.dominant").fit(arrays(np.empty((60, 0))))


def test_attributes_that_overflow_are_refused():
    with pytest.raises(UnfitData, match="overflow once they are squared"):
        pynomaly.create_detector("pyod.dominant").fit(arrays(FEATURES * 1e14))


def test_what_pyod_cannot_fit_is_named():
    alone = pynomaly.create_detector("pyod.guide")
    with pytest.raises(UnfitData, match=r"pyod\.guide cannot use this graph: .*triangles"):
        alone.fit(arrays(FEATURES, np.array([[0], [1]])))
