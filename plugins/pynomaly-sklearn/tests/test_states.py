import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import OneClassSVM
from sklearn_detectors import SPECS, create, usual_rows
from skops import io

from pynomaly_sklearn.states import TRUSTED, dump_model, load_model


class Hostile:
    """What would run a command, were it unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("echo never",)


WAYS: list[tuple[str, dict[str, Any]]] = [
    *((detector, {}) for detector in SPECS),
    ("sklearn.lof", {"algorithm": "brute"}),
    ("sklearn.lof", {"algorithm": "ball_tree", "metric": "minkowski", "p": 3}),
    ("sklearn.lof", {"metric": "chebyshev", "leaf_size": 7}),
    ("sklearn.kde", {"bandwidth": "scott", "kernel": "exponential"}),
    ("sklearn.iforest", {"max_features": 0.5, "n_estimators": 10}),
]


@pytest.mark.parametrize(("detector", "params"), WAYS)
def test_a_restored_detector_scores_the_same_bit_for_bit(
    detector: str, params: dict[str, Any]
) -> None:
    made = create(detector, params).fit(usual_rows(150))
    X = usual_rows(40, seed=1)
    restored = create(detector, params, seed=9)
    restored.set_state(made.get_state())
    np.testing.assert_array_equal(restored.score(X), made.score(X))


SCORING = """
import sys
from pathlib import Path
import numpy as np
import pynomaly
for path in sorted(Path(sys.argv[1]).glob("*.pynomaly")):
    rows = np.load(Path(sys.argv[1]) / "rows.npy")
    np.save(path.with_suffix(".npy"), pynomaly.load_model(path).score(rows).scores)
"""


def test_saved_models_score_the_same_in_another_process(tmp_path: Path) -> None:
    import pynomaly

    X = usual_rows(200)
    np.save(tmp_path / "rows.npy", X[:50])
    expected = {}
    for spec in SPECS.values():
        model = pynomaly.fit(X, detector=spec.id)
        model.save(tmp_path / f"{spec.name}.pynomaly")
        expected[spec.name] = model.score(X[:50]).scores
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", SCORING, tmp_path], env=environment, check=True)
    for name, scores in expected.items():
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}.npy"), scores, err_msg=name)


def forest() -> IsolationForest:
    return IsolationForest(n_estimators=5, random_state=0).fit(usual_rows(60))


def test_a_type_that_no_detector_is_made_of_is_refused_by_name(
    capfd: pytest.CaptureFixture[str],
) -> None:
    model = forest()
    model.estimators_[0].extra = Hostile()
    with pytest.raises(ValueError, match=r"Hostile.*nothing of it was loaded"):
        load_model(dump_model(model), IsolationForest())
    assert capfd.readouterr().out == ""


def test_only_trees_are_trusted_beyond_what_skops_trusts() -> None:
    found = set()
    for detector, params in WAYS:
        state = create(detector, params).fit(usual_rows(150)).get_state()
        if "model" in state:
            found |= set(io.get_untrusted_types(data=state["model"]))
    assert found == set(TRUSTED)


def test_a_pickle_is_not_even_read(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        load_model(pickle.dumps(Hostile()), IsolationForest())
    assert capfd.readouterr().out == ""


def test_a_truncated_model_is_refused() -> None:
    data = dump_model(forest())
    with pytest.raises(ValueError, match="cannot be read"):
        load_model(data[: len(data) // 2], IsolationForest())


@pytest.mark.parametrize("model", [LinearRegression(), make_pipeline(OneClassSVM())])
def test_another_estimator_than_the_detectors_own_is_refused(model: Any) -> None:
    with pytest.raises(ValueError, match="not a IsolationForest"):
        load_model(dump_model(model), IsolationForest())


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", 10**9), ("right_child", 0), ("feature", 10**6), ("feature", -3)],
)
def test_a_tree_that_leads_out_of_its_arrays_is_refused(field: str, value: int) -> None:
    model = forest()
    tree = model.estimators_[0].tree_
    state = copy.deepcopy(tree.__getstate__())
    state["nodes"][field][0] = value
    tree.__setstate__(state)
    with pytest.raises(ValueError, match="forged"):
        load_model(dump_model(model), IsolationForest())


def test_a_tree_that_claims_more_nodes_than_it_has_is_refused() -> None:
    model = forest()
    tree = model.estimators_[0].tree_
    state = tree.__getstate__() | {"node_count": 0}
    tree.__setstate__(state)
    with pytest.raises(ValueError, match="forged"):
        load_model(dump_model(model), IsolationForest())


def test_a_boundary_with_more_weights_than_vectors_is_refused() -> None:
    model = OneClassSVM().fit(usual_rows(60))
    model._dual_coef_ = model.dual_coef_ = np.tile(model.dual_coef_, 2)
    with pytest.raises(ValueError, match="forged"):
        load_model(dump_model(model), OneClassSVM())
