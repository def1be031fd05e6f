"""Writes a new plugin: a complete package that installs, and passes the conformance kit."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pynomaly import __version__
from pynomaly.domain.errors import OutputError, UsageError
from pynomaly.infrastructure.plugins import CORE

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TEMPLATE_SUFFIX = ".txt"


def write_plugin(name: str, directory: Path | None = None) -> Path:
    """Write the package ``pynomaly-NAME`` into `directory` (default: of that name, here).

    Raises:
        UsageError: If the name cannot be a plugin's.
        OutputError: If the folder holds something already, or cannot be written.
    """
    name = name.removeprefix("pynomaly-")
    if not _NAME.fullmatch(name) or name == CORE:
        raise UsageError(
            f"{name!r} cannot name a plugin: take lower-case letters and digits, words joined"
            " by '-', beginning with a letter; 'core' is taken"
        )
    root = directory or Path(f"pynomaly-{name}")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise OutputError(str(root), "it holds something already; give --directory an empty one")
    words = {
        "name": name,
        "package": f"pynomaly_{name.replace('-', '_')}",
        "core": _core_range(),
    }
    try:
        _write(files(__name__) / "template", root, words)
    except OSError as error:
        raise OutputError(str(root), error.strerror or str(error)) from error
    return root


def _write(template: Traversable, target: Path, words: dict[str, str]) -> None:
    if template.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for child in template.iterdir():
            name = words["package"] if child.name == "package" else child.name
            _write(child, target / name.removesuffix(_TEMPLATE_SUFFIX), words)
        return
    text = template.read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    target.write_text(text, encoding="utf-8", newline="\n")


def _core_range() -> str:
    """This version of the core and what is compatible with it."""
    major, minor = (int(part) for part in __version__.split(".")[:2])
    below = f"0.{minor + 1}" if major == 0 else f"{major + 1}"
    return f">={major}.{minor},<{below}"
