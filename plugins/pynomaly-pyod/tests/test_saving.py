from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import skops.io

if TYPE_CHECKING:
    from pynomaly.ports.protocols import FloatMatrix
    from pynomaly_pyod.adapter import PyODDetector

    Create = Callable[..., PyODDetector]

_ELSEWHERE = """
import sys
import numpy as np
from pynomaly_pyod.adapter import create
from pynomaly_pyod.catalogue import DETECTORS
from pynomaly_pyod.params import params_class
from pathlib import Path
folder = Path(sys.argv[1])
spec = next(spec for spec in DETECTORS if spec.name == "lof")
detector = create(spec, params_class("lof")(), 9)
state = {"model": (folder / "model").read_bytes(), "seed": 0, "width": 3}
detector.set_state(state)
np.save(folder / "found.npy", detector.score(np.load(folder / "rows.npy")))
"""


def test_a_saved_detector_scores_the_same_in_another_process(
    make: Create, rows: FloatMatrix, new_rows: FloatMatrix, tmp_path: Path
) -> None:
    detector = make("lof").fit(rows)
    (tmp_path / "model").write_bytes(detector.get_state()["model"])
    np.save(tmp_path / "rows.npy", new_rows)
    subprocess.run([sys.executable, "-c", _ELSEWHERE, str(tmp_path)], check=True)
    assert np.array_equal(np.load(tmp_path / "found.npy"), detector.score(new_rows))


@pytest.mark.parametrize("metric", ["manhattan", "chebyshev", "canberra", "braycurtis"])
def test_every_metric_that_is_offered_can_be_saved(
    metric: str, make: Create, rows: FloatMatrix, new_rows: FloatMatrix
) -> None:
    for name in ("knn", "lof", "sampling"):
        detector = make(name, metric=metric).fit(rows)
        again = make(name)
        again.set_state(detector.get_state())
        assert np.array_equal(again.score(new_rows), detector.score(new_rows))


def test_clusters_can_be_saved(make: Create) -> None:
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(size=(150, 2)), rng.normal(loc=20, size=(10, 2))])
    detector = make("cblof", n_clusters=4).fit(X)
    again = make("cblof")
    again.set_state(detector.get_state())
    assert np.array_equal(again.score(X), detector.score(X))


def test_a_state_of_foreign_types_is_refused(make: Create, rows: FloatMatrix) -> None:
    state = make("iforest").fit(rows).get_state()
    with pytest.raises(ValueError, match=r"no use for: .*IForest"):
        make("knn").set_state(state)


def test_a_state_of_another_kind_is_refused(make: Create) -> None:
    with pytest.raises(ValueError, match="what was saved is a dict"):
        make("knn").set_state({"model": skops.io.dumps({}), "seed": 0, "width": 1})
