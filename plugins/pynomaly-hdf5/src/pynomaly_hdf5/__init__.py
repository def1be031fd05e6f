"""Tables in HDF5 files as a source of Pynomaly."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import LoaderSpec

__all__ = ["pynomaly_loaders"]


@hookimpl
def pynomaly_loaders() -> Iterable[LoaderSpec]:
    """The loader `hdf5.file`."""
    yield LoaderSpec(
        id="hdf5.file",
        title="HDF5",
        summary="A dataset of an HDF5 file, or a group of datasets of equal length.",
        factory="pynomaly_hdf5.loading:load",
        params="pynomaly_hdf5.loading:Hdf5Options",
        suffixes=(".h5", ".hdf5", ".hdf", ".he5"),
        docs="https://docs.hdfgroup.org/documentation/hdf5/latest/",
    )
