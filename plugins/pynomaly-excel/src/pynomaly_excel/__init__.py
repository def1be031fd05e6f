"""Sheets of Excel and OpenDocument files as a source of Pynomaly."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import LoaderSpec

__all__ = ["pynomaly_loaders"]


@hookimpl
def pynomaly_loaders() -> Iterable[LoaderSpec]:
    """The loader `excel.sheet`."""
    yield LoaderSpec(
        id="excel.sheet",
        title="Excel, OpenDocument",
        summary="A sheet of a workbook: the first, or the one that is named.",
        factory="pynomaly_excel.loading:load",
        params="pynomaly_excel.loading:SheetOptions",
        suffixes=(".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
        streams=False,
    )
