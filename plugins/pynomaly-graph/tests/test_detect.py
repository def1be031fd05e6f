"""A graph in a file to alarms, through the command line and Python."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from graph_files import edge, graphml, node, ring_and_clique

import pynomaly

pytest.importorskip("pynomaly_fast")


@pytest.fixture
def graph(tmp_path):
    X, edges = ring_and_clique(150, 8)
    truth = np.r_[np.zeros(150, dtype=int), np.ones(8, dtype=int)]
    path = tmp_path / "g.npz"
    np.savez(path, x=X, edge_index=edges, y=truth)
    return path


def pynomaly_cli(*args):
    command = [sys.executable, "-m", "pynomaly", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_graph_needs_no_option_at_all(graph):
    done = pynomaly_cli("detect", graph)
    assert done.returncode == 0, done.stderr
    assert "a graph of 158 nodes and" in done.stdout
    assert "fast.iforest" in done.stdout


def test_a_planted_clique_is_found_and_explained_by_what_makes_it_one(graph):
    done = pynomaly_cli("detect", graph, "--label", "y", "--top", "8", "--explain", "2", "--json")
    summary = json.loads(done.stdout)
    assert summary["kind"] == "graph"
    assert summary["metrics"]["roc_auc"] > 0.95
    alarms = pynomaly.detect(graph, label="y", top=8).explain(n=1)
    why = {each["explanation"][0]["column"] for each in alarms if each["row"] >= 150}
    assert why <= {"core", "shared_neighbours", "egonet_surprise", "clustering", "log_degree"}
    assert len(alarms) == 8


def test_graphml_is_found_by_its_suffix(tmp_path):
    ring = "".join(node(i, d0=i % 3) for i in range(40))
    ring += "".join(edge(i, (i + 1) % 40) for i in range(40))
    path = tmp_path / "ring.graphml"
    path.write_text(graphml(ring))
    done = pynomaly_cli("detect", path, "--id", "node")
    assert done.returncode == 0, done.stderr
    assert "40 nodes and 40 edges" in done.stdout


def test_a_model_of_a_graph_scores_another_in_another_process(graph, tmp_path):
    model = pynomaly.fit(graph, exclude=["y"])
    model.save(tmp_path / "m.pynomaly")
    X, edges = ring_and_clique(100, 8, seed=3)
    other = tmp_path / "other.npz"
    np.savez(other, x=X, edge_index=edges, y=np.zeros(108))
    done = pynomaly_cli("score", tmp_path / "m.pynomaly", other, "-o", tmp_path / "out.csv")
    assert done.returncode == 0, done.stderr
    here = model.score(other).frame["anomaly_score"].to_list()
    rows = (tmp_path / "out.csv").read_text().splitlines()
    place = rows[0].split(",").index("anomaly_score")
    assert [float(row.split(",")[place]) for row in rows[1:]] == here


def test_hostile_xml_is_one_message_and_no_traceback(tmp_path):
    path = tmp_path / "bad.graphml"
    path.write_text('<!DOCTYPE g [<!ENTITY a "aaaa">]><graphml>&a;</graphml>')
    done = pynomaly_cli("detect", path)
    assert done.returncode == 2
    assert "document type" in done.stderr
    assert "Traceback" not in done.stderr
