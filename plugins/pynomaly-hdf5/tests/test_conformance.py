"""The loader keeps what the kit asks of every plugin's."""

from __future__ import annotations

import h5py
import numpy as np

from pynomaly.testing import conformance_tests


def file() -> str:
    """The path of a file with one table, in the folder of the test that runs."""
    rng = np.random.default_rng(0)
    with h5py.File("sample.h5", "w") as made:
        made.create_dataset("X", data=rng.normal(size=(3000, 3)), compression="gzip")
        made["word"] = [f"w{number % 7}" for number in range(3000)]
    return "sample.h5"


test_conformance = conformance_tests("pynomaly_hdf5", samples={"hdf5.file": file})
