"""SQLite, PostgreSQL and whatever SQLAlchemy reaches, as a source of Pynomaly."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import LoaderSpec

__all__ = ["pynomaly_loaders"]

_OPTIONS = "pynomaly_sql.sources:SqlOptions"


@hookimpl
def pynomaly_loaders() -> Iterable[LoaderSpec]:
    """The loaders `sql.sqlite`, `sql.postgresql` and `sql.sqlalchemy`."""
    yield LoaderSpec(
        id="sql.sqlite",
        title="SQLite",
        summary="A table of a SQLite file, or the rows of a query.",
        factory="pynomaly_sql.sqlite:load",
        params=_OPTIONS,
        schemes=("sqlite",),
        suffixes=(".sqlite", ".sqlite3", ".db", ".db3"),
    )
    yield LoaderSpec(
        id="sql.postgresql",
        title="PostgreSQL",
        summary="A table of a PostgreSQL database, or the rows of a query.",
        factory="pynomaly_sql.postgresql:load",
        params=_OPTIONS,
        schemes=("postgresql", "postgres"),
        docs="https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING",
    )
    yield LoaderSpec(
        id="sql.sqlalchemy",
        title="SQLAlchemy",
        summary="A table or a query of any database that SQLAlchemy has a dialect for.",
        factory="pynomaly_sql.alchemy:load",
        params=_OPTIONS,
        schemes=(
            *("sqlalchemy", "mysql", "mariadb", "mssql", "oracle", "snowflake", "trino"),
            *("clickhousedb", "redshift", "cockroachdb", "databricks", "bigquery", "db2"),
            *("postgresql+psycopg", "postgresql+psycopg2", "postgresql+pg8000"),
            "sqlite+pysqlite",
        ),
        requires=("sqlalchemy",),
        install="pip install 'pynomaly-sql[sqlalchemy]'",
        docs="https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls",
    )
