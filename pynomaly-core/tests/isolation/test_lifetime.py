"""No worker outlives its host, however that ends, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pynomaly.domain.errors import WorkerDied
from pynomaly.infrastructure.isolation.launching import Launch
from pynomaly.infrastructure.isolation.process import Asked
from pynomaly.infrastructure.isolation.room import Room

HOST = """
import sys, threading
import numpy as np
from pynomaly.infrastructure.isolation import IsolationSettings
from pynomaly.infrastructure.registry import discover

registry = discover(isolation=IsolationSettings(plugins=["bad"]))
large = np.zeros((500_000, 3))
busy = registry.create_detector("bad.savable", {"does": sys.argv[1]})[2]
busy.fit(large)
if sys.argv[1] == "works":
    busy.score(large)
else:
    threading.Thread(target=busy.score, args=(large,), daemon=True).start()
# extra
print(*registry.isolation.rooms[0].pids, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path):
    """A folder for temporary files: in the common one those of other tests come and go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def start_host(misbehaving, tmp_path, temporary):
    """A program with a worker: ``start_host(does, extra)`` gives both processes."""
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    started = []

    def start(does, extra=""):
        host = subprocess.Popen(
            [sys.executable, "-c", HOST.replace("# extra", extra), does],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, "TMPDIR": str(temporary)},
        )
        started.append(host)
        return host, psutil.Process(int(host.stdout.readline()))

    yield start
    for host in started:
        host.kill()
        host.wait()
        host.stdin.close()
        host.stdout.close()


def shared_memory():
    return set(Path("/dev/shm").glob("pynomaly*"))  # noqa: S108 - looked at only


def gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("does", ["works", "hangs", "hangs_in_c", "spawns"])
@pytest.mark.parametrize("signal", [signal.SIGKILL, signal.SIGTERM], ids=str)
def test_a_worker_ends_with_its_host(start_host, temporary, does, signal):
    before = shared_memory()
    host, worker = start_host(does)
    time.sleep(0.5)  # let it get busy
    children = worker.children()
    assert len(children) == (does == "spawns")
    host.send_signal(signal)
    host.wait()
    psutil.wait_procs([worker, *children], timeout=30)
    assert [each for each in [worker, *children] if not gone(each)] == []
    assert list(temporary.iterdir()) == []
    assert shared_memory() <= before


def test_workers_end_when_the_program_does(start_host):
    host, worker = start_host("works")
    host.stdin.close()
    assert host.wait(60) == 0
    psutil.wait_procs([worker], timeout=30)
    assert gone(worker)


def test_a_worker_ends_though_a_forked_sibling_holds_its_pipes(start_host):
    host, worker = start_host("hangs", FORK)
    (sibling,) = [each for each in psutil.Process(host.pid).children() if each != worker]
    host.kill()
    host.wait()
    psutil.wait_procs([worker], timeout=30)
    try:
        assert gone(worker)
        assert not gone(sibling)
    finally:
        sibling.kill()


FORK = """
import os, time
if os.fork() == 0:
    os.close(1)
    time.sleep(600)
"""


def test_an_interpreter_that_is_not_there_is_named(tmp_path):
    room = Room(Launch(python=str(tmp_path / "python")), 1)
    missing = pytest.raises(WorkerDied, match="python cannot be started: No such file")
    with missing, room.lend(Asked("bad.one", "start")):
        pass
