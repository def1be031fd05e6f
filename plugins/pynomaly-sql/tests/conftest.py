"""A folder to work in, the command line in this process, and a PostgreSQL server."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pynomaly.cli import main

# What several of these modules need lies beside them.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
    from sql_cluster import running

    if running.cache_info().currsize:
        running().remove()


@pytest.fixture
def postgres():
    """A running server."""
    from sql_cluster import running

    return running()
