"""The examples run, as scripts and as notebooks, and show what they tell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "examples"
SHOWS = {
    "tables": [
        r"4,276 rows, 5\d\d alarms: at most about 1 % of normal rows alarm",
        r"strongest reason: \[\('dep_delay', \d+\)",
        r"missing in 5\d\d of 5\d\d alarms",
        r"2013-02-07 ┆ 0\.00(?s:.)+2013-02-08 ┆ 0\.3\d+(?s:.)+2013-02-09 ┆ 0\.3(?s:.)+10 ┆ 0\.01",
    ],
    "series": [
        r"Model\(fast\.knn, fitted on 670 rows\)",
        r"2015-09-16 12:\S+ to 2015-09-16 18:\S+  p-value 0\.00\d+  labelled",
        r"2015-09-15 13:\S+ to 2015-09-15 15:\S+  p-value 0\.00\d+  labelled",
        r"2015-09-17 1\d:\S+ to 2015-09-17 14:\S+  p-value 0\.00\d+  not labelled",
        r"false-alarm rate may not hold",
    ],
    "graphs": [
        r"91 places, 1367 links; Result\(91 rows, 5 alarms: the 5 highest scores\)",
        r"HNL {2}p-value 0\.011 {2}.*log_degree 0,",
    ],
    "texts": [
        r"Result\(300 rows, \d\d alarms: at most about 5 % of normal rows alarm\)",
        r"0\.0\d+ +┆ 1 +┆ \d\d +┆ .*0\d{9}",
        r"digits of a usual message: 0",
        r"average_precision: 0\.[89]",
        r"false_alarm_rate: 0\.0[0-5]",
        r"See you at eight\? .*false(?s:.)+WIN .*true",
    ],
    "items": [
        r"Result\(92 rows, 2\d alarms: at most about 5 % of normal rows alarm\)",
        r"BZN .*1 +┆ 1\.0",
        r"HNL .*┆ 0\.011 +┆ network",
        r"network ┆ \d+ +│\n│ service ┆ \d+",
    ],
}
"""By example, what its prose says of what comes out."""
ALIKE = 0.8
"""Share of the words in a notebook's stored output that must still come out."""


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    for name in [name for name in os.environ if name.startswith("PYNOMALY_")]:
        monkeypatch.delenv(name)


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_script(name: str, cwd: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MPLBACKEND", "agg")  # no window opens, and matplotlib says so
    strict = ["-W", "error", "-W", "ignore:FigureCanvasAgg is non-interactive:UserWarning"]
    return run(*strict, FOLDER / f"{name}.py", cwd=cwd)


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def printed(notebook: nbformat.NotebookNode) -> str:
    texts = (output.text for output in outputs(notebook) if output.get("name") == "stdout")
    return "".join(texts)


def pictures(notebook: nbformat.NotebookNode) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{3,}", text))


@pytest.mark.parametrize("name", SHOWS)
def test_an_example_runs_from_anywhere_as_script_and_as_notebook_and_shows_what_it_tells(
    name, tmp_path, monkeypatch
):
    shown = run_script(name, tmp_path, monkeypatch)
    for claim in SHOWS[name]:
        assert re.search(claim, shown), f"{claim} is not in\n{shown}"
    run(FOLDER / "notebooks.py", tmp_path, name, cwd=tmp_path)
    notebook = nbformat.read(tmp_path / f"{name}.ipynb", 4)
    assert printed(notebook) == shown
    kept = nbformat.read(FOLDER / f"{name}.ipynb", 4)
    again = f"run `python examples/notebooks.py`: {name}.ipynb is not what {name}.py makes"
    assert [(cell.cell_type, cell.source) for cell in kept.cells] == [
        (cell.cell_type, cell.source) for cell in notebook.cells
    ], again
    assert pictures(kept) == pictures(notebook), again
    lost = words(printed(kept)) - words(shown)
    assert len(lost) <= (1 - ALIKE) * len(words(printed(kept))), f"{again}: {sorted(lost)}"


@pytest.mark.parametrize("name", SHOWS)
def test_a_stored_notebook_has_been_run_from_start_to_end_without_a_complaint(name):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", 4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(output.get("name") != "stderr" for output in outputs(notebook))
    assert str(FOLDER.parent) not in (FOLDER / f"{name}.ipynb").read_text("utf-8")


def test_every_kind_of_data_has_a_script_and_a_notebook_and_the_readme_names_them():
    scripts = {path.stem for path in FOLDER.glob("*.py")} - {"notebooks"}
    notebooks = {path.stem for path in FOLDER.glob("*.ipynb")}
    assert scripts == notebooks == set(SHOWS)
    readme = (FOLDER / "README.md").read_text("utf-8")
    files = [path.name for path in FOLDER.iterdir() if path.is_file() and path.name != "README.md"]
    assert [name for name in files if f"({name})" not in readme] == []
