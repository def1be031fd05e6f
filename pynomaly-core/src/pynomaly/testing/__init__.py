"""The conformance kit: what a plugin must do, as small named checks.

A plugin's author writes one line in a test module::

    test_conformance = conformance_tests("pynomaly_mine")

`run_checks` does the same without pytest; `pynomaly plugins check` shows its outcomes.
"""

from pynomaly.testing.kit import (
    Check,
    Outcome,
    Package,
    Sample,
    SkippedError,
    Status,
    Subject,
    load_package,
)
from pynomaly.testing.suite import Depth, checks_for, conformance_tests, run_checks

__all__ = [
    "Check",
    "Depth",
    "Outcome",
    "Package",
    "Sample",
    "SkippedError",
    "Status",
    "Subject",
    "checks_for",
    "conformance_tests",
    "load_package",
    "run_checks",
]
