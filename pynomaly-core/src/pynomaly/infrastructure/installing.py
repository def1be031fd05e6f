"""Installs plugins into the environment that runs, with pip, or with uv where there is no pip."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from pynomaly.domain.errors import UsageError

_NAME = re.compile(
    r"(?:pynomaly-)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)((?:\[[a-z0-9,_-]+\])?)(==[\w.]+)?"
)


def install_plugins(names: Sequence[str]) -> int:
    """Run the installer for the distributions ``pynomaly-NAME``; its exit code.

    A path such as ``./pynomaly-NAME`` is installed from that folder, to be worked on.

    Raises:
        UsageError: If a name is not one, or there is no installer.
    """
    wanted: list[str] = []
    for name in names:
        wanted += ["--editable", name] if _is_plugins_folder(name) else [requirement(name)]
    return subprocess.call([*installer(), *wanted])  # noqa: S603 - no shell, checked names


def _is_plugins_folder(name: str) -> bool:
    if not name.startswith(".") and "/" not in name and os.sep not in name:
        return False
    try:
        text = Path(name.partition("[")[0], "pyproject.toml").read_text(encoding="utf-8")
        project = str(tomllib.loads(text)["project"]["name"])
    except (OSError, ValueError, LookupError, TypeError):
        return False
    return project.startswith("pynomaly-")


def requirement(name: str) -> str:
    """``"pynomaly-NAME"`` for a plugin's name, with its extras and version if given.

    Raises:
        UsageError: If it is not a plugin's name.
    """
    match = _NAME.fullmatch(name)
    # On PyPI, pynomaly itself is another project.
    if match is None or match[1] in {"pynomaly", "core"}:
        raise UsageError(
            f"{name!r} is not the name of a plugin: give NAME of a distribution pynomaly-NAME,"
            " such as pyod, pyod[torch] or pyod==0.1.0, or its folder, such as ./pynomaly-mine"
        )
    return f"pynomaly-{match[1]}{match[2]}{match[3] or ''}"


def installer(python: str = sys.executable) -> list[str]:
    """The command that installs into the environment of the interpreter `python`.

    Raises:
        UsageError: If there is neither pip nor uv.
    """
    if find_spec("pip"):
        into = [] if python == sys.executable else ["--python", python]
        return [sys.executable, "-m", "pip", *into, "install"]
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--python", python]
    raise UsageError(
        "there is neither pip nor uv to install with: run `python -m ensurepip` and try again"
    )
