"""The parameters are PyGOD's, with its defaults, but for what is named here."""

from __future__ import annotations

import inspect

import attrs
import pytest

from pynomaly_pygod import params
from pynomaly_pygod.catalogue import DETECTORS

pytestmark = pytest.mark.usefixtures("libraries")

DECIDED = {"contamination", "gpu", "verbose", "backbone", "save_emb", "compile_model"}
DECIDED |= {"cache_dir", "kwargs", "self"}
OURS = {("gadnr", "hid_dim"): 16}
"""Inverting a matrix for each node takes the third power of it."""


@pytest.mark.parametrize("spec", DETECTORS, ids=lambda spec: spec.id)
def test_every_parameter_is_that_of_pygod(spec):
    from pygod import detector

    theirs = inspect.signature(getattr(detector, spec.target.partition(":")[2])).parameters
    ours = attrs.fields_dict(getattr(params, spec.params.partition(":")[2]))
    assert set(ours) == set(theirs) - DECIDED
    for name, field in ours.items():
        default = theirs[name].default
        if name == "act":
            default = default.__name__
        expected = OURS.get((spec.name, name), default)
        assert field.default == expected, name


def test_pygod_has_no_other_detector():
    from pygod import detector
    from pygod.detector.base import Detector

    found = {
        name
        for name, cls in vars(detector).items()
        if inspect.isclass(cls) and issubclass(cls, Detector) and not inspect.isabstract(cls)
    }
    assert found == {spec.target.partition(":")[2] for spec in DETECTORS}
