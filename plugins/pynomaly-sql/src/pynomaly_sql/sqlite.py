"""Reads SQLite: a file, whose columns may hold values of any type."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

import adbc_driver_sqlite.dbapi
import attrs
import polars as pl

from pynomaly.domain.datasets import MixedColumn, Table, Types
from pynomaly.domain.errors import DataError, UsageError
from pynomaly.ports.loading import chosen, existing_file
from pynomaly_sql.arrow import asking, check_text, frames_of
from pynomaly_sql.sources import Source, SqlOptions, quoted, source_of

INFERRED_ROWS = 10_000
"""Types are found from so many rows; what they do not show is a `MixedColumn`."""

_SCHEME = "sqlite:"
_COLUMNS_AT_ONCE = 400
"""SQLite takes at most 2,000 aggregates in a query, and there are five for a column."""
_BATCH = {"adbc.sqlite.query.batch_rows": "65536"}
_INTEGER, _REAL, _TEXT, _BLOB, _BEYOND_TRUTH = 1, 2, 4, 8, 16
"""What a column holds, as bits; the last one: integers other than 0 and 1."""
_MISFIT = ("Type mismatch", "integer overflow")
"""What the driver, and our own expression for bytes, say of a value that does not fit."""
_SAMPLES: Mapping[pl.DataType, str] = {
    pl.Int64(): "0",
    pl.Float64(): "0.0",
    pl.String(): "''",
    pl.Binary(): "x''",
}
"""A value of each type, which tells the driver how to read a column."""


@attrs.frozen
class Query:
    """A query on a file.

    Attributes:
        path: The file.
        sql: What can stand in parentheses.
        name: What messages call it.
        types: Column names to what they are read as, in order.
    """

    path: Path
    sql: str
    name: str
    types: Mapping[str, pl.DataType] = attrs.field(factory=dict)

    def table(self) -> Table:
        """What the rest of the program sees of it."""
        schema = pl.Schema(self.types)
        return Table(self.name, schema, self.frames, retype=self.retyped, files=(self.path,))

    def retyped(self, types: Types) -> Table:
        """The same table with columns read as other types."""
        known = {name: dtype for name, dtype in types.items() if dtype in (*_SAMPLES, pl.Boolean())}
        return attrs.evolve(self, types={**self.types, **known}).table()

    def frames(self, size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows, in order."""
        del size
        names = list(columns) or list(self.types)[:1]
        stored = {name: _stored(self.types[name]) for name in names}
        skip = 1  # the row of samples
        with _mixed_as_such(self, stored), closing(self._connect()) as connection:
            for batch in frames_of(connection, self._select(stored), _BATCH):
                if batch.schema != stored:
                    raise _MixedError
                yield self._finished(batch.slice(skip))
                skip = 0

    def _connect(self) -> adbc_driver_sqlite.dbapi.Connection:
        return adbc_driver_sqlite.dbapi.connect(_read_only(self.path), autocommit=True)

    def _select(self, stored: Mapping[str, pl.DataType]) -> str:
        samples = ", ".join(f"{_SAMPLES[t]} AS {quoted(n)}" for n, t in stored.items())
        values = ", ".join(_expression(_column(n), t) for n, t in stored.items())
        return f"SELECT {samples} UNION ALL SELECT {values} FROM (\n{self.sql}\n) AS q"

    def _finished(self, frame: pl.DataFrame) -> pl.DataFrame:
        truths = [n for n in frame.columns if self.types[n] == pl.Boolean()]
        for name in truths:
            if not frame[name].is_in([0, 1]).all():
                raise _MixedError
        return check_text(frame.with_columns(pl.col(truths).cast(pl.Boolean)), self.name)


def load(uri: str, options: SqlOptions) -> Table:
    """Open a SQLite file: ``sqlite:///relative.db``, ``sqlite:////absolute.db``, or a path.

    A table is read in the order of its row ids or, if it has none, of its primary key.

    Raises:
        DataError: If it is no such file, or holds several tables and none is named.
        UsageError: If the URI holds what is no option.
    """
    source = source_of(uri, options)
    if uri.lower().startswith(_SCHEME) and "?" in source.uri:
        name = source.uri.partition("?")[2].partition("=")[0]
        raise UsageError(
            f"{source.name}: takes table and query after the question mark, not {name!r}"
        )
    path = existing_file(_path(source.uri))
    with _asking(source.name), closing(_open(path)) as connection:
        sql = source.query or _table_query(connection, source)
        query = Query(path, sql, source.name)
        declared = _declared(connection, query)
        held = _held(connection, query, list(declared), INFERRED_ROWS)
    types = {name: _type(held[name], declared[name]) for name in declared}
    return attrs.evolve(query, types=types).table()


class _MixedError(Exception):
    """A column holds what it did not announce; which one, a look at all rows tells."""


@contextmanager
def _mixed_as_such(query: Query, stored: Mapping[str, pl.DataType]) -> Iterator[None]:
    """Turn what goes wrong while rows are read into a `MixedColumn`, or another `DataError`."""
    try:
        with asking(query.name):
            yield
    except (_MixedError, DataError) as error:
        if isinstance(error, DataError) and not any(sign in str(error) for sign in _MISFIT):
            raise
        with _asking(query.name), closing(_open(query.path)) as connection:
            held = _held(connection, query, list(stored))
        other = {
            name: found
            for name in stored
            if (found := _type(held[name], _truth_of(query.types[name]))) != query.types[name]
        }
        if not other:
            if isinstance(error, DataError):
                raise
            raise DataError("changed while it was read", source=query.name) from error
        raise MixedColumn(other, source=query.name) from error


def _path(uri: str) -> str:
    """``sqlite:///a.db`` is relative, ``sqlite:////a.db`` is not, as SQLAlchemy has it."""
    if not uri.lower().startswith(_SCHEME):
        return uri
    rest = uri[len(_SCHEME) :]
    for slashes in ("///", "//"):
        if rest.startswith(slashes):
            return unquote(rest.removeprefix(slashes))
    return unquote(rest)


def _read_only(path: Path) -> str:
    return f"file:{quote(str(path))}?mode=ro"


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(_read_only(path), uri=True)


@contextmanager
def _asking(source: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise DataError(str(error), source=source) from error


def _table_query(connection: sqlite3.Connection, source: Source) -> str:
    found = connection.execute(
        "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main'"
        " AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " ORDER BY name"
    )
    tables = {name: (kind, bool(without_rowid)) for name, kind, without_rowid in found}
    name = chosen(list(tables), source.options.table, source.name, "table")
    kind, without_rowid = tables[name]
    order = "rowid" if kind == "table" else ""
    if without_rowid:
        key = connection.execute(
            "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", [name]
        )
        order = ", ".join(quoted(column) for (column,) in key)
    return f"SELECT * FROM {quoted(name)}" + (f" ORDER BY {order}" if order else "")


def _declared(connection: sqlite3.Connection, query: Query) -> dict[str, str]:
    """The query's columns, and the types that the columns behind them were declared with."""
    connection.execute(f"CREATE TEMP VIEW pynomaly_query AS SELECT * FROM (\n{query.sql}\n)")
    columns = connection.execute("SELECT name, type FROM pragma_table_info('pynomaly_query')")
    return {name: str(declared) for name, declared in columns}


def _held(
    connection: sqlite3.Connection, query: Query, names: Sequence[str], rows: int = -1
) -> dict[str, int]:
    """What the columns hold in their first rows, or in all of them."""
    held: dict[str, int] = {}
    for start in range(0, len(names), _COLUMNS_AT_ONCE):
        some = names[start : start + _COLUMNS_AT_ONCE]
        columns = ", ".join(_bits(_column(name)) for name in some)
        sql = f"SELECT {columns} FROM (SELECT * FROM (\n{query.sql}\n) LIMIT {rows}) AS q"
        found = connection.execute(sql).fetchone()
        held |= {name: bits or 0 for name, bits in zip(some, found, strict=True)}
    return held


def _bits(column: str) -> str:
    kinds = {"integer": _INTEGER, "real": _REAL, "text": _TEXT, "blob": _BLOB}
    bits = [f"max(typeof({column}) = '{kind}') * {bit}" for kind, bit in kinds.items()]
    beyond = f"max(typeof({column}) = 'integer' AND {column} NOT IN (0, 1)) * {_BEYOND_TRUTH}"
    return " + ".join([*bits, beyond])


def _type(held: int, declared: str) -> pl.DataType:
    """What a column is read as: text where there are no values, or several kinds of them."""
    kinds = held & ~_BEYOND_TRUTH
    if kinds == _INTEGER:
        truth = declared.upper().startswith("BOOL") and not held & _BEYOND_TRUTH
        return pl.Boolean() if truth else pl.Int64()
    if kinds in {_REAL, _REAL | _INTEGER}:
        return pl.Float64()
    return pl.Binary() if kinds == _BLOB else pl.String()


def _truth_of(dtype: pl.DataType) -> str:
    return "BOOLEAN" if dtype == pl.Boolean() else ""


def _stored(dtype: pl.DataType) -> pl.DataType:
    return pl.Int64() if dtype == pl.Boolean() else dtype


def _column(name: str) -> str:
    """With the table's name before it: alone, a name that is unknown would be taken for text."""
    return f"q.{quoted(name)}"


def _expression(column: str, dtype: pl.DataType) -> str:
    if dtype == pl.Binary():  # the driver would take all for bytes: make anything else an error
        odd = f"abs(-9223372036854775807 - (typeof({column}) <> ''))"
        kind = f"CASE typeof({column}) WHEN 'blob' THEN {column} WHEN 'null' THEN NULL"
        return f"{kind} ELSE {odd} END"
    if dtype != pl.String():
        return column
    # The driver would write a number among text with six digits.
    return f"CASE typeof({column}) WHEN 'blob' THEN hex({column}) ELSE CAST({column} AS TEXT) END"
