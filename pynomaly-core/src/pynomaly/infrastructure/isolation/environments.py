"""Where environments lie, and whether one is there. Cheap: a listing asks it."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pynomaly.ports.specs import EnvironmentSpec, spec_to_dict

_READY = "environment.json"
"""Written last: without it a folder is no environment."""
_HASH_CHARACTERS = 12
_BUILT_FROM = ("python", "requirements", "no_deps", "overlay")


def environments_folder() -> Path:
    """``pynomaly/envs`` in the user's cache, which ``XDG_CACHE_HOME`` may name."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "pynomaly" / "envs"


def environment_path(spec: EnvironmentSpec) -> Path:
    """The folder that `spec` is built into: another one once what it is built from changes."""
    data = spec_to_dict(spec)
    parts: list[Any] = [data[name] for name in _BUILT_FROM] + [sysconfig.get_platform()]
    if spec.overlay:
        parts += [sys.prefix, sys.version_info[:2]]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return environments_folder() / f"{spec.id}-{digest[:_HASH_CHARACTERS]}"


def environment_python(folder: Path) -> Path:
    """The interpreter of the environment in `folder`."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_built(spec: EnvironmentSpec) -> bool:
    """Whether it is there, and whole."""
    return (environment_path(spec) / _READY).is_file()


def built_facts(folder: Path) -> dict[str, Any] | None:
    """What was noted when the environment in `folder` was built; None if it is none."""
    try:
        facts = json.loads((folder / _READY).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def mark_built(folder: Path, facts: Mapping[str, Any]) -> None:
    """Note that what lies in `folder` is whole."""
    (folder / _READY).write_text(json.dumps(dict(facts), indent=1), "utf-8")


def builds_of(id: str) -> list[Path]:
    """All folders with an environment called `id`, those of other versions included."""
    length = len(id) + 1 + _HASH_CHARACTERS
    found = environments_folder().glob(f"{id}-*")
    return sorted(path for path in found if path.is_dir() and len(path.name) == length)
