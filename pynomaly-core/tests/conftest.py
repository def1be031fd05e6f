"""Tiny distributions on a path of their own, and the command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest


def write_distribution(
    folder: Path, name: str, code: str, *, entry: str | None = None, version: str = "1.0"
) -> str:
    """An installed distribution with one module and one entry point; the module's name."""
    module = name.replace("-", "_")
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    entry = entry or name.removeprefix("pynomaly-")
    (info / "entry_points.txt").write_text(f"[pynomaly]\n{entry} = {module}\n")
    (folder / f"{module}.py").write_text(textwrap.dedent(code))
    return module


@pytest.fixture
def write_plugin(tmp_path: Path) -> Callable[..., str]:
    """Install a distribution for `run_pynomaly`: ``write_plugin(name, code, entry=None)``."""
    return partial(write_distribution, tmp_path)


@pytest.fixture
def add_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Install a distribution for this process: ``add_plugin(name, code, entry=None)``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    added: list[str] = []

    def add(name: str, code: str, **options: str) -> str:
        added.append(write_distribution(tmp_path, name, code, **options))
        return added[-1]

    yield add
    for module in added:
        sys.modules.pop(module, None)


@pytest.fixture
def run_pynomaly(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``pynomaly ARGS`` in a process that also sees what lies in `tmp_path`."""

    def run(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
        command = [sys.executable, "-c", "from pynomaly.cli import main; main()", *args]
        return subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": path, **environment},
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run
