"""Fit a detector on the nodes of a graph, calibrate it on nodes left out, and score nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np
import polars as pl

from pynomaly.application.contract import Tally, check_schema, to_matrix
from pynomaly.application.fit_table import (
    CROSS_FIT_ROWS,
    HELD_OUT_ROWS,
    check_calibratable,
)
from pynomaly.application.guard import (
    check_explains,
    explain_guarded,
    fit_guarded,
    fit_score_guarded,
    score_edges_guarded,
    score_guarded,
)
from pynomaly.application.labels import read_labels
from pynomaly.application.model import FittedModel, HeldOut, Member
from pynomaly.application.recipe import Progress, Recipe, no_progress
from pynomaly.application.roles import check_roles
from pynomaly.application.scoring import Contributions, Positions
from pynomaly.application.transformed import Transformed
from pynomaly.domain.calibration import Calibration, Scores
from pynomaly.domain.datasets import Table
from pynomaly.domain.decisions import Mask
from pynomaly.domain.errors import DataError
from pynomaly.domain.features import Features, fit_features, no_features
from pynomaly.domain.graphs import NODE, Graph, GraphArrays, graph_from_edges
from pynomaly.domain.sampling import row_keys
from pynomaly.domain.schema import Roles, recognise
from pynomaly.ports.protocols import Detector, ScoresEdges
from pynomaly.ports.specs import Modality


def fit_graph(graph: Graph, recipe: Recipe, progress: Progress = no_progress) -> FittedModel:
    """A calibrated model of the nodes of `graph`.

    Up to `CROSS_FIT_ROWS` nodes are calibrated by cross-fitting, more by `HELD_OUT_ROWS` nodes
    that stay out of the fit. A detector for tables is fitted on the rows that a transformer makes
    of some nodes, seen in the whole graph; one for graphs on the graph of these nodes alone.

    Raises:
        DataError: If there are too few nodes.
        PluginFailed: If the detector fails.
    """
    check_calibratable(recipe.spec)
    features, arrays = _learn(graph, recipe)
    anomalies = _anomalies(graph, recipe.roles)
    progress("fitting", 0, len(arrays))
    member, held = recipe.limited(lambda: _fit_calibrated(arrays, anomalies, recipe))
    if (anomalies.any() or recipe.clean) and member.calibration is not None:
        calibration = attrs.evolve(member.calibration, clean=True)
        member = attrs.evolve(member, calibration=calibration)
    notes = list(graph.notes)
    if cleaned := int(anomalies.sum()):
        some = "s" if cleaned > 1 else ""
        notes.append(f"{cleaned} node{some} labelled as anomalies left out of the fit")
    return attrs.evolve(_model(graph, recipe, features, member, notes), held_out=held)


def rank_graph(graph: Graph, recipe: Recipe, progress: Progress = no_progress) -> GraphJudge:
    """Fits a detector on `graph` and ranks the very nodes that it is fitted on.

    Raises:
        DataError: If there are too few nodes.
        PluginFailed: If the detector fails.
    """
    features, arrays = _learn(graph, recipe)
    detector = graph_detector(recipe)
    progress("fitting", 0, len(arrays))
    scores = recipe.limited(lambda: fit_score_guarded(recipe.spec, detector, arrays))
    model = _model(graph, recipe, features, Member(detector), graph.notes)
    return GraphJudge(model, graph, lambda _: scores)


def judge_graph(model: FittedModel, graph: Graph) -> GraphJudge:
    """Scores the nodes of a graph with a fitted model.

    Raises:
        ContractViolation: If its attributes do not fit the model.
    """
    notes = (*model.notes, *graph.notes)

    def score(arrays: GraphArrays) -> Scores:
        return score_guarded(model.spec, model.detector, arrays)

    return GraphJudge(attrs.evolve(model, notes=notes), graph, score)


class GraphJudge:
    """Scores the nodes of a graph; see `pynomaly.application.scoring.Judge`.

    Args:
        model: The fitted model; without a calibration, ranks within the graph take its place.
        graph: What to score.
        score: Scores of its nodes.
    """

    def __init__(
        self, model: FittedModel, graph: Graph, score: Callable[[GraphArrays], Scores]
    ) -> None:
        check_schema(model.features, graph.nodes.schema, model.columns, model.policy)
        self.model = model
        self.tally = Tally()
        self.events = pl.DataFrame()
        self._graph = graph
        self._score = score
        self._arrays = node_arrays(graph, model.features, model, self.tally)

    @property
    def calibration(self) -> Calibration | None:
        """What p-values come from."""
        return self.model.calibration

    @property
    def columns(self) -> Sequence[str]:
        """Attributes that are features."""
        return [column.column for column in self.model.features.columns]

    @property
    def at_once(self) -> bool:
        """A node's score depends on those around it."""
        return True

    def warnings(self) -> list[str]:
        """Of the fit, and of what was mended on the way."""
        return [*self.model.warnings, *self.tally.warnings(self.model.features)]

    def judge_all(self, progress: Progress, /) -> tuple[Scores, Scores]:
        """Scores and p-values of all nodes, each shape (n,)."""
        scores = self._score(self._arrays)
        progress("scoring", len(scores), len(scores))
        if self.model.calibration is None:
            self.model = self.model.with_ranks(scores)
        calibration = self.model.calibration
        return scores, np.ones(len(scores)) if calibration is None else calibration.p_values(scores)

    def judge(self, frame: pl.DataFrame, start: int, /) -> tuple[Scores, Scores]:
        """Not to be called: nodes are scored all at once."""
        raise NotImplementedError

    def decided(self, scores: Scores, p_values: Scores, alarms: Mask, /, *, explain: bool) -> None:
        """Alarms of nodes mean nothing to each other: there is nothing to do."""

    def explain(
        self, frame: pl.DataFrame, rows: Positions, /
    ) -> tuple[pl.DataFrame, Contributions]:
        """Contributions to the scores of the nodes at positions `rows`."""
        check_explains(self.model.spec)
        detector = self.model.detector
        matrix = explain_guarded(self.model.spec, detector, self._arrays)[rows]
        if isinstance(detector, Transformed):
            values = detector.rows(self._arrays)[rows]
            by_name = dict(zip(detector.names, matrix.T, strict=True))
            return pl.DataFrame(values, list(detector.names), orient="row"), by_name
        return frame, self.model.features.by_column(matrix)

    def edge_scores(self) -> pl.DataFrame:
        """The edges, as names of their nodes, with a score for each; the highest first.

        Nodes that have no names go by their positions.

        Raises:
            DataError: If the detector gives none.
        """
        detector = self.model.detector
        if not isinstance(detector, ScoresEdges):
            raise DataError(f"{self.model.spec.id} scores nodes only: choose another detector")
        scores = score_edges_guarded(self.model.spec, detector, self._arrays)
        nodes = self._graph.nodes
        named = self.model.roles.id or NODE
        names = nodes[named] if named in nodes.columns else pl.int_range(nodes.height, eager=True)
        source, target = (names.gather(end) for end in self._arrays.edges)
        frame = pl.DataFrame({"source": source, "target": target, "anomaly_score": scores})
        return frame.sort("anomaly_score", descending=True, maintain_order=True)

    def findings(self) -> dict[str, Any]:
        """How many nodes and edges there are."""
        return {"nodes": len(self._arrays), "edges": self._arrays.edges.shape[1]}


def graph_detector(recipe: Recipe) -> Detector:
    """An unfitted detector for graphs: one for tables sees what a transformer makes of nodes."""
    if Modality.GRAPH in recipe.spec.modalities:
        return recipe.make()
    if recipe.transformer is None:
        raise DataError(f"{recipe.spec.id} takes tables: a transformer must make them of graphs")
    return Transformed(
        recipe.spec, recipe.make(), recipe.transformer.spec, recipe.transformer.make()
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


def _learn(graph: Graph, recipe: Recipe) -> tuple[Features, GraphArrays]:
    roles = attrs.evolve(recipe.roles, source=None, target=None)
    check_roles(nodes_table(graph), roles)
    names = graph.attributes if roles.columns is None else roles.columns
    frame = graph.nodes.select(names)
    kinds = recognise(frame, roles)
    usable = any(found.kind.is_feature for found in kinds.values())
    features = fit_features(frame, kinds) if usable else no_features(kinds)
    return features, node_arrays(graph, features, recipe, Tally())


def _anomalies(graph: Graph, roles: Roles) -> Mask:
    if roles.label is None:
        return np.zeros(graph.nodes.height, dtype=np.bool_)
    marks: Mask = read_labels(graph.nodes[roles.label]) == 1.0
    return marks


def _fit_calibrated(arrays: GraphArrays, anomalies: Mask, recipe: Recipe) -> tuple[Member, HeldOut]:
    n = len(arrays)
    normal = np.flatnonzero(~anomalies)
    keys = row_keys(0, n, recipe.seed)[normal]
    order = normal[np.argsort(keys, kind="stable")]
    folds = recipe.spec.folds
    if folds is not None and n <= CROSS_FIT_ROWS:
        _check_enough(len(order), -(-len(order) // folds), recipe)
        scores = np.empty(len(order))
        for fold in range(folds):
            held = order[fold::folds]
            rest = np.setdiff1d(order, held)
            scores[fold::folds] = _fit_on(arrays, rest, recipe)[1][held]
        detector = _fit_on(arrays, normal, recipe)[0]
        calibration = Calibration("cross-fitted", np.sort(scores))
        return Member(detector, calibration), HeldOut(order, scores)
    held = order[: min(HELD_OUT_ROWS, len(order) // 2)]
    _check_enough(len(order), len(held), recipe)
    detector, found = _fit_on(arrays, np.setdiff1d(order, held), recipe)
    calibration = Calibration("held-out", np.sort(found[held]))
    return Member(detector, calibration), HeldOut(held, found[held])


def _check_enough(nodes: int, held_out: int, recipe: Recipe) -> None:
    if not held_out or nodes - held_out < recipe.spec.min_rows:
        raise DataError(
            f"{nodes} node{'s are' if nodes != 1 else ' is'} too few to fit"
            f" {recipe.spec.id} and calibrate it; rank them with `detect` without a reference"
        )


def _fit_on(arrays: GraphArrays, nodes: Positions, recipe: Recipe) -> tuple[Detector, Scores]:
    """A detector fitted on some nodes, and its scores of all."""
    detector = graph_detector(recipe)
    if isinstance(detector, Transformed):
        detector.fit_on(arrays, nodes)
    else:
        fit_guarded(recipe.spec, detector, _subgraph(arrays, nodes))
    return detector, score_guarded(recipe.spec, detector, arrays)


def _subgraph(arrays: GraphArrays, nodes: Positions) -> GraphArrays:
    """The graph of some nodes and the edges between them."""
    if len(nodes) == len(arrays):
        return arrays
    places = np.full(len(arrays), -1)
    places[nodes] = np.arange(len(nodes))
    edges = places[arrays.edges]
    edges = np.ascontiguousarray(edges[:, (edges >= 0).all(axis=0)])
    features = np.ascontiguousarray(arrays.features[nodes])
    features.flags.writeable = edges.flags.writeable = False
    return GraphArrays(features, edges, arrays.directed)


def _model(
    graph: Graph, recipe: Recipe, features: Features, member: Member, notes: Sequence[str]
) -> FittedModel:
    rows = graph.nodes.height
    return FittedModel(
        Modality.GRAPH,
        recipe.spec,
        recipe.params,
        recipe.seed,
        {"": member},
        features,
        recipe.policy,
        recipe.roles,
        tuple(graph.nodes.columns),
        {"source": graph.name, "rows": rows, "fitted_rows": rows, "directed": graph.directed},
        tuple(notes),
        transformer=recipe.transformer,
    )
