"""The list of detectors in the documentation is what the specs say."""

from pathlib import Path

import pytest

import pynomaly
from pynomaly.ports.specs import Capability, DetectorSpec, Modality

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "detectors.md"


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import catalogue

    return catalogue


def test_the_page_fits_the_specs_and_figures(catalogue):
    made = catalogue.make_page(pynomaly.detectors(), catalogue.load_json(catalogue.FIGURES))
    assert PAGE.read_text(encoding="utf-8") == made, "run `python -m benchmarks.catalogue`"


def test_a_detector_is_shown_with_what_it_can_what_it_costs_and_how_well_it_ranks(catalogue):
    spec = DetectorSpec(
        id="mine.one",
        title="One",
        summary="The one.",
        factory="a:b",
        modalities={Modality.SERIES},
        capabilities={Capability.INDUCTIVE, Capability.SEEDED},
        time="n",
        row_limit=5_000,
        folds=None,
        paper="Somebody (2000). Something.",
        expected_failures={"takes_one_row": "it needs two"},
    )
    figures = {"mine.one": {"series": {"sets": 3, "ap": 0.5, "roc": 1.0, "seconds": 2.25}}}
    page = catalogue.make_page([spec], figures)
    line = next(line for line in page.splitlines() if line.startswith("| [`mine.one`](#mineone)"))
    assert "| 5,000 | new, seed | 3 | .500 | 1.000 | 2.2 |" in line
    assert "## Series" in page
    assert "- Calibrated: on a held-out half" in page
    assert "- Known gaps: `takes_one_row`: it needs two" in page
