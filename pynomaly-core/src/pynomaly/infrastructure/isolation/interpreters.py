"""Finds the Python that an environment asks for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pynomaly.domain.errors import EnvironmentFailed
from pynomaly.ports.specs import EnvironmentSpec

_ASK = "import sys; print('{}.{}.{}'.format(*sys.version_info))"
_VERSION = re.compile(r"\d+(\.\d+)*")
_SECONDS = 30


def find_python(spec: EnvironmentSpec, given: str | None = None) -> str:
    """An interpreter that `spec` can be built with.

    Args:
        spec: The environment.
        given: The interpreter to use, a path or a command; None to look for one.

    Raises:
        EnvironmentFailed: Saying which is needed.
    """
    wanted = _specifier(spec)
    if given is not None:
        version = _version_of(given)
        if version is None or not wanted.contains(version):
            found = f"is Python {version}" if version else "is no Python"
            reason = f"{given} {found}, and it needs Python {wanted}"
            raise EnvironmentFailed(spec.id, reason)
        return given
    ours = "{}.{}.{}".format(*sys.version_info)
    if wanted.contains(ours):
        return sys.executable
    if spec.overlay:
        reason = f"it needs Python {wanted}, and Pynomaly runs on {ours}"
        raise EnvironmentFailed(spec.id, reason)
    for candidate in _candidates():
        version = _version_of(candidate)
        if version and wanted.contains(version):
            return candidate
    raise EnvironmentFailed(
        spec.id,
        f"it needs Python {wanted}, and none was found: install one, and name it with --python",
    )


def _specifier(spec: EnvironmentSpec) -> SpecifierSet:
    text = spec.python
    if _VERSION.fullmatch(text):
        text = f"=={text}.*"
    try:
        return SpecifierSet(text)
    except InvalidSpecifier as error:
        reason = f"{spec.python!r} says no versions of Python"
        raise EnvironmentFailed(spec.id, reason) from error


def _candidates() -> Iterator[str]:
    """Interpreters on the path, newest first, and those that pyenv installed."""
    minors = range(sys.version_info.minor + 5, 5, -1)
    for name in [f"python3.{minor}" for minor in minors]:
        path = shutil.which(name)
        if path:
            yield path
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for folder in sorted((root / "versions").glob("3.*"), reverse=True):
        yield str(folder / "bin" / "python")


def _version_of(python: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            [python, "-I", "-c", _ASK],
            capture_output=True,
            text=True,
            check=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = done.stdout.strip()
    return version if _VERSION.fullmatch(version) else None
