"""Any SQL over files, and the tables of DuckDB databases, as a source of Pynomaly."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import LoaderSpec

__all__ = ["pynomaly_loaders"]


@hookimpl
def pynomaly_loaders() -> Iterable[LoaderSpec]:
    """The loaders `duckdb.query` and `duckdb.file`."""
    yield LoaderSpec(
        id="duckdb.query",
        title="DuckDB query",
        summary="The rows of any SQL query over files and databases: duckdb:SELECT ...",
        factory="pynomaly_duckdb.loading:load_query",
        params="pynomaly_duckdb.loading:QueryOptions",
        schemes=("duckdb",),
        docs="https://duckdb.org/docs/stable/sql/introduction",
    )
    yield LoaderSpec(
        id="duckdb.file",
        title="DuckDB database",
        summary="A table of a DuckDB database file, or a query over its tables.",
        factory="pynomaly_duckdb.loading:load_file",
        params="pynomaly_duckdb.loading:FileOptions",
        suffixes=(".duckdb", ".ddb"),
    )
