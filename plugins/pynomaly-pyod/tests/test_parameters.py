from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynomaly.domain.errors import InvalidParams
from pynomaly.ports.params import json_schema, structure_params, unstructure_params
from pynomaly_pyod import params
from pynomaly_pyod.catalogue import DETECTORS
from pynomaly_pyod.generating.rules import LEFT_OUT, RULES
from pynomaly_pyod.generating.source import Signature, models_folder, signatures
from pynomaly_pyod.generating.table import as_text, signature, table

NAMES = {spec.target: spec.name for spec in DETECTORS}


@pytest.fixture(scope="module")
def installed() -> list[Signature]:
    return list(signatures(models_folder()))


def test_the_catalogue_lists_what_the_installed_pyod_ships(installed: list[Signature]) -> None:
    assert {each.target for each in installed} == set(NAMES)


def test_the_table_has_the_parameters_and_defaults_of_the_installed_pyod(
    installed: list[Signature],
) -> None:
    found = {NAMES[each.target]: json.loads(json.dumps(signature(each))) for each in installed}
    assert found == {name: entry["signature"] for name, entry in params.entries().items()}


def test_the_table_is_what_the_generator_writes(installed: list[Signature]) -> None:
    written = params.TABLE.read_text(encoding="utf-8")
    made_from = json.loads(written)["generated_from"]
    here = {name: version(name) for name in made_from}
    if here != made_from:
        pytest.skip(f"the table was generated from {made_from}, and here is {here}")
    assert written == as_text(table(installed, NAMES))


def test_every_parameter_is_offered_or_left_out_for_a_reason() -> None:
    for entry in params.entries().values():
        cls = entry["target"].partition(":")[2]
        for name, default in entry["signature"].items():
            offered = name in entry["params"]
            assert offered != (name in LEFT_OUT or default == "(required)"), (cls, name)


def test_every_rule_speaks_of_a_parameter_that_exists() -> None:
    used = set()
    for entry in params.entries().values():
        cls = entry["target"].partition(":")[2]
        for name in entry["params"]:
            used.add(f"{cls}.{name}" if f"{cls}.{name}" in RULES else name)
    own = {f"{entry['target'].partition(':')[2]}" for entry in params.entries().values()}
    assert {name for name in RULES if name.partition(".")[0] in own} <= used


@pytest.mark.parametrize("spec", DETECTORS, ids=lambda spec: spec.id)
def test_defaults_survive_json_and_lie_within_their_bounds(spec: Any) -> None:
    cls = getattr(params, spec.name)
    values = json.loads(json.dumps(unstructure_params(cls())))
    assert structure_params(cls, values, owner=spec.id) == cls()
    properties = json.loads(json.dumps(json_schema(cls)))["properties"]
    assert all(each["description"].endswith(".") for each in properties.values())


def test_a_params_class_is_built_once() -> None:
    assert params.params_class("knn") is params.params_class("knn")


def test_an_unknown_params_class_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = params.nothing


@given(st.integers(max_value=0) | st.booleans() | st.text(max_size=3) | st.none())
def test_a_number_of_neighbours_is_a_positive_integer(value: Any) -> None:
    with pytest.raises(InvalidParams, match="n_neighbors"):
        structure_params(params.params_class("knn"), {"n_neighbors": value}, owner="pyod.knn")


def test_choices_numbers_and_lists_are_told_apart() -> None:
    cls = params.params_class("iforest")
    assert structure_params(cls, {"max_samples": "auto"}, owner="x") == cls()
    assert structure_params(cls, {"max_samples": 64}, owner="x").max_samples == 64
    with pytest.raises(InvalidParams, match="max_samples"):
        structure_params(cls, {"max_samples": "some"}, owner="x")
    deep = params.params_class("autoencoder")
    layers = structure_params(deep, {"hidden_neuron_list": [8, 4]}, owner="x")
    assert layers.hidden_neuron_list == (8, 4)
