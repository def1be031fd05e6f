"""The kit runs a plugin in processes of its own, and each check for that can fail."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pynomaly.testing import Status, load_package, run_checks
from pynomaly.testing.isolation import ISOLATION_CHECKS

HOOKS = """
from pynomaly.ports import Capability as C, DetectorSpec, hookimpl

CAN = {C.INDUCTIVE, C.SEEDED, C.SAVES, C.ROWWISE}

@hookimpl
def pynomaly_detectors():
    for name in ("good", "placed", "forgetful", "counting", "orphaning"):
        yield DetectorSpec(id="kept." + name, title="Kept", summary="In a room.",
                           factory="kept_detectors:make", capabilities=CAN)
    yield DetectorSpec(id="kept.unsavable", title="Kept", summary="In a room.",
                       factory="kept_detectors:make", capabilities=CAN - {C.SAVES})
"""

DETECTORS = """
import os
import subprocess
import sys

import numpy as np

class Good:
    def fit(self, X): self.center = X.mean(axis=0)
    def score(self, X): return np.abs(X - self.center).sum(axis=1)
    def get_state(self): return {"center": self.center}
    def set_state(self, state): self.center = state["center"]

class Placed(Good):
    def score(self, X): return super().score(X) + os.getpid()

class Forgetful(Good):
    def set_state(self, state): self.center = state["center"] + 1

class Counting(Good):
    calls = 0
    def score(self, X):
        self.calls += 1
        return super().score(X) + self.calls

class Orphaning(Good):
    def __init__(self):
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        child = subprocess.Popen(command, start_new_session=True)
        with open(os.environ["ORPHANS"], "a") as file:
            file.write(f"{child.pid}\\n")

class Unsavable(Good):
    get_state = set_state = None

def make(spec, params, seed):
    return globals()[spec.name.title()]()
"""


@pytest.fixture
def package(add_plugin, tmp_path, monkeypatch):
    orphans = tmp_path / "orphans"
    orphans.touch()
    monkeypatch.setenv("ORPHANS", str(orphans))
    add_plugin("pynomaly-kept", HOOKS)
    (tmp_path / "kept_detectors.py").write_text(DETECTORS)
    package = load_package("pynomaly_kept", isolated=True)
    yield package
    package.isolation.close()
    for pid in Path(orphans).read_text().split():
        os.kill(int(pid), signal.SIGKILL)


def test_a_good_detector_passes_and_each_check_can_fail(package):
    outcomes = list(run_checks(package))
    checks = {check.name for check in ISOLATION_CHECKS}
    failed = {(o.subject, o.check) for o in outcomes if o.status is Status.FAILED}
    assert not {subject for subject, _ in failed} & {"kept.good", "kept.unsavable"}
    assert failed >= {
        ("kept.placed", "scores_the_same_in_this_process"),
        ("kept.forgetful", "comes_back_when_its_process_ended"),
        ("kept.counting", "serves_several_threads"),
        ("kept.orphaning", "leaves_no_process_behind"),
    }
    passed = {o.check for o in outcomes if o.subject == "kept.good" and o.status is Status.PASSED}
    assert checks <= passed


def test_the_checks_for_isolation_concern_isolated_detectors_only(add_plugin, tmp_path):
    add_plugin("pynomaly-kept", HOOKS)
    (tmp_path / "kept_detectors.py").write_text(DETECTORS)
    outcomes = run_checks(load_package("pynomaly_kept"), depth="specs")
    assert not {o.check for o in outcomes} & {check.name for check in ISOLATION_CHECKS}


def test_the_command_line_checks_a_plugin_in_its_own_processes(
    write_plugin, run_pynomaly, tmp_path
):
    write_plugin("pynomaly-kept", HOOKS.replace('("good", "placed"', '("good",) or ("placed"'))
    (tmp_path / "kept_detectors.py").write_text(DETECTORS)
    done = run_pynomaly("plugins", "check", "kept", "--all", "--isolated", "-v")
    assert done.returncode == 0, done.stdout
    assert "PASSED kept.good serves_several_threads" in done.stdout
