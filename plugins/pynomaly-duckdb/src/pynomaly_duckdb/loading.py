"""Opens a query, or a table of a database, and reads it in batches through Arrow."""

from __future__ import annotations

import re
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import attrs
import duckdb
import nanoarrow
import polars as pl

from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError
from pynomaly.ports.loading import check_names, chosen, existing_file, one_line
from pynomaly.ports.params import param
from pynomaly_duckdb.columns import quoted, select_list

_ERRORS = (duckdb.Error, RuntimeError)
"""The latter is what nanoarrow raises where a stream fails."""
_STREAM = re.compile(r"^ArrowArrayStream::\w+\(\) failed \(\d+\): ")
_LONGEST_NAME = 200
"""Letters of a query that messages show."""
_LONGEST_REASON = 400
_MAIN = "main"
"""The schema that goes without saying."""

_TABLES = """
    SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary
        AND database_name = current_database()
    UNION ALL
    SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal AND NOT temporary
        AND database_name = current_database()
    ORDER BY ALL
"""


@attrs.frozen
class QueryOptions:
    """Options of a query."""

    database: str | None = param(
        None, help="A DuckDB database file whose tables the query may name; it is only read."
    )


@attrs.frozen
class FileOptions:
    """Options of a database file."""

    table: str | None = param(
        None, help="The table or view to read, also as schema.table; needed if there are several."
    )
    query: str | None = param(None, help="The SQL query whose rows to read, instead of a table.")

    def __attrs_post_init__(self) -> None:
        """Refuse two answers to one question."""
        if self.table is not None and self.query is not None:
            raise ValueError("table and query exclude each other: give one of them")


@attrs.frozen
class Query:
    """A query and where it is run.

    Attributes:
        sql: One statement, without semicolon.
        database: The file it is run on; None for none, as it names its files itself.
        name: What messages call it.
    """

    sql: str
    database: Path | None
    name: str


def load_query(uri: str, options: QueryOptions) -> Table:
    """Open ``duckdb:SELECT ...``.

    Raises:
        DataError: If it is no query, or DuckDB cannot run it.
    """
    name = one_line(uri, _LONGEST_NAME)
    database = None if options.database is None else existing_file(options.database)
    return _open(Query(uri.partition(":")[2], database, name))


def load_file(uri: str, options: FileOptions) -> Table:
    """Open a table of a database file, or a query over its tables.

    Raises:
        DataError: If it is no such file, or holds several tables and none is named.
    """
    database = existing_file(uri)
    if options.query is not None:
        name = one_line(f"{uri}: {options.query}", _LONGEST_NAME)
        return _open(Query(options.query, database, name))
    with _asking(uri), closing(_connect(database)) as connection:
        tables = {
            table if schema == _MAIN else f"{schema}.{table}": (schema, table)
            for schema, table in connection.execute(_TABLES).fetchall()
        }
    wanted = options.table and options.table.removeprefix(f"{_MAIN}.")
    schema, table = tables[chosen(list(tables), wanted, uri, "table")]
    sql = f"FROM {quoted(schema)}.{quoted(table)}"
    return _open(Query(sql, database, uri if wanted is None else f"{uri}: {wanted}"))


def _open(query: Query) -> Table:
    with _asking(query.name), closing(_connect(query.database)) as connection:
        checked = attrs.evolve(query, sql=_one_query(connection, query))
        found = connection.sql(checked.sql)
        check_names(found.columns, query.name, "name them apart with AS")
        columns = select_list(found.columns, found.types)
        schema = pl.DataFrame(_select(found, columns, found.columns).limit(0)).schema
    reads: set[duckdb.DuckDBPyConnection] = set()
    frames = partial(_frames, checked, columns, reads)
    files = () if query.database is None else (query.database,)
    return Table(query.name, schema, frames, files=files, cancel=partial(_interrupt, reads))


def _interrupt(reads: set[duckdb.DuckDBPyConnection]) -> None:
    for connection in tuple(reads):
        connection.interrupt()


def _frames(
    query: Query,
    columns: dict[str, str],
    reads: set[duckdb.DuckDBPyConnection],
    size: int,
    wanted: Sequence[str],
) -> Iterator[pl.DataFrame]:
    del size
    # A query without a column is none: the rows still count.
    names = list(wanted) or list(columns)[:1]
    with _asking(query.name), closing(_connect(query.database)) as connection:
        reads.add(connection)
        try:
            found = _select(connection.sql(query.sql), columns, names)
            for batch in nanoarrow.c_array_stream(found):
                yield pl.DataFrame(batch)
        finally:
            reads.discard(connection)


def _select(
    found: duckdb.DuckDBPyRelation, columns: dict[str, str], names: Sequence[str]
) -> duckdb.DuckDBPyRelation:
    return found.project(", ".join(columns[name] for name in names))


def _connect(database: Path | None) -> duckdb.DuckDBPyConnection:
    """A connection that changes no file, fetches no extension and sees no variable of ours."""
    spill = Path(tempfile.gettempdir(), f"pynomaly-duckdb-{uuid.uuid4().hex}")
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "temp_directory": str(spill),
    }
    where = ":memory:" if database is None else str(database)
    connection = duckdb.connect(where, read_only=database is not None, config=config)
    connection.execute("SET python_enable_replacements = false; SET TimeZone = 'UTC'")
    return connection


def _one_query(connection: duckdb.DuckDBPyConnection, query: Query) -> str:
    statements = connection.extract_statements(query.sql)
    if len(statements) != 1:
        count = "no statement" if not statements else f"{len(statements)} statements"
        raise DataError(f"holds {count}: give one query, such as SELECT", source=query.name)
    kind = statements[0].type.name
    if kind != "SELECT":
        raise DataError(
            f"is a statement of kind {kind}, not a query: give a SELECT or a FROM",
            source=query.name,
        )
    return statements[0].query.strip().removesuffix(";")


@contextmanager
def _asking(source: str) -> Iterator[None]:
    """Turn what DuckDB raises into a `DataError` of one line about `source`."""
    try:
        yield
    except _ERRORS as error:
        raise DataError(_reason(error), source=source) from error


def _reason(error: Exception) -> str:
    """DuckDB's message without the picture of the query that it draws below."""
    return one_line(_STREAM.sub("", str(error)).partition("\nLINE ")[0], _LONGEST_REASON)
