"""Both loaders keep what the kit asks of every plugin's."""

from __future__ import annotations

import duckdb

from pynomaly.testing import conformance_tests

QUERY = "SELECT range AS a, range / 3 AS b, 'w' || range % 7 AS c FROM range(3000)"


def database() -> str:
    """The path of a database with one table, in the folder of the test that runs."""
    with duckdb.connect("sample.duckdb") as connection:
        connection.execute(f"CREATE OR REPLACE TABLE sample AS {QUERY}")
    return "sample.duckdb"


test_conformance = conformance_tests(
    "pynomaly_duckdb", samples={"duckdb.query": f"duckdb:{QUERY}", "duckdb.file": database}
)
