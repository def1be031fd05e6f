"""Values as JSON, with arrays and bytes pulled out of it: for model files and for workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

MARK = "$member"
"""The key that stands, with a reference, in the place of what was pulled out."""

ARRAY_KINDS = "biufUS"
"""Kinds of NumPy arrays that are taken: numbers, truth values and text, never objects."""

Put = Callable[[str, "np.ndarray[Any, Any] | bytes"], Any]
"""Takes a place in the value, such as ``"state/trees/0"``, and what was there: a reference."""


def pack(value: Any, name: str, put: Put) -> Any:
    """`value` as JSON; what `put` returns for arrays and bytes stands in their place.

    Args:
        value: Arrays, bytes, JSON values, and mappings and sequences of them.
        name: What it is, for errors and for `put`.
        put: Keeps an array or bytes and gives a reference to it.

    Raises:
        TypeError: Naming the place of what cannot be packed.
    """
    if isinstance(value, np.ndarray | bytes):
        return {MARK: put(name, _checked(value, name))}
    if isinstance(value, np.generic):  # some are also a `str` or a `float`
        value = value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return _pack_sequence(value, name, put)
    if isinstance(value, Mapping):
        return _pack_items(value, name, put)
    raise TypeError(f"{name}: {type(value).__name__} cannot be saved")


def _pack_sequence(values: Sequence[Any], name: str, put: Put) -> list[Any]:
    if all(type(value) is str for value in values):  # many texts, at no cost for each
        return list(values)
    return [pack(value, f"{name}/{i}", put) for i, value in enumerate(values)]


def _checked(value: np.ndarray[Any, Any] | bytes, name: str) -> np.ndarray[Any, Any] | bytes:
    if isinstance(value, np.ndarray) and value.dtype.kind not in ARRAY_KINDS:
        raise TypeError(f"{name}: arrays of {value.dtype} cannot be saved")
    return value


def _pack_items(values: Mapping[Any, Any], name: str, put: Put) -> dict[str, Any]:
    packed = {}
    for i, (key, item) in enumerate(values.items()):
        if not isinstance(key, str) or key == MARK:
            raise TypeError(f"{name}: key {key!r} cannot be saved")
        packed[str.__str__(key)] = pack(item, f"{name}/{key if key.isidentifier() else i}", put)
    return packed


def unpack(value: Any, get: Callable[[Any], Any]) -> Any:
    """What was packed; `get` gives what a reference stands for."""
    if isinstance(value, dict):
        if MARK in value:
            return get(value[MARK])
        return {key: unpack(item, get) for key, item in value.items()}
    if isinstance(value, list):
        return [unpack(item, get) for item in value]
    return value
