"""From a worker's reply to a result, or to the error that the same call raises in this process."""

from __future__ import annotations

import logging
from typing import Any

from pynomaly.domain.errors import (
    DataError,
    LimitExceeded,
    PluginFailed,
    PynomalyError,
    UsageError,
)
from pynomaly.infrastructure.isolation.launching import Launch
from pynomaly.infrastructure.isolation.process import Asked
from pynomaly.infrastructure.isolation.wire import Reply

_log = logging.getLogger(__name__)

_PLAIN: dict[str, type[Exception]] = {
    "DataError": DataError,
    "UsageError": UsageError,
    "PynomalyError": PynomalyError,
    "ValueError": ValueError,
}
"""Errors that are made of a message alone, by the name of their class; the first one counts."""


def result_of(reply: Reply, asked: Asked, how: Launch) -> Any:
    """What was asked for.

    Raises:
        PynomalyError, ValueError: What the detector raised, where it is one of these.
        LimitExceeded: If it ran out of the memory that it may use.
        PluginFailed: For whatever else it raised.
    """
    if reply.ok:
        return reply.value
    kinds, message = _read(reply.value)
    _log.debug("%s failed to %s: %s", asked.id, asked.stage, kinds[0])
    for kind in kinds:
        if kind in _PLAIN:
            raise _PLAIN[kind](message)
    if "MemoryError" in kinds and how.memory_mib:
        raise LimitExceeded(
            "memory",
            f"{asked.id} failed to {asked.stage}: its process may take {how.memory_mib:,} MiB of"
            " address space, and needs more: give fewer rows, or a higher limit",
        )
    raise PluginFailed(asked.id, asked.stage, message or kinds[0])


def _read(value: Any) -> tuple[list[str], str]:
    """Names of the error's classes, and its message, of a description that may be anything."""
    match value:
        case {"kinds": [str(_), *_] as kinds, "message": str(message)}:
            return [str(kind) for kind in kinds], message
    return ["Exception"], "it does not say what is wrong"
