"""What a table's columns are: the kinds, and how they are recognised from values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

import attrs
import polars as pl

from pynomaly.domain.errors import DataError, UsageError

_ID_NAME = re.compile(r"(^|[_\W])(id|uuid|guid|key|index|rowid|row_id|nr|no)$", re.IGNORECASE)
_CAMEL_ID = re.compile(r"[a-z](Id|ID|UUID|Key)$")
_MIN_ROWS_FOR_IDENTIFIER = 20
"""Fewer distinct values than this prove nothing about a column being an identifier."""
_UNIQUE = 0.95
_NUMERIC_TEXT = 0.9
_WORDS_OF_TEXT = 4.0
_APART = (("label", "time"), ("label", "text"), ("time", "text"), ("source", "target"))
"""Roles that no column can have both of."""


class ColumnKind(StrEnum):
    """What a column holds, and so how it becomes features."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    DATE = "date"
    TEXT = "text"
    IDENTIFIER = "identifier"
    CONSTANT = "constant"
    EMPTY = "empty"
    NESTED = "nested"
    HELD_OUT = "held out"

    @property
    def is_feature(self) -> bool:
        """Whether columns of this kind are shown to detectors."""
        return self in _FEATURE_KINDS


_FEATURE_KINDS = frozenset(
    {
        ColumnKind.NUMBER,
        ColumnKind.BOOLEAN,
        ColumnKind.CATEGORY,
        ColumnKind.DATE,
        ColumnKind.TEXT,
    }
)


@attrs.frozen
class Roles:
    """What the user said about columns.

    Attributes:
        columns: The only columns to use as features; None for all.
        exclude: Columns kept out of the features.
        id: Column that names a row.
        label: Column that holds the truth, 1 or true for an anomaly.
        time: Column of time stamps.
        series: Column that names the series a row belongs to.
        text: Column of free text: the rows are texts, unless `columns` names others beside it.
        source, target: Columns that name the nodes at an edge's ends: the rows are edges.

    Raises:
        UsageError: If they contradict each other.
    """

    columns: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    id: str | None = None
    label: str | None = None
    time: str | None = None
    series: str | None = None
    text: str | None = None
    source: str | None = None
    target: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a column that is given for two things which exclude each other."""
        both = sorted(set(self.columns or ()) & set(self.exclude))
        if both:
            raise UsageError(f"{both[0]!r} is given in --columns and in --exclude: choose one")
        for one, other in _APART:
            column = getattr(self, one)
            if column is not None and column == getattr(self, other):
                raise UsageError(f"{column!r} is given as --{one} and as --{other}: choose one")
        if (self.source is None) != (self.target is None):
            raise UsageError("an edge has two ends: give --source and --target together")

    def or_usual(self, usual: Roles) -> Roles:
        """These, with `id` and `text` as `usual` in their source, unless features are chosen."""
        if self != Roles(id=self.id, label=self.label, text=self.text):
            return self
        return attrs.evolve(
            self,
            id=usual.id if self.id is None else self.id,
            text=usual.text if self.text is None else self.text,
        )

    def named(self) -> dict[str, str]:
        """Every column named, with the option that named it."""
        named = dict.fromkeys(self.columns or (), "--columns")
        named |= dict.fromkeys(self.exclude, "--exclude")
        for role in ("id", "label", "time", "series", "text", "source", "target"):
            column = getattr(self, role)
            if column is not None:
                named[column] = f"--{role}"
        return named

    def held_out(self, column: str) -> str | None:
        """Why `column` is not a feature, or None where the user did not say so."""
        for role in ("id", "label", "time", "series"):
            if column == getattr(self, role):
                return f"given as --{role}"
        if column in self.exclude:
            return "given in --exclude"
        if column == self.text:
            return None
        if self.columns is not None:
            return None if column in self.columns else "not in --columns"
        return None if self.text is None else "beside --text, and not in --columns"


@attrs.frozen
class Recognised:
    """A column's kind, and in words why it is not a feature (``""`` where it is one)."""

    kind: ColumnKind
    reason: str = ""


def recognise(
    frame: pl.DataFrame, roles: Roles, *, constants: bool = False
) -> dict[str, Recognised]:
    """The kind of every column of `frame`, in its order, from values and the user's words.

    Args:
        frame: Rows to look at.
        roles: What the user said.
        constants: Whether numbers that are all the same are features, as one series may be.

    Raises:
        DataError: If a column cannot be what the user says.
    """
    return {c.name: _recognise(c, roles, constants=constants) for c in frame.iter_columns()}


def _recognise(column: pl.Series, roles: Roles, *, constants: bool) -> Recognised:
    reason = roles.held_out(column.name)
    if reason is not None:
        return Recognised(ColumnKind.HELD_OUT, reason)
    missing = missing_mask(column)
    values = column.filter(~missing)
    if values.is_empty():
        return Recognised(ColumnKind.EMPTY, "every value is missing")
    if column.name == roles.text:
        _check_text(values)
        return Recognised(ColumnKind.TEXT)
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        return Recognised(ColumnKind.NESTED, f"{column.dtype} values are not supported")
    distinct = values.n_unique()
    usable = constants and (column.dtype.is_numeric() or column.dtype == pl.Boolean)
    if distinct == 1 and len(values) == len(column) > 1 and not usable:
        return Recognised(ColumnKind.CONSTANT, "every value is the same")
    return _by_type(column, values, distinct)


def _check_text(values: pl.Series) -> None:
    if values.dtype not in (pl.String, pl.Categorical, pl.Enum):
        raise DataError(
            f"--text names {values.name!r}, which holds no text but {values.dtype} values such as"
            f" {values[0]!r}; name another column",
            columns=(values.name,),
        )


def _by_type(column: pl.Series, values: pl.Series, distinct: int) -> Recognised:
    dtype = column.dtype
    if dtype == pl.Boolean:
        return Recognised(ColumnKind.BOOLEAN)
    if dtype in (pl.Date, pl.Datetime):
        return Recognised(ColumnKind.DATE)
    if dtype.is_numeric() or dtype in (pl.Duration, pl.Time):
        if dtype.is_integer() and _is_integer_identifier(values, distinct):
            return Recognised(ColumnKind.IDENTIFIER, "looks like an identifier")
        return Recognised(ColumnKind.NUMBER)
    return _text_kind(values.cast(pl.String), distinct)


def _is_integer_identifier(values: pl.Series, distinct: int) -> bool:
    if distinct < len(values) or distinct < _MIN_ROWS_FOR_IDENTIFIER:
        return False
    if _ID_NAME.search(values.name) or _CAMEL_ID.search(values.name):
        return True
    steps = values.cast(pl.Int64, strict=False).diff().drop_nulls()
    return bool((steps == 1).all())


def _text_kind(values: pl.Series, distinct: int) -> Recognised:
    if parse_numbers(values).is_not_null().mean() >= _NUMERIC_TEXT:  # type: ignore[operator]
        return Recognised(ColumnKind.NUMBER)
    if parse_dates(values).is_not_null().mean() >= _NUMERIC_TEXT:  # type: ignore[operator]
        return Recognised(ColumnKind.DATE)
    unique = distinct / len(values)
    words = values.str.count_matches(r"\S+").mean()
    if isinstance(words, float) and words >= _WORDS_OF_TEXT and unique > 0.5:
        return Recognised(ColumnKind.TEXT)
    if unique >= _UNIQUE and distinct >= _MIN_ROWS_FOR_IDENTIFIER:
        return Recognised(ColumnKind.IDENTIFIER, "looks like an identifier")
    return Recognised(ColumnKind.CATEGORY)


def missing_mask(column: pl.Series) -> pl.Series:
    """True where a value is missing: null, or NaN in a column of floats."""
    if column.dtype.is_float():
        return column.is_null() | column.is_nan().fill_null(value=True)
    return column.is_null()


def as_names(column: pl.Series) -> pl.Series:
    """Values as names, text: a whole number has the same in every type, so that 1.0 is 1."""
    names = column.cast(pl.String)
    if column.dtype.is_decimal():
        return names.str.replace(r"\.0+$", "")
    if column.dtype.is_float():
        whole = column.cast(pl.Int64, strict=False)
        same = (whole.cast(column.dtype) == column).fill_null(value=False)
        names = whole.cast(pl.String).zip_with(same, names)
    return names.set(missing_mask(column), None)


def parse_numbers(values: pl.Series) -> pl.Series:
    """Text as float64; null where it is no number."""
    return values.str.strip_chars().cast(pl.Float64, strict=False)


_SECONDS, _MINUTES, _DAY = "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%d"
_ISO_FORMS = (_SECONDS, _MINUTES, _DAY, f"{_SECONDS}%#z", f"{_MINUTES}%#z")
_BASIC = r"^(\d{4})(\d\d)(\d\d) (\d\d)(\d\d)"
_BASIC_SECONDS = r"^(\d{4}-\d\d-\d\d \d\d:\d\d)(\d\d)"
_COMMA = r"(:\d\d),(\d)"


def parse_dates(values: pl.Series) -> pl.Series:
    """Text in an ISO 8601 form as microseconds without time zone; null where it is none.

    Each value may have a form of its own. One with an offset from UTC is the moment in UTC.
    """
    text = values.str.strip_chars().str.replace("T", " ", literal=True).str.strip_suffix("Z")
    parsed = _by_forms(text)
    rest = (parsed.is_null() & text.str.contains(rf"{_BASIC}|{_COMMA}")).arg_true()
    if rest.is_empty():
        return parsed
    spread = text.gather(rest).str.replace(_BASIC, "$1-$2-$3 $4:$5")
    spread = spread.str.replace(_BASIC_SECONDS, "$1:$2").str.replace(_COMMA, "$1.$2")
    return parsed.scatter(rest, _by_forms(spread))


def _by_forms(text: pl.Series) -> pl.Series:
    """Moments by the first form that each value has; null where it has none."""
    parsed = pl.Series(text.name, [None], pl.Datetime("us")).new_from_index(0, len(text))
    for form in _ISO_FORMS:
        rest = (parsed.is_null() & text.is_not_null()).arg_true()
        if rest.is_empty():
            break
        found = text.gather(rest).str.to_datetime(form, strict=False, time_unit="us")
        parsed = parsed.scatter(rest, found.dt.replace_time_zone(None))
    return parsed


def left_out(kinds: Mapping[str, Recognised]) -> dict[str, str]:
    """Columns that are not features although the user did not hold them out, with the reason."""
    return {
        name: column.reason
        for name, column in kinds.items()
        if not column.kind.is_feature and column.kind is not ColumnKind.HELD_OUT
    }
