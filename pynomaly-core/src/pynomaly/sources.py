"""From what a user hands over to a table: a path, URI, frame, array, list of rows or table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from pynomaly.application.model import FittedModel
from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import ContractViolation, DataError, UsageError
from pynomaly.infrastructure.composition import services
from pynomaly.infrastructure.loaders.memory import table_from
from pynomaly.infrastructure.opening import open_uri
from pynomaly.infrastructure.registry import Registry


def open_source(data: Any, registry: Registry, options: Mapping[str, Any] | None = None) -> Table:
    """The table behind `data`.

    Args:
        data: A path, a URI, ``"-"`` for stdin, or data in memory.
        registry: Where loaders are found.
        options: For the loader, such as ``{"delimiter": ";"}``; see `open_uri`.

    Raises:
        DataError: If it cannot be read.
    """
    if isinstance(data, (str, os.PathLike)):
        return open_uri(registry, str(os.fspath(data)), options)
    if options:
        raise UsageError(f"data in memory take no options: leave out {', '.join(options)}")
    return table_from(data)


def check_width(rows: np.ndarray[Any, Any], model: FittedModel) -> np.ndarray[Any, Any]:
    """`rows` if it has as many columns as the data that `model` was fitted on.

    Raises:
        ContractViolation: If not, naming the columns.
        DataError: If it is no table at all.
    """
    expected = len(model.columns)
    if rows.ndim == 2 and rows.shape[1] == expected:
        return rows
    fault = f"the array is of shape {rows.shape}, and the model knows {expected} columns"
    if rows.ndim != 2:
        raise DataError(f"{fault}: give rows of {expected} values")
    width = rows.shape[1]
    if width < expected:
        raise ContractViolation(dict.fromkeys(model.columns[width:], f"missing: {fault}"))
    further = [f"column_{i + 1}" for i in range(expected, width)]
    raise ContractViolation(dict.fromkeys(further, f"not known to the model: {fault}"))


def rows_for(data: Any, model: FittedModel, registry: Registry | None = None) -> Table:
    """The table behind `data`, with the model's column names where `data` has none of its own.

    Raises:
        ContractViolation, DataError: If `data` has no names and another number of columns.
    """
    if isinstance(data, np.ndarray) and data.dtype.names is None:
        rows = check_width(np.atleast_2d(data), model)
        if rows.dtype.kind in "fiub":
            frame = pl.from_numpy(np.asarray(rows, dtype=np.float64), list(model.columns))
            return Table.from_frame(frame, "array")
        found = table_from(rows).collect()
        return Table.from_frame(found.rename(dict(zip(found.columns, model.columns, strict=True))))
    return open_source(data, registry or services().get(Registry))
