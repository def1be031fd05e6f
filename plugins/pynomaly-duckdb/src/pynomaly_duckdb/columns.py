"""What DuckDB is asked to make of a column, so that it comes as a type that features know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from duckdb.sqltypes import DuckDBPyType

_AS_THEY_ARE = frozenset(
    [
        *("bigint", "blob", "boolean", "double", "float", "integer", "smallint", "time"),
        *("timestamp_ms", "timestamp_ns", "timestamp_s", "tinyint", "ubigint", "uinteger"),
        *("usmallint", "utinyint", "varchar"),
    ]
)
_NUMBERS = frozenset(["bignum", "decimal", "hugeint", "uhugeint"])
_TIMES = frozenset(["date", "timestamp", "timestamp with time zone"])
_NESTED = frozenset(["array", "list", "struct"])


def select_list(names: Sequence[str], types: Sequence[DuckDBPyType]) -> dict[str, str]:
    """Each column's name, and the expression that selects it.

    Numbers beyond 64 bits and decimals become DOUBLE, an INTERVAL its seconds, dates and times
    at infinity are missing, and what Polars does not know becomes text.
    """
    return {
        name: f"{_expression(quoted(name), each)} AS {quoted(name)}"
        for name, each in zip(names, types, strict=True)
    }


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _expression(column: str, type: DuckDBPyType) -> str:
    kind = type.id
    if _comes_through(type):
        return column
    if kind in _TIMES:
        return f"CASE WHEN isfinite({column}) THEN {column} END"
    if kind in _NUMBERS:
        return f"CAST({column} AS DOUBLE)"
    if kind == "interval":
        return f"epoch({column})"
    return f"CAST({column} AS VARCHAR)"


def _comes_through(type: Any) -> bool:
    if type.id in _AS_THEY_ARE:
        return True
    if type.id not in _NESTED:
        return False
    parts = [each for _, each in type.children if isinstance(each, DuckDBPyType)]
    return all(_comes_through(each) or each.id in _TIMES for each in parts)
