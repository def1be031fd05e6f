"""The section about GPUs of docs/benchmarks.md, which one command writes and another leaves alone."""

from __future__ import annotations

from pathlib import Path

HEADING = "## On a GPU"
_NOT_MEASURED = (
    "Not measured: no GPU was within reach. `python3.11 noxfile.py -s bench-gpu` measures it on a"
    " machine that has one.\n"
)


def section_of(page: Path) -> str:
    """What a page says about GPUs, heading included."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    _, heading, rest = text.partition(HEADING)
    return heading + rest if heading else f"{HEADING}\n\n{_NOT_MEASURED}"


def write_section(page: Path, section: str) -> None:
    """Put the section in the place of the one that the page has."""
    before = page.read_text(encoding="utf-8").partition(HEADING)[0].rstrip()
    page.write_text(f"{before}\n\n{section}", encoding="utf-8")
