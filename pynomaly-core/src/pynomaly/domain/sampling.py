"""A uniform sample of rows that depends on the seed and the rows' order, never on batches."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

Index = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]


def row_keys(start: int, count: int, seed: int) -> Keys:
    """Pseudo-random keys of rows `start` to ``start + count - 1``, shape (count,).

    The finaliser of SplitMix64 (Steele, Lea, Flood 2014, doi 10.1145/2714064.2660195).
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        index = np.arange(start + 1, start + count + 1, dtype=np.uint64)
        z = (index + np.uint64(seed % 2**64) * np.uint64(0xD1342543DE82EF95)) * golden
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def smallest(keys: Keys, count: int) -> Index:
    """Positions of the `count` smallest of keys that all differ, in ascending order."""
    if len(keys) <= count:
        return np.arange(len(keys))
    return np.flatnonzero(keys <= np.partition(keys, count - 1)[count - 1])


@attrs.frozen(eq=False)
class Sample:
    """Rows kept of a table.

    Attributes:
        frame: The rows, in their order.
        index: Their positions in the table, shape (m,).
        keys: Their keys, shape (m,).
        rows: Number of rows that the table has.
    """

    frame: pl.DataFrame
    index: Index
    keys: Keys
    rows: int

    @property
    def whole(self) -> bool:
        """Whether every row was kept."""
        return len(self.index) == self.rows


class RowSample:
    """Keeps the `capacity` rows with the smallest keys of all rows that it is shown, in order.

    Args:
        capacity: Rows to keep; None keeps all.
        seed: Chooses which.
    """

    def __init__(self, capacity: int | None, seed: int) -> None:
        self.rows = 0
        self._capacity = capacity
        self._seed = seed
        self._frames: list[pl.DataFrame] = []
        self._index: list[Index] = []
        self._keys: list[Keys] = []
        self._held = 0
        self._limit = np.uint64(2**64 - 1)

    def add(self, frame: pl.DataFrame) -> None:
        """Show the next rows."""
        keys = row_keys(self.rows, frame.height, self._seed)
        self.rows += frame.height
        index = np.arange(self.rows - frame.height, self.rows)
        keep = keys <= self._limit
        if not keep.all():
            frame, index, keys = frame.filter(pl.Series(keep)), index[keep], keys[keep]
        self._frames.append(frame)
        self._index.append(index)
        self._keys.append(keys)
        self._held += frame.height
        if self._capacity is not None and self._held > 2 * self._capacity:
            self._prune(self._capacity)

    def result(self) -> Sample:
        """The rows kept."""
        if self._capacity is not None and self._held > self._capacity:
            self._prune(self._capacity)
        return Sample(*self._joined(), self.rows)

    def _joined(self) -> tuple[pl.DataFrame, Index, Keys]:
        if len(self._frames) > 1:
            self._frames = [pl.concat(self._frames, rechunk=True)]
            self._index = [np.concatenate(self._index)]
            self._keys = [np.concatenate(self._keys)]
        return self._frames[0], self._index[0], self._keys[0]

    def _prune(self, capacity: int) -> None:
        frame, index, keys = self._joined()
        self._limit = np.partition(keys, capacity - 1)[capacity - 1]
        keep = keys <= self._limit
        self._frames, self._index = [frame.filter(pl.Series(keep))], [index[keep]]
        self._keys = [keys[keep]]
        self._held = capacity
