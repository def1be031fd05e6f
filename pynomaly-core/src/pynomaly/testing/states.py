"""What a model file makes of a state."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pynomaly.ports.protocols import State


def through_a_file(state: State) -> dict[str, Any]:
    """The state as a model file would give it back; nothing is pickled."""
    return {str(name): _stored(name, value) for name, value in state.items()}


def _stored(name: str, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        file = io.BytesIO()
        try:
            np.save(file, value, allow_pickle=False)
        except ValueError as error:
            raise AssertionError(f"state {name!r} is an array of objects") from error
        return np.load(io.BytesIO(file.getvalue()), allow_pickle=False)
    if isinstance(value, bytes):
        return value
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        kind = type(value).__name__
        raise AssertionError(f"state {name!r} is a {kind}: not array, bytes or JSON") from error
