"""Builds environments, checks and removes them. What is half built is never used."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psutil

from pynomaly.domain.errors import EnvironmentFailed, PynomalyError, UsageError
from pynomaly.infrastructure.installing import installer
from pynomaly.infrastructure.isolation.environments import (
    builds_of,
    environment_path,
    environment_python,
    environments_folder,
    is_built,
    mark_built,
)
from pynomaly.infrastructure.isolation.interpreters import find_python
from pynomaly.infrastructure.isolation.launching import launch_in
from pynomaly.infrastructure.isolation.process import Asked
from pynomaly.infrastructure.isolation.room import Room
from pynomaly.infrastructure.waiting import wait_for
from pynomaly.ports.specs import EnvironmentSpec, spec_to_dict

Say = Callable[[str], None]

_POSIX = os.name == "posix"
_UNREACHED = re.compile(
    r"connection broken|NewConnectionError|ConnectTimeout|Max retries|name resolution"
    r"|Could not fetch URL|Failed to fetch|error sending request",
    re.IGNORECASE,
)
_NO_PIP = "#!/bin/sh\necho 'a build may not install anything by itself' >&2\nexit 1\n"
_TEMPORARY = re.compile(r"\.\w+-(\d+)-.+")


def create_environment(spec: EnvironmentSpec, *, python: str | None = None, say: Say) -> Path:
    """Build it, unless it is there; its folder.

    It is built under another name, tried, and then renamed: other processes see all of it or
    nothing.

    Args:
        spec: What to build.
        python: The interpreter, instead of the one that is found.
        say: Gets a line for each step.

    Raises:
        EnvironmentFailed: If there is no such Python, a package cannot be installed, or what was
            installed does not work.
    """
    target = environment_path(spec)
    if is_built(spec):
        return target
    interpreter = find_python(spec, python)
    with _temporary(target, "building") as folder:
        _install(spec, interpreter, folder, say)
        say("trying it")
        facts = _try(spec, folder)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        mark_built(folder, {"spec": spec_to_dict(spec), "built": now, **facts})
        if not is_built(spec):  # but damaged
            shutil.rmtree(target, ignore_errors=True)
        with contextlib.suppress(OSError):  # another process was faster: then that one's counts
            folder.rename(target)
    if not is_built(spec):
        raise EnvironmentFailed(spec.id, f"it was built, but could not be moved to {target}")
    return target


def check_environment(spec: EnvironmentSpec) -> dict[str, Any]:
    """Start a process in it and make that ready; what it says of itself.

    Raises:
        EnvironmentFailed: If it is not built, or does not work.
    """
    if not is_built(spec):
        hint = f"it is not built: run `pynomaly env create {spec.id}`"
        raise EnvironmentFailed(spec.id, hint)
    return _try(spec, environment_path(spec))


def remove_environment(id: str) -> list[Path]:
    """Remove all builds of the environment called `id`; the folders that there were."""
    found = builds_of(id)
    for path in found:
        with _temporary(path, "removing") as folder:
            path.rename(folder)
    return found


@contextmanager
def _temporary(target: Path, what: str) -> Iterator[Path]:
    """A name beside `target` that no one looks at; nothing is left there afterwards."""
    parent = environments_folder()
    parent.mkdir(parents=True, exist_ok=True)
    for path in parent.iterdir():
        match = _TEMPORARY.fullmatch(path.name)
        if match and not psutil.pid_exists(int(match[1])):  # of a process that was killed
            shutil.rmtree(path, ignore_errors=True)
    folder = parent / f".{what}-{os.getpid()}-{uuid4().hex[:8]}-{target.name}"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _try(spec: EnvironmentSpec, folder: Path) -> dict[str, Any]:
    room = Room(launch_in(spec, folder), 1)
    try:
        with room.lend(Asked(spec.id, "start")) as worker:
            return dict(worker.facts)
    except PynomalyError as error:
        raise EnvironmentFailed(spec.id, f"it does not work: {error}") from error
    finally:
        room.close()


def _install(spec: EnvironmentSpec, interpreter: str, folder: Path, say: Say) -> None:
    say(f"making an environment for {interpreter}")
    pip = _make(spec, interpreter, folder)
    if spec.overlay:
        _see_ours(folder)
    if spec.requirements:
        say(f"installing {', '.join(spec.requirements)}")
        _run(spec, [*pip, *spec.requirements])
    if spec.no_deps:
        say(f"installing {', '.join(spec.no_deps)}, without what they require")
        _run(spec, [*pip, "--no-deps", *spec.no_deps])


def _make(spec: EnvironmentSpec, interpreter: str, folder: Path) -> list[str]:
    """Make an empty environment; the command that installs into it."""
    python = str(environment_python(folder))
    if not spec.requirements and not spec.no_deps:
        _run(spec, [interpreter, "-m", "venv", "--without-pip", str(folder)])
        return []
    try:
        _run(spec, [interpreter, "-m", "venv", str(folder)])
    except EnvironmentFailed:  # some systems ship Python without what installs pip
        _run(spec, [interpreter, "-m", "venv", "--clear", "--without-pip", str(folder)])
        try:
            return installer(python)
        except UsageError as error:
            raise EnvironmentFailed(spec.id, str(error)) from error
    quiet = ["--disable-pip-version-check", "--no-input"]
    return [python, "-m", "pip", "install", *quiet]


def _see_ours(folder: Path) -> None:
    """Have the packages that are installed with Pynomaly found there, after its own."""
    ours = [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    version = "python{}.{}".format(*sys.version_info)
    site = folder / ("Lib" if os.name == "nt" else f"lib/{version}") / "site-packages"
    (site / "pynomaly-overlay.pth").write_text("\n".join([*ours, ""]), "utf-8")


@contextmanager
def _builds_install_nothing() -> Iterator[dict[str, str]]:
    """Environment variables with which the command ``pip`` does nothing but fail.

    A package's setup.py may install whatever it likes by that command, as that of TODS does, and
    into whichever environment the first ``pip`` on the path belongs to.
    """
    with TemporaryDirectory(prefix="pynomaly-") as folder:
        for name in ("pip", "pip3"):
            path = Path(folder, name)
            path.write_text(_NO_PIP, "utf-8")
            path.chmod(0o755)
        yield {**os.environ, "PATH": os.pathsep.join([folder, os.environ.get("PATH", "")])}


def _run(spec: EnvironmentSpec, command: Sequence[str]) -> None:
    try:
        with _builds_install_nothing() as variables:
            code, said = _ended(
                subprocess.Popen(  # noqa: S603 - no shell
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    encoding="utf-8",
                    errors="replace",
                    env=variables,
                    start_new_session=_POSIX,  # so that it can be ended with what it starts
                )
            )
    except OSError as error:
        reason = f"{command[0]} cannot be started: {error.strerror or error}"
        raise EnvironmentFailed(spec.id, reason) from error
    if code:
        raise EnvironmentFailed(spec.id, _reason(said))


def _ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and output of an installer; after Ctrl-C it is ended, too."""
    with process:
        try:
            said = wait_for(lambda: process.communicate()[0])
        except BaseException:
            if _POSIX:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
            raise
    return process.returncode, said


def _reason(output: str) -> str:
    """What an installer's output says, in a sentence or two."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    said = " ".join((errors or lines)[-3:])[-500:]
    if _UNREACHED.search(output):
        return (
            "the package index cannot be reached: is there a network, and does `pip config list`"
            f" name the right index? The installer says: {said}"
        )
    return f"it cannot be built: {said or 'the installer says nothing'}"
