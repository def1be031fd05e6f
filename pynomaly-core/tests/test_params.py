"""Params: one class gives defaults, bounds, help and a schema; structured strictly."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Literal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynomaly.domain.errors import InvalidParams
from pynomaly.ports.params import (
    NoParams,
    Text,
    json_schema,
    param,
    structure_params,
    unstructure_params,
)


@attrs.frozen
class Forest:
    trees: int = param(100, ge=1, le=1000, help="Number of trees.", tune=(10, 500))
    share: float = param(0.5, gt=0, lt=1, help="Share of rows.")
    depth: int | Literal["auto"] = param("auto", ge=1, help="Depth.", tune=["auto", 8])
    replace: bool = param(default=False, help="Draw with replacement.")
    kind: Literal["plain", "extended"] = param("plain", help="Kind of cut.")
    weights: tuple[float, ...] = param((1.0,), help="Weights.")
    limit: float | None = param(None, help="Limit.")


@attrs.frozen
class Ordered:
    low: float = param(0.0, help="Low.")
    high: float = param(1.0, help="High.")

    def __attrs_post_init__(self):
        if self.low > self.high:
            raise ValueError("low must not exceed high")


def faults(values, cls=Forest):
    with pytest.raises(InvalidParams) as caught:
        structure_params(cls, values, owner="mine.forest")
    return dict(caught.value.errors)


def test_without_values_there_are_the_defaults():
    assert structure_params(Forest, {}, owner="mine.forest") == Forest()


@pytest.mark.parametrize(
    ("values", "attribute", "expected"),
    [
        ({"share": 0.25}, "share", 0.25),
        ({"depth": 3}, "depth", 3),
        ({"depth": "auto"}, "depth", "auto"),
        ({"weights": [1, 2.5]}, "weights", (1.0, 2.5)),
        ({"weights": ()}, "weights", ()),
        ({"limit": 2}, "limit", 2.0),
        ({"limit": None}, "limit", None),
        ({"replace": True}, "replace", True),
    ],
)
def test_values_of_the_right_type_are_taken(values, attribute, expected):
    found = getattr(structure_params(Forest, values, owner="mine.forest"), attribute)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"replace": "false"}, "'false' is not true or false"),
        ({"replace": 1}, "1 is not true or false"),
        ({"trees": 3.9}, "3.9 is not an integer"),
        ({"trees": True}, "True is not an integer"),
        ({"trees": "3"}, "'3' is not an integer"),
        ({"trees": None}, "None is not an integer"),
        ({"share": True}, "True is not a number"),
        ({"depth": "deep"}, "'deep' is not an integer or 'auto'"),
        ({"kind": "odd"}, "'odd' is not 'plain' or 'extended'"),
        ({"weights": "12"}, "'12' is not a list"),
        ({"weights": [1, "a"]}, "is not a list"),
        ({"trees": 0}, "0 must be at least 1"),
        ({"trees": 1001}, "1001 must be at most 1000"),
        ({"share": 0}, "0.0 must be greater than 0"),
        ({"share": 1.0}, "1.0 must be less than 1"),
        ({"share": float("nan")}, "nan is not a finite number"),
        ({"limit": float("inf")}, "inf is not a finite number"),
        ({"depth": 0}, "0 must be at least 1"),
    ],
)
def test_values_of_a_wrong_type_or_out_of_bounds_are_refused(values, says):
    ((_, message),) = faults(values).items()
    assert says in message


def test_all_faults_are_reported_at_once():
    found = faults({"trees": "many", "share": 7, "tress": 3, "kind": "odd"})
    assert found.keys() == {"trees", "share", "tress", "kind"}
    assert "it takes trees, share, depth" in found["tress"]


def test_a_rule_over_several_fields_is_reported_too():
    assert faults({"low": 2.0}, Ordered) == {"params": "low must not exceed high"}


def test_where_there_are_no_params_none_is_known():
    assert faults({"x": 1}, NoParams) == {"x": "unknown; it takes no parameters"}


def test_the_schema_says_type_default_bounds_help_and_search_range():
    schema = json.loads(json.dumps(json_schema(Forest)))
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert properties["trees"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 1000,
        "default": 100,
        "description": "Number of trees.",
        "x-tune": [10, 500],
    }
    assert properties["share"]["exclusiveMinimum"] == 0
    assert properties["share"]["exclusiveMaximum"] == 1
    assert properties["depth"]["anyOf"] == [{"type": "integer", "minimum": 1}, {"enum": ["auto"]}]
    assert properties["weights"]["items"] == {"type": "number"}
    assert properties["limit"]["anyOf"][1] == {"type": "null"}
    assert json_schema(NoParams)["properties"] == {}


@given(
    st.builds(
        Forest,
        trees=st.integers(1, 1000),
        share=st.floats(0, 1, exclude_min=True, exclude_max=True),
        depth=st.just("auto") | st.integers(1, 99),
        replace=st.booleans(),
        kind=st.sampled_from(["plain", "extended"]),
        weights=st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple),
        limit=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_valid_params_survive_json(params):
    values = json.loads(json.dumps(unstructure_params(params)))
    assert structure_params(Forest, values, owner="mine.forest") == params


@given(
    st.dictionaries(st.sampled_from([f.name for f in attrs.fields(Forest)]), st.from_type(object))
)
def test_no_value_ends_in_anything_but_params_or_invalid_params(values):
    with suppress(InvalidParams):
        structure_params(Forest, values, owner="mine.forest")


@attrs.frozen
class Sheet:
    name: str | None = param(None, help="Name.")
    header: bool = param(default=True, help="Whether there is one.")
    row: int = param(1, ge=1, help="Row.")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"name": "2024"}, Sheet("2024")),
        ({"name": "1e5"}, Sheet("1e5")),
        ({"name": "true"}, Sheet("true")),
        ({"name": '"2024"'}, Sheet("2024")),
        ({"name": ""}, Sheet("")),
        ({"name": "null"}, Sheet(None)),
        ({"header": "false", "row": "3"}, Sheet(None, header=False, row=3)),
    ],
)
def test_what_was_typed_is_json_where_that_fits_and_else_text(values, expected):
    typed = {name: Text(text) for name, text in values.items()}
    found = structure_params(Sheet, typed, owner="mine.sheet", kind="loaders")
    assert found == expected
    assert type(found.name) in (str, type(None))


def test_what_was_typed_fits_no_more_than_what_was_given():
    typed = {"header": Text("maybe"), "row": Text("0"), "name": Text("x")}
    with pytest.raises(InvalidParams, match="pynomaly loaders show") as caught:
        structure_params(Sheet, typed, owner="mine.sheet", kind="loaders")
    assert dict(caught.value.errors) == {
        "header": "'maybe' is not true or false",
        "row": "0 must be at least 1",
    }
    assert "'1' is not an integer" in faults({"trees": "1"})["trees"]
