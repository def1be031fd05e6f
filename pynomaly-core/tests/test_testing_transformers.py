"""The conformance kit on transformers: a good one passes, and each check can fail."""

from __future__ import annotations

import pytest

from pynomaly.testing import load_package, run_checks
from pynomaly.testing.kit import Status
from pynomaly.testing.transformers import PRETRAINED_CHECKS, TRANSFORMER_CHECKS

PLUGIN = """
import numpy as np
from pynomaly.ports import hookimpl
from pynomaly.ports.specs import TransformerSpec

class Good:
    names = ("size", "spread")
    def __init__(self, spec, params, seed): self.mean = 0.0
    def fit(self, items): self.mean = float(np.mean([len(str(each)) for each in self.rows(items)]))
    def rows(self, items):
        return items if isinstance(items, list) else list(items.features)
    def transform(self, items):
        return np.array([[float(len(str(each))), self.mean] for each in self.rows(items)])
    def get_state(self): return {"mean": self.mean}
    def set_state(self, state): self.mean = state["mean"]

class Fixed(Good):
    def fit(self, items): pass

class Narrow(Good):
    names = ("size",)

class Twice(Good):
    names = ("size", "size")

class Picky(Good):
    def transform(self, items):
        rows = super().transform(items)
        rows[[len(str(each)) > 4000 for each in self.rows(items)]] = np.inf
        return rows

class Moody(Good):
    def transform(self, items):
        return super().transform(items) + np.random.default_rng().normal()

class Batched(Good):
    def transform(self, items):
        rows = super().transform(items)
        return rows - rows.mean(axis=0)

class Forgetful(Good):
    def set_state(self, state): pass

class Rude(Good):
    def fit(self, items):
        super().fit(items)
        items.append("more")

class Opaque(Good):
    def get_state(self): return {"mean": {self.mean}}

@hookimpl
def pynomaly_transformers():
    yield TransformerSpec(id="mine.it", title="T", summary="S.", factory="pynomaly_mine:%s",
                          modalities=%s, pretrained=%s)
"""
BOTH, TEXTS = '{"text", "graph"}', '{"text"}'

BROKEN = [
    ("gives_one_finite_row_per_item", "Narrow", BOTH, "of shape (60, 2), not float64"),
    ("gives_one_finite_row_per_item", "Twice", BOTH, "bear the same name"),
    ("transforms_items_it_has_not_seen", "Batched", TEXTS, "an item alone becomes another row"),
    ("transforms_odd_items", "Picky", BOTH, "of its values are not finite"),
    ("transforms_the_same_again", "Moody", BOTH, "the same seed gives other rows"),
    ("transforms_the_same_once_saved", "Forgetful", BOTH, "other rows once saved"),
    ("transforms_the_same_once_saved", "Opaque", BOTH, "is a set: not array, bytes or JSON"),
    ("leaves_its_items_alone", "Rude", TEXTS, "it changed what it was given"),
    ("learns_nothing_where_it_says_so", "Good", BOTH, "fitted on other items"),
]


@pytest.fixture
def outcomes(add_plugin):
    """Outcomes of the checks on a transformer of the plugin, by check."""

    def outcomes(name, kinds=BOTH, *, pretrained=True):
        add_plugin("pynomaly-mine", PLUGIN % (name, kinds, pretrained))
        return {each.check: each for each in run_checks(load_package("pynomaly_mine"))}

    return outcomes


@pytest.mark.parametrize(("name", "pretrained"), [("Good", False), ("Fixed", True)])
@pytest.mark.parametrize("kinds", [BOTH, TEXTS, '{"graph"}'])
def test_a_good_transformer_passes(outcomes, name, pretrained, kinds):
    found = outcomes(name, kinds, pretrained=pretrained)
    names = {check.name for check in TRANSFORMER_CHECKS}
    assert names <= set(found)
    names |= {check.name for check in PRETRAINED_CHECKS} & set(found)
    assert not [found[n] for n in names if found[n].status is Status.FAILED]
    assert ("learns_nothing_where_it_says_so" in found) is pretrained


@pytest.mark.parametrize(("check", "name", "kinds", "says"), BROKEN)
def test_a_broken_transformer_fails_the_check_it_breaks(outcomes, check, name, kinds, says):
    found = outcomes(name, kinds)[check]
    assert found.status is Status.FAILED
    assert says in found.reason


def test_every_check_of_transformers_is_known_to_be_able_to_fail():
    assert {check for check, *_ in BROKEN} == {
        check.name for check in (*TRANSFORMER_CHECKS, *PRETRAINED_CHECKS)
    }


def test_kinds_that_the_kit_does_not_have_are_skipped_with_the_reason(outcomes):
    found = outcomes("Good", '{"image"}')["transforms_odd_items"]
    assert found.status is Status.SKIPPED
    assert found.reason == "the kit has no image data yet"
