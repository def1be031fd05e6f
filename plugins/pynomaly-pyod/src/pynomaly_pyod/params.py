"""Parameter classes of all detectors, built from `parameters.json` when they are asked for.

`pynomaly_pyod.params:iforest` is an attrs class with one field per parameter of PyOD's `IForest`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from types import GenericAlias
from typing import Any, Literal, Union

import attrs

from pynomaly.ports.params import param

TABLE = Path(__file__).with_name("parameters.json")
"""The generated table: ``python -m pynomaly_pyod.generating`` writes it."""

_PLAIN: dict[str, Any] = {
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": float,
    "string": str,
}


@cache
def entries() -> dict[str, Any]:
    """Detector name to its ``target``, ``signature`` and ``params``."""
    found: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))["detectors"]
    return found


@cache
def params_class(name: str) -> type:
    """The attrs class of the parameters of the detector called `name`."""
    fields = {key: _field(info) for key, info in entries()[name]["params"].items()}
    hints = {key: _hint(info["type"]) for key, info in entries()[name]["params"].items()}
    body = {
        "__annotations__": hints,
        "__doc__": f"Parameters of `pyod.{name}`.",
        "__module__": __name__,
        **fields,
    }
    return attrs.frozen(type(name, (), body))


def __getattr__(name: str) -> type:
    if name.startswith("_") or name not in entries():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return params_class(name)


def _field(info: dict[str, Any]) -> Any:
    default = info["default"]
    return param(
        tuple(default) if isinstance(default, list) else default,
        help=info["help"],
        tune=info.get("tune"),
        **{bound: info.get(bound) for bound in ("ge", "gt", "le", "lt")},
    )


def _hint(alternatives: list[Any]) -> Any:
    return Union[tuple(_alternative(each) for each in alternatives)]  # noqa: UP007 - built here


def _alternative(each: str | dict[str, Any]) -> Any:
    if isinstance(each, str):
        return _PLAIN[each]
    if "enum" in each:
        return Literal[tuple(each["enum"])]
    return GenericAlias(tuple, (_PLAIN[each["array"]], ...))
