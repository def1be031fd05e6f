"""Each kind of data at first sight: no option but a column's name, and what the terminal says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SUMMARY = ["data", "alarms", "decision", "calibration", "detector", "took"]


@pytest.fixture
def detect(tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYNOMALY_")}
    environment |= {"COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}

    def detect(*options: str | Path) -> tuple[list[list[str]], dict[str, str]]:
        """Rows of the table, split where columns are apart, and the summary by field."""
        done = subprocess.run(
            [Path(sys.executable).with_name("pynomaly"), "detect", *options],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        table, summary = done.stdout.split("\n\n")
        assert max(map(len, table.splitlines())) <= 100
        fields = dict(line.split(":", 1) for line in summary.splitlines())
        assert [name for name in fields if name in SUMMARY] == SUMMARY
        lines = [line for line in table.splitlines()[1:] if not line.startswith("(")]
        rows = [re.split(r" {2,}", line.strip()) for line in lines]
        return rows, {name: value.strip() for name, value in fields.items()}

    return detect


@pytest.fixture
def network(tmp_path):
    """The flights as a graph of airports, as PyTorch Geometric would hold it, and their names."""
    flights = pl.read_csv(EXAMPLES / "flights.csv")
    names = pl.concat([flights["origin"], flights["dest"]]).unique(maintain_order=True)
    places = dict(zip(names, range(len(names)), strict=True))
    edges = flights.select("origin", "dest").unique(maintain_order=True)
    edge_index = np.array([[places[name] for name in edges[end]] for end in ("origin", "dest")])
    departures = names.to_frame("origin").join(
        flights.group_by("origin").len(), on="origin", how="left", maintain_order="left"
    )
    path = tmp_path / "network.npz"
    x = departures["len"].fill_null(0).to_numpy().reshape(-1, 1)
    np.savez(path, edge_index=edge_index, x=x.astype(float))
    return path, names.to_list()


def test_a_csv_with_times_shows_when_it_was_odd(detect):
    (header, *events), summary = detect(EXAMPLES / "traffic.csv", "--time", "timestamp")
    assert header == ["start", "end", "peak", "anomaly_score", "p_value", "rows"]
    assert events[0][0].startswith("2015-09-16 14:")
    assert summary["data"] == "1 series, 1,127 time steps"
    assert re.fullmatch(r"\d+ of 1,127 rows \(0\.\d\d%\) in \d events?", summary["alarms"])
    assert summary["detector"].endswith(" on windows of 100 steps")


def test_a_graph_file_shows_its_odd_nodes_by_name(detect, network):
    path, names = network
    (header, *nodes), summary = detect(path)
    assert header[:5] == ["row", "node", "anomaly_score", "p_value", "is_anomaly"]
    assert {names[int(row[1])] for row in nodes[:3]} == {"EWR", "JFK", "LGA"}
    assert re.fullmatch(r"a graph of 95 nodes and \d+ edges", summary["data"])
    assert " of 95 nodes " in summary["alarms"]
    assert summary["detector"].endswith(" on graph.neighbourhood of each node")
    assert summary["calibration"] == "none: p_value is a node's rank among these 95 nodes"


def test_a_file_of_messages_shows_the_odd_ones_as_far_as_there_is_place(detect):
    (header, *rows), summary = detect(EXAMPLES / "messages.tsv", "--text", "message")
    assert header == ["row", "anomaly_score", "p_value", "is_anomaly", "message"]
    assert all(len(row[4]) > 40 for row in rows)
    assert [row[3] for row in rows[:6]] == ["yes"] * 6
    assert summary["data"] == "600 texts"
    assert summary["alarms"] == "6 of 600 texts (1.00%)"
    assert summary["detector"].endswith(" on counts of characters")


def test_a_table_shows_its_odd_rows_beside_what_names_them(detect):
    (header, *rows), summary = detect(EXAMPLES / "flights.csv", "--id", "flight")
    assert header[:5] == ["row", "flight", "anomaly_score", "p_value", "is_anomaly"]
    assert len(rows) == 10
    assert summary["data"] == "a table of 4,276 rows"
    assert summary["alarms"].startswith("42 of 4,276 rows")
