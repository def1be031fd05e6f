"""Opens a table of an HDF5 file, and reads it in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import h5py
import polars as pl

from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError
from pynomaly.ports.loading import chosen, existing_file, guarded, reading
from pynomaly.ports.params import param
from pynomaly_hdf5.layout import Layout, Node, find_tables, layout_of
from pynomaly_hdf5.values import series_of

_HINT = "cannot be read as HDF5: it is damaged, or being written"
_ERRORS = (KeyError, RuntimeError, TypeError)
"""What h5py raises on damaged files, beside what `reading` expects."""
_BATCH_BYTES = 1 << 25
_LEAST_ROWS = 1024
_CHUNK_CACHE = 1 << 26
"""Bytes that keep the chunks of a compressed dataset from being unpacked once for each batch."""


@attrs.frozen
class Hdf5Options:
    """Options of an HDF5 file."""

    dataset: str | None = param(
        None, help="Path of the dataset or group to read; needed if there are several tables."
    )
    transpose: bool = param(
        False,
        help="Whether rows lie along the last axis, as MATLAB and column-major programs write.",
    )


def load(uri: str, options: Hdf5Options) -> Table:
    """Open the table that `options` name, or the one there is.

    Raises:
        DataError: If it is no HDF5 file, or the table cannot be told or read.
    """
    path = existing_file(uri)
    with reading(uri, _HINT, *_ERRORS):
        if not h5py.is_hdf5(path):
            raise DataError("is no HDF5 file", source=uri)
        with _open(path) as file:
            layout = _choose(file, uri, options)
            _check_filters(file, layout, uri)
    frames = guarded(partial(_frames, path, layout), uri, _HINT, *_ERRORS)
    return Table(
        uri if options.dataset is None else f"{uri}: {layout.path}",
        pl.Schema({name: column.leaf.dtype for name, column in layout.columns.items()}),
        frames,
        layout.rows,
        layout.rows * layout.row_bytes,
        files=(path,),
    )


def _choose(file: Node, uri: str, options: Hdf5Options) -> Layout:
    wanted = options.dataset
    if wanted is not None:
        wanted = "/" + wanted.strip("/")
        named = layout_of(file, wanted, uri, transpose=options.transpose)
        if named is not None:
            return named
    tables = find_tables(file, transpose=options.transpose)
    path = chosen(tables, wanted, uri, "dataset")
    layout = layout_of(file, path, uri, transpose=options.transpose)
    assert layout is not None  # noqa: S101, it was found there
    return layout


def _frames(path: Path, layout: Layout, size: int, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
    columns = {name: layout.columns[name] for name in wanted or list(layout.columns)[:1]}
    most = max(_LEAST_ROWS // 8, _BATCH_BYTES // max(1, layout.row_bytes))
    step = min(max(size, _LEAST_ROWS), most)
    with _open(path) as file:
        datasets = {column.dataset: file[column.dataset] for column in columns.values()}
        for start in range(0, layout.rows, step):
            rows = slice(start, min(start + step, layout.rows))
            read = {
                name: _read(each, rows, transpose=layout.transpose)
                for name, each in datasets.items()
            }
            yield pl.DataFrame(
                [
                    series_of(
                        name,
                        column.leaf,
                        read[column.dataset]
                        if column.place is None
                        else read[column.dataset][:, column.place],
                    )
                    for name, column in columns.items()
                ]
            )


def _read(dataset: Node, rows: slice, *, transpose: bool) -> Any:
    """Elements of `rows`, shape (n,) or (n, d)."""
    if dataset.ndim == 1:
        return dataset[rows]
    return dataset[:, rows].T if transpose else dataset[rows]


@contextmanager
def _open(path: Path) -> Iterator[Node]:
    with suppress(ImportError):  # once imported, HDF5 has more filters
        import_module("hdf5plugin")
    with h5py.File(path, "r", rdcc_nbytes=_CHUNK_CACHE) as file:
        yield file


def _check_filters(file: Node, layout: Layout, source: str) -> None:
    for path in {column.dataset for column in layout.columns.values()}:
        created = file[path].id.get_create_plist()
        for place in range(created.get_nfilters()):
            code, _, _, name = created.get_filter(place)
            if not h5py.h5z.filter_avail(code):
                label = name.decode(errors="replace") or str(code)
                raise DataError(
                    f"{path} is compressed with {label}, which HDF5 lacks here:"
                    " `pip install hdf5plugin`",
                    source=source,
                )
