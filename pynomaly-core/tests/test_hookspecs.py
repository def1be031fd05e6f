"""Every hook is documented, tested and listed."""

from __future__ import annotations

import inspect

import pytest

from pynomaly.infrastructure.registry import discover
from pynomaly.ports import hookspecs
from pynomaly.ports.specs import KINDS

HOOKS = {
    name: function
    for name, function in vars(hookspecs).items()
    if hasattr(function, "pynomaly_spec")
}


def test_there_is_one_hook_for_each_kind():
    assert HOOKS.keys() == {kind.hook for kind in KINDS}


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_is_documented_and_takes_no_argument(name):
    assert inspect.getdoc(HOOKS[name])
    assert not inspect.signature(HOOKS[name]).parameters
    assert "Spec" in str(inspect.signature(HOOKS[name]).return_annotation)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_hook_gives_what_its_kind_says(kind, add_plugin):
    name = kind.spec.__name__
    add_plugin(
        "pynomaly-every",
        f"""
        from pynomaly.ports import {name}, hookimpl

        @hookimpl
        def {kind.hook}():
            return [{name}(id="every.thing", title="T", summary="S", factory="json:loads")]
        """,
    )
    registry = discover()
    assert type(registry.get(kind.name, "every.thing")) is kind.spec
