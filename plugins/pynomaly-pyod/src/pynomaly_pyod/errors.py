"""The one error of this plugin."""

from __future__ import annotations

from pynomaly.domain.errors import DataError


class UnfitData(DataError, ValueError):
    """Rows that a PyOD detector cannot fit or score; the message says why and what can."""
