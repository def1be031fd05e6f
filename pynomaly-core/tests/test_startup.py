"""Listing and help import no heavy library."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from pynomaly.testing.plugin import HEAVY

CODE = """
import atexit, json, sys
atexit.register(lambda: print("imported:" + json.dumps(sorted(sys.modules)), file=sys.stderr))
from pynomaly.cli import main
main()
"""


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["--version"],
        ["detectors"],
        ["detectors", "--json"],
        ["detectors", "--available"],
        ["loaders"],
        ["explainers"],
        ["publishers"],
        ["plugins"],
        ["plugins", "--json"],
        ["completion", "bash"],
    ],
    ids=" ".join,
)
def test_no_heavy_library_is_imported(args):
    done = subprocess.run(
        [sys.executable, "-c", CODE, *args],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stderr.rpartition("imported:")[2]))
    assert not imported & HEAVY


def test_importing_the_package_imports_almost_nothing():
    code = "import sys, pynomaly; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=True,
    )
    assert not set(done.stdout.split()) & {*HEAVY, "click", "attrs", "pluggy"}
