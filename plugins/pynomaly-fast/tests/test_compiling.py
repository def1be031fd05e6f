"""When and where kernels are compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pynomaly_fast import compiling

CODE = (
    "from pynomaly_fast.compiling import load;"
    "module = load('pynomaly_fast.kernels.projection');"
    "print(sum(module.project.stats.cache_hits.values()))"
)


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k not in {"NUMBA_CACHE_DIR", "XDG_CACHE_HOME"}}
    return subprocess.run(
        [sys.executable, "-c", CODE],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=True,
    )


def test_kernels_are_compiled_once_and_say_so_on_stderr(tmp_path):
    first = run(XDG_CACHE_HOME=str(tmp_path))
    second = run(XDG_CACHE_HOME=str(tmp_path))
    assert "compiling kernels" in first.stderr
    assert first.stdout.strip() == "0"
    assert second.stderr == ""
    assert second.stdout.strip() == "1"
    assert list(tmp_path.rglob("*.nbc"))


def test_the_users_cache_folder_goes_first(tmp_path):
    run(NUMBA_CACHE_DIR=str(tmp_path / "theirs"), XDG_CACHE_HOME=str(tmp_path / "ours"))
    assert list((tmp_path / "theirs").rglob("*.nbc"))
    assert not (tmp_path / "ours").exists()


def test_without_a_home_to_write_to_the_cache_lies_with_temporary_files(tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    home = {"HOME": str(blocked), "TMPDIR": str(temporary)}
    home |= {"XDG_CACHE_HOME": str(blocked / "cache"), "LOCALAPPDATA": str(blocked / "cache")}
    run(**home)
    assert list(temporary.rglob("*.nbc"))


@pytest.mark.skipif(sys.platform == "win32", reason="no such permissions there")
def test_a_folder_that_others_can_write_to_is_not_trusted(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    assert not compiling._is_private(shared)
    assert compiling._is_private(tmp_path / "new")


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "base"}, Path("base", "pynomaly", "numba")),
        ("linux", {}, Path.home() / ".cache" / "pynomaly" / "numba"),
        ("darwin", {}, Path.home() / "Library" / "Caches" / "pynomaly" / "numba"),
        ("win32", {"LOCALAPPDATA": "base"}, Path("base", "pynomaly", "Cache", "numba")),
    ],
)
def test_the_cache_lies_where_the_platform_keeps_caches(
    monkeypatch, platform, environment, expected
):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert next(compiling._cache_candidates()) == expected


def test_kernels_that_cannot_be_cached_are_compiled_all_the_same():
    numba = pytest.importorskip("numba")
    source: dict[str, Any] = {}
    exec("def double(x): x *= 2", source)  # noqa: S102 # code without a file has no cache
    double = compiling.kernel(numba.types.Array(numba.float64, 1, "C"))(source["double"])
    x = np.ones(2)
    double(x)
    assert x.tolist() == [2.0, 2.0]


def test_kernels_wait_until_the_work_is_worth_it():
    kernels = compiling.Kernels("pynomaly_fast.kernels.types", worth=100)
    assert kernels.for_work(60) is None
    assert kernels.for_work(60) is not None


def test_a_compilation_is_announced_once_where_logs_go(capsys):
    numba = pytest.importorskip("numba")
    from numba.core import event

    with event.install_listener("numba:compile", compiling._announcer("some.kernels")):
        for number in (1, 2.0):
            numba.njit(lambda x: x + 1)(number)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("some.kernels") == 1


def test_a_folder_that_cannot_be_made_is_not_used(tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    assert not compiling._is_private(blocked / "cache")


def test_the_cache_folder_is_ours_only_while_kernels_load(tmp_path, monkeypatch):
    config = pytest.importorskip("numba").core.config
    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with compiling._cache_directory(config):
        assert config.CACHE_DIR.startswith(str(tmp_path))
    assert config.CACHE_DIR == ""
    monkeypatch.setattr(config, "CACHE_DIR", "theirs")
    with compiling._cache_directory(config):
        assert config.CACHE_DIR == "theirs"
