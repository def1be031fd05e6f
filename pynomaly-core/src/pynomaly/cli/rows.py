"""The table of the rows with the highest scores."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pynomaly.cli.cells import cut, pad, visible, width

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from pynomaly.application.scoring import ScoredBatch
    from pynomaly.domain.calibration import Scores

TOP_ROWS = 10
_CELL = 24
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[ T](?P<minute>\d\d:\d\d)(?P<second>:\d\d(?:\.\d+)?)?"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)*)?"
)
_UTC = frozenset({"Z", "+00:00"})
_HELD = ("anomaly_score", "p_value", "is_anomaly")


class TopRows:
    """Keeps the rows with the highest scores of all batches that it is shown."""

    def __init__(self, count: int = TOP_ROWS) -> None:
        self._count = count
        self._kept: pl.DataFrame | None = None
        self._rows = 0

    def __call__(self, batch: ScoredBatch) -> None:
        """See the next batch."""
        import polars as pl

        order = _highest(batch.scores, self._count)
        picked = batch.with_input()[order.tolist()]
        number = _free_name("row", picked.columns)
        picked = picked.insert_column(0, pl.Series(number, order + self._rows + 1))
        self._rows += len(batch.scores)
        if self._kept is not None:
            picked = pl.concat([self._kept, picked])
        ranked = picked.sort("anomaly_score", descending=True, maintain_order=True)
        self._kept = ranked.head(self._count)

    @property
    def frame(self) -> pl.DataFrame | None:
        """The rows kept, the highest score first, with their row numbers from 1."""
        return self._kept


def _highest(scores: Scores, count: int) -> npt.NDArray[np.intp]:
    """Positions of the `count` highest scores, the highest first; of equal ones the earlier."""
    import numpy as np

    count = min(count, len(scores))
    if not count:
        return np.empty(0, dtype=np.intp)
    high = np.flatnonzero(scores >= np.partition(scores, -count)[-count])
    return high[np.argsort(-scores[high], kind="stable")][:count]


def _free_name(name: str, taken: Sequence[str]) -> str:
    """`name`, changed only if a column of the input has it already."""
    while name in taken:
        name = f"#{name}"
    return name


def format_rows(
    frame: pl.DataFrame,
    *,
    id: str | None = None,
    label: str | None = None,
    text: str | None = None,
) -> str:
    """`frame` as an aligned table that fits the terminal; columns that do not fit are counted.

    Args:
        frame: Rows with their numbers first, then scores and input columns.
        id: Column that names a row, to stand next to its number.
        label: Column with the truth, to stand next to the scores.
        text: Column of texts, to take all the place that is left.
    """
    wanted = [frame.columns[0], id, *_HELD, "explanation", label, text, *frame.columns]
    names = [name for name in dict.fromkeys(wanted) if name is not None and name in frame.columns]
    long = ("explanation", text)
    columns = [[cell(name, value, long) for value in frame[name]] for name in names]
    room = shutil.get_terminal_size((100, 24)).columns
    shown: list[list[str]] = []
    used = 0
    for name, column in zip(names, columns, strict=True):
        cells = with_zone_in_heading([_short(name), *column])
        if name in long:
            cells = [_short(cell, max(_CELL, room - used)) for cell in cells]
        size = max(map(width, cells)) + 2
        if used + size > room + 2 and len(shown) > len(_HELD) + 1:
            break
        right = all(_is_number(cell) for cell in column)
        shown.append([pad(cell, size - 2, right=right) for cell in cells])
        used += size
    lines = ["  ".join(cells).rstrip() for cells in zip(*shown, strict=True)]
    hidden = len(names) - len(shown)
    if hidden:
        lines.append(f"({hidden} more column{'s' if hidden > 1 else ''})")
    return "\n".join(lines)


def cell(name: str, value: object, long: Sequence[str | None] = ()) -> str:
    """A value as it stands in a table, shortened unless its column is one of `long`."""
    if value is None:
        return ""
    if name == "explanation":
        return _explanation(value)
    if name in long:
        return str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _tidy(str(value))


def with_zone_in_heading(cells: Sequence[str]) -> list[str]:
    """The cells of a column, heading first; a zone that all its moments share stands there once."""
    moments = [_MOMENT.fullmatch(cell) for cell in cells[1:] if cell]
    zones = {moment["zone"] if moment else None for moment in moments}
    zone = zones.pop() if len(zones) == 1 else None
    if zone is None:
        return list(cells)
    heading = f"{cells[0]} ({'UTC' if zone in _UTC else zone})"
    return [heading, *(cell.removesuffix(zone) for cell in cells[1:])]


def _tidy(text: str) -> str:
    """A cell that fits; a moment whole, but for seconds that say nothing."""
    moment = _MOMENT.fullmatch(text)
    if moment is None:
        return _short(text)
    second = "" if moment["second"] == ":00" else moment["second"] or ""
    return f"{moment['day']} {moment['minute']}{second}{moment['zone'] or ''}"


def _explanation(value: Any) -> str:
    return "; ".join(f"{each['column']}={_tidy(_unquoted(each['value']))}" for each in value)


def _unquoted(value: str | None) -> str:
    if value is None:
        return "missing"
    try:
        known = json.loads(value)
    except ValueError:
        return value
    return f"{known:.4g}" if isinstance(known, float) else str(known)


def _short(text: str, length: int = _CELL) -> str:
    return cut(visible(" ".join(text.split())), length)


def _is_number(cell: str) -> bool:
    try:
        float(cell or 0)
    except ValueError:
        return False
    return True
