"""Builds the table of parameters from signatures, scikit-learn's constraints and the rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.metadata import version
from numbers import Integral
from typing import Any

from pynomaly_pyod.generating.rules import LEFT_OUT, RULES, WRAPPED
from pynomaly_pyod.generating.source import Required, Signature

Alternative = str | dict[str, Any]
"""``"integer"``, ``"number"``, ``"boolean"``, ``"string"``, ``"null"``, ``{"enum": [...]}`` or
``{"array": "integer"}``."""

_OF_DEFAULT = {bool: "boolean", int: "integer", float: "number", str: "string"}


def table(found: Iterable[Signature], names: Mapping[str, str]) -> dict[str, Any]:
    """The whole table as JSON-ready data.

    Args:
        found: The classes.
        names: Target to the detector's name, such as ``"iforest"``.
    """
    return {
        "generated_from": {name: version(name) for name in ("pyod", "scikit-learn")},
        "detectors": {names[each.target]: entry(each) for each in found},
    }


def as_text(data: Mapping[str, Any]) -> str:
    """The table as it is committed: one line per parameter, so that a diff reads well."""
    lines = ["{", f' "generated_from": {json.dumps(data["generated_from"])},', ' "detectors": {']
    entries = []
    for name, each in sorted(data["detectors"].items()):
        params = [
            f"   {json.dumps(key)}: {json.dumps(value)}" for key, value in each["params"].items()
        ]
        body = ",\n".join(params)
        entries.append(
            f"  {json.dumps(name)}: {{\n"
            f'   "target": {json.dumps(each["target"])},\n'
            f'   "signature": {json.dumps(each["signature"])},\n'
            f'   "params": {{\n{body}\n   }}\n  }}'
        )
    return "\n".join([*lines, ",\n".join(entries), " }", "}", ""])


def entry(found: Signature) -> dict[str, Any]:
    """One detector: its target, its whole signature, the parameters that are offered."""
    constraints = _constraints(found.cls)
    params = {
        name: _param(found.cls, name, default, constraints.get(name, ()))
        for name, default in found.defaults.items()
        if name not in LEFT_OUT and default is not Required
    }
    return {"target": found.target, "signature": signature(found), "params": params}


def signature(found: Signature) -> dict[str, Any]:
    """Every parameter to its default as JSON has it; ``"(required)"`` where there is none."""
    return {
        name: "(required)" if default is Required else default
        for name, default in found.defaults.items()
    }


def _param(cls: str, name: str, default: Any, constraint: Iterable[Any]) -> dict[str, Any]:
    rule = RULES.get(f"{cls}.{name}") or RULES[name]
    types, bounds = _from_constraint(constraint)
    if rule.type:
        types = _parse(rule.type)
    types = types or [_OF_DEFAULT[type(default)]]
    param = {"type": types, "default": default, "help": rule.help, **(rule.bounds or bounds)}
    return param if rule.tune is None else param | {"tune": list(rule.tune)}


def _parse(text: str) -> list[Alternative]:
    """`Rule.type` as alternatives; neighbouring literals become one enum."""
    types: list[Alternative] = []
    choices: list[Any] = []
    for part in text.split("|"):
        if part.startswith("'") or part.isdigit():
            choices.append(part.strip("'") if part.startswith("'") else int(part))
        elif part.startswith("["):
            types.append({"array": part.strip("[]")})
        else:
            types.append(part)
    return [*types, {"enum": choices}] if choices else types


def _constraints(cls: str) -> Mapping[str, Iterable[Any]]:
    if cls not in WRAPPED:
        return {}
    module, _, name = WRAPPED[cls].partition(":")
    estimator: Any = getattr(import_module(module), name)
    found: Mapping[str, Iterable[Any]] = estimator._parameter_constraints  # noqa: SLF001 - theirs
    return found


def _from_constraint(constraint: Iterable[Any]) -> tuple[list[Alternative], dict[str, float]]:
    """Alternatives and bounds of a scikit-learn constraint; callables and arrays left out."""
    from sklearn.utils._param_validation import Interval, Options, StrOptions

    types: list[Alternative] = []
    bounds: dict[str, float] = {}
    for each in constraint:
        if isinstance(each, Interval):
            numbers = {"integer", "number"} & {kind for kind in types if isinstance(kind, str)}
            bounds = _wider(bounds, _bounds(each)) if numbers else _bounds(each)
            types.append("integer" if each.type is Integral else "number")
        elif isinstance(each, StrOptions):
            types.append({"enum": sorted(each.options - {"precomputed"})})
        elif isinstance(each, Options) and each.type is not str:
            continue
        elif each is None:
            types.append("null")
        elif each in ("boolean", bool):
            types.append("boolean")
    return types, bounds


def _bounds(interval: Any) -> dict[str, float]:
    low, high = interval.left, interval.right
    closed = interval.closed
    bounds = {}
    if low is not None:
        bounds["ge" if closed in ("left", "both") else "gt"] = low
    if high is not None and high != float("inf"):
        bounds["le" if closed in ("right", "both") else "lt"] = high
    return bounds


def _wider(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    """Bounds that admit what either admits: one field has one pair of bounds."""
    bounds: dict[str, float] = {}
    for names, choose in ((("ge", "gt"), min), (("le", "lt"), max)):
        pairs = [[(side[name], name) for name in names if name in side] for side in (first, second)]
        if all(pairs):
            value, name = choose(pairs[0] + pairs[1])
            bounds[name] = value
    return bounds
