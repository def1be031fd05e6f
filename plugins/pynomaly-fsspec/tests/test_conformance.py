"""All loaders keep what the kit asks of every plugin's; those whose driver is missing are skipped."""

from __future__ import annotations

import zipfile

import fsspec
import polars as pl
from web_server import running

from pynomaly.testing import conformance_tests

FRAME = pl.DataFrame({"a": range(3000), "b": [f"w{i % 7}" for i in range(3000)]})


def on_the_web() -> str:
    """The URI of a file on a server."""
    running().files["sample.csv"] = FRAME.write_csv().encode()
    return running().uri("sample.csv")


def in_memory() -> str:
    """The URI of a file in fsspec's memory."""
    with fsspec.open("memory://sample.csv", "wb") as file:
        file.write(FRAME.write_csv().encode())
    return "memory://sample.csv"


def in_an_archive() -> str:
    """The URI of a file in an archive, in the folder of the test that runs."""
    with zipfile.ZipFile("sample.zip", "w") as archive:
        archive.writestr("deep/sample.csv", FRAME.write_csv())
    return "zip://deep/sample.csv::sample.zip"


test_conformance = conformance_tests(
    "pynomaly_fsspec",
    samples={
        "fsspec.http": on_the_web,
        "fsspec.any": in_memory,
        "fsspec.archive": in_an_archive,
    },
)
