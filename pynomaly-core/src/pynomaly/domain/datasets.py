"""A table: a schema, and rows that can be read in batches, in order, any number of times.

And what stands for one while it is still far away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, cast

import attrs
import polars as pl

from pynomaly.domain.errors import DataError
from pynomaly.domain.schema import Roles

BATCH_ROWS = 65_536
"""Rows of a batch where none are asked for: some 10 MB of 20 numbers each."""

BATCH_BYTES = 64 << 20
"""A batch has fewer rows where so many would be larger, as documents may be."""

T = TypeVar("T")
D = TypeVar("D")

Frames = Callable[[int, Sequence[str]], Iterator[pl.DataFrame]]
"""Reads a source from its start: called with a number of rows and the names of columns.

The frames hold consecutive rows, in order. Their heights are free, and so is what columns they
have beside those asked for: both arguments are there to save work.
"""

Types = Mapping[str, pl.DataType]
Retype = Callable[[Types], "Table"]
"""Gives the table of the same source with some columns read as other types."""


class MixedColumn(DataError):
    """A column holds a value that does not fit the type that its first rows showed.

    Whoever was reading starts again with `Table.with_types` of `types` (see `read_whole`).

    Attributes:
        types: For each column at fault, a type that it can be read as.
    """

    def __init__(self, types: Types, *, source: str = "") -> None:
        self.types = dict(types)
        names = ", ".join(repr(name) for name in self.types)
        some = "columns" if len(self.types) > 1 else "column"
        super().__init__(
            f"{some} {names} holds values that the first rows did not announce:"
            " read it as text, or mend the values",
            source=source,
            columns=tuple(self.types),
        )


@attrs.frozen(eq=False)
class Table:
    """Rows and columns from any source.

    Attributes:
        name: What messages call it: a path, or ``"<memory>"``.
        schema: Column names to types, in order.
        frames: Reads the source from its start; `batches` is the way to call it.
        rows: Number of rows, where it is known without reading.
        size: Bytes of the source, where known: tells whether it fits into memory.
        retype: Reads columns as other types; None where types are what they are (Parquet, ...).
        held: The whole table, where it lies in memory.
        files: Local files that it is read from: no output may replace one.
        notes: What was decided while it was opened and the user should know, in sentences.
        roles: Its `id` and `text`, where the source itself knows them.
        cancel: Makes a read that is going on raise; called from another thread, after Ctrl-C.
    """

    name: str
    schema: pl.Schema = attrs.field(converter=pl.Schema)
    frames: Frames = attrs.field(repr=False)
    rows: int | None = None
    size: int | None = None
    retype: Retype | None = attrs.field(default=None, repr=False)
    held: pl.DataFrame | None = attrs.field(default=None, repr=False)
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    roles: Roles = attrs.field(factory=Roles)
    cancel: Callable[[], object] | None = attrs.field(default=None, repr=False)

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, name: str = "<memory>") -> Table:
        """The table of a frame in memory."""

        def frames(size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
            return frame.select(columns).iter_slices(size)

        size = int(frame.estimated_size())
        return cls(name, frame.schema, frames, frame.height, size, _cast(frame, name), frame)

    def batches(
        self, size: int | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pl.DataFrame]:
        """Read from the start, in order: frames of `size` rows, the last one of what is left.

        Args:
            size: Rows of a batch; None for as many as make a batch of moderate size.
            columns: Names of the columns to read, in the order wanted; None for all.

        Raises:
            DataError: If the source cannot be read.
            MixedColumn: If a column's type does not fit all of its values.
        """
        names = list(self.schema) if columns is None else list(columns)
        unknown = [name for name in names if name not in self.schema]
        if unknown:
            raise DataError(
                f"has no column {', '.join(map(repr, unknown))}: it has"
                f" {', '.join(list(self.schema)[:20])}",
                source=self.name,
                columns=unknown,
            )
        wanted = pl.Schema({name: self.schema[name] for name in names})
        size = self._moderate() if size is None else size
        frames = (self._checked(frame, wanted) for frame in self.frames(size, names))
        return rebatch(self._counted(frames) if names else frames, size)

    def collect(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All rows in one frame. A column that turns out mixed is read again as what it is."""
        if self.held is not None:
            return self.held if columns is None else self.held.select(columns)

        def concatenated(table: Table) -> pl.DataFrame:
            names = list(table.schema) if columns is None else list(columns)
            empty = table.schema.to_frame().select(names)
            return pl.concat([empty, *table.batches(columns=names)], rechunk=True)

        return read_whole(self, concatenated)

    def with_types(self, types: Types) -> Table:
        """The same source with some columns read as other types, as far as it has a choice."""
        changed = {n: t for n, t in types.items() if self.schema.get(n, t) != t}
        return self.retype(changed) if changed and self.retype else self

    def as_text(self, columns: Sequence[str]) -> Table:
        """The same source with `columns` read as text."""
        return self.with_types(dict.fromkeys(columns, pl.String()))

    def _moderate(self) -> int:
        if not self.rows or not self.size:
            return BATCH_ROWS
        return max(1, min(BATCH_ROWS, BATCH_BYTES * self.rows // self.size))

    def _counted(self, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The frames; at their end, whether they were all: a reader may stop at damage in silence."""
        rows = 0
        for frame in frames:
            rows += frame.height
            yield frame
        if self.rows is not None and rows != self.rows:
            raise DataError(
                f"gave {rows:,} of {self.rows:,} rows: it is damaged, or was changed while it was"
                " read",
                source=self.name,
            )

    def _checked(self, frame: pl.DataFrame, wanted: pl.Schema) -> pl.DataFrame:
        if frame.schema == wanted:
            return frame
        try:
            chosen = frame.select(list(wanted))
        except pl.exceptions.ColumnNotFoundError as error:
            raise DataError(
                f"its loader gave a batch without a column: {error}", source=self.name
            ) from error
        wrong = [name for name, dtype in wanted.items() if chosen.schema[name] != dtype]
        if wrong:
            raise DataError(
                f"its loader gave {chosen.schema[wrong[0]]} where it had announced"
                f" {wanted[wrong[0]]} in column {wrong[0]!r}",
                source=self.name,
                columns=wrong,
            )
        return chosen


@attrs.frozen(eq=False)
class Download:
    """A source that lies elsewhere: a loader of files goes on with it, by the suffix of its name.

    Attributes:
        name: What messages call it.
        files: Names of the files there are, at least one: suffixes tell the format. Those of a
            folder may have slashes in them.
        fetch: Called with one of the names and a path, it puts that file there.
    """

    name: str
    files: tuple[str, ...]
    fetch: Callable[[str, Path], None] = attrs.field(repr=False)


def read_whole(data: D, read: Callable[[D], T]) -> T:
    """What `read` makes of `data`; called again whenever a column of a table turns out mixed.

    `read` must start from nothing each time. It sees the mixed column as a type that all of the
    column's values so far fit, text in the end, so that this ends.
    """
    while True:
        try:
            return read(data)
        except MixedColumn as mixed:
            if not isinstance(data, Table):
                raise
            repaired = data.with_types(mixed.types)
            if repaired is data:
                raise
            data = cast("D", repaired)


def rebatch(frames: Iterator[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """The same rows in frames of exactly `size` rows, the last one of what is left."""
    if size < 1:
        raise ValueError(f"a batch has at least one row, not {size}")
    held: list[pl.DataFrame] = []
    height = 0
    for frame in frames:
        start = 0
        while frame.height - start >= size - height:
            taken = frame.slice(start, size - height)
            yield _joined([*held, taken])
            start += size - height
            held, height = [], 0
        if start < frame.height:
            held.append(frame.slice(start))
            height += frame.height - start
    if held:
        yield _joined(held)


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    return frames[0] if len(frames) == 1 else pl.concat(frames, rechunk=True)


def _cast(frame: pl.DataFrame, name: str) -> Retype:
    def retype(types: Types) -> Table:
        return Table.from_frame(
            frame.with_columns(
                pl.col(name).cast(dtype, strict=False) for name, dtype in types.items()
            ),
            name,
        )

    return retype
