"""The input contract that a model carries: columns by name, of the kinds it was fitted on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

import attrs
import numpy as np
import polars as pl

from pynomaly.domain.encoding import (
    ColumnFeatures,
    Matrix,
    to_booleans,
    to_datetimes,
    to_numbers,
)
from pynomaly.domain.errors import ContractViolation, DataError
from pynomaly.domain.features import Features
from pynomaly.domain.schema import ColumnKind, missing_mask

OUTPUT_COLUMNS = ("anomaly_score", "p_value", "is_anomaly", "explanation")
"""Columns that scoring adds."""


@attrs.frozen
class ContractPolicy:
    """What happens to data that differs from what a model was fitted on.

    Attributes:
        extra_columns: Columns that the model does not know.
        missing_values: Missing values; ``"impute"`` takes the median.
        infinite_values: Infinities; ``"clip"`` takes them for the most extreme value.
    """

    extra_columns: Literal["ignore", "refuse"] = "ignore"
    missing_values: Literal["impute", "refuse"] = "impute"
    infinite_values: Literal["clip", "refuse"] = "clip"


@attrs.define
class Tally:
    """What was mended on the way: counts of rows by column, and sentences on the whole."""

    missing: Counter[str] = attrs.field(factory=Counter)
    varied: Counter[str] = attrs.field(factory=Counter)
    first_varied: dict[str, int] = attrs.field(factory=dict)
    infinite: Counter[str] = attrs.field(factory=Counter)
    notes: list[str] = attrs.field(factory=list)

    def warnings(self, features: Features) -> list[str]:
        """The notes, and one sentence per column that was mended without being expected."""
        expected = {each.column for each in features.columns if each.parts[-1] == "missing"}
        found = [
            f"column {name!r}: {count} missing value{'s' if count > 1 else ''}, though the"
            " reference had none; the median stands in"
            for name, count in self.missing.items()
            if name not in expected
        ]
        varied = [
            f"column {name!r}: the same in every row of the reference, so the detector does not see"
            f" it; {count:,} row{'s differ' if count > 1 else ' differs'}, the first is row"
            f" {self.first_varied[name] + 1:,}"
            for name, count in self.varied.items()
        ]
        return [*self.notes, *varied, *found] + [
            f"column {name!r}: {count} infinite value{'s' if count > 1 else ''}, taken for the"
            " most extreme"
            for name, count in self.infinite.items()
        ]


def refuse_output_names(columns: Sequence[str], *, explained: bool) -> None:
    """Refuse an input that already has the columns that scoring adds.

    Raises:
        DataError: Naming them.
    """
    ours = OUTPUT_COLUMNS if explained else OUTPUT_COLUMNS[:-1]
    taken = [name for name in ours if name in columns]
    if taken:
        names = ", ".join(map(repr, taken))
        raise DataError(
            f"the input already has {names}, which scoring adds; rename or drop"
            f" {'them' if len(taken) > 1 else 'it'} first (was this file scored before?)",
            columns=taken,
        )


def check_schema(
    features: Features, schema: pl.Schema, known: Sequence[str], policy: ContractPolicy
) -> None:
    """Hold a table's columns against the contract. Their order does not matter.

    Args:
        features: What the model was fitted on.
        schema: The table's columns.
        known: Columns of the table that the model was fitted on, features or not.
        policy: What to do about differences.

    Raises:
        ContractViolation: Naming every column that is missing, or extra where that is refused.
    """
    faults = {
        column.column: "missing" for column in features.columns if column.column not in schema
    }
    if policy.extra_columns == "refuse":
        faults |= {name: "not known to the model" for name in schema if name not in known}
    for column in features.columns:
        dtype = schema.get(column.column)
        if dtype is not None and (fault := _type_fault(column, dtype)):
            faults[column.column] = fault
    if faults:
        raise ContractViolation(faults)


def _type_fault(column: ColumnFeatures, dtype: pl.DataType) -> str | None:
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        return f"holds {dtype} values where {column.kind} values were"
    if column.kind is ColumnKind.NUMBER and dtype in (pl.Date, pl.Datetime):
        return "holds dates where numbers were"
    if column.kind is ColumnKind.DATE and (dtype.is_numeric() or dtype == pl.Boolean):
        return f"holds {dtype} values where dates were"
    if column.kind is ColumnKind.BOOLEAN and dtype.is_temporal():
        return "holds dates where true or false was"
    return None


def to_matrix(
    frame: pl.DataFrame, features: Features, policy: ContractPolicy, tally: Tally, start: int = 0
) -> Matrix:
    """The features of a batch, read-only, after holding its values against the contract.

    Args:
        frame: A batch of rows; `check_schema` has passed.
        features: What the model was fitted on.
        policy: What to do about missing and infinite values.
        tally: Counts what was mended.
        start: Position of the first row in its table, for messages.

    Raises:
        ContractViolation: Naming every column with values that do not fit.
    """
    check_values(frame, features, start)
    _count_varied(frame, features, tally, start)
    return finish_matrix(features.raw(frame), features, policy, tally)


def check_values(frame: pl.DataFrame, features: Features, start: int = 0) -> None:
    """Hold the values of a batch against the contract.

    Raises:
        ContractViolation: Naming every column with values that do not fit.
    """
    faults = {
        column.column: fault
        for column in features.columns
        if (fault := _value_fault(column, frame.get_column(column.column), start))
    }
    if faults:
        raise ContractViolation(faults)


def _count_varied(frame: pl.DataFrame, features: Features, tally: Tally, start: int) -> None:
    """Count rows that differ in columns that were left out because their rows never did."""
    for name, constant in features.constants.items():
        dtype = frame.schema.get(name, pl.Null())
        if dtype.is_nested() or dtype in (pl.Null, pl.Binary, pl.Object):
            continue
        values = frame.get_column(name)
        values = to_numbers(values) if isinstance(constant, float) else values.cast(pl.String)
        differing = (values != constant).fill_null(value=False)
        if differing.any():
            tally.varied[name] += int(differing.sum())
            tally.first_varied.setdefault(name, start + int(differing.arg_true()[0]))


def finish_matrix(raw: Matrix, features: Features, policy: ContractPolicy, tally: Tally) -> Matrix:
    """Count and mend missing and infinite values of `raw`, shape (n, d), and standardise it."""
    count_mended(raw, features, policy, tally)
    matrix = features.standardise(raw)
    matrix.flags.writeable = False
    return matrix


def count_mended(raw: Matrix, features: Features, policy: ContractPolicy, tally: Tally) -> None:
    """Count missing and infinite values of `raw`, shape (n, d).

    Raises:
        ContractViolation: If the policy refuses them.
    """
    if np.isfinite(raw).all():
        return
    missing = _by_source(features, np.isnan(raw))
    infinite = _by_source(features, np.isinf(raw))
    faults: dict[str, str] = {}
    if policy.missing_values == "refuse":
        faults |= {name: f"has {n} missing values" for name, n in missing.items()}
    if policy.infinite_values == "refuse":
        faults |= {name: f"has {n} infinite values" for name, n in infinite.items()}
    if faults:
        raise ContractViolation(faults)
    tally.missing.update(missing)
    tally.infinite.update(infinite)


def _by_source(
    features: Features, marks: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
) -> dict[str, int]:
    counts = marks.sum(axis=0)
    found: dict[str, int] = {}
    for source, count in zip(features.sources, counts.tolist(), strict=True):
        if count:
            found[source] = max(found.get(source, 0), count)
    return found


_CONVERTERS: dict[ColumnKind, tuple[Callable[[pl.Series], pl.Series], str]] = {
    ColumnKind.NUMBER: (to_numbers, "a number"),
    ColumnKind.DATE: (to_datetimes, "a date"),
    ColumnKind.BOOLEAN: (to_booleans, "true or false"),
}


def _value_fault(column: ColumnFeatures, values: pl.Series, start: int) -> str | None:
    """What is wrong with text that stands where other values were."""
    if values.dtype != pl.String or column.dtype == "String" or column.kind not in _CONVERTERS:
        return None
    convert, expected = _CONVERTERS[column.kind]
    blank = missing_mask(values) | (values.str.strip_chars() == "")
    bad = convert(values).is_null() & ~blank
    first = bad.arg_true()
    if first.is_empty():
        return None
    return f"holds text that is not {expected}, first in row {start + first[0] + 1}"
