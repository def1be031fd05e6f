"""The kit on graphs and transformers: good ones pass, and every check can fail."""

from __future__ import annotations

import pytest

from pynomaly.testing import Status, load_package, run_checks
from pynomaly.testing.graphs import GRAPH_CHECKS
from pynomaly.testing.transformers import TRANSFORMER_CHECKS

DETECTORS = """
import time

import numpy as np

def degrees(X): return np.bincount(X.edges.ravel(), minlength=len(X)).astype(float)

class Good:
    def __init__(self, seed): self.seed = seed
    def fit(self, X):
        if not np.abs(X.features).max(initial=0) < 1e100: raise ValueError("too large")
        self.mean = degrees(X).mean()
    def score(self, X): return np.abs(degrees(X) - self.mean)
    def explain(self, X): return np.abs(X.features)
    def score_edges(self, X): return self.score(X)[X.edges].sum(axis=0)
    def get_state(self): return {"mean": self.mean}
    def set_state(self, state): self.mean = state["mean"]

class Flat(Good):
    def score(self, X): return super().score(X)[:, None]
class Inverted(Good):
    def score(self, X): return -super().score(X)
class Scribbler(Good):
    def fit(self, X):
        super().fit(X)
        if X.edges.flags.writeable: X.edges[0] = 0
class Talker(Good):
    def fit(self, X):
        super().fit(X)
        print("fitting")
class Hungry(Good):
    def fit(self, X):
        if len(X) < 20: raise ValueError("too few")
        super().fit(X)
class Relative(Good):
    def score(self, X): return super().score(X) / np.where(degrees(X) > 0, 1, 0)
class OneWay(Good):
    def fit(self, X):
        if X.directed: raise RuntimeError("directed")
        super().fit(X)
class Attributed(Good):
    def score(self, X): return super().score(X) / X.features.shape[1]
class Connected(Good):
    def score(self, X): return super().score(X) / min(X.edges.shape[1], 1)
class Squared(Good):
    def fit(self, X): self.mean = np.square(X.features).sum()
class Sized(Good):
    def fit(self, X):
        super().fit(X)
        self.n = len(X)
    def score(self, X):
        if len(X) not in (self.n, 1): raise RuntimeError("another graph")
        return super().score(X)
class Social(Good):
    def score(self, X): return super().score(X) / min(len(X) - 1, 1)
class Moody(Good):
    def score(self, X): return super().score(X) + np.random.default_rng().random()
class Forgetful(Good):
    def set_state(self, state): self.mean = state["mean"] + 1e-9
class Shared(Good):
    def score(self, X):
        self.X = X
        time.sleep(0.003)
        return super().score(self.X)
class Vague(Good):
    def explain(self, X): return super().explain(X).astype(np.float32)
class Uneven(Good):
    def score_edges(self, X): return super().score_edges(X)[1:]

def make(spec, params, seed): return globals()[spec.target.partition(":")[2]](seed)
"""

DETECTOR = """
from pynomaly.ports import Capability as C, DetectorSpec, Modality, hookimpl

@hookimpl
def pynomaly_detectors():
    yield DetectorSpec(
        id="mine.x", title="Title", summary="Summary.", factory="broken_graphs:make",
        target="broken_graphs:{}", modalities={{Modality.GRAPH}},
        capabilities={{C.INDUCTIVE, C.SEEDED, C.SAVES, C.THREAD_SAFE, C.EXPLAINS}},
    )
"""

BROKEN = [
    ("gives_one_finite_score_per_node", "Flat", "not float64 of shape (80,)"),
    ("ranks_planted_nodes_high", "Inverted", "ROC AUC of 0.0"),
    ("leaves_its_graph_alone", "Scribbler", "it changed the graph"),
    ("prints_nothing_of_a_graph", "Talker", "it printed 'fitting"),
    ("fits_the_fewest_nodes_it_names", "Hungry", "too few"),
    ("takes_isolated_nodes", "Relative", "not finite"),
    ("takes_directed_edges", "OneWay", "directed"),
    ("scores_or_refuses_nodes_without_attributes", "Attributed", "not finite"),
    ("scores_or_refuses_a_graph_without_edges", "Connected", "not finite"),
    ("scores_or_refuses_huge_attributes", "Squared", "not finite"),
    ("scores_another_graph", "Sized", "another graph"),
    ("scores_or_refuses_a_single_node", "Social", "not finite"),
    ("repeats_itself_on_a_graph", "Moody", "score differently"),
    ("scores_a_graph_the_same_once_saved", "Forgetful", "once saved and loaded"),
    ("scores_graphs_the_same_in_threads", "Shared", "in 8 threads"),
    ("explains_each_node", "Vague", "contributions are float32"),
    ("gives_one_finite_score_per_edge", "Uneven", "not float64 of shape"),
]

TRANSFORMERS = """
import numpy as np

class Good:
    names = ("one", "two")
    def __init__(self, seed): self.seed = seed
    def fit(self, items): self.center = 1.0
    def transform(self, items):
        if isinstance(items, list):
            one = np.array([len(text) for text in items], dtype=float)
        else:
            one = np.bincount(items.edges.ravel(), minlength=len(items)).astype(float)
        return np.stack([one - self.center, one + self.center], axis=1)
    def get_state(self): return {"center": self.center}
    def set_state(self, state): self.center = state["center"]

class Narrow(Good):
    def transform(self, items): return super().transform(items)[:, :1]
class Twins(Good):
    names = ("one", "one")
class Coarse(Good):
    def transform(self, items): return super().transform(items).astype(np.float32)
class Listed(Good):
    def transform(self, items): return super().transform(items).tolist()
class Batched(Good):
    def transform(self, items): return super().transform(items) + len(items)
class Brittle(Good):
    def transform(self, items):
        with np.errstate(divide="ignore"): return np.log(super().transform(items) + 1)
class Moody(Good):
    def transform(self, items): return super().transform(items) + np.random.default_rng().random()
class Forgetful(Good):
    def set_state(self, state): self.center = 2.0
class Scribbler(Good):
    def fit(self, items):
        super().fit(items)
        if isinstance(items, list): items[0] = "changed"

def make(spec, params, seed): return CHOSEN(seed)
"""

TRANSFORMER = """
from pynomaly.ports import Modality, TransformerSpec, hookimpl

@hookimpl
def pynomaly_transformers():
    yield TransformerSpec(
        id="mine.x", title="Title", summary="Summary.", factory="broken_transformers:make",
        modalities={},
    )
"""

BROKEN_TRANSFORMERS = [
    ("gives_one_finite_row_per_item", "Narrow", "not float64 of shape (60, 2)"),
    ("gives_one_finite_row_per_item", "Coarse", "rows are float32"),
    ("gives_one_finite_row_per_item", "Listed", "rows are a list"),
    ("gives_one_finite_row_per_item", "Twins", "the same name"),
    ("transforms_items_it_has_not_seen", "Batched", "an item alone"),
    ("transforms_odd_items", "Brittle", "not finite"),
    ("transforms_the_same_again", "Moody", "other rows"),
    ("transforms_the_same_once_saved", "Forgetful", "once saved and loaded"),
    ("leaves_its_items_alone", "Scribbler", "it changed what it was given"),
]


@pytest.fixture
def outcomes(add_plugin):
    def outcomes(broken):
        add_plugin("broken-graphs", DETECTORS)
        add_plugin("pynomaly-mine", DETECTOR.format(broken))
        return {each.check: each for each in run_checks(load_package("pynomaly_mine"))}

    return outcomes


@pytest.fixture
def transformed(add_plugin):
    def transformed(broken, kinds="{Modality.TEXT, Modality.GRAPH}"):
        add_plugin("broken-transformers", TRANSFORMERS.replace("CHOSEN", broken))
        add_plugin("pynomaly-mine", TRANSFORMER.format(kinds))
        return {each.check: each for each in run_checks(load_package("pynomaly_mine"))}

    return transformed


def test_a_good_detector_on_graphs_passes_every_check(outcomes):
    found = outcomes("Good")
    assert not [each for each in found.values() if each.status is Status.FAILED]
    assert {check.name for check in GRAPH_CHECKS} <= set(found)
    assert "takes_one_row" not in found


@pytest.mark.parametrize(("check", "broken", "says"), BROKEN)
def test_a_broken_detector_on_graphs_fails_the_check_it_breaks(outcomes, check, broken, says):
    found = outcomes(broken)[check]
    assert found.status is Status.FAILED
    assert says in found.reason


def test_every_check_of_graphs_is_known_to_be_able_to_fail():
    assert {check for check, _, _ in BROKEN} == {check.name for check in GRAPH_CHECKS}


def test_a_good_transformer_passes_every_check(transformed):
    found = transformed("Good")
    assert not [each for each in found.values() if each.status is Status.FAILED]
    assert {check.name for check in TRANSFORMER_CHECKS} <= set(found)


@pytest.mark.parametrize(("check", "broken", "says"), BROKEN_TRANSFORMERS)
def test_a_broken_transformer_fails_the_check_it_breaks(transformed, check, broken, says):
    found = transformed(broken)[check]
    assert found.status is Status.FAILED
    assert says in found.reason


def test_every_check_of_transformers_is_known_to_be_able_to_fail():
    names = {check.name for check in TRANSFORMER_CHECKS}
    assert {check for check, _, _ in BROKEN_TRANSFORMERS} == names


def test_a_transformer_of_other_data_is_skipped_with_the_reason(transformed):
    found = transformed("Good", "{Modality.IMAGE}")["transforms_odd_items"]
    assert found.status is Status.SKIPPED
    assert "image" in found.reason
