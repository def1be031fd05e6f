"""Score the nodes of a graph: with a model, or among themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np
import polars as pl

from pynomaly.application.contract import Tally, check_schema
from pynomaly.application.fit_graph import fit_and_rank, graph_model, learn_nodes
from pynomaly.application.graphs import node_arrays
from pynomaly.application.guard import (
    check_explains,
    explain_guarded,
    score_edges_guarded,
    score_guarded,
)
from pynomaly.application.model import FittedModel, Member
from pynomaly.application.recipe import Progress, Recipe, no_progress
from pynomaly.application.scoring import Contributions, Positions
from pynomaly.application.sizes import check_at_once
from pynomaly.application.transformed import Transformed
from pynomaly.domain.calibration import Calibration, Scores
from pynomaly.domain.decisions import Mask
from pynomaly.domain.errors import DataError
from pynomaly.domain.graphs import NODE, Graph, GraphArrays
from pynomaly.ports.protocols import ScoresEdges
from pynomaly.ports.specs import Modality


def judge_graph(model: FittedModel, graph: Graph) -> GraphJudge:
    """Scores the nodes of a graph with a fitted model.

    Raises:
        ContractViolation: If its attributes do not fit the model.
        DataError: If it has more nodes than the detector can hold at once, or its edges point
            otherwise than those that the model knows.
    """
    _check_directed(model, graph)
    if Modality.GRAPH in model.spec.modalities:
        check_at_once(graph.nodes.height, model.spec, "node")
    notes = (*model.notes, *graph.notes)

    def score(arrays: GraphArrays) -> Scores:
        return score_guarded(model.spec, model.detector, arrays)

    return GraphJudge(attrs.evolve(model, notes=notes), graph, score)


def _check_directed(model: FittedModel, graph: Graph) -> None:
    known = bool(model.lineage.get("directed"))
    if graph.directed is known:
        return
    kinds = ("directed", "undirected") if known else ("undirected", "directed")
    raise DataError(
        f"the model was fitted on edges that are {kinds[0]}, and these are {kinds[1]}: read them as"
        f' such (`-r directed={str(known).lower()}` for npz, edgedefault="{kinds[0]}" in GraphML,'
        f" directed={known} of make_graph or a table of edges), or fit anew",
        source=graph.name,
    )


def rank_graph(graph: Graph, recipe: Recipe, progress: Progress = no_progress) -> GraphJudge:
    """Fits a detector on `graph` and ranks the very nodes that it is fitted on.

    Raises:
        DataError: If there are too few nodes.
        PluginFailed: If the detector fails.
    """
    features, arrays = learn_nodes(graph, recipe)
    progress("fitting", 0, len(arrays))
    detector, scores = recipe.limited(lambda: fit_and_rank(arrays, recipe))
    model = graph_model(graph, recipe, features, Member(detector), graph.notes)
    return GraphJudge(model, graph, lambda _: scores)


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
