"""Specs are frozen, pure data."""

from __future__ import annotations

import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynomaly.ports import Capability, DetectorSpec, ExplainerSpec, LoaderSpec, Modality
from pynomaly.ports.specs import KINDS, spec_to_dict

GIVEN = {"id": "mine.one", "title": "One", "summary": "The one.", "factory": "mine.impl:make"}
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


def test_an_id_tells_its_plugin_and_its_name():
    spec = DetectorSpec(**GIVEN | {"id": "my-plugin.some_thing"})
    assert (spec.plugin, spec.name) == ("my-plugin", "some_thing")


@pytest.mark.parametrize("id", ["one", "Mine.one", "mine.", ".one", "mine.one.two", "mine one"])
def test_an_id_is_of_the_form_plugin_dot_name(id):
    with pytest.raises(ValueError, match=r"plugin\.name"):
        DetectorSpec(**GIVEN | {"id": id})


@pytest.mark.parametrize("target", ["mine.impl", "mine.impl.make", ":make", "mine:", "os; x:y"])
@pytest.mark.parametrize("field", ["factory", "params", "target"])
def test_an_import_string_is_of_the_form_module_colon_name(field, target):
    with pytest.raises(ValueError, match=r"package\.module:name"):
        DetectorSpec(**GIVEN | {field: target})


def test_one_fold_is_refused():
    with pytest.raises(ValueError, match="folds 1 leaves nothing to fit on"):
        DetectorSpec(**GIVEN, folds=1)


def test_a_spec_cannot_be_changed():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        DetectorSpec(**GIVEN).title = "Two"


@pytest.mark.parametrize(
    ("cls", "field"),
    [(DetectorSpec, "requires"), (LoaderSpec, "suffixes"), (LoaderSpec, "schemes")],
)
def test_one_string_where_several_are_due_is_refused(cls, field):
    with pytest.raises(TypeError, match="several names are due"):
        cls(**GIVEN, **{field: "torch"})


def test_lists_and_sets_become_immutable():
    spec = DetectorSpec(**GIVEN, requires=["torch"], capabilities={Capability.SAVES})
    assert spec.requires == ("torch",)
    assert isinstance(spec.capabilities, frozenset)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_of_spec_survives_json(kind):
    spec = kind.spec(**GIVEN)
    assert kind.spec(**json.loads(json.dumps(spec_to_dict(spec)))) == spec


@given(
    plugin=names,
    name=names,
    capabilities=st.sets(st.sampled_from(Capability)),
    modalities=st.sets(st.sampled_from(Modality)),
    requires=st.lists(names),
    row_limit=st.none() | st.integers(1),
    gaps=st.dictionaries(names, st.text()),
)
def test_any_detector_spec_survives_json(
    plugin, name, capabilities, modalities, requires, row_limit, gaps
):
    spec = DetectorSpec(
        **GIVEN | {"id": f"{plugin}.{name}"},
        capabilities=capabilities,
        modalities=modalities,
        requires=requires,
        row_limit=row_limit,
        expected_failures=gaps,
    )
    assert DetectorSpec(**json.loads(json.dumps(spec_to_dict(spec)))) == spec


def test_json_holds_sorted_plain_values():
    data = spec_to_dict(ExplainerSpec(**GIVEN, needs={Capability.SEEDED, Capability.EXPLAINS}))
    assert data["needs"] == ["explains", "seeded"]
    assert data["modalities"] == ["tabular"]
