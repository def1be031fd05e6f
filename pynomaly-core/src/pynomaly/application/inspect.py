"""Look at a table before any fit: what its columns are, and what is suspicious about them."""

from __future__ import annotations

from typing import Any, cast

import attrs
import polars as pl

from pynomaly.application.contract import OUTPUT_COLUMNS
from pynomaly.application.fit_table import FEATURE_ROWS
from pynomaly.application.recipe import Progress, no_progress
from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import DataError
from pynomaly.domain.sampling import RowSample
from pynomaly.domain.schema import ColumnKind, Roles, missing_mask, recognise

_MOSTLY = 0.5
_DOMINANT = 0.99
_EXTREME = 1e9
_NUMBERS_AS_TEXT = "numbers written as text"


@attrs.frozen
class ColumnReport:
    """One column.

    Attributes:
        name: Its name.
        dtype: Its Polars type.
        kind: What it was recognised as.
        used: Whether it is a feature.
        missing: Share of missing values, 0 to 1.
        distinct: Number of distinct values among the rows looked at.
        low, high: Smallest and largest value of numbers and dates, as text.
        findings: What is suspicious, in words.
    """

    name: str
    dtype: str
    kind: str
    used: bool
    missing: float
    distinct: int
    low: str
    high: str
    findings: tuple[str, ...]


@attrs.frozen
class Inspection:
    """A table as a whole.

    Attributes:
        source: Its name.
        rows: Number of rows.
        looked_at: Rows that the columns' figures come from.
        duplicate_rows: Rows, of those looked at, that stand there more than once.
        columns: One report per column, in order.
        findings: What is suspicious about the table.
    """

    source: str
    rows: int
    looked_at: int
    duplicate_rows: int
    columns: tuple[ColumnReport, ...]
    findings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return attrs.asdict(self)


def inspect_table(table: Table, progress: Progress = no_progress) -> Inspection:
    """Report on `table`, from all rows up to `FEATURE_ROWS`, else from a uniform sample.

    Raises:
        DataError: If it has no rows.
    """
    sample = RowSample(FEATURE_ROWS, seed=0)
    for batch in table.batches():
        sample.add(batch)
        progress("reading", sample.rows, table.rows)
    if not sample.rows:
        raise DataError("has a header but no rows", source=table.name)
    frame = sample.result().frame
    kinds = recognise(frame, Roles())
    same = _same_columns(frame)
    reports = tuple(
        _report(column, kinds[column.name].kind, kinds[column.name].reason, same.get(column.name))
        for column in frame.iter_columns()
    )
    duplicates = _duplicate_rows(frame)
    findings = []
    if duplicates:
        findings.append(f"{duplicates:,} rows stand there more than once")
    if not any(report.used for report in reports):
        findings.append("no column can be used as a feature")
    return Inspection(table.name, sample.rows, frame.height, duplicates, reports, tuple(findings))


def _report(column: pl.Series, kind: ColumnKind, reason: str, twin: str | None) -> ColumnReport:
    missing = missing_mask(column)
    values = column.filter(~missing)
    low, high = _range(values)
    share = float(missing.mean() or 0.0)  # type: ignore[arg-type]
    findings = [reason] if reason else []
    if twin is not None:
        findings.append(f"same values as {twin!r}")
    if _MOSTLY <= share < 1:
        findings.append("mostly missing")
    if column.name in OUTPUT_COLUMNS:
        findings.append("has the name of a column that scoring adds: rename it")
    findings += _suspicions(column, values, kind)
    return ColumnReport(
        column.name,
        str(column.dtype.base_type()),
        str(kind),
        kind.is_feature,
        share,
        _distinct(values),
        low,
        high,
        tuple(findings),
    )


def _suspicions(column: pl.Series, values: pl.Series, kind: ColumnKind) -> list[str]:
    found = []
    if kind is ColumnKind.NUMBER and column.dtype == pl.String:
        bad = int(values.str.strip_chars().cast(pl.Float64, strict=False).is_null().sum())
        extra = f", but for {bad:,}, which count as missing" if bad else ""
        found.append(_NUMBERS_AS_TEXT + extra)
    if column.dtype.is_float():
        infinite = int(values.is_infinite().sum())
        if infinite:
            found.append(f"{infinite:,} infinite values")
        finite = values.filter(values.is_finite())
        if len(finite) and float(finite.abs().max() or 0) > _EXTREME * float(  # type: ignore[arg-type]
            finite.abs().median() or 1  # type: ignore[arg-type]
        ):
            found.append("extreme values")
    if kind.is_feature and not column.dtype.is_nested() and len(values):
        counts = values.value_counts(sort=True, name="count")
        top = int(counts["count"][0])
        if len(counts) > 1 and top / len(values) > _DOMINANT:
            found.append(f"{top / len(values):.2%} of the values are the same")
    return found


def _range(values: pl.Series) -> tuple[str, str]:
    ordered = values.dtype.is_numeric() or values.dtype.is_temporal()
    if not ordered or values.is_empty():
        return "", ""
    low, high = cast("Any", values.min()), cast("Any", values.max())
    if isinstance(low, float):
        return f"{low:.6g}", f"{high:.6g}"
    return str(low), str(high)


def _distinct(values: pl.Series) -> int:
    return 0 if values.dtype.is_nested() or values.dtype == pl.Object else values.n_unique()


def _same_columns(frame: pl.DataFrame) -> dict[str, str]:
    """Columns that repeat an earlier one, with its name."""
    seen: dict[tuple[str, int], str] = {}
    twins = {}
    for column in frame.iter_columns():
        if column.dtype.is_nested() or column.dtype == pl.Object or column.n_unique() <= 1:
            continue
        key = (str(column.dtype), int(column.hash(0).sum()) if len(column) else 0)
        first = seen.setdefault(key, column.name)
        if first != column.name and column.equals(frame.get_column(first), check_names=False):
            twins[column.name] = first
    return twins


def _duplicate_rows(frame: pl.DataFrame) -> int:
    comparable = [
        column.name
        for column in frame.iter_columns()
        if not column.dtype.is_nested() and column.dtype != pl.Object
    ]
    return int(frame.select(comparable).is_duplicated().sum()) if comparable else 0
