"""What in a file is a table: datasets by themselves, groups of equally long ones, pandas' frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from posixpath import dirname, join
from typing import Any

import attrs
import h5py

from pynomaly.domain.errors import DataError
from pynomaly.ports.loading import check_names
from pynomaly_hdf5.values import Leaf, leaves, text

Node = Any
"""A file, group or dataset: h5py ships no types."""

MAX_COLUMNS = 10_000
_INDEXES = "_i_"
"""PyTables keeps its indexes in groups whose names begin so."""


@attrs.frozen
class Column:
    """A column of a table.

    Attributes:
        dataset: Path of the dataset that holds it.
        leaf: Where in the dataset's elements it is.
        place: Its place along the dataset's second axis; None where there is one axis.
    """

    dataset: str
    leaf: Leaf
    place: int | None


@attrs.frozen
class Layout:
    """A table in a file.

    Attributes:
        path: Of the dataset or group.
        rows: Number of rows.
        columns: By name, in order.
        row_bytes: Memory that a row takes when it is read.
        transpose: Whether rows lie along the last axis.
    """

    path: str
    rows: int
    columns: Mapping[str, Column]
    row_bytes: int
    transpose: bool = False


def find_tables(file: Node, *, transpose: bool) -> list[str]:
    """Paths of all tables that can be told without being named, by name.

    Datasets of one group and of equal length are one table, which has the group's path.
    """
    groups: dict[str, list[Node]] = {}
    frames: list[str] = []

    def visit(name: str, found: Node) -> None:
        path = f"/{name}"
        if any(path.startswith(f"{frame}/") for frame in frames):
            return
        if any(part.startswith(_INDEXES) for part in name.split("/")):
            return
        if isinstance(found, h5py.Dataset):
            groups.setdefault(dirname(path), []).append(found)
        elif _is_frame(found):
            frames.append(path)

    file.visititems(visit)
    return sorted([*frames, *_grouped(groups, transpose=transpose)])


def layout_of(file: Node, path: str, source: str, *, transpose: bool) -> Layout | None:
    """The table at `path`; None where nothing is there.

    Raises:
        DataError: If what is there is no table.
    """
    found = file.get(path)
    if isinstance(found, h5py.Group):
        members = [each for each in found.values() if isinstance(each, h5py.Dataset)]
        _check_own([found, *members], file, path, source)
        if _is_frame(found):
            return _frame_layout(found, source)
        return _joined(path, members, source, transpose=transpose) if members else None
    if isinstance(found, h5py.Dataset):
        _check_own([found], file, path, source)
        return _joined(path, [found], source, transpose=transpose)
    return None


def _check_own(found: Sequence[Node], file: Node, path: str, source: str) -> None:
    for each in found:
        if each.file.filename != file.filename:
            other = f"{each.name} of {each.file.filename}"
            raise DataError(f"{path} leads to {other}: read that file itself", source=source)


def _grouped(groups: Mapping[str, Sequence[Node]], *, transpose: bool) -> Iterator[str]:
    for group, members in groups.items():
        usable = [each for each in members if _fault(each) is None]
        lengths = {_length(each, transpose=transpose) for each in usable}
        if len(usable) > 1 and len(lengths) == 1:
            yield group
        else:
            yield from (str(each.name) for each in usable or members)


def _joined(path: str, members: Sequence[Node], source: str, *, transpose: bool) -> Layout:
    """The table of one dataset, or of those of a group that can be columns of one table."""
    faults = {str(each.name): _fault(each) for each in members}
    usable = [each for each in members if faults[str(each.name)] is None]
    if not usable:
        first, fault = next(iter(faults.items()))
        raise DataError(f"dataset {first} {fault}", source=source)
    lengths = {str(each.name): _length(each, transpose=transpose) for each in usable}
    if len(set(lengths.values())) > 1:
        some = ", ".join(f"{name} has {rows:,}" for name, rows in list(lengths.items())[:10])
        raise DataError(
            f"the datasets of {path} are no table, for their lengths differ: {some}; choose one"
            " with the option dataset=NAME",
            source=source,
        )
    width = sum(_width(each, transpose=transpose) for each in usable)
    if width > MAX_COLUMNS:
        raise DataError(
            f"{path} has {width:,} columns, and at most {MAX_COLUMNS:,} are read: if rows and"
            f" columns are swapped, give the option transpose={str(not transpose).lower()}",
            source=source,
        )
    named = [pair for each in usable for pair in _columns(each, len(usable), transpose=transpose)]
    check_names([name for name, _ in named], source, "choose one dataset with dataset=NAME")
    row_bytes = sum(each.dtype.itemsize * _per_row(each, transpose=transpose) for each in usable)
    return Layout(path, next(iter(lengths.values())), dict(named), row_bytes, transpose)


def _columns(dataset: Node, members: int, *, transpose: bool) -> Iterator[tuple[str, Column]]:
    path = str(dataset.name)
    own = path.rpartition("/")[2]
    wide = dataset.ndim > 1
    for place in range(dataset.shape[0 if transpose else 1]) if wide else (None,):
        stem = own if members > 1 else ""
        if place is not None:
            stem = f"{stem or 'column'}_{place + 1}"
        for leaf in leaves(dataset.dtype, _told(dataset)):
            name = f"{stem}{leaf.name}"
            yield (
                (name.lstrip("._") if leaf.name and not stem else name) or own,
                Column(path, leaf, place),
            )


def _told(dataset: Node) -> dict[str, str]:
    """Types that pandas notes beside those of HDF5, by field."""
    told = {"": _attribute(dataset, "value_type")}
    for field in dataset.dtype.names or ():
        told[field] = _attribute(dataset, f"{field}_dtype")
    return told


def _fault(dataset: Node) -> str | None:
    """Why a dataset gives no columns."""
    if dataset.shape is None or dataset.ndim == 0:
        return "holds a single value, not a table"
    if dataset.ndim > 2:
        return f"is of shape {dataset.shape}, and a table has one or two axes"
    if next(leaves(dataset.dtype, _told(dataset)), None) is None:
        return f"holds values of type {dataset.dtype}, which are no numbers, texts or times"
    if dataset.external:
        return "keeps its values in other files, which are not read"
    return None


def _length(dataset: Node, *, transpose: bool) -> int:
    return int(dataset.shape[-1 if transpose else 0])


def _per_row(dataset: Node, *, transpose: bool) -> int:
    return int(dataset.shape[0 if transpose else 1]) if dataset.ndim > 1 else 1


def _width(dataset: Node, *, transpose: bool) -> int:
    each = sum(1 for _ in leaves(dataset.dtype, {}))
    return each * _per_row(dataset, transpose=transpose)


def _is_frame(group: Node) -> bool:
    return _attribute(group, "pandas_type") == "frame"


def _frame_layout(group: Node, source: str) -> Layout:
    """A frame that pandas stored in its format "fixed": blocks of columns of one type."""
    path = str(group.name)
    columns: dict[str, Column] = {}
    row_bytes = 0
    for number in range(int(group.attrs["nblocks"])):
        values = group[f"block{number}_values"]
        names = [text(name) for name in group[f"block{number}_items"][()].tolist()]
        leaf = next(leaves(values.dtype, _told(values)), None)
        if leaf is None or values.ndim != 2:
            raise DataError(
                f"pandas stored {', '.join(map(repr, names[:5]))} as pickled objects, which may"
                " execute code and are not read: store the frame as Parquet, or with"
                ' to_hdf(..., format="table", data_columns=True)',
                source=source,
                columns=names,
            )
        row_bytes += values.dtype.itemsize * values.shape[1]
        for place, name in enumerate(names):
            columns[name] = Column(join(path, f"block{number}_values"), leaf, place)
    order = [text(name) for name in group["axis0"][()].tolist()]
    rows = int(group["axis1"].shape[0])
    return Layout(path, rows, {name: columns[name] for name in order}, row_bytes)


def _attribute(found: Node, name: str) -> str:
    value: Any = found.attrs.get(name, "")
    return text(value) if isinstance(value, (bytes, str)) else ""
