"""Tables from what is in memory already: frames, arrays, lists and dictionaries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import polars as pl

from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError
from pynomaly.infrastructure.streaming import lazy_batches
from pynomaly.ports.loading import guarded, plain, reading

if TYPE_CHECKING:
    import numpy.typing as npt

NAME = "<memory>"
_HINT = "give a frame, an array, a list of dictionaries or a dictionary of columns"
_DATES = {"D", "ms", "us", "ns"}
"""Units of NumPy's dates that Polars takes."""


def table_from(data: Any, name: str = NAME) -> Table:
    """The table of a frame of any library, an array, or lists and dictionaries.

    Columns without names are called ``column_1``, ...; an array of one dimension is one column.

    Raises:
        DataError: If it is no table.
    """
    if isinstance(data, Table):
        return data
    with reading(name, _HINT):
        if isinstance(data, pl.LazyFrame):
            return _lazy_table(plain(data), name)
        frame = plain(_frame(data))
    if not frame.width:
        raise DataError(f"has no columns: {_HINT}", source=name)
    return attrs.evolve(Table.from_frame(frame, name), notes=_index_notes(data))


def _lazy_table(lazy: pl.LazyFrame, name: str) -> Table:
    def frames(size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        return lazy_batches(lazy.select(columns), size)

    return Table(name, lazy.collect_schema(), guarded(frames, name, "the lazy frame failed"))


def _frame(data: Any) -> pl.DataFrame:
    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, pl.Series):
        return data.to_frame(data.name or "column_1")
    if _is_pandas(data):
        return _from_pandas(data)
    return _from_protocol(data) if _has_protocol(data) else _from_builtin(data)


def _is_pandas(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "pandas"


def _index_notes(data: Any) -> tuple[str, ...]:
    """What is said of an index of pandas that has a name, and may be meant for a column."""
    index = getattr(data, "index", None) if _is_pandas(data) else None
    names = [name for name in getattr(index, "names", ()) if name is not None]
    if not names or type(index).__name__ == "RangeIndex":
        return ()
    shown = ", ".join(repr(str(name)) for name in names)
    return (f"the index {shown} is not seen: data.reset_index() makes a column of it",)


def _has_protocol(data: Any) -> bool:
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__array__")


def _from_protocol(data: Any) -> pl.DataFrame:
    if not hasattr(data, "__arrow_c_stream__"):
        return _from_array(_unmasked(data))
    frame = pl.DataFrame(data)
    # An Arrow array, as opposed to a table, has no name.
    return frame.rename({"": "column_1"}) if frame.columns == [""] else frame


def _from_builtin(data: Any) -> pl.DataFrame:
    if isinstance(data, Mapping):
        return pl.DataFrame({str(key): _column(values) for key, values in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _from_rows(data)
    raise DataError(f"a {type(data).__name__} is no table: {_HINT}", source=NAME)


def _unmasked(data: Any) -> npt.NDArray[Any]:
    """The array of what has one; values that a mask hides are missing."""
    if not isinstance(data, np.ma.MaskedArray):
        return np.asarray(data)
    if data.dtype.kind in "iufb":
        return np.where(np.ma.getmaskarray(data), np.nan, data.data)
    return np.where(np.ma.getmaskarray(data), np.array(None), data.data.astype(object))


def _from_array(array: npt.NDArray[Any]) -> pl.DataFrame:
    if array.dtype.names:
        return pl.DataFrame({name: _values(array[name]) for name in array.dtype.names})
    if array.ndim not in (1, 2):
        raise DataError(f"an array of {array.ndim} dimensions is no table: {_HINT}", source=NAME)
    columns = array[np.newaxis] if array.ndim == 1 else array.T
    return pl.DataFrame({f"column_{i}": _values(v) for i, v in enumerate(columns, 1)})


def _from_rows(rows: Sequence[Any]) -> pl.DataFrame:
    if not rows:
        raise DataError(f"the list is empty: {_HINT}", source=NAME)
    if all(isinstance(row, Mapping) for row in rows):
        by_name = [{str(key): value for key, value in row.items()} for row in rows]
        names = dict.fromkeys(key for row in by_name for key in row)
        return pl.DataFrame({n: _column([row.get(n) for row in by_name]) for n in names})
    nested = [hasattr(row, "__len__") and not isinstance(row, str | bytes) for row in rows]
    if not any(nested):
        return pl.DataFrame({"column_1": _column(rows)})
    if not all(nested):
        raise DataError(f"rows and single values are mixed: {_HINT}", source=NAME)
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise DataError(f"rows of {min(widths)} and of {max(widths)} values: {_HINT}", source=NAME)
    columns = zip(*rows, strict=True)
    return pl.DataFrame({f"column_{i}": _column(v) for i, v in enumerate(columns, 1)})


def _column(values: Any) -> pl.Series:
    if isinstance(values, pl.Series):
        return values
    if _is_pandas(values):
        return _from_pandas(values).to_series()
    if hasattr(values, "__array__"):
        return _values(_unmasked(values))
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        raise DataError(f"a {type(values).__name__} is no column: {_HINT}", source=NAME)
    return _objects(list(values))


def _values(values: npt.NDArray[Any]) -> pl.Series:
    """A column of a NumPy array, shape (n,)."""
    if values.ndim != 1:
        raise DataError(f"a column has one dimension, not {values.ndim}: {_HINT}", source=NAME)
    kind = values.dtype.kind
    if kind == "c":
        raise DataError("complex numbers are no feature: give real and imaginary part", source=NAME)
    if kind == "O":
        return _objects(values.tolist())
    if kind in "Mm" and np.datetime_data(values.dtype)[0] not in _DATES:
        values = values.astype(f"{kind}8[us]")
    if kind == "f" and values.dtype.itemsize > 8:
        values = values.astype(np.float64)
    if kind == "S":
        values = values.astype(np.str_)
    return pl.Series(np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="))))


def _objects(values: list[Any]) -> pl.Series:
    """A column of Python objects: of the type they have in common, else of text."""
    given = [None if _is_missing(value) else value for value in values]
    try:
        found = pl.Series(given, strict=True)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        found = None
    if found is not None and found.dtype != pl.Object:
        return found
    numbers = (int, float, np.number)
    if all(value is None or isinstance(value, numbers) for value in given):
        return pl.Series([None if v is None else float(v) for v in given], dtype=pl.Float64)
    return pl.Series([None if v is None else str(v) for v in given], dtype=pl.String)


def _is_missing(value: Any) -> bool:
    if value is None or isinstance(value, str | bytes | int):
        return value is None
    try:  # NaN and NaT do not equal themselves, and pandas' NA does not say
        return bool(value != value)  # noqa: PLR0124
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


def _from_pandas(data: Any) -> pl.DataFrame:
    """Column by column: Polars itself would want pyarrow."""
    if data.ndim == 1:
        data = data.to_frame(name="column_1" if data.name is None else data.name)
    elif not hasattr(data, "iloc"):
        data = data.to_frame()
    columns = [_from_pandas_column(data.iloc[:, i]) for i in range(data.shape[1])]
    names = map(str, data.columns)
    return pl.DataFrame([column.alias(name) for column, name in zip(columns, names, strict=True)])


def _from_pandas_column(column: Any) -> pl.Series:
    kind = column.dtype.kind
    if kind == "M":
        return _from_pandas_dates(column)
    if kind in "iufbm" and isinstance(column.dtype, np.dtype):
        return _values(column.to_numpy())
    missing = column.isna().to_numpy(dtype=bool)
    if kind in "iufb" and hasattr(column.dtype, "itemsize"):
        filler = False if kind == "b" else 0
        values = column.to_numpy(dtype=f"{kind}{column.dtype.itemsize}", na_value=filler)
        return pl.Series(values).set(pl.Series(missing), None)
    given = column.astype(object).tolist()
    return _objects([None if gone else value for value, gone in zip(given, missing, strict=True)])


def _from_pandas_dates(column: Any) -> pl.Series:
    zone = getattr(column.dt, "tz", None)
    if zone is None:
        return _values(column.to_numpy())
    utc = _values(column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy())
    aware = utc.dt.replace_time_zone("UTC")
    # A fixed offset from UTC is no zone to Polars.
    name = getattr(zone, "key", getattr(zone, "zone", None))
    return aware if name is None else aware.dt.convert_time_zone(name)
