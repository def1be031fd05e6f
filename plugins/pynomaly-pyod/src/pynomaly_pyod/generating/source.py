"""Signatures of PyOD's detectors, read from its source: nothing of it is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs

_BASES = {"BaseDetector", "BaseDeepLearningDetector"}


class Required:
    """Stands for the default of a parameter that has none."""


@attrs.frozen
class Signature:
    """A detector class.

    Attributes:
        target: ``"pyod.models.module:Class"``.
        defaults: Parameter to its default, `Required` where there is none, in order.
    """

    target: str
    defaults: dict[str, Any]

    @property
    def cls(self) -> str:
        """Name of the class."""
        return self.target.partition(":")[2]


def models_folder() -> Path:
    """Where the installed PyOD keeps its models."""
    spec = find_spec("pyod")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pyod is not installed")
    return Path(spec.origin).parent / "models"


def signatures(folder: Path) -> Iterator[Signature]:
    """Every detector class in `folder`, abstract ones left out."""
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = _constants(tree)
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and _is_detector(node):
                init = _init(node)
                if init is not None:
                    target = f"pyod.models.{path.stem}:{node.name}"
                    yield Signature(target, _defaults(init, constants))


def _is_detector(node: ast.ClassDef) -> bool:
    bases = {ast.unparse(base) for base in node.bases}
    return node.name not in _BASES and bool(bases & _BASES)


def _init(node: ast.ClassDef) -> ast.FunctionDef | None:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return item
    return None


def _defaults(init: ast.FunctionDef, constants: dict[str, Any]) -> dict[str, Any]:
    names = [arg.arg for arg in init.args.args][1:]
    given = [_value(default, constants) for default in init.args.defaults]
    values = [*[Required] * (len(names) - len(given)), *given]
    found = dict(zip(names, values, strict=True))
    if init.args.kwarg is not None:
        found[init.args.kwarg.arg] = Required
    return found


def _constants(tree: ast.Module) -> dict[str, Any]:
    """Values of the module's own literals, which some defaults name."""
    found: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def _value(node: ast.expr, constants: dict[str, Any]) -> Any:
    return constants[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)
