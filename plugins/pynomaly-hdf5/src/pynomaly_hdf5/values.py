"""Values of HDF5 as columns: which Polars type each type becomes, and the conversion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import h5py
import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[Any]

_FLOATS = {2: pl.Float32(), 4: pl.Float32(), 8: pl.Float64()}
_WHOLE: dict[str, dict[int, pl.DataType]] = {
    "i": {1: pl.Int8(), 2: pl.Int16(), 4: pl.Int32(), 8: pl.Int64()},
    "u": {1: pl.UInt8(), 2: pl.UInt16(), 4: pl.UInt32(), 8: pl.UInt64()},
}
_UNITS = ("ms", "us", "ns")


@attrs.frozen
class Leaf:
    """One column within the elements of a dataset.

    Attributes:
        name: Of the column, beginning with a dot where it is a field of a compound type.
        path: Fields that lead to it.
        place: Which value of an array within the element; None where there is no array.
        stored: Its type in the file.
        dtype: What it becomes.
    """

    name: str
    path: tuple[str, ...]
    place: int | None
    stored: np.dtype[Any]
    dtype: pl.DataType


def leaves(
    stored: np.dtype[Any], told: dict[str, str], name: str = "", path: tuple[str, ...] = ()
) -> Iterator[Leaf]:
    """The columns that elements of type `stored` hold; what is no value of a column is left out.

    Args:
        stored: Type of an element.
        told: What the file says of a field's type beside the type, as pandas does.
        name, path: Of what the element is a part.
    """
    if stored.names is not None:
        for field in stored.names:
            yield from leaves(stored[field], told, f"{name}.{field}", (*path, field))
        return
    base, shape = stored.subdtype or (stored, ())
    dtype = _column_type(base, told.get(".".join(path), ""))
    if dtype is None:
        return
    if not shape:
        yield Leaf(name, path, None, stored, dtype)
        return
    for place in range(int(np.prod(shape))):
        yield Leaf(f"{name}_{place + 1}", path, place, base, dtype)


def series_of(name: str, leaf: Leaf, elements: Array) -> pl.Series:
    """The column of `leaf`, from elements of the dataset, shape (n,) or (n, ...)."""
    values = elements
    for field in leaf.path:
        values = values[field]
    if leaf.place is not None:
        values = values.reshape(len(values), -1)[:, leaf.place]
    if leaf.dtype == pl.String:
        names = h5py.check_enum_dtype(leaf.stored)
        return pl.Series(name, _texts(values, names), dtype=pl.String)
    return pl.Series(name, _plain(values, leaf.dtype), dtype=leaf.dtype)


def text(value: object) -> str:
    """Bytes as text: UTF-8, or where they are not, as Latin 1, which any bytes are."""
    if isinstance(value, str):
        return value
    raw = value if isinstance(value, bytes) else bytes(value)  # type: ignore[call-overload]
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _column_type(stored: np.dtype[Any], told: str) -> pl.DataType | None:  # noqa: PLR0911, a list
    if told == "bool":
        return pl.Boolean()
    if told.startswith("datetime64"):
        return _time(told)
    if h5py.check_enum_dtype(stored) is not None or h5py.check_string_dtype(stored) is not None:
        return pl.String()
    match stored.kind:
        case "b":
            return pl.Boolean()
        case "i" | "u":
            return _WHOLE[stored.kind][stored.itemsize]
        case "f":
            return _FLOATS.get(stored.itemsize, pl.Float64())
        case "M":
            return _time(stored.name)
        case "m":
            return pl.Float64()
    return None


def _time(name: str) -> pl.Datetime:
    unit = name.partition("[")[2].rstrip("]") or "ns"
    return pl.Datetime(unit if unit in _UNITS else "us")  # type: ignore[arg-type]


def _plain(values: Array, dtype: pl.DataType) -> Array:
    """`values` as an array that is contiguous, in the machine's byte order, of `dtype`'s type."""
    if isinstance(dtype, pl.Datetime):
        unit = dtype.time_unit
        times = values if values.dtype.kind == "M" else values.astype("i8").view(f"M8[{unit}]")
        return np.ascontiguousarray(times.astype(f"M8[{unit}]"))
    if values.dtype.kind == "m":
        return values / np.timedelta64(1, "s")
    if dtype == pl.Boolean:
        return np.ascontiguousarray(values.astype(np.bool_))
    if dtype in (pl.Float32, pl.Float64):
        return np.ascontiguousarray(
            values.astype(np.float32 if dtype == pl.Float32 else np.float64)
        )
    return np.ascontiguousarray(values.astype(values.dtype.newbyteorder("=")))


def _texts(values: Array, names: dict[str, int] | None) -> list[str | None]:
    if names is None:
        return [text(value) for value in values.tolist()]
    by_number = {number: name for name, number in names.items()}
    return [by_number.get(number) for number in values.tolist()]
