"""Plain aligned tables, fitted to the terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from pynomaly.cli.cells import cut, pad, visible, width

_GAP = "  "
_LEAST = 20


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns; those that are empty in all rows are left out.

    On a terminal the last column is cut to what is left of the line; elsewhere nothing is cut,
    so that `grep` finds all of it.
    """
    shown = [i for i in range(len(header)) if any(row[i] for row in rows)]
    lines = [[visible(line[i]) for i in shown] for line in (header, *rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)][:-1]
    left = _room() - sum(widths) - len(_GAP) * len(widths)
    return "\n".join(
        _GAP.join([*map(pad, cells[:-1], widths), cut(cells[-1], max(left, _LEAST))]).rstrip()
        for cells in lines
        if cells
    )


def _room() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
