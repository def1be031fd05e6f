"""The core's own loaders and publishers keep what the kit asks of every plugin's."""

from __future__ import annotations

from pynomaly.testing import conformance_tests

test_conformance = conformance_tests("pynomaly.infrastructure.builtin", name="core")
