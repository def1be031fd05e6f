"""Which sheet is read, what comes of its cells, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import xlsxwriter

import pynomaly
from pynomaly.domain.errors import DataError, InvalidParams

DATA = Path(__file__).parent / "data"
MAY = dt.datetime(2024, 5, 1, tzinfo=dt.UTC).replace(tzinfo=None)


@pytest.fixture
def make():
    """A workbook of sheets that are lists of rows."""

    def make(*, top=0, name="book.xlsx", **sheets):
        with xlsxwriter.Workbook(name) as book:
            day = book.add_format({"num_format": "yyyy-mm-dd"})
            for title, rows in sheets.items():
                sheet = book.add_worksheet(title)
                for place, row in enumerate(rows, top):
                    for column, value in enumerate(row):
                        style = day if isinstance(value, dt.datetime) else None
                        sheet.write(place, column, value, style)
        return name

    return make


def test_a_column_is_what_all_of_its_cells_are(make):
    rows = [[1.5, "a", MAY, True, None, 1], [None, "ü", None, False, None, 2]] * 1500
    late = [2, "b", MAY, True, None, "late"]
    path = make(sheet=[["number", "word", "day", "truth", "nothing", "mixed"], *rows, late])
    frame = pynomaly.read(path).collect()
    assert frame.schema == {
        "number": pl.Float64,
        "word": pl.String,
        "day": pl.Datetime("ms"),
        "truth": pl.Boolean,
        "nothing": pl.String,
        "mixed": pl.String,
    }
    assert frame.row(0) == (1.5, "a", MAY, True, None, "1")
    assert frame.row(1) == (None, "ü", None, False, None, "2")
    assert frame.height == 3001


def test_errors_are_missing_and_formulas_have_the_value_that_was_saved():
    with xlsxwriter.Workbook("book.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["x", 1, 2])
        sheet.write_formula(3, 0, "=1/0", value="#DIV/0!")
        sheet.write_formula(4, 0, "=A2+A3", value=3)
    assert pynomaly.read("book.xlsx").collect()["x"].to_list() == [1, 2, None, 3]


def test_whole_numbers_are_integers_so_that_an_id_looks_like_one(make):
    rows = [[i, i / 2, None if i % 2 else i, 2.0**60] for i in range(1, 101)]
    path = make(sheet=[["id", "half", "count", "huge"], *rows])
    frame = pynomaly.read(path).collect()
    assert frame.schema == {
        "id": pl.Int64,
        "half": pl.Float64,
        "count": pl.Int64,
        "huge": pl.Float64,
    }
    assert frame["count"].to_list() == [row[2] for row in rows]
    result = pynomaly.detect(path)
    assert "identifier" in result.summary["left_out"]["id"]


def test_a_span_of_time_comes_as_seconds():
    with xlsxwriter.Workbook("book.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "took")
        sheet.write(1, 0, 0.5, book.add_format({"num_format": "[h]:mm:ss"}))
    assert pynomaly.read("book.xlsx").collect()["took"].to_list() == [43_200.0]


def test_columns_without_a_name_are_called_by_their_place(make):
    table = pynomaly.read(make(sheet=[["a", None, "a"], [1, 2, 3]]))
    assert list(table.schema) == ["a", "column_2", "a_1"]


def test_content_may_begin_anywhere_and_lines_above_it_are_skipped(make):
    path = make(top=3, sheet=[["A report", None], ["a", "b"], [1, 2], [3, 4]])
    assert pynomaly.read(path, skip=4).collect().to_dict(as_series=False) == {
        "a": [1, 3],
        "b": [2, 4],
    }
    bare = pynomaly.read(path, skip=5, header=False).collect()
    assert bare.rows() == [(1, 2), (3, 4)]
    assert bare.columns == ["column_1", "column_2"]


def test_the_first_of_several_sheets_is_read_with_a_note(make, run):
    rows = [["x", "y"], *np.random.default_rng(0).normal(size=(30, 2)).tolist()]
    make(first=rows, second=rows, third=[["z"]])
    note = "book.xlsx: sheet 'first' is read, the first of 3; sheet=NAME chooses another: 'second', 'third'"
    code, out, _ = run("detect", "book.xlsx", "--json")
    assert (code, json.loads(out)["rows"]) == (0, 30)
    assert note in json.loads(out)["warnings"]
    assert note in pynomaly.detect("book.xlsx").warnings
    assert f"Note: {note}" in run("inspect", "book.xlsx")[1]
    code, out, err = run("fit", "book.xlsx", "-o", "m.pynomaly")
    assert (code, note in out + err) == (0, True)
    code, out, _ = run("detect", "book.xlsx", "-r", "sheet=second", "--json")
    assert (code, note in json.loads(out)["warnings"]) == (0, False)
    code, out, _ = run(
        "detect", "book.xlsx", "--reference", "book.xlsx", "-r", "sheet=second", "--json"
    )
    assert (code, note in json.loads(out)["warnings"]) == (0, False)


def test_a_sheet_may_be_called_by_a_number(make):
    assert (
        pynomaly.read(make(**{"2023": [["a"], [1]], "2024": [["b"], [1]]}), sheet="2024").rows == 1
    )


def test_every_command_reads_it(make, run):
    rng = np.random.default_rng(0)
    make(name="usual.xlsx", sheet=[["x", "y"], *rng.normal(size=(300, 2)).tolist()])
    make(name="new.xlsx", sheet=[["x", "y"], *rng.normal(size=(20, 2)).tolist(), [9, 9]])
    assert run("fit", "usual.xlsx", "-o", "m.pynomaly")[0] == 0
    assert run("score", "m.pynomaly", "new.xlsx", "--top", "1", "-o", "out.csv")[0] == 0
    assert pl.read_csv("out.csv")["is_anomaly"].arg_true().to_list() == [20]
    code, _, err = run("fit", "usual.xlsx", "-o", "usual.xlsx")
    assert (code, "is the input itself" in err) == (2, True)


@pytest.mark.parametrize("name", ["orders.ods", "orders.xls"])
def test_other_formats_are_read_alike(name):
    frame = pynomaly.read(DATA / name).collect()
    assert frame.rows() == [
        (1.5, "a", MAY),
        (2.5, "ü", MAY + dt.timedelta(days=1)),
        (None, "b", None),
    ]
    assert frame.columns == ["price", "word", "day"]


REFUSED = [
    ({"sheet": "frist"}, "holds no sheet 'frist'; it has first"),
    ({"sheet": "empty"}, "sheet 'empty' is empty; sheet=NAME chooses another of 'first'"),
    ({"skip": 9}, "sheet 'first' holds nothing after skip=9 rows"),
]


@pytest.mark.parametrize(("options", "says"), REFUSED)
def test_a_sheet_without_a_table_is_one_clear_line(make, options, says):
    with pytest.raises(DataError) as caught:
        pynomaly.read(make(first=[["a"], [1]], empty=[]), **options)
    assert str(caught.value).startswith(f"book.xlsx: {says}")


def test_a_header_alone_has_no_rows(make):
    with pytest.raises(DataError, match="no rows"):
        pynomaly.detect(make(sheet=[["a", "b"]]))


@pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".ods", ".xlsb"])
def test_what_is_no_workbook_is_named(suffix):
    path = Path(f"odd{suffix}")
    path.write_bytes(b"a,b\n1,2\n" * 200)
    with pytest.raises(DataError, match=rf"odd\{suffix}: cannot be read as a workbook") as caught:
        pynomaly.read(path)
    assert "\n" not in str(caught.value)


def test_a_workbook_that_is_cut_short_or_locked_is_named(make):
    whole = Path(make(sheet=[["a"], *([n] for n in range(999))])).read_bytes()
    Path("cut.xlsx").write_bytes(whole[:-200])
    with pytest.raises(DataError, match=r"cut\.xlsx: cannot be read as a workbook: it is damaged"):
        pynomaly.read("cut.xlsx")
    with pytest.raises(DataError, match="locked by a password"):
        pynomaly.read(DATA / "locked.xlsx")


def test_options_that_make_no_sense_are_refused(make):
    path = make(sheet=[["a"], [1]])
    with pytest.raises(InvalidParams, match="skip: -1 must be at least 0; table: unknown"):
        pynomaly.read(path, skip=-1, table="a")


def test_the_reader_writes_nothing_to_the_terminal(make):
    path = make(sheet=[["a", "nothing"], *([n, None] for n in range(30))])
    code = f"import pynomaly; pynomaly.read({path!r}).collect()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")
