"""The conformance kit: a good plugin passes, and every check can fail."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pynomaly.domain.errors import PluginFailed
from pynomaly.testing import Status, checks_for, conformance_tests, load_package, run_checks
from pynomaly.testing.detectors import DETECTOR_CHECKS
from pynomaly.testing.plugin import IMPORT_CHECKS, PLUGIN_CHECKS, SPEC_CHECKS

SHORT = "scores_or_refuses_a_short_stretch"

HOOKS = """
from pynomaly.ports import Capability as C, DetectorSpec, Modality, hookimpl

ALL = {
    C.INDUCTIVE, C.ROWWISE, C.SEEDED, C.THREAD_SAFE, C.SAVES, C.EXPLAINS, C.MISSING, C.ONLINE,
    C.GPU,
}
GOOD = dict(title="Title", summary="Summary.", factory="broken_detectors:make",
            params="broken_detectors:Params", capabilities=ALL)
"""

DETECTORS = """
import itertools
import threading
import time

import attrs
import numpy as np
from pynomaly.domain.errors import DeviceUnavailable
from pynomaly.ports.params import param

@attrs.frozen
class Params:
    power: float = param(1.0, gt=0, help="Power.")

@attrs.frozen
class Helpless:
    power: float = param(1.0, help="")

class Good:
    devices = {"auto", "cpu"}
    def __init__(self, seed, device):
        self.seed, self.device = seed, device
        if device not in self.devices: raise DeviceUnavailable("mine.good", device, "no such")
    def fit(self, X): self.center = np.nanmean(np.clip(X, -1e9, 1e9), axis=0)
    def partial_fit(self, X): pass
    def explain(self, X): return np.abs(np.nan_to_num(X) - self.center)
    def score(self, X): return self.explain(X).max(axis=1)
    def get_state(self): return {"center": self.center, "seed": self.seed, "raw": b"x"}
    def set_state(self, state): self.center = state["center"]

class Weak(Good):
    def score(self, X): return super().score(X) if self.power > 1 else np.full(len(X), np.nan)

class Flat(Good):
    def score(self, X): return super().score(X)[:, None]

class Shortsighted(Good):
    def score(self, X): return super().score(X) * (1.0 if len(X) > 3 else np.nan)

class Inverted(Good):
    def score(self, X): return -super().score(X)

class Scribbler(Good):
    def fit(self, X):
        super().fit(X)
        if X.flags.writeable:
            X[0] = 0

class Talker(Good):
    def fit(self, X):
        super().fit(X)
        print("fitting")

class Hungry(Good):
    def fit(self, X):
        if len(X) < 20: raise ValueError("too few")
        super().fit(X)

class Wide(Good):
    def fit(self, X):
        np.cov(X, rowvar=False)[1, 1]
        super().fit(X)

class Correlating(Good):
    def score(self, X): return super().score(X) / np.prod(np.ptp(X, axis=0)) if len(X) > 1 \\
        else super().score(X)

class Coarse(Good):
    def score(self, X):
        scores = super().score(X)
        if np.array_equal(X, X.astype(np.float32)): scores[0] = np.nan
        return scores

class Scaled(Good):
    def score(self, X):
        spread = np.std(X) if len(X) > 1 else 1.0
        return super().score(X) / spread

class Repeated(Good):
    def score(self, X):
        scores = super().score(X)
        if len(np.unique(X[:, 0])) < len(X) // 2: scores[0] = np.inf
        return scores

class Rude(Good):
    def fit(self, X):
        if (np.abs(X) > 1e200).any(): raise np.linalg.LinAlgError("SVD")
        super().fit(X)

class Tiny(Good):
    def score(self, X): return super().score(X) / (0.0 if (np.abs(X) < 1e-300).all() else 1.0)

class Overflowing(Good):
    def explain(self, X): return np.abs(X - self.center) * 1e10

class Lazy(Good):
    partial_fit = None

class Transductive(Good):
    def fit(self, X):
        super().fit(X)
        self.n = len(X)
    def score(self, X):
        if len(X) != self.n: raise RuntimeError("other rows")
        return super().score(X)

class Pairwise(Good):
    def score(self, X): return super().score(X) if len(X) > 1 else super().score(X)[0]

class Moody(Good):
    def score(self, X): return super().score(X) + np.random.default_rng().random()

class Forgetful(Good):
    def set_state(self, state): self.center = state["center"] + 1e-12

class Pickling(Good):
    def get_state(self): return {"center": np.array([self.center, None], dtype=object)}

class Opaque(Good):
    def get_state(self): return {"center": {1, 2}}

class Hoarder(Good):
    def fit(self, X):
        super().fit(X)
        self.X = X.copy()
    def get_state(self): return {"center": self.center, "X": self.X}

class Batched(Good):
    def score(self, X): return super().score(X) - X.mean()

class Ordered(Good):
    def score(self, X): return super().score(X) + (np.arange(len(X)) * 1e-9)

class Crowded(Good):
    def score(self, X): return super().score(X) + (1e-9 if len(X) > 100 else 0)

class Shared(Good):
    def score(self, X):
        self.X = X
        time.sleep(0.002)
        return super().score(self.X)

class Blind(Good):
    def explain(self, X): return np.abs(X - self.center)

class Vague(Good):
    def explain(self, X): return super().explain(X).astype(np.float32)

class Wrong(Good):
    def score(self, X): return super().explain(X).max(axis=1)
    def explain(self, X): return super().explain(X)[:, ::-1].copy()

class Deaf(Good):
    devices = {"auto", "cpu", "cuda:999", "abacus"}

class Distant(Good):
    def score(self, X): return super().score(X) * (1.001 if self.device == "cpu" else 1)

class Rooted(Good):
    def get_state(self): return {**super().get_state(), "device": self.device}
    def set_state(self, state):
        super().set_state(state)
        if state["device"] != self.device: self.center = self.center + 1

def make(spec, params, seed, runtime):
    made = globals()[spec.target.partition(":")[2]](seed, runtime.device)
    made.power = params.power
    return made
"""

BROKEN = [
    ("gives_one_finite_score_per_row", "Flat", "not float64 of shape (100,)"),
    ("ranks_planted_anomalies_high", "Inverted", "ROC AUC of 0.0"),
    ("leaves_its_input_alone", "Scribbler", "it changed the rows"),
    ("prints_nothing", "Talker", "it printed 'fitting"),
    ("fits_the_fewest_rows_it_names", "Hungry", "too few"),
    ("takes_one_column", "Wide", "IndexError"),
    ("takes_a_constant_column", "Correlating", "not finite"),
    ("takes_float32_values", "Coarse", "1 of 100 scores are not finite"),
    ("scores_or_refuses_equal_rows", "Scaled", "not finite"),
    ("scores_or_refuses_repeated_rows", "Repeated", "not finite"),
    ("fits_or_refuses_huge_values", "Rude", "refuses with LinAlgError"),
    ("fits_or_refuses_tiny_values", "Tiny", "not finite"),
    ("scores_or_refuses_huge_values", "Overflowing", "not finite"),
    ("implements_what_it_claims", "Lazy", "need the methods partial_fit"),
    ("scores_new_rows", "Transductive", "other rows"),
    ("takes_one_row", "Pairwise", "float64"),
    ("repeats_itself_with_the_same_seed", "Moody", "score differently"),
    ("scores_the_same_once_saved", "Forgetful", "once saved and loaded"),
    ("scores_the_same_once_saved", "Pickling", "an array of objects"),
    ("scores_the_same_once_saved", "Opaque", "is a set: not array, bytes or JSON"),
    ("saves_no_rows_it_does_not_declare", "Hoarder", "holds 100 of 100 training rows"),
    ("scores_a_row_alone_as_among_others", "Batched", "alone"),
    ("scores_a_row_alone_as_among_others", "Ordered", "alone"),
    ("scores_a_row_alone_as_among_others", "Crowded", "in a larger batch"),
    ("scores_the_same_in_threads", "Shared", "in 8 threads"),
    ("takes_missing_values", "Blind", "not finite"),
    ("explains_with_one_number_per_feature", "Vague", "contributions are float32"),
    ("explains_the_feature_that_is_off", "Wrong", "0 of 4 planted features"),
    ("computes_on_the_processor_when_told", "Distant", "on the processor"),
    ("refuses_devices_that_are_not_there", "Deaf", "told to compute on cuda:999"),
    ("scores_the_same_on_another_device", "Rooted", "fitted on auto, on cpu"),
]


@pytest.fixture
def package(add_plugin):
    """A plugin whose hook gives what the text says, loaded for the kit."""

    def load(spec, **options):
        add_plugin("broken-detectors", DETECTORS)
        add_plugin(
            "pynomaly-mine",
            f"{HOOKS}\n@hookimpl\ndef pynomaly_detectors():\n    yield DetectorSpec({spec})\n",
        )
        return load_package("pynomaly_mine", **options)

    return load


def outcome(package, check):
    found = [each for each in run_checks(package) if each.check == check]
    assert found, f"{check} did not run"
    return found[-1]


def test_a_good_plugin_passes_every_check(package):
    good = package('id="mine.good", target="broken_detectors:Good", **GOOD')
    outcomes = list(run_checks(good))
    failed = [each for each in outcomes if each.status is Status.FAILED]
    assert not failed
    assert {each.check for each in outcomes} == {
        check.name
        for check in (*PLUGIN_CHECKS, *SPEC_CHECKS, *IMPORT_CHECKS, *DETECTOR_CHECKS)
        if check.name != SHORT
    }


def test_a_detector_is_checked_with_the_parameters_that_are_named_for_it(package):
    spec = 'id="mine.weak", target="broken_detectors:Weak", **GOOD'
    check = "gives_one_finite_score_per_row"
    assert outcome(package(spec), check).status is Status.FAILED
    strong = load_package("pynomaly_mine", params={"mine.weak": {"power": 2}})
    assert outcome(strong, check).status is Status.PASSED


def test_a_detector_on_series_meets_stretches_that_are_too_short(package):
    spec = 'id="mine.x", modalities={Modality.SERIES}, target="broken_detectors:%s", **GOOD'
    assert outcome(package(spec % "Good"), SHORT).status is Status.PASSED


def test_a_detector_that_gives_no_number_for_a_short_stretch_fails(package):
    spec = 'id="mine.x", modalities={Modality.SERIES}, target="broken_detectors:%s", **GOOD'
    found = outcome(package(spec % "Shortsighted"), SHORT)
    assert found.status is Status.FAILED
    assert "not finite" in found.reason


@pytest.mark.parametrize(("check", "broken", "says"), BROKEN)
def test_a_broken_detector_fails_the_check_it_breaks(package, check, broken, says):
    found = outcome(package(f'id="mine.x", target="broken_detectors:{broken}", **GOOD'), check)
    assert found.status is Status.FAILED
    assert says in found.reason


def test_every_check_of_detectors_is_known_to_be_able_to_fail():
    assert {check for check, _, _ in BROKEN} | {SHORT} == {check.name for check in DETECTOR_CHECKS}


@pytest.mark.parametrize(
    ("check", "spec", "says"),
    [
        ("says_what_a_chooser_needs", 'id="mine.x", **GOOD | {"title": " "}', "no title"),
        ("says_what_a_chooser_needs", 'id="mine.x", **GOOD | {"summary": "a\\nb"}', "one line"),
        ("says_what_a_chooser_needs", 'id="mine.x", requires=["torch"], **GOOD', "`install`"),
        (
            "names_real_capabilities_and_checks",
            'id="mine.x", **GOOD | {"capabilities": {"flies"}}',
            "unknown capabilities: flies",
        ),
        (
            "names_real_capabilities_and_checks",
            'id="mine.x", expected_failures={"no_such_check": "why"}, **GOOD',
            "names no such check: no_such_check",
        ),
        (
            "names_real_capabilities_and_checks",
            'id="mine.x", expected_failures={"takes_one_row": " "}, **GOOD',
            "no reason for takes_one_row",
        ),
        ("has_sound_params", 'id="mine.x", **GOOD | {"params": "json:no"}', "has no attribute"),
        (
            "has_sound_params",
            'id="mine.x", **GOOD | {"params": "broken_detectors:Helpless"}',
            "no help for power",
        ),
        ("survives_json", 'id="mine.x", row_limit=object(), **GOOD', "not JSON serializable"),
        (
            "resolves_its_import_strings",
            'id="mine.x", **GOOD | {"factory": "nowhere:make"}',
            "No module named 'nowhere'",
        ),
        (
            "resolves_its_import_strings",
            'id="mine.x", target="nowhere:Thing", **GOOD',
            "No module named 'nowhere'",
        ),
        (
            "resolves_its_import_strings",
            'id="mine.x", **GOOD | {"factory": "sys:path"}',
            "sys:path is not callable",
        ),
        ("has_no_problems", 'id="others.x", **GOOD', "is not its own"),
    ],
)
def test_a_bad_declaration_fails_its_check(package, check, spec, says):
    found = outcome(package(spec), check)
    assert found.status is Status.FAILED
    assert says in found.reason


def test_a_plugin_without_hooks_is_told_how_to_mark_them(add_plugin):
    add_plugin("pynomaly-mine", "def pynomaly_detectors(): return []")
    assert "@hookimpl" in outcome(load_package("pynomaly_mine"), "has_no_problems").reason


def test_a_plugin_that_imports_a_library_to_list_itself_fails(add_plugin):
    add_plugin("pynomaly-mine", "import numpy\nprint('and it prints')")
    found = outcome(load_package("pynomaly_mine"), "lists_without_heavy_imports")
    assert found.reason == "listing it imports numpy"


def test_an_entry_point_of_another_name_fails(add_plugin):
    add_plugin("pynomaly-mine", "", entry="other")
    found = outcome(load_package("pynomaly_mine"), "has_the_entry_point_of_its_name")
    assert found.status is Status.FAILED
    assert "'other': 'pynomaly_mine'" in found.reason


def test_a_plugin_that_is_not_installed_has_no_entry_point_to_check(add_plugin, tmp_path):
    add_plugin("pynomaly-mine", "")
    (tmp_path / "pynomaly_mine-1.0.dist-info").rename(tmp_path / "aside")
    found = outcome(load_package("pynomaly_mine"), "has_the_entry_point_of_its_name")
    assert found.status is Status.SKIPPED


def test_a_plugin_that_cannot_be_loaded_says_why(add_plugin):
    add_plugin("pynomaly-mine", "import nowhere")
    with pytest.raises(PluginFailed, match="No module named 'nowhere'"):
        load_package("pynomaly_mine")


def test_what_lacks_a_requirement_is_skipped_with_the_hint(package):
    spec = 'id="mine.x", requires=["nowhere"], install="pip install that", **GOOD'
    absent = package(spec.replace("**GOOD", '**GOOD | {"params": "nowhere:Params"}'))
    outcomes = {each.check: each for each in run_checks(absent)}
    for check in ("resolves_its_import_strings", "has_sound_params", "takes_one_row"):
        assert outcomes[check].status is Status.SKIPPED
    assert "pip install that" in outcomes["takes_one_row"].reason


def test_other_kinds_of_data_are_skipped_with_the_reason(package):
    other = package('id="mine.x", modalities={Modality.IMAGE}, **GOOD')
    found = outcome(other, "implements_what_it_claims")
    assert found.status is Status.SKIPPED
    assert "image" in found.reason


def test_checks_for_a_capability_concern_only_those_who_claim_it(package):
    modest = package('id="mine.x", **GOOD | {"capabilities": {C.INDUCTIVE}}')
    names = {check.name for check in checks_for(modest.specs[0])}
    assert "takes_one_row" in names
    assert "scores_the_same_once_saved" not in names


def test_rows_that_are_declared_may_be_saved(package):
    spec = 'id="mine.x", target="broken_detectors:Hoarder", **GOOD | {"capabilities": ALL | {C.%s}}'
    declared = package(spec % "STORES_TRAINING_DATA")
    assert outcome(declared, "saves_no_rows_it_does_not_declare").status is Status.PASSED


def test_an_expected_failure_is_expected_and_strict(package):
    spec = 'id="mine.x", target="broken_detectors:{}", expected_failures={}, **GOOD'
    gap = {"ranks_planted_anomalies_high": "it is upside down"}
    found = outcome(package(spec.format("Inverted", gap)), "ranks_planted_anomalies_high")
    assert (found.status, found.reason) == (Status.EXPECTED, "it is upside down")


def test_an_expected_failure_that_passes_fails(package):
    gap = {"ranks_planted_anomalies_high": "it is upside down"}
    spec = f'id="mine.x", target="broken_detectors:Good", expected_failures={gap}, **GOOD'
    found = outcome(package(spec), "ranks_planted_anomalies_high")
    assert found.status is Status.FAILED
    assert "take it out of expected_failures" in found.reason


@pytest.mark.parametrize("check", [*PLUGIN_CHECKS, *SPEC_CHECKS, *IMPORT_CHECKS, *DETECTOR_CHECKS])
def test_every_check_says_in_a_line_what_must_hold(check):
    assert check.summary.endswith(".")


def test_cases_bear_names_marks_and_skips_as_pytest_knows_them(package):
    gaps = {"ranks_planted_anomalies_high": "upside down"}
    package(f'id="mine.x", target="broken_detectors:Inverted", expected_failures={gaps}, **GOOD')
    test = conformance_tests("pynomaly_mine")
    (marked,) = test.pytestmark
    cases = {case.id: case for case in marked.args[1]}
    (expected,) = cases["mine.x-ranks_planted_anomalies_high"].marks
    assert expected.kwargs == {"reason": "upside down", "strict": True}
    assert not cases["mine.x-takes_one_row"].marks
    test(*cases["mine-has_no_problems"].values)
    with pytest.raises(AssertionError):
        test(*cases["mine.x-ranks_planted_anomalies_high"].values)


def test_a_check_that_does_not_apply_is_skipped_with_its_reason(package):
    package('id="mine.x", modalities={Modality.IMAGE}, **GOOD')
    test = conformance_tests("pynomaly_mine")
    cases = {case.id: case for case in test.pytestmark[0].args[1]}
    with pytest.raises(pytest.skip.Exception, match="no image data yet"):
        test(*cases["mine.x-implements_what_it_claims"].values)


def test_one_line_gives_an_author_a_test_for_each_spec_and_check(package, tmp_path, monkeypatch):
    gaps = {"ranks_planted_anomalies_high": "upside down", "takes_one_row": "it passes"}
    package(f'id="mine.x", target="broken_detectors:Inverted", expected_failures={gaps}, **GOOD')
    (tmp_path / "test_mine.py").write_text(
        "from pynomaly.testing import conformance_tests\n"
        "test_conformance = conformance_tests('pynomaly_mine')\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rA",
        "-p",
        "no:cacheprovider",
        "test_mine.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed" in done.stdout
    assert "1 xfailed" in done.stdout
    assert "FAILED test_mine.py::test_conformance[mine.x-takes_one_row]" in done.stdout
    assert (
        "XFAIL test_mine.py::test_conformance[mine.x-ranks_planted_anomalies_high]" in done.stdout
    )
    assert "PASSED test_mine.py::test_conformance[mine-has_no_problems]" in done.stdout
