"""Reads PostgreSQL: rows come as a binary COPY, which the driver turns into Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

import adbc_driver_postgresql.dbapi
import attrs
import polars as pl
from adbc_driver_manager.dbapi import Connection

from pynomaly.domain.datasets import Table
from pynomaly.ports.loading import check_names, chosen
from pynomaly_sql.arrow import asking, check_text, column_names, empty_frame, frames_of
from pynomaly_sql.sources import Source, SqlOptions, quoted, source_of

_PARAMETERS = {
    "application_name": "pynomaly",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    # A server that is gone without a word is found out in two minutes, not in two hours.
    "keepalives_idle": "60",
    "keepalives_interval": "15",
    "keepalives_count": "4",
}
"""Of the connection, where the URI does not say them."""

_SESSION = (
    "SET default_transaction_read_only = on",
    "SET timezone = 'UTC'",
)
_IN_ORDER = ("SET synchronize_seqscans = off", "SET max_parallel_workers_per_gather = 0")
"""A table without a key then comes as it lies on disk."""
_TABLES = """
    SELECT n.nspname::text AS schema, c.relname::text AS name, c.oid::bigint AS oid
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
        AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
        AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
    ORDER BY n.nspname <> 'public', 1, 2
"""
_KEY = """
    SELECT a.attname::text AS name
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
    WHERE i.indisprimary AND i.indrelid = {oid}
    ORDER BY array_position(i.indkey::int2[], a.attnum)
"""
_TYPE = """
    (SELECT coalesce(nullif(typbasetype, 0), oid)::regtype::text FROM pg_type
        WHERE oid = pg_typeof(q.{column})) AS {alias}
"""
_AS_THEY_ARE = frozenset(
    [
        *("smallint", "integer", "bigint", "real", "double precision", "boolean", "bytea"),
        *("text", "character varying", "name", "time without time zone"),
    ]
)
_TIMES = frozenset(["date", "timestamp without time zone", "timestamp with time zone"])
_PUBLIC = "public"
"""The schema that goes without saying."""


@attrs.frozen
class Query:
    """A query on a database.

    Attributes:
        uri: Of the database.
        sql: What can stand in parentheses.
        name: What messages call it.
        columns: Column names to the expressions that select them.
        settings: Of the session, besides those of every one.
    """

    uri: str
    sql: str
    name: str
    columns: Mapping[str, str]
    settings: tuple[str, ...] = ()

    def frames(self, size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows, in order."""
        del size
        names = list(columns) or list(self.columns)[:1]
        with asking(self.name), _connected(self.uri, self.settings) as connection:
            for frame in frames_of(connection, self.select(names)):
                yield check_text(frame, self.name)

    def select(self, names: Sequence[str], rows: str = "") -> str:
        """The query for some of its columns."""
        chosen_columns = ", ".join(f"{self.columns[name]} AS {quoted(name)}" for name in names)
        return f"SELECT {chosen_columns} FROM (\n{self.sql}\n) AS q {rows}"


def load(uri: str, options: SqlOptions) -> Table:
    """Open ``postgresql://user@host/database``; libpq's parameters and files hold here, too.

    A table is read in the order of its primary key; without one, as it lies on disk.

    Raises:
        DataError: If it cannot be reached, or holds several tables and none is named.
    """
    source = source_of(uri, options)
    address = _with_parameters(source.uri)
    with asking(source.name), _connected(address) as connection:
        sql = source.query or _table_query(connection, source)
        names = column_names(connection, f"SELECT * FROM (\n{sql}\n) AS q LIMIT 0")
        check_names(names, source.name, "name them apart with AS")
        columns = _columns(connection, sql, names)
        settings = _IN_ORDER if source.query is None else ()
        query = Query(address, sql, source.name, columns, settings)
        schema = empty_frame(connection, query.select(names, "LIMIT 0")).schema
    return Table(source.name, schema, query.frames)


@contextmanager
def _connected(uri: str, settings: Sequence[str] = ()) -> Iterator[Connection]:
    with closing(adbc_driver_postgresql.dbapi.connect(uri, autocommit=True)) as connection:
        for setting in (*_SESSION, *settings):
            with closing(connection.cursor()) as cursor:
                cursor.execute(setting)
        yield connection


def _with_parameters(uri: str) -> str:
    base, _, parameters = uri.partition("?")
    given = [parameter for parameter in parameters.split("&") if parameter]
    known = {parameter.partition("=")[0] for parameter in given}
    more = [f"{name}={value}" for name, value in _PARAMETERS.items() if name not in known]
    return f"{base}?{'&'.join([*given, *more])}"


def _rows(connection: Connection, sql: str) -> list[tuple[str, ...]]:
    return [row for frame in frames_of(connection, sql) for row in frame.iter_rows()]


def _table_query(connection: Connection, source: Source) -> str:
    tables = {
        name if schema == _PUBLIC else f"{schema}.{name}": (schema, name, oid)
        for schema, name, oid in _rows(connection, _TABLES)
    }
    wanted = source.options.table and source.options.table.removeprefix(f"{_PUBLIC}.")
    schema, name, oid = tables[chosen(list(tables), wanted, source.name, "table")]
    key = ", ".join(quoted(column) for (column,) in _rows(connection, _KEY.format(oid=oid)))
    order = f" ORDER BY {key}" if key else ""
    return f"SELECT * FROM {quoted(schema)}.{quoted(name)}{order}"


def _columns(connection: Connection, sql: str, names: Sequence[str]) -> dict[str, str]:
    """The expression for each column, by its type; the query itself is not run."""
    types = ", ".join(
        _TYPE.format(column=quoted(name), alias=f"c{i}") for i, name in enumerate(names)
    )
    found = _rows(
        connection,
        f"SELECT {types} FROM (SELECT 1) AS one LEFT JOIN (\n{sql}\n) AS q ON false",
    )
    return {
        name: _expression(f"q.{quoted(name)}", kind)
        for name, kind in zip(names, found[0], strict=True)
    }


def _expression(column: str, kind: str) -> str:  # noqa: PLR0911, a decision list
    """Exact numbers as float64, an interval as seconds; what is not known as text."""
    if kind.removesuffix("[]") in _AS_THEY_ARE:
        return column
    if kind in _TIMES:
        return f"CASE WHEN isfinite({column}) THEN {column} END"
    if kind == "numeric":
        return f"{column}::float8"
    if kind == "oid":
        return f"{column}::bigint"
    if kind == "money":
        return f"{column}::numeric::float8"
    if kind == "interval":
        return f"extract(epoch FROM {column})::float8"
    return f"{column}::text"
