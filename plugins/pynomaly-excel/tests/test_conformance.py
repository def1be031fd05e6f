"""The loader keeps what the kit asks of every plugin's."""

from __future__ import annotations

import polars as pl

from pynomaly.testing import conformance_tests


def book() -> str:
    """The path of a workbook with one sheet, in the folder of the test that runs."""
    numbers = range(3000)
    frame = pl.DataFrame(
        {"a": numbers, "b": [n / 3 for n in numbers], "c": [f"w{n % 7}" for n in numbers]}
    )
    frame.write_excel("sample.xlsx")
    return "sample.xlsx"


test_conformance = conformance_tests("pynomaly_excel", samples={"excel.sheet": book})
