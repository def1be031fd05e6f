"""A detector is only asked for what it can do; otherwise the user hears why."""

import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.errors import DataError, UsageError

pytest.importorskip("pynomaly_pyod")
rows = pl.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), schema=["x", "y"])


def test_a_transductive_detector_ranks_but_takes_no_reference():
    assert pynomaly.detect(rows, "pyod.sod").scores.shape == (60,)
    with pytest.raises(UsageError, match="--can inductive"):
        pynomaly.fit(rows, "pyod.sod")
    with pytest.raises(UsageError, match="--can inductive"):
        pynomaly.detect(rows, "pyod.sod", reference=rows)


def test_a_detector_of_series_takes_rows_in_their_order_and_is_calibrated_on_blocks():
    model = pynomaly.fit(rows, "pyod.spectralresidual")
    assert model.fitted.calibration.method == "blocks"


def test_rows_that_cannot_be_sampled_are_limited(monkeypatch):
    from pynomaly.application import fit_table, sizes

    for module in (fit_table, sizes):
        monkeypatch.setattr(module, "fit_limit", lambda _: 50)
    with pytest.raises(DataError, match="takes at most 50 rows"):
        pynomaly.detect(rows, "pyod.sod")


def test_a_detector_of_graphs_refuses_a_table():
    try:
        import torch  # noqa: F401
    except ImportError:
        pytest.skip("its requirement is named first")
    with pytest.raises(UsageError, match="graph"):
        pynomaly.detect(rows, "pyod.dominant")
