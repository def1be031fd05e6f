"""The one error of this plugin."""

from __future__ import annotations

from pynomaly.domain.errors import DataError


class UnfitGraph(DataError, ValueError):
    """A graph that a PyGOD detector cannot fit or score; the message says why and what can."""
