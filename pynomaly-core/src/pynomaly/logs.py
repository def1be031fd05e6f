"""Logs of the core and its plugins: structlog, to stderr, never a data value."""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

LEVELS = ("debug", "info", "warning", "error")

_CONFIG: ContextVar[tuple[str, bool] | None] = ContextVar("pynomaly_log", default=None)


def configure_logs(level: str, *, as_json: bool) -> None:
    """Set the lowest level, one of `LEVELS`, and the form, for this context."""
    _CONFIG.set((level, as_json))


def get_logger(name: str) -> Any:
    """A structlog logger that writes to stderr; structlog's own configuration stays untouched."""
    import structlog

    level, as_json = _CONFIG.get() or (os.environ.get("PYNOMALY_LOG_LEVEL", "info"), False)
    lowest = LEVELS.index(level) if level in LEVELS else 1

    def drop_below(
        _: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        if method in LEVELS and LEVELS.index(method) < lowest:
            raise structlog.DropEvent
        return event

    renderer = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    return structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            drop_below,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
    ).bind(logger=name)
