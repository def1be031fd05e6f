"""The one error of this plugin."""

from __future__ import annotations

from pynomaly.domain.errors import DataError


class UnfitData(DataError, ValueError):
    """Rows that a PyOD detector cannot fit or score; the message says why and what can."""


def first_line(error: Exception) -> str:
    """What PyOD says, without the rows that scikit-learn's messages print after it."""
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:200].rstrip(".:")
