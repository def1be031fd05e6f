"""Typed parameters: one attrs class gives defaults, bounds, help, search range and JSON Schema.

At the edge they are structured strictly and all faults are reported at once:
``"false"`` is not a bool, and ``3.9`` is not an int. Only what was typed on a command line, a
`Text`, is read as what it looks like.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs

from pynomaly.domain.errors import InvalidParams

P = TypeVar("P")

_KEY = "pynomaly"
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
_BOUNDS: dict[str, tuple[str, str, Callable[[float, float], bool]]] = {
    "ge": ("minimum", "at least", lambda value, bound: value >= bound),
    "gt": ("exclusiveMinimum", "greater than", lambda value, bound: value > bound),
    "le": ("maximum", "at most", lambda value, bound: value <= bound),
    "lt": ("exclusiveMaximum", "less than", lambda value, bound: value < bound),
}


def param(
    default: Any,
    *,
    help: str,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    tune: tuple[float, float] | Sequence[Any] | None = None,
) -> Any:
    """An attrs field with what a form, a tuner and a check need.

    Args:
        default: Value when nothing is given.
        help: One sentence, with the unit.
        ge, gt, le, lt: Bounds for numbers; other alternatives of a union are not bounded.
        tune: Range ``(low, high)`` or choices that a tuner may search.
    """
    bounds = {"ge": ge, "gt": gt, "le": le, "lt": lt}
    info = {
        "help": help,
        "bounds": {name: bound for name, bound in bounds.items() if bound is not None},
        "tune": tune,
    }
    return attrs.field(default=default, metadata={_KEY: info})


class Text(str):
    """A value as it was typed: taken as JSON where that is of the right type, else as text."""

    __slots__ = ()


@attrs.frozen
class NoParams:
    """For what takes no parameters."""


def structure_params(
    cls: type[P], values: Mapping[str, Any], *, owner: str, kind: str = "detectors"
) -> P:
    """An instance of `cls` from untrusted `values`.

    Args:
        cls: An attrs class whose fields are made by `param`.
        values: By name; those that are missing have their default.
        owner: Id of whose parameters they are, for messages.
        kind: Of what the owner is one, likewise.

    Raises:
        InvalidParams: With every unknown name, wrong type and broken bound.
    """
    fields = {field.name: field for field in attrs.fields(cast("Any", cls))}
    hints = get_type_hints(cls)
    errors: list[tuple[str, str]] = []
    good: dict[str, Any] = {}
    for name, value in values.items():
        if name not in fields:
            errors.append((name, f"unknown; it takes {', '.join(fields) or 'no parameters'}"))
            continue
        try:
            good[name] = _structure(value, hints[name], _info(fields[name])["bounds"])
        except ValueError as error:
            errors.append((name, str(error)))
    if errors:
        raise InvalidParams(owner, errors, kind=kind)
    try:
        return cls(**good)
    except ValueError as error:  # a rule of the class itself, over several fields
        raise InvalidParams(owner, [("params", str(error))], kind=kind) from error


def unstructure_params(params: object) -> dict[str, Any]:
    """The params as JSON-ready data that `structure_params` takes back."""
    return attrs.asdict(cast("Any", params))


def json_schema(cls: type) -> dict[str, Any]:
    """JSON Schema (2020-12) of a params class, for forms and checks."""
    hints = get_type_hints(cls)
    properties = {}
    for field in attrs.fields(cast("Any", cls)):
        info = _info(field)
        schema = _type_schema(hints[field.name], info["bounds"])
        schema["default"] = field.default
        if info["help"]:
            schema["description"] = info["help"]
        if info["tune"] is not None:
            schema["x-tune"] = list(info["tune"])
        properties[field.name] = schema
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _info(field: attrs.Attribute[Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"help": "", "bounds": {}, "tune": None}
    return cast("dict[str, Any]", field.metadata.get(_KEY, empty))


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _structure(value: Any, hint: Any, bounds: Mapping[str, float]) -> Any:
    readings = _readings(value)
    for reading in readings:
        for alternative in _alternatives(hint):
            matched, result = _match(reading, alternative)
            if matched:
                _check_bounds(result, bounds)
                return result
    raise ValueError(f"{readings[0]!r} is not {_describe(hint)}")


def _readings(value: Any) -> list[Any]:
    if not isinstance(value, Text):
        return [value]
    text = str(value)
    try:
        return [json.loads(text), text]
    except ValueError:
        return [text]


def _match(value: Any, hint: Any) -> tuple[bool, Any]:  # noqa: PLR0911, a decision list
    if get_origin(hint) is Literal:
        return any(value == c and type(value) is type(c) for c in get_args(hint)), value
    if hint is float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return True, float(value)
        return False, None
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool), value
    if get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            return False, None
        item = get_args(hint)[0]
        items = [_match(each, item) for each in value]
        return all(ok for ok, _ in items), tuple(each for _, each in items)
    if hint is type(None):
        return value is None, None
    return isinstance(value, hint), value


def _check_bounds(value: Any, bounds: Mapping[str, float]) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    for name, bound in bounds.items():
        _, words, holds = _BOUNDS[name]
        if not holds(value, bound):
            raise ValueError(f"{value!r} must be {words} {bound}")


def _describe(hint: Any) -> str:
    names = {int: "an integer", float: "a number", bool: "true or false", str: "a string"}
    parts = []
    for alternative in _alternatives(hint):
        if get_origin(alternative) is Literal:
            parts += [repr(choice) for choice in get_args(alternative)]
        elif get_origin(alternative) is tuple:
            parts.append("a list")
        elif alternative is type(None):
            parts.append("null")
        else:
            parts.append(names.get(alternative, str(alternative)))
    return " or ".join(parts)


def _type_schema(hint: Any, bounds: Mapping[str, float]) -> dict[str, Any]:
    schemas: list[dict[str, Any]] = []
    for alternative in _alternatives(hint):
        if get_origin(alternative) is Literal:
            schemas.append({"enum": list(get_args(alternative))})
        elif get_origin(alternative) is tuple:
            schemas.append({"type": "array", "items": _type_schema(get_args(alternative)[0], {})})
        else:
            schema: dict[str, Any] = {"type": _JSON_TYPES[alternative]}
            if alternative in (int, float):
                schema |= {_BOUNDS[name][0]: bound for name, bound in bounds.items()}
            schemas.append(schema)
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
