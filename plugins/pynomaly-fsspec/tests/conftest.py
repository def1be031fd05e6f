"""A folder to work in, the command line in this process, and a web server."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from pynomaly.cli import main

# What several of these modules need lies beside them.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "temp").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    return tmp_path


@pytest.fixture
def left(folder):
    """Names of temporary files that are there."""
    import gc

    def left():
        gc.collect()
        return [path.name for path in (folder / "temp").iterdir()]

    return left


@pytest.fixture
def run(capsys):
    """Run a command: its exit code, what it printed, and what it said."""

    def run(*args):
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture(scope="session", autouse=True)
def _no_server_left():
    yield
    from web_server import running

    if running.cache_info().currsize:
        running().close()


@pytest.fixture
def web():
    """A running web server, without files of other tests."""
    from web_server import running

    running().files.clear()
    return running()
