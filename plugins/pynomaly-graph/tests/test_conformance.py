"""The plugin passes the kit, which reads these samples."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from graph_files import edge, graphml, node, ring_and_clique

from pynomaly.testing import conformance_tests

FOLDER = tempfile.TemporaryDirectory()
NPZ = Path(FOLDER.name, "sample.npz")
GRAPHML = Path(FOLDER.name, "sample.graphml")
X, EDGES = ring_and_clique()
np.savez(NPZ, x=X, edge_index=EDGES)
GRAPHML.write_text(graphml(node("a", d0=1) + node("b", d0=2) + edge("a", "b")))

test_conformance = conformance_tests(
    "pynomaly_graph", samples={"graph.npz": str(NPZ), "graph.graphml": str(GRAPHML)}
)
