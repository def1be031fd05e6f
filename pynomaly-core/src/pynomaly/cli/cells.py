"""Text in the cells of tables: what a terminal may be shown, and how wide it is there."""

from __future__ import annotations

import re
import unicodedata

_BLANKS = re.compile(r"[\t-\r\x1c-\x1e\x85\u2028\u2029]+")
_CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What commands a terminal, turns the direction of text or is half a character."""
_NO_CELL = frozenset({"Mn", "Me", "Cf"})
"""Categories of what is drawn over the character before it, or not at all."""


def visible(text: str) -> str:
    """`text` on one line, without anything in it that a terminal would obey."""
    if text.isprintable():
        return text
    return _CONTROLS.sub("\ufffd", _BLANKS.sub(" ", text))


def width(text: str) -> int:
    """How many cells of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def pad(text: str, size: int, *, right: bool = False) -> str:
    """`text` in `size` cells, at their left or `right` end."""
    blanks = " " * (size - width(text))
    return blanks + text if right else text + blanks


def cut(text: str, size: int) -> str:
    """`text`, shortened where it takes more than `size` cells."""
    if width(text) <= size:
        return text
    used = 0
    for at, character in enumerate(text):
        used += _cells(character)
        if used > size - 1:
            return f"{text[:at]}…"
    return text


def _cells(character: str) -> int:
    if unicodedata.category(character) in _NO_CELL:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
