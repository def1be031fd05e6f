"""Any installed plugin can run in processes of its own, with the same results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pynomaly.infrastructure.isolation import IsolationSettings
from pynomaly.infrastructure.registry import discover
from pynomaly.ports.protocols import Explains, FitScores
from pynomaly.testing import conformance_tests

ROOT = Path(__file__).parents[1]
DETECTORS = [
    *("fast.iforest", "fast.ecod", "fast.knn"),
    *("sklearn.lof", "sklearn.gmm", "sklearn.pca"),
    *("pyod.knn", "pyod.lscp", "pyod.sos", "pyod.timeseriesod"),
]

test_conformance = conformance_tests("pynomaly_fast", isolated=True)


@pytest.fixture(scope="module")
def here():
    return discover()


@pytest.fixture(scope="module")
def isolated():
    registry = discover(isolation=IsolationSettings(plugins=["fast", "sklearn", "pyod"]))
    yield registry
    registry.isolation.close()


def outcome(registry, id, X, fresh):
    """All that the detector gives; errors are outcomes, too."""
    found = []
    detector = registry.create_detector(id, seed=3)[2]
    if isinstance(detector, FitScores):
        found.append(detector.fit_score(X))
    else:
        detector.fit(X)
    for call in ("score", "explain"):
        if call == "explain" and not isinstance(detector, Explains):
            continue
        try:
            found.append(getattr(detector, call)(fresh))
        except Exception as error:  # noqa: BLE001 - compared below
            found.append(str(error))
    return found


@pytest.mark.parametrize("id", DETECTORS)
def test_a_detector_gives_the_same_bits_in_a_process_of_its_own(id, here, isolated):
    rng = np.random.default_rng(0)
    X, fresh = rng.standard_normal((200, 4)), 2 * rng.standard_normal((60, 4))
    ours, theirs = outcome(here, id, X, fresh), outcome(isolated, id, X, fresh)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert np.array_equal(a, b)


def test_a_setting_isolates_a_plugin_and_changes_no_byte_of_the_result(tmp_path):
    written = []
    for plugins in ("", "fast,sklearn"):
        target = tmp_path / f"scored-{plugins}.csv"
        command = [sys.executable, "-m", "pynomaly", "detect", "examples/flights.csv"]
        command += ["--id", "flight", "-d", "fast.iforest", "--explain", "2", "-o", str(target)]
        environment = {**os.environ, "PYNOMALY_ISOLATION_PLUGINS": plugins}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        written.append(target.read_bytes())
    assert written[0] == written[1]
