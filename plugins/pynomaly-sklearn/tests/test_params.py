import ast
import runpy
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import attrs
import numpy as np
import pytest
from sklearn_detectors import create, params_class, usual_rows

from pynomaly.domain.errors import InvalidParams
from pynomaly.ports.params import structure_params
from pynomaly_sklearn import params
from pynomaly_sklearn.specs import DETECTORS

GENERATOR = runpy.run_path(str(Path(__file__).with_name("generate_params.py")))


def test_the_params_are_what_the_installed_scikit_learn_declares() -> None:
    committed = GENERATOR["PARAMS_FILE"].read_text(encoding="utf-8")
    assert ast.dump(ast.parse(committed)) == ast.dump(ast.parse(GENERATOR["params_source"]())), (
        "scikit-learn's parameters have changed: run tests/generate_params.py"
    )


def test_every_detector_has_its_own_params_class() -> None:
    named = {spec.params.partition(":")[2] for spec in DETECTORS}
    assert named == set(GENERATOR["CLASSES"])
    assert all(hasattr(params, name) for name in named)


def test_a_new_parameter_of_scikit_learn_stops_the_generator() -> None:
    class Newer(params_target("IForestParams")):  # type: ignore[misc]
        def __init__(self, novelty_rate: float = 0.1) -> None:
            self.novelty_rate = novelty_rate

    GENERATOR["HELP"][Newer] = {}
    with pytest.raises(SystemExit, match="novelty_rate"):
        GENERATOR["_offered"](Newer)


def params_target(name: str) -> Any:
    return GENERATOR["CLASSES"][name][0]


@pytest.mark.parametrize("value", [0.0, -1, 1.5, "all", True, None])
def test_a_share_or_number_of_rows_that_means_nothing_is_refused(value: object) -> None:
    with pytest.raises(InvalidParams):
        structure_params(params.IForestParams, {"max_samples": value}, owner="sklearn.iforest")


@pytest.mark.parametrize("value", [0.5, 1.0, 1, 64, "auto"])
def test_a_share_and_a_number_of_rows_are_told_apart(value: object) -> None:
    made = structure_params(params.IForestParams, {"max_samples": value}, owner="sklearn.iforest")
    assert made.max_samples == value
    assert type(made.max_samples) is type(value)


def choices() -> list[tuple[str, str, object]]:
    """Every detector with each choice that a parameter of it offers by name."""
    found = []
    for spec in DETECTORS:
        cls = params_class(spec)
        for name, hint in get_type_hints(cls).items():
            for part in (hint, *get_args(hint)):
                if get_origin(part) is Literal:
                    found += [(spec.id, name, choice) for choice in get_args(part)]
                if part is bool:
                    found += [(spec.id, name, choice) for choice in (False, True)]
    return sorted(set(found), key=str)


# These solvers take numbers of components, not shares of variance.
COMPANIONS = {"arpack": {"n_components": 2}, "randomized": {"n_components": 2}}


@pytest.mark.parametrize(("detector", "name", "choice"), choices())
def test_every_choice_on_offer_works(detector: str, name: str, choice: object) -> None:
    X = usual_rows(60)
    made = create(detector, {name: choice, **COMPANIONS.get(str(choice), {})})
    made.fit(X)
    assert np.isfinite(made.score(X)).all()


def test_every_parameter_has_a_sentence_and_a_default_within_its_bounds() -> None:
    for spec in DETECTORS:
        cls = params_class(spec)
        defaults = attrs.asdict(cls())
        assert attrs.asdict(structure_params(cls, defaults, owner=spec.id)) == defaults
        assert all(field.metadata["pynomaly"]["help"] for field in attrs.fields(cls))
