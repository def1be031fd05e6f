"""What ADBC's drivers give, as frames; what they say, in a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager

import nanoarrow
import polars as pl
from adbc_driver_manager import Error
from adbc_driver_manager.dbapi import Connection

from pynomaly.domain.errors import DataError
from pynomaly.ports.loading import one_line
from pynomaly_sql.sources import LONGEST_REASON

_WRAPPING = re.compile(
    r"""(?xs) ^(?: ArrowArrayStream::\w+\(\)[ ]failed[ ]\(\d+\):[ ] | [A-Z_]+:\s+
    | \[(?:libpq|SQLite)\][ ] | Failed[ ]to[ ]\w+(?:[ ]query)?(?:[ ]'.*?')?:[ ]
    | Execution[ ]error[ ]\[\w+\]:[ ] | could[ ]not[ ]begin[ ]COPY:[ ] )+"""
)
_TRAILING = re.compile(r"\n(?:LINE \d|\nQuery was|query: ).*|\. SQLSTATE: .*", re.DOTALL)


def frames_of(
    connection: Connection, sql: str, options: dict[str, str] | None = None
) -> Iterator[pl.DataFrame]:
    """The rows of `sql`, in frames as large as the driver makes them."""
    with closing(connection.cursor()) as cursor:
        if options:
            cursor.adbc_statement.set_options(**options)
        cursor.execute(sql)
        for batch in nanoarrow.c_array_stream(cursor.fetch_arrow()):
            yield pl.DataFrame(batch)


def column_names(connection: Connection, sql: str) -> list[str]:
    """The names of the columns that `sql` gives."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(sql)
        stream = nanoarrow.c_array_stream(cursor.fetch_arrow())
        return [column.name for column in stream.get_schema().children]


def empty_frame(connection: Connection, sql: str) -> pl.DataFrame:
    """A frame of the columns that `sql` gives; `sql` gives no rows."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(sql)
        return pl.DataFrame(cursor.fetch_arrow())


def check_text(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    """`frame`, whose text is UTF-8: no driver checks that, and no frame survives what is not.

    Raises:
        DataError: Naming a column that holds something else.
    """
    for column in frame.iter_columns():
        if column.dtype == pl.String:
            try:
                column.cast(pl.Binary).cast(pl.String)
            except pl.exceptions.PolarsError as error:
                raise DataError(
                    f"column {column.name!r} holds text that is not UTF-8: leave it out by a query",
                    source=source,
                    columns=(column.name,),
                ) from error
    return frame


@contextmanager
def asking(source: str) -> Iterator[None]:
    """Turn what a driver raises into a `DataError` of one line about `source`."""
    try:
        yield
    except (Error, RuntimeError, OSError) as error:
        raise DataError(reason(error), source=source) from error


def reason(error: BaseException) -> str:
    """A driver's message without its wrapping and without the query."""
    text = _WRAPPING.sub("", _TRAILING.sub("", str(error)))
    return one_line(text, LONGEST_REASON) or type(error).__name__
