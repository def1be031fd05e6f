"""All loaders keep what the kit asks of every plugin's."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sql_cluster import running

from pynomaly.testing import conformance_tests


def sqlite_file() -> str:
    """The URI of a database with one table, in the folder of the test that runs."""
    with closing(sqlite3.connect("sample.db")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS sample (a INTEGER, b REAL, c TEXT)")
        rows = [(i, i / 3, f"w{i % 7}") for i in range(3000)]
        connection.executemany("INSERT INTO sample VALUES (?, ?, ?)", rows)
        connection.commit()
    return "sqlite:///sample.db"


def server() -> str:
    """The URI of a query on a running server."""
    query = "SELECT x AS a, x / 3.0 AS b, 'w' || x %25 7 AS c FROM generate_series(1, 3000) x"
    return f"{running().uri()}?query={query.replace(' ', '+')}"


def other() -> str:
    """The same file as SQLAlchemy's."""
    return sqlite_file().replace("sqlite:", "sqlite+pysqlite:")


test_conformance = conformance_tests(
    "pynomaly_sql",
    samples={"sql.sqlite": sqlite_file, "sql.postgresql": server, "sql.sqlalchemy": other},
)
