"""The core's own loaders and publishers keep what the kit asks of every plugin's."""

from __future__ import annotations

from pathlib import Path

from pynomaly.testing import conformance_tests

DOCUMENTS = str(Path(__file__).parents[2] / "docs" / "adr")
test_conformance = conformance_tests(
    "pynomaly.infrastructure.builtin", name="core", samples={"core.texts": DOCUMENTS}
)
