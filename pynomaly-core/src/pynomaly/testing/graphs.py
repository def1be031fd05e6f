"""What a detector on the nodes of graphs must do, and what it must do where it claims to."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, cast

import numpy as np

from pynomaly.domain.graphs import GraphArrays
from pynomaly.ports.protocols import ScoresEdges
from pynomaly.ports.specs import Capability, Modality
from pynomaly.testing.fitting import finite_or_refused, through_a_file, training_scores, valid
from pynomaly.testing.kit import Check, Subject, require
from pynomaly.testing.samples import graph_of, planted_nodes, usual_graph

if TYPE_CHECKING:
    from pynomaly.ports.protocols import Detector, Explains

NODES = 80


def gives_one_finite_score_per_node(subject: Subject) -> None:
    """Scores are finite float64, one per node."""
    graph = usual_graph(_enough(subject))
    valid(training_scores(subject, graph), len(graph))


def ranks_planted_nodes_high(subject: Subject) -> None:
    """Higher is more anomalous: nodes of a planted clique with odd attributes outrank most."""
    graph, truth = planted_nodes(_enough(subject), 8)
    scores = training_scores(subject, graph)
    above = scores[truth == 1][:, None] - scores[truth == 0][None, :]
    auc = float(np.mean(above > 0) + 0.5 * np.mean(above == 0))
    require(auc >= 0.75, f"planted nodes reach a ROC AUC of {auc:.2f}, not 0.75")


def leaves_its_graph_alone(subject: Subject) -> None:
    """Neither fit nor score changes the graph that it is given."""
    given = usual_graph(_enough(subject))
    features, edges = given.features.copy(), given.edges.copy()
    graph = GraphArrays(features, edges)
    training_scores(subject, graph)
    same = np.array_equal(features, given.features) and np.array_equal(edges, given.edges)
    require(same, "it changed the graph that it was given")


def prints_nothing_of_a_graph(subject: Subject) -> None:
    """Results own stdout: a detector on graphs does not print."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        training_scores(subject, usual_graph(_enough(subject)))
    require(not printed.getvalue(), f"it printed {printed.getvalue()[:80]!r}")


def fits_the_fewest_nodes_it_names(subject: Subject) -> None:
    """`min_rows` is true of graphs: so many nodes can be fitted."""
    graph = usual_graph(subject.detector.min_rows)
    valid(training_scores(subject, graph), len(graph))


def takes_isolated_nodes(subject: Subject) -> None:
    """Nodes without an edge are scored like others."""
    graph = usual_graph(_enough(subject))
    connected = graph.edges[:, (graph.edges >= 5).all(axis=0)]
    alone = graph_of(graph.features, connected)
    valid(training_scores(subject, alone), len(alone))


def takes_directed_edges(subject: Subject) -> None:
    """Edges that point somewhere are welcome."""
    graph = usual_graph(_enough(subject), directed=True)
    valid(training_scores(subject, graph), len(graph))


def scores_or_refuses_nodes_without_attributes(subject: Subject) -> None:
    """Nodes that have nothing but edges give finite scores or a ValueError."""
    graph = usual_graph(_enough(subject), width=0)
    finite_or_refused(lambda: training_scores(subject, graph), len(graph))


def scores_or_refuses_a_graph_without_edges(subject: Subject) -> None:
    """Nodes that are all isolated give finite scores or a ValueError."""
    graph = graph_of(usual_graph(_enough(subject)).features, np.empty((2, 0)))
    finite_or_refused(lambda: training_scores(subject, graph), len(graph))


def scores_or_refuses_huge_attributes(subject: Subject) -> None:
    """Attributes of 1e300 give finite scores or a ValueError."""
    graph = usual_graph(_enough(subject))
    X = graph.features.copy()
    X[::7, 1] = 1e300
    huge = graph_of(X, graph.edges)
    finite_or_refused(lambda: training_scores(subject, huge), len(graph))


def scores_another_graph(subject: Subject) -> None:
    """``inductive``: nodes of a graph that it was not fitted on get finite scores."""
    detector = _fitted(subject)
    for nodes in (40, 2 * _enough(subject)):
        graph = usual_graph(nodes, seed=5)
        valid(detector.score(graph), nodes)


def scores_or_refuses_a_single_node(subject: Subject) -> None:
    """``inductive``: a graph of one node gives a finite score or a ValueError."""
    detector = _fitted(subject)
    finite_or_refused(lambda: detector.score(usual_graph(1, seed=5)), 1)


def repeats_itself_on_a_graph(subject: Subject) -> None:
    """``seeded``: two fits on a graph with one seed score the same, bit for bit."""
    graph = usual_graph(_enough(subject))
    first, second = (training_scores(subject, graph, seed=7) for _ in range(2))
    require(np.array_equal(first, second), "two fits with the same seed score differently")


def scores_a_graph_the_same_once_saved(subject: Subject) -> None:
    """``saves``: the state survives JSON, npz and bytes, and scores a graph the same."""
    detector = _fitted(subject)
    loaded = subject.create(seed=99)
    loaded.set_state(through_a_file(detector.get_state()))
    graph = usual_graph(50, seed=5)
    same = np.array_equal(detector.score(graph), loaded.score(graph))
    require(same, "it scores differently once saved and loaded")


def scores_graphs_the_same_in_threads(subject: Subject) -> None:
    """``thread_safe``: threads that share a fitted detector get what one thread gets."""
    detector = _fitted(subject)
    graphs = [usual_graph(30 + seed % 3, seed=seed) for seed in range(16)]
    expected = [detector.score(graph) for graph in graphs]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(detector.score, graphs))
    wrong = sum(not np.array_equal(a, b) for a, b in zip(expected, found, strict=True))
    require(not wrong, f"{wrong} of {len(graphs)} graphs score differently in 8 threads")


def explains_each_node(subject: Subject) -> None:
    """``explains``: contributions are finite float64, one per node and attribute."""
    graph = usual_graph(40, seed=5)
    found = cast("Explains", _fitted(subject)).explain(graph)
    right = found.shape == graph.features.shape and found.dtype == np.float64
    require(right, f"contributions are {found.dtype} of shape {found.shape}")
    require(np.isfinite(found).all(), "contributions are not all finite")


def gives_one_finite_score_per_edge(subject: Subject) -> None:
    """Where it scores edges, scores are finite float64, one per edge."""
    detector = subject.create()
    if isinstance(detector, ScoresEdges):
        graph = usual_graph(_enough(subject))
        detector.fit(graph)
        valid(detector.score_edges(graph), graph.edges.shape[1])


def _of_graphs(check: Callable[[Subject], None], *needs: Capability) -> Check:
    return Check(check, frozenset(needs), frozenset({Modality.GRAPH}))


GRAPH_CHECKS: tuple[Check, ...] = (
    _of_graphs(gives_one_finite_score_per_node),
    _of_graphs(ranks_planted_nodes_high),
    _of_graphs(leaves_its_graph_alone),
    _of_graphs(prints_nothing_of_a_graph),
    _of_graphs(fits_the_fewest_nodes_it_names),
    _of_graphs(takes_isolated_nodes),
    _of_graphs(takes_directed_edges),
    _of_graphs(scores_or_refuses_nodes_without_attributes),
    _of_graphs(scores_or_refuses_a_graph_without_edges),
    _of_graphs(scores_or_refuses_huge_attributes),
    _of_graphs(scores_another_graph, Capability.INDUCTIVE),
    _of_graphs(scores_or_refuses_a_single_node, Capability.INDUCTIVE),
    _of_graphs(repeats_itself_on_a_graph, Capability.SEEDED),
    _of_graphs(scores_a_graph_the_same_once_saved, Capability.SAVES, Capability.INDUCTIVE),
    _of_graphs(scores_graphs_the_same_in_threads, Capability.THREAD_SAFE),
    _of_graphs(explains_each_node, Capability.EXPLAINS),
    _of_graphs(gives_one_finite_score_per_edge),
)
"""All checks for detectors on graphs; those with `needs` concern only those that claim them."""


def _enough(subject: Subject) -> int:
    return max(NODES, 2 * subject.detector.min_rows)


def _fitted(subject: Subject) -> Detector:
    detector = subject.create()
    detector.fit(usual_graph(_enough(subject)))
    return detector
