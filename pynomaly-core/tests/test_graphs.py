"""Graphs from tables of edges to alarms of nodes and edges, by the command line and Python."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pynomaly.domain.errors import ContractViolation, DataError, PluginFailed, UsageError
from pynomaly.domain.graphs import GraphArrays, graph_from_edges, make_graph

PLUGIN = """
from pynomaly.ports import Capability as C, DetectorSpec, Modality, TransformerSpec, hookimpl

GRAPH = {Modality.GRAPH}
SAVED = {C.INDUCTIVE, C.SEEDED, C.SAVES}

@hookimpl
def pynomaly_detectors():
    yield DetectorSpec(id="mine.degree", title="Degree", summary="Nodes of many edges.",
        factory="mine_graphs:Degree", modalities=GRAPH, capabilities=SAVED | {C.EXPLAINS},
        row_limit=100)
    yield DetectorSpec(id="mine.some", title="Some", summary="Takes few rows.",
        factory="mine_graphs:Away", capabilities=SAVED, row_limit=40, time="n^2")
    yield DetectorSpec(id="mine.away", title="Away", summary="Rows far from the mean.",
        factory="mine_graphs:Away", capabilities=SAVED | {C.EXPLAINS},
        default_for={Modality.TABULAR, Modality.GRAPH})
    yield DetectorSpec(id="mine.once", title="Once", summary="Scores what it is fitted on.",
        factory="mine_graphs:Once", modalities=GRAPH)
    yield DetectorSpec(id="mine.wrong", title="Wrong", summary="Gives one edge too many.",
        factory="mine_graphs:Wrong", modalities=GRAPH, capabilities=SAVED)

@hookimpl
def pynomaly_transformers():
    yield TransformerSpec(id="mine.edges", title="Edges", summary="Out and in degrees.",
        factory="mine_graphs:Degrees", modalities=GRAPH, default_for=GRAPH)
"""

LIBRARY = """
import numpy as np

def degrees(graph):
    return [np.bincount(end, minlength=len(graph)).astype(float) for end in graph.edges]

class Degree:
    def __init__(self, spec, params, seed): pass
    def fit(self, X):
        self.fitted = np.array([len(X), X.edges.shape[1]])
        self.mean = sum(degrees(X)).mean()
        self.width = X.features.shape[1]
    def score(self, X): return sum(degrees(X)) - self.mean + 1e-3 * self.explain(X).sum(axis=1)
    def explain(self, X): return np.abs(X.features)
    def score_edges(self, X):
        if X.features.shape[1] != self.width: raise RuntimeError("other width")
        return self.score(X)[X.edges].sum(axis=0)
    def get_state(self): return {"mean": self.mean, "width": self.width}
    def set_state(self, state): self.mean, self.width = state["mean"], state["width"]

class Wrong(Degree):
    def score_edges(self, X): return np.zeros(X.edges.shape[1] + 1)

class Once:
    def __init__(self, spec, params, seed): pass
    def fit(self, X): pass
    def fit_score(self, X): return sum(degrees(X))
    def score(self, X): raise RuntimeError("only once")

class Away:
    def __init__(self, spec, params, seed): pass
    def fit(self, X): self.mean = X.mean(axis=0)
    def score(self, X): return self.explain(X).sum(axis=1)
    def explain(self, X): return np.abs(X - self.mean)
    def get_state(self): return {"mean": self.mean}
    def set_state(self, state): self.mean = state["mean"]

class Degrees:
    names = ("out", "in")
    def __init__(self, spec, params, seed): pass
    def fit(self, items): pass
    def transform(self, items): return np.stack(degrees(items), axis=1)
    def get_state(self): return {}
    def set_state(self, state): pass
"""

HUB = 7
ENDS = {"source": "from", "target": "to"}


def edges(nodes=60, *, hub=HUB):
    """A ring, and a node with an edge to each third."""
    ring = [(i, (i + 1) % nodes) for i in range(nodes)]
    pairs = [*ring, *((hub, i) for i in range(0, nodes, 3) if i != hub)]
    return pl.DataFrame(pairs, ["from", "to"], orient="row")


def people(nodes=60):
    rng = np.random.default_rng(0)
    height = rng.normal(170, 10, nodes)
    return pl.DataFrame(
        {"name": np.arange(nodes), "height": height, "odd": np.arange(nodes) == HUB}
    )


@pytest.fixture
def plugin(write_plugin, tmp_path, monkeypatch):
    """A plugin with a detector on graphs, one on tables and a transformer, and nothing else."""
    write_plugin("pynomaly-mine", PLUGIN)
    (tmp_path / "mine_graphs.py").write_text(LIBRARY)
    monkeypatch.setenv("PYNOMALY_PLUGINS", "mine")
    monkeypatch.chdir(tmp_path)
    edges().write_csv("edges.csv")
    people().write_parquet("people.parquet")
    return tmp_path


@pytest.fixture
def python(plugin, monkeypatch):
    """`pynomaly` in this process, with that plugin alone."""
    import pynomaly
    from pynomaly.infrastructure import composition

    monkeypatch.syspath_prepend(str(plugin))
    composition.services.cache_clear()
    yield pynomaly
    composition.services.cache_clear()
    for name in ("pynomaly_mine", "mine_graphs"):
        sys.modules.pop(name, None)


@pytest.fixture
def run(plugin, run_pynomaly):
    def run(*args, code=0):
        done = run_pynomaly(*map(str, args))
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


FROM_TO = ("--source", "from", "--target", "to")
NAMED = (*FROM_TO, "--nodes", "people.parquet", "--id", "name")


def test_edges_in_a_file_become_a_graph_whose_hub_alarms(run):
    run("detect", "edges.csv", *FROM_TO, "-d", "mine.degree", "--top", "1", "-o", "out.csv")
    scored = pl.read_csv("out.csv")
    assert scored.columns == ["node", "anomaly_score", "p_value", "is_anomaly"]
    assert scored.filter("is_anomaly")["node"].to_list() == [HUB]
    assert scored.height == 60


def test_the_terminal_says_how_many_nodes_and_edges_there_are(run):
    done = run("detect", "edges.csv", *FROM_TO)
    assert "a graph of 60 nodes and 79 edges" in done.stdout
    assert "mine.away" in done.stdout


def test_a_table_of_nodes_gives_attributes_and_the_truth(run):
    more = ("--label", "odd", "-d", "mine.degree", "--json")
    summary = json.loads(run("detect", "edges.csv", *NAMED, *more).stdout)
    assert summary["kind"] == "graph"
    assert (summary["nodes"], summary["edges"]) == (60, 79)
    assert summary["metrics"]["roc_auc"] == 1.0


def test_edges_are_written_with_scores_the_highest_first(run):
    run("detect", "edges.csv", *FROM_TO, "-d", "mine.degree", "--edges", "scored.parquet")
    scored = pl.read_parquet("scored.parquet")
    assert scored.columns == ["source", "target", "anomaly_score"]
    assert scored.height == 79
    assert scored["anomaly_score"].is_sorted(descending=True)
    assert str(HUB) in scored.row(0)[:2]


def test_edges_are_named_as_their_nodes_are(python):
    names = people().with_columns(name=pl.format("n{}", "name"))
    pairs = edges().select(
        pl.format("n{}", "from").alias("from"), pl.format("n{}", "to").alias("to")
    )
    given = {**ENDS, "nodes": names, "id": "name", "exclude": ["odd"]}
    named = python.detect(pairs, "mine.degree", **given)
    assert f"n{HUB}" in named.edges.row(0)[:2]
    nameless = make_graph("g", people().drop("name"), edges().to_numpy().T)
    assert HUB in python.detect(nameless, "mine.degree").edges.row(0)[:2]


def test_directions_matter_only_where_they_are_asked_for(run):
    run("detect", "edges.csv", *FROM_TO, "-f", "mine.edges", "-o", "both.csv")
    run("detect", "edges.csv", *FROM_TO, "--directed", "-f", "mine.edges", "-o", "way.csv")
    both, way = (pl.read_csv(name)["anomaly_score"] for name in ("both.csv", "way.csv"))
    assert both.to_list() != way.to_list()


def test_alarms_are_explained_by_what_the_transformer_makes(run):
    run(
        *("detect", "edges.csv", *FROM_TO, "--directed", "--top", "1", "--explain", "1"),
        *("-o", "out.parquet"),
    )
    (why,) = pl.read_parquet("out.parquet").filter("is_anomaly")["explanation"].to_list()
    # The value is the transformer's, before it is standardised.
    assert (why[0]["column"], float(why[0]["value"])) == ("out", 21.0)


def test_alarms_of_a_detector_on_graphs_are_explained_by_attributes(run):
    run(
        *("detect", "edges.csv", *NAMED, "-d", "mine.degree", "--exclude", "odd", "--top", "1"),
        *("--explain", "1", "-o", "out.parquet"),
    )
    (why,) = pl.read_parquet("out.parquet").filter("is_anomaly")["explanation"].to_list()
    assert why[0]["column"] == "height"


def test_a_saved_model_scores_another_graph_in_another_process(run, plugin):
    given = (*NAMED, "--exclude", "odd", "-d", "mine.degree")
    run("fit", "edges.csv", *given, "-o", "m.pynomaly")
    edges(40, hub=3).write_csv("other.csv")
    people(40).write_csv("others.csv")
    score = ("score", "m.pynomaly", "other.csv", "--nodes", "others.csv", "--json")
    summary = json.loads(run(*score, "--top", "1", "-o", "out.csv").stdout)
    assert summary["calibration"]["method"] == "cross-fitted"
    scored = pl.read_csv("out.csv")
    assert scored.filter("is_anomaly")["name"].to_list() == [3]
    again = run(*score, "-o", "again.csv")
    assert again.returncode == 0
    assert pl.read_csv("again.csv")["anomaly_score"].equals(scored["anomaly_score"])


def test_a_saved_model_keeps_its_transformer_and_the_way_edges_point(run):
    run("fit", "edges.csv", *FROM_TO, "--directed", "-o", "m.pynomaly")
    run("score", "m.pynomaly", "edges.csv", "-o", "model.csv")
    run("detect", "edges.csv", *FROM_TO, "--directed", "-o", "direct.csv")
    model, direct = (pl.read_csv(name)["anomaly_score"] for name in ("model.csv", "direct.csv"))
    np.testing.assert_allclose(model, direct, rtol=1e-12)


def test_a_reference_graph_gives_p_values_that_need_no_batch(python):
    given = {**ENDS, "detector": "mine.degree"}
    result = python.detect(edges(40), reference=edges(), top=1, **given)
    assert result.calibration["method"] == "cross-fitted"
    assert result.frame.filter("is_anomaly")["node"].to_list() == [str(HUB)]


def test_a_graph_made_in_python_is_taken_as_it_is(python):
    ends = edges().to_numpy().T
    graph = make_graph("mine", people(), ends, attributes=["height"])
    result = python.detect(graph, "mine.degree", top=1)
    assert result.frame.filter("is_anomaly")["name"].to_list() == [HUB]
    assert python.fit(graph, "mine.degree", exclude=["odd"]).score(graph).frame.height == 60


def test_nodes_labelled_as_anomalies_stay_out_of_the_fit(python):
    ends = edges().to_numpy().T
    graph = make_graph("mine", people(), ends, attributes=["height"])
    model = python.fit(graph, "mine.degree", label="odd")
    assert model.fitted.detector.fitted.tolist() == [59, 58]
    assert "1 node labelled as anomalies left out" in " ".join(model.fitted.notes)
    assert model.fitted.calibration.clean


def test_a_detector_on_graphs_is_fitted_on_the_graph_of_the_nodes_it_may_see(python, monkeypatch):
    """Each fold's fit sees the other nodes and the edges between them; its score all."""
    import mine_graphs

    seen = []
    fit, score = mine_graphs.Degree.fit, mine_graphs.Degree.score

    def watch_fit(self, X):
        assert X.edges.max(initial=-1) < len(X)
        assert not X.features.flags.writeable
        seen.append(("fit", len(X)))
        fit(self, X)

    def watch_score(self, X):
        seen.append(("score", len(X)))
        return score(self, X)

    monkeypatch.setattr(mine_graphs.Degree, "fit", watch_fit)
    monkeypatch.setattr(mine_graphs.Degree, "score", watch_score)
    graph = make_graph("mine", people(), edges().to_numpy().T, attributes=["height"])
    python.fit(graph, "mine.degree")
    assert [each for each in seen if each[0] == "fit"] == [("fit", 48)] * 5 + [("fit", 60)]
    assert ("score", 60) in seen


def test_large_graphs_are_calibrated_on_nodes_held_out(python, monkeypatch):
    from pynomaly.application import fit_graph

    monkeypatch.setattr(fit_graph, "CROSS_FIT_ROWS", 50)
    monkeypatch.setattr(fit_graph, "HELD_OUT_ROWS", 20)
    for detector in ("mine.degree", "mine.away"):
        calibration = python.fit(edges(), detector, **ENDS).fitted.calibration
        assert (calibration.method, len(calibration.scores)) == ("held-out", 20)


def test_a_graph_with_more_nodes_than_a_detector_can_hold_is_refused(run):
    edges(101).write_csv("many.csv")
    many = "mine.degree takes at most 100 nodes, all at once, and there are 101; give fewer, or"
    for command in ("detect", "fit"):
        target = () if command == "detect" else ("-o", "never.pynomaly")
        done = run(command, "many.csv", *FROM_TO, "-d", "mine.degree", *target, code=2)
        assert many in done.stderr
    run("fit", "edges.csv", *FROM_TO, "-d", "mine.degree", "-o", "model.pynomaly")
    assert many in run("score", "model.pynomaly", "many.csv", code=2).stderr


def test_a_detector_for_tables_is_fitted_on_as_many_nodes_as_it_takes(python, monkeypatch):
    import mine_graphs

    fitted = []
    fit = mine_graphs.Away.fit
    monkeypatch.setattr(
        mine_graphs.Away, "fit", lambda self, X: (fitted.append(len(X)), fit(self, X))[1]
    )
    ranked = python.detect(edges(), "mine.some", top=1, **ENDS)
    model = python.fit(edges(), "mine.some", **ENDS)
    assert set(fitted) == {40}
    assert ranked.frame.filter("is_anomaly")["node"].to_list() == [str(HUB)]
    for said in (ranked.warnings, model.fitted.notes):
        assert "mine.some takes n^2 time: fitted on a sample of 40 of the 60 nodes" in said
    assert model.score(edges()).frame.height == 60


def test_a_detector_that_scores_only_once_ranks_and_refuses_to_fit(python):
    result = python.detect(edges(), "mine.once", top=1, **ENDS)
    assert result.frame.filter("is_anomaly")["node"].to_list() == [str(HUB)]
    with pytest.raises(UsageError, match="scores only the rows that it is fitted on"):
        python.fit(edges(), "mine.once", **ENDS)


LOOPS = pl.DataFrame({"from": ["a", "a", "a", "b", "c"], "to": ["a", "b", "b", "a", "b"]})


def test_loops_and_repeated_edges_are_left_out_and_said_so(run):
    LOOPS.write_csv("loops.csv")
    summary = json.loads(run("detect", "loops.csv", *FROM_TO, "-d", "mine.degree", "--json").stdout)
    assert (summary["nodes"], summary["edges"]) == (3, 2)
    said = " ".join(summary["warnings"])
    assert "1 edge from a node to itself left out" in said
    assert "1 edge between nodes that have one already left out" in said


def test_an_edge_each_way_is_two_only_in_a_directed_graph():
    pairs = pl.DataFrame({"from": ["a", "b"], "to": ["b", "a"]})
    undirected = graph_from_edges("g", pairs, "from", "to")
    directed = graph_from_edges("g", pairs, "from", "to", directed=True)
    assert (undirected.edges.shape[1], directed.edges.shape[1]) == (1, 2)
    assert not undirected.notes
    assert not directed.notes


def test_isolated_nodes_are_scored_like_others(run):
    pl.concat([people(), people().tail(2).with_columns(name=pl.lit(99) + pl.int_range(2))]).drop(
        "odd"
    ).write_parquet("people.parquet")
    run("detect", "edges.csv", *NAMED, "-o", "out.csv")
    scored = pl.read_csv("out.csv")
    assert scored.height == 62
    assert scored["anomaly_score"].is_finite().all()


def test_a_graph_of_isolated_nodes_is_ranked(python):
    graph = make_graph("g", people(), np.empty((2, 0), dtype=np.int64), attributes=["height"])
    assert np.isfinite(python.detect(graph).scores).all()


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("edges.csv", "--source", "from"), "give --source and --target together"),
        (("edges.csv", "--source", "from", "--target", "nowhere"), "nowhere"),
        (
            ("edges.csv", "--source", "from", "--target", "from"),
            "'from' is given as --source and as --target: choose one",
        ),
        (
            ("edges.csv", *FROM_TO, "--label", "to"),
            "not a column of nodes; the columns of nodes are 'node': give a table of nodes with",
        ),
        (
            ("edges.csv", *NAMED, "--label", "odds"),
            "of nodes (did you mean 'odd'?); the columns of nodes are 'name', 'height', 'odd'\n",
        ),
        (("gaps.csv", *FROM_TO), "row 2 has no node in the column 'to'"),
        (("empty.csv", *FROM_TO), "no rows"),
        (("far.csv", *NAMED), "does not name: '99'"),
        (("edges.csv", *FROM_TO, "--nodes", "people.parquet"), "--id"),
        (("edges.csv", *FROM_TO, "--nodes", "twice.csv", "--id", "name"), "more than one node"),
        (("edges.csv", *FROM_TO, "--nodes", "nameless.csv", "--id", "name"), "no name"),
        (("people.parquet", "--directed"), "for tables of edges"),
        (("people.parquet", "--nodes", "people.parquet"), "for tables of edges"),
        (("people.parquet", "--edges", "e.csv"), "--edges is for graphs"),
        (("edges.csv", *FROM_TO, "--edges", "e.csv"), "mine.away scores nodes only"),
        (("edges.csv", *FROM_TO, "-d", "mine.wrong", "--edges", "e.csv"), "mine.wrong failed"),
        (("edges.csv", *FROM_TO, "--window", "5"), "--window is for series"),
        (("people.parquet", "-d", "mine.degree"), "takes graph data"),
        (("two.csv", *FROM_TO, "--reference", "edges.csv", "--fdr", "0.1"), "clean"),
    ],
)
def test_what_makes_no_graph_is_one_clear_message(run, args, message):
    pl.DataFrame({"from": ["a", "b"], "to": ["b", None]}).write_csv("gaps.csv")
    pl.DataFrame(schema={"from": pl.Int64, "to": pl.Int64}).write_csv("empty.csv")
    pl.DataFrame({"from": [1, 2], "to": [2, 99]}).write_csv("far.csv")
    pl.DataFrame({"from": [1], "to": [2]}).write_csv("two.csv")
    pl.concat([people(), people().tail(1)]).write_csv("twice.csv")
    people().with_columns(name=pl.when(pl.col("name") > 3).then("name")).write_csv("nameless.csv")
    done = run("detect", *args, "-o", "out.csv", code=2)
    assert message in done.stderr
    assert not {"out.csv", "e.csv"} & {path.name for path in Path.cwd().iterdir()}


def test_too_few_nodes_to_calibrate_are_refused(python):
    pair = pl.DataFrame({"from": ["a"], "to": ["b"]})
    with pytest.raises(DataError, match=r"too few to fit mine\.degree"):
        python.fit(pair, "mine.degree", **ENDS)


def test_a_model_of_graphs_refuses_tables_and_other_attributes(python):
    graph = make_graph("mine", people(), edges().to_numpy().T, attributes=["height"])
    model = python.fit(graph, "mine.degree", exclude=["odd"])
    with pytest.raises(UsageError, match="takes graph data, and this is a table"):
        model.score(people())
    other = make_graph("other", people().rename({"height": "width"}), edges().to_numpy().T)
    with pytest.raises(ContractViolation, match="height"):
        model.score(other)


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (np.array([[0], [3]]), "edge 1 leads to node 3, but there are 3 nodes, counted from 0"),
        (np.array([[0, 1], [1, -1]]), "edge 2 leads to node -1"),
        (np.array([[0, 1, 2]]), r"shape \(1, 3\), not \(2, m\)"),
        (np.array([0, 1]), r"not \(2, m\)"),
    ],
)
def test_edges_that_lead_nowhere_make_no_graph(ends, message):
    with pytest.raises(DataError, match=message):
        make_graph("g", people(3), ends)


def test_a_graph_without_nodes_is_none():
    with pytest.raises(DataError, match="no nodes"):
        make_graph("g", people(0), np.empty((2, 0), dtype=np.int64))


def test_edges_of_a_detector_that_fails_are_its_failure(python):
    from pynomaly.application.guard import score_edges_guarded

    spec = next(each for each in python.detectors() if each.id == "mine.degree")
    detector = python.create_detector("mine.degree")
    ends = edges().to_numpy().T.copy()
    detector.fit(GraphArrays(np.zeros((60, 1)), ends))
    score = partial(score_edges_guarded, spec, detector)
    with pytest.raises(PluginFailed, match="other width"):
        score(GraphArrays(np.zeros((60, 2)), ends))


@pytest.mark.parametrize("dtype", [pl.Float64, pl.Float32, pl.Decimal(9, 2), pl.String])
def test_whole_numbers_name_the_same_node_whatever_type_they_are_stored_as(python, dtype):
    ends = edges().with_columns(pl.col("from").cast(dtype))
    expected = python.detect(edges(), "mine.degree", **ENDS)
    assert python.detect(ends, "mine.degree", **ENDS).scores.tolist() == expected.scores.tolist()
    given = {**ENDS, "nodes": people(), "id": "name", "label": "odd"}
    assert len(python.detect(ends, "mine.degree", **given)) == 60
    floats = people().with_columns(pl.col("name").cast(pl.Float64))
    assert len(python.detect(ends, "mine.degree", **{**given, "nodes": floats})) == 60


def test_numbers_that_are_not_whole_and_not_small_name_nodes_of_their_own():
    pairs = pl.DataFrame({"from": [0.5, -0.0, 1e300], "to": [1.0, 0.5, 2.0**53]})
    graph = graph_from_edges("g", pairs, "from", "to")
    assert graph.nodes["node"].to_list() == ["0.5", "0", "1e+300", "1", "9007199254740992"]


def test_an_end_that_is_no_number_is_a_missing_one(python):
    ends = edges().with_columns(pl.col("from").cast(pl.Float64))
    ends[5, "from"] = float("nan")
    with pytest.raises(DataError, match="row 6 has no node in the column 'from'"):
        python.detect(ends, **ENDS)
    nameless = people().with_columns(name=pl.Series([float("nan"), *range(1, 60)]))
    with pytest.raises(DataError, match="a node has no name in the column 'name'"):
        python.detect(edges(), **ENDS, nodes=nameless, id="name")


@pytest.mark.parametrize("directed", [True, False])
def test_a_graph_whose_edges_point_otherwise_than_the_model_s_is_refused(python, directed):
    ends = edges().to_numpy().T
    same, other = (
        make_graph("g", people().select("height"), ends, directed=way)
        for way in (directed, not directed)
    )
    model = python.fit(same, "mine.degree")
    assert len(model.score(same)) == 60
    known, way = ("directed", "true") if directed else ("undirected", "false")
    message = rf"g: the model was fitted on edges that are {known}, .*`-r directed={way}`"
    with pytest.raises(DataError, match=message):
        model.score(other)
    with pytest.raises(DataError, match=message):
        python.detect(other, "mine.degree", reference=same)


def test_a_model_of_edges_says_what_it_wants_in_place_of_what_it_got(run, python):
    run("fit", "edges.csv", *NAMED, "--exclude", "odd", "-o", "nodes.pynomaly")
    run("fit", "edges.csv", *FROM_TO, "-o", "bare.pynomaly")
    run("fit", "people.parquet", "--id", "name", "-o", "table.pynomaly")
    wanted = {
        ("nodes.pynomaly", "edges.csv"): "column 'height': missing, and so is the table of nodes:"
        " give it with --nodes",
        ("bare.pynomaly", "edges.csv", "--label", "odd"): "not a column of nodes; the columns of"
        " nodes are 'node': give a table of nodes with --nodes",
        ("table.pynomaly", "people.parquet", "--nodes", "people.parquet"): "--nodes is for models"
        " of tables of edges, and this one is none: leave it out",
    }
    for args, message in wanted.items():
        assert message in run("score", *args, code=2).stderr
    graph = make_graph("g", people(), edges().to_numpy().T)
    of_edges = "g: it is a graph, and the model was fitted on a table of edges: give one, with"
    with pytest.raises(UsageError, match=f"{of_edges} the columns 'from' and 'to'"):
        python.load_model("bare.pynomaly").score(graph)
