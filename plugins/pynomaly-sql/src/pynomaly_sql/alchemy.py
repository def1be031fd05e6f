"""Reads any database that SQLAlchemy reaches, by a cursor that stays on the server where it can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

import attrs
import polars as pl
import sqlalchemy
from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from pynomaly.domain.datasets import MixedColumn, Table, Types
from pynomaly.domain.errors import DataError, MissingRequirement
from pynomaly.ports.loading import check_names, chosen, existing_file, one_line
from pynomaly_sql.sources import LONGEST_REASON, Source, SqlOptions, refuse_changes, source_of
from pynomaly_sql.values import common_type, series_of

INFERRED_ROWS = 10_000
"""Types are found from so many rows; what they do not show is a `MixedColumn`."""

_SCHEME = "sqlalchemy:"
_AS_IT_STANDS = {"stream_results": True, "no_parameters": True}
"""Else some drivers take a percent sign for the place of a parameter."""
_PACKAGES = {
    "MySQLdb": "mysqlclient",
    "mysql": "mysql-connector-python",
    "psycopg": "psycopg[binary]",
    "psycopg2": "psycopg2-binary",
}
"""Packages of drivers that are called otherwise."""


@attrs.frozen
class Query:
    """A query on a database.

    Attributes:
        uri: Of the database.
        statement: The user's SQL, or a table and its order.
        name: What messages call it.
        types: Column names to what they are read as, in order.
    """

    uri: str
    statement: str | sqlalchemy.Select[tuple[object, ...]]
    name: str
    types: Mapping[str, pl.DataType] = attrs.field(factory=dict)

    def table(self) -> Table:
        """What the rest of the program sees of it."""
        return Table(self.name, pl.Schema(self.types), self.frames, retype=self.retyped)

    def retyped(self, types: Types) -> Table:
        """The same table with columns read as other types."""
        return attrs.evolve(self, types={**self.types, **types}).table()

    def frames(self, size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows, in order."""
        wanted = set(columns) or set(list(self.types)[:1])
        for rows in self.rows(max(size, 1)):
            values = dict(zip(self.types, zip(*rows, strict=True), strict=True))
            yield self._frame({n: v for n, v in values.items() if n in wanted})

    def rows(self, size: int) -> Iterator[Sequence[Sequence[object]]]:
        """The rows, in lists of `size`; nothing is ever committed."""
        with _asking(self.name), _engine(self.uri, self.name).connect() as connection:
            streamed = connection.execution_options(**_AS_IT_STANDS, max_row_buffer=size)
            with closing(_executed(streamed, self.statement)) as result:
                _check_result(result, self.name)
                yield from result.partitions(size)

    def names(self) -> list[str]:
        """The columns' names."""
        with _asking(self.name), _engine(self.uri, self.name).connect() as connection:
            streamed = connection.execution_options(**_AS_IT_STANDS)
            with closing(_executed(streamed, self.statement)) as result:
                return _check_result(result, self.name)

    def _frame(self, values: Mapping[str, Sequence[object]]) -> pl.DataFrame:
        mixed: dict[str, pl.DataType] = {}
        columns = []
        for name, given in values.items():
            dtype = common_type(given, self.types[name])
            if dtype != self.types[name]:
                mixed[name] = dtype
            columns.append(series_of(name, given, dtype))
        if mixed:
            raise MixedColumn(mixed, source=self.name)
        return pl.DataFrame(columns)


def load(uri: str, options: SqlOptions) -> Table:
    """Open a database URL of SQLAlchemy, such as ``mysql+pymysql://user@host/database``.

    A table is read in the order of its primary key.

    Raises:
        DataError: If it cannot be reached, or holds several tables and none is named.
        MissingRequirement: If the driver is not installed.
    """
    source = source_of(uri, options)
    address = source.uri
    if address.lower().startswith(_SCHEME):
        address = address[len(_SCHEME) :]
    statement: str | sqlalchemy.Select[tuple[object, ...]] | None = source.query
    if isinstance(statement, str):
        refuse_changes(statement, source.name)
    else:
        with _asking(source.name):
            statement = _table_query(_engine(address, source.name), source)
    query = Query(address, statement, source.name)
    with closing(query.rows(INFERRED_ROWS)) as parts:  # type: ignore[type-var]
        head = next(parts, [])
    names = query.names()
    columns: Sequence[Sequence[object]] = list(zip(*head, strict=True)) or [()] * len(names)
    types = {name: common_type(v, None) for name, v in zip(names, columns, strict=True)}
    return attrs.evolve(query, types=types).table()


def _engine(uri: str, source: str) -> Engine:
    try:
        engine = sqlalchemy.create_engine(uri, poolclass=NullPool)
    except NoSuchModuleError as error:
        raise DataError(
            f"SQLAlchemy has no dialect for it ({error}): install the package that brings it",
            source=source,
        ) from error
    except ModuleNotFoundError as error:
        driver = str(error.name)
        package = _PACKAGES.get(driver, driver)
        raise MissingRequirement("sql.sqlalchemy", [driver], f"pip install {package}") from error
    except ArgumentError as error:
        raise DataError(one_line(str(error), LONGEST_REASON), source=source) from error
    file = engine.url.database
    if engine.url.get_backend_name() == "sqlite" and file and not file.startswith((":", "file:")):
        existing_file(file)  # else SQLite would make it
    return engine


def _executed(
    connection: Connection, statement: str | sqlalchemy.Select[tuple[object, ...]]
) -> CursorResult[tuple[object, ...]]:
    if isinstance(statement, str):
        # As it stands: in a `text` a colon would begin a parameter.
        return connection.exec_driver_sql(statement)
    return connection.execute(statement)


def _check_result(result: CursorResult[tuple[object, ...]], source: str) -> list[str]:
    if not result.returns_rows:
        raise DataError("gives no rows: give a SELECT", source=source)
    names = list(result.keys())
    check_names(names, source, "name them apart with AS")
    return names


def _table_query(engine: Engine, source: Source) -> sqlalchemy.Select[tuple[object, ...]]:
    inspector = sqlalchemy.inspect(engine)
    wanted = source.options.table
    schema, _, bare = (wanted or "").rpartition(".")
    tables = [*inspector.get_table_names(), *inspector.get_view_names()]
    if wanted is None or wanted in tables or not schema:
        schema, bare = "", chosen(sorted(tables), wanted, source.name, "table")
    table = sqlalchemy.table(bare, schema=schema or None)
    key = inspector.get_pk_constraint(bare, schema or None)["constrained_columns"]
    every: sqlalchemy.Select[tuple[object, ...]] = sqlalchemy.select(
        sqlalchemy.literal_column("*")
    ).select_from(table)
    return every.order_by(*(sqlalchemy.column(name) for name in key))


@contextmanager
def _asking(source: str) -> Iterator[None]:
    """Turn what SQLAlchemy and its drivers raise into a `DataError` of one line."""
    try:
        yield
    except SQLAlchemyError as error:
        told = getattr(error, "orig", None) or error
        raise DataError(one_line(str(told), LONGEST_REASON), source=source) from error
    except OSError as error:
        raise DataError(one_line(str(error), LONGEST_REASON), source=source) from error
