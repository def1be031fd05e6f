"""A progress bar on a terminal: rows, rate, time left. Silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pynomaly.application.recipe import Progress


@contextmanager
def show_progress() -> Iterator[Progress]:
    """A function that draws the progress it is told, on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from tqdm import tqdm

    bar: Any = None
    current = ""

    def show(stage: str, done: int, total: int | None) -> None:
        nonlocal bar, current
        if bar is None or stage != current:
            if bar is not None:
                bar.close()
            unit = " folds" if stage == "calibrating" else " rows"
            bar = tqdm(desc=stage, total=total, unit=unit, unit_scale=True, leave=False)
            current = stage
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()
