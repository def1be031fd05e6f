"""Fit a detector on the nodes of a graph, and calibrate it on nodes left out."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from pynomaly.application.contract import Tally
from pynomaly.application.fit_table import (
    CROSS_FIT_ROWS,
    HELD_OUT_ROWS,
    check_calibratable,
)
from pynomaly.application.graphs import check_node_roles, node_arrays
from pynomaly.application.guard import fit_guarded, fit_score_guarded, score_guarded
from pynomaly.application.labels import read_labels
from pynomaly.application.model import FittedModel, HeldOut, Member
from pynomaly.application.recipe import Progress, Recipe, no_progress
from pynomaly.application.scoring import Positions
from pynomaly.application.sizes import check_at_once, check_enough, fit_limit, sample_note
from pynomaly.application.transformed import Transformed
from pynomaly.domain.calibration import Calibration, Scores
from pynomaly.domain.decisions import Mask
from pynomaly.domain.errors import DataError
from pynomaly.domain.features import Features, fit_features, no_features
from pynomaly.domain.graphs import Graph, GraphArrays
from pynomaly.domain.sampling import row_keys, smallest
from pynomaly.domain.schema import Roles, recognise
from pynomaly.ports.protocols import Detector
from pynomaly.ports.specs import Capability, Modality

_TOO_FEW = "rank them with `detect` without a reference"


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
    features, arrays = learn_nodes(graph, recipe)
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
    return attrs.evolve(graph_model(graph, recipe, features, member, notes), held_out=held)


def graph_detector(recipe: Recipe, nodes: int) -> Detector:
    """An unfitted detector for a graph of `nodes`: one for tables sees what a transformer makes.

    Raises:
        DataError: If they are more than it can hold at once, or there is no such transformer.
    """
    whole = Modality.GRAPH in recipe.spec.modalities
    if whole or Capability.INDUCTIVE not in recipe.spec.capabilities:
        check_at_once(nodes, recipe.spec, "node")
    if whole:
        return recipe.make()
    if recipe.transformer is None:
        raise DataError(f"{recipe.spec.id} takes tables: a transformer must make them of graphs")
    return Transformed(
        recipe.spec, recipe.make(), recipe.transformer.spec, recipe.transformer.make()
    )


def fit_and_rank(arrays: GraphArrays, recipe: Recipe) -> tuple[Detector, Scores]:
    """A detector fitted on the nodes, on a sample if it takes no more, and the scores of all."""
    detector = graph_detector(recipe, len(arrays))
    chosen = _sample(np.arange(len(arrays)), recipe)
    if isinstance(detector, Transformed) and len(chosen) < len(arrays):
        return detector, detector.fit_score_on(arrays, chosen)
    return detector, fit_score_guarded(recipe.spec, detector, arrays)


def learn_nodes(graph: Graph, recipe: Recipe) -> tuple[Features, GraphArrays]:
    """Features of the nodes, and the graph as detectors see it."""
    roles = attrs.evolve(recipe.roles, source=None, target=None)
    check_node_roles(graph, recipe.roles)
    names = graph.attributes if roles.columns is None else roles.columns
    frame = graph.nodes.select(names)
    kinds = recognise(frame, roles)
    usable = any(found.kind.is_feature for found in kinds.values())
    features = fit_features(frame, kinds) if usable else no_features(kinds)
    return features, node_arrays(graph, features, recipe, Tally())


def graph_model(
    graph: Graph, recipe: Recipe, features: Features, member: Member, notes: Sequence[str]
) -> FittedModel:
    """The model of a graph's nodes."""
    rows = graph.nodes.height
    fitted = min(rows, fit_limit(recipe.spec) or rows)
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
        {"source": graph.name, "rows": rows, "fitted_rows": fitted, "directed": graph.directed},
        (*notes, *sample_note(recipe.spec, fitted, rows, "node")),
        transformer=recipe.transformer,
    )


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
        check_enough(len(order), -(-len(order) // folds), recipe.spec, "node", _TOO_FEW)
        scores = np.empty(len(order))
        for fold in range(folds):
            held = order[fold::folds]
            rest = np.setdiff1d(order, held)
            scores[fold::folds] = _fit_on(arrays, rest, recipe)[1][held]
        detector = _fit_on(arrays, normal, recipe)[0]
        calibration = Calibration("cross-fitted", np.sort(scores))
        return Member(detector, calibration), HeldOut(order, scores)
    held = order[: min(HELD_OUT_ROWS, len(order) // 2)]
    check_enough(len(order), len(held), recipe.spec, "node", _TOO_FEW)
    detector, found = _fit_on(arrays, np.setdiff1d(order, held), recipe)
    calibration = Calibration("held-out", np.sort(found[held]))
    return Member(detector, calibration), HeldOut(held, found[held])


def _fit_on(arrays: GraphArrays, nodes: Positions, recipe: Recipe) -> tuple[Detector, Scores]:
    """A detector fitted on some nodes, and its scores of all."""
    detector = graph_detector(recipe, len(nodes))
    if isinstance(detector, Transformed):
        detector.fit_on(arrays, _sample(nodes, recipe))
    else:
        fit_guarded(recipe.spec, detector, _subgraph(arrays, nodes))
    return detector, score_guarded(recipe.spec, detector, arrays)


def _sample(nodes: Positions, recipe: Recipe) -> Positions:
    """As many of the nodes as a detector for tables takes."""
    limit = fit_limit(recipe.spec)
    if limit is None or len(nodes) <= limit:
        return nodes
    keys = row_keys(0, int(nodes.max()) + 1, recipe.seed)[nodes]
    return nodes[smallest(keys, limit)]


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
