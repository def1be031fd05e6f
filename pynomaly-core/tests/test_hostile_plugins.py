"""Ten hostile plugins beside good ones: the good ones work, each bad one is named."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pynomaly.infrastructure.registry import discover

GOOD = """
from pynomaly.ports import Capability, DetectorSpec, hookimpl

class Largest:
    def fit(self, X): pass
    def score(self, X): return abs(X).max(axis=1)

def make(spec, params, seed):
    return Largest()

@hookimpl
def pynomaly_detectors():
    return [
        DetectorSpec(id="{name}.largest", title="Largest", summary="A good one.",
                     factory="pynomaly_{name}:make",
                     capabilities={{Capability.INDUCTIVE, Capability.ROWWISE}})
    ]
"""

SPEC = 'DetectorSpec(id="{id}", title="T", summary="S", factory="json:loads")'
HEAD = "from pynomaly.ports import DetectorSpec, hookimpl\n"
HOOK = HEAD + "@hookimpl\ndef pynomaly_detectors():\n"

HOSTILE = {
    "missing-import": ("import no_such_library", "No module named 'no_such_library'"),
    "raises": (HOOK + "    raise RuntimeError('not today')", "RuntimeError: not today"),
    "half": (
        HOOK + f"    yield {SPEC.format(id='half.first')}\n    raise KeyError('gone')",
        "KeyError: 'gone'",
    ),
    "wrong-type": (HOOK + "    return [{'id': 'wrong-type.x'}]", "it gave 'dict'"),
    "foreign": (
        HOOK + f"    return [{SPEC.format(id='good.stolen')}]",
        "'good.stolen' is not its own",
    ),
    "newer": (HOOK + "    return []\nPYNOMALY_API = (1, 99)", "needs plugin API 1.99"),
    "unknown-hook": (
        HEAD + "@hookimpl\ndef pynomaly_dreams():\n    return []",
        "unknown hook 'pynomaly_dreams'",
    ),
    "unknown-argument": (
        HEAD + "@hookimpl\ndef pynomaly_detectors(mood):\n    return []",
        "mood",
    ),
    "exits": ("import sys\nsys.exit(3)", "SystemExit: 3"),
}


def install_all(install):
    for name in ("good", "better"):
        install(f"pynomaly-{name}", GOOD.format(name=name))
    for name, (code, _) in HOSTILE.items():
        install(f"pynomaly-{name}", code)
    install("a-thief", GOOD.format(name="good"), entry="good")


@pytest.fixture
def besieged(write_plugin):
    install_all(write_plugin)


REASONS = {name: reason for name, (_, reason) in HOSTILE.items()} | {
    "a-thief": "its entry point is called 'good'"
}


def test_python_gets_the_good_ones_and_the_problems_as_values(add_plugin):
    install_all(add_plugin)
    registry = discover()
    ids = {spec.id for spec in registry.specs("detectors")}
    assert {"good.largest", "better.largest", "half.first"} <= ids
    problems = {problem.plugin: problem.error for problem in registry.problems}
    assert all(reason in problems[name] for name, reason in REASONS.items())
    _, _, detector = registry.create_detector("good.largest")
    assert detector.score(np.array([[1.0, -2.0]])) == [2.0]


def test_all_good_plugins_are_listed_beside_ten_hostile_ones(besieged, run_pynomaly):
    done = run_pynomaly("detectors", "--json")
    assert done.returncode == 0
    found = {entry["id"] for entry in json.loads(done.stdout)["detectors"]}
    assert {"good.largest", "better.largest", "half.first"} <= found
    assert "good.stolen" not in found
    assert "good.largest" in run_pynomaly("detectors", "show", "good.largest").stdout


def test_a_good_detector_still_scores_beside_ten_hostile_ones(besieged, run_pynomaly):
    done = run_pynomaly("plugins", "check", "good", "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout


@pytest.mark.parametrize("command", ["detectors", "plugins"])
def test_each_hostile_plugin_is_named_with_its_reason(besieged, run_pynomaly, command):
    lines = run_pynomaly(command).stderr.splitlines()
    for name, reason in REASONS.items():
        told = [line for line in lines if line.startswith(f"Warning: plugin {name} ")]
        assert len(told) == 1, (name, lines)
        assert reason in told[0]


def test_problems_are_part_of_the_json(besieged, run_pynomaly):
    data = json.loads(run_pynomaly("plugins", "--json").stdout)
    problems = {problem["plugin"]: problem["error"] for problem in data["problems"]}
    assert REASONS.keys() <= problems.keys()
    assert all(reason in problems[name] for name, reason in REASONS.items())


@pytest.mark.parametrize("command", ["detectors", "plugins", "loaders"])
def test_strict_plugins_turns_problems_into_exit_code_one(besieged, run_pynomaly, command):
    done = run_pynomaly("--strict-plugins", command)
    assert done.returncode == 1
    assert "plugin raises (detectors): RuntimeError: not today" in done.stderr


def test_the_detector_of_a_broken_plugin_is_refused_with_the_reason(besieged, run_pynomaly):
    done = run_pynomaly("detectors", "show", "exits.something")
    assert done.returncode == 2
    assert done.stderr.strip() == "Error: exits failed to load: SystemExit: 3"


def test_a_disabled_hostile_plugin_is_not_even_imported(besieged, run_pynomaly):
    done = run_pynomaly("plugins", PYNOMALY_DISABLE="exits,pynomaly-raises")
    assert "plugin exits" not in done.stderr
    assert "plugin raises" not in done.stderr
    assert "plugin half" in done.stderr
    assert "disabled" in done.stdout
