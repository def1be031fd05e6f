"""What in a file is a table, what comes of its values, and what is refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.errors import DataError, InvalidParams

DATA = Path(__file__).parent / "data"
NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC).replace(tzinfo=None)
COLOURS = h5py.enum_dtype({"red": 0, "green": 1})
TIMES = np.array(["2024-05-01T12:00", "NaT"], "M8[us]")
VALUES = [
    (np.array([1, -2], ">i4"), pl.Int32(), [1, -2]),
    (np.array([1, 2], "u1"), pl.UInt8(), [1, 2]),
    (np.array([1.5, 2.5], "f2"), pl.Float32(), [1.5, 2.5]),
    (np.array([1.5, 2.5], ">f8"), pl.Float64(), [1.5, 2.5]),
    (np.array([1.5, 2.5], "longdouble"), pl.Float64(), [1.5, 2.5]),
    (np.array([True, False]), pl.Boolean(), [True, False]),
    (np.array(["ü", ""], h5py.string_dtype()), pl.String(), ["ü", ""]),
    (np.array([b"a", b"\xfc"]), pl.String(), ["a", "ü"]),
    (np.array([1, 5], COLOURS), pl.String(), ["green", None]),
    (TIMES.astype(h5py.opaque_dtype(TIMES.dtype)), pl.Datetime("us"), [NOON, None]),
]  # fmt: skip


@pytest.fixture
def make():
    """A file that holds what is given by path."""

    def make(name="made.h5", **datasets):
        with h5py.File(name, "w") as file:
            for path, values in datasets.items():
                file[path.replace("__", "/")] = values
        return name

    return make


@pytest.mark.parametrize(("values", "dtype", "expected"), VALUES)
def test_a_column_comes_as_a_type_that_features_know(make, values, dtype, expected):
    frame = pynomaly.read(make(v=values)).collect()
    assert frame.schema == {"v": dtype}
    assert frame["v"].to_list() == expected


def test_spans_of_time_come_as_seconds(make):
    spans = np.array([1500, 2], "m8[ms]")
    assert pynomaly.read(make(v=spans.astype(h5py.opaque_dtype(spans.dtype)))).collect()[
        "v"
    ].to_list() == [1.5, 0.002]


def test_a_dataset_of_two_axes_has_numbered_columns(make):
    table = pynomaly.read(make(X=np.arange(6).reshape(3, 2)))
    assert (table.rows, table.name) == (3, "made.h5")
    assert table.collect().rows() == [(0, 1), (2, 3), (4, 5)]
    assert table.collect(["column_2"]).to_dict(as_series=False) == {"column_2": [1, 3, 5]}


def test_rows_may_lie_along_the_last_axis(make):
    make(X=np.arange(6).reshape(2, 3), y=np.zeros((1, 3)))
    table = pynomaly.read("made.h5", transpose=True)
    assert table.collect().rows() == [(0, 3, 0.0), (1, 4, 0.0), (2, 5, 0.0)]
    assert list(table.schema) == ["X_1", "X_2", "y_1"]


def test_a_compound_type_gives_its_fields(make):
    inner = [("low", "i1"), ("high", "i1")]
    rows = np.array(
        [(1, b"a", [1, 2], (3, 4)), (5, b"b", [6, 7], (8, 9))],
        dtype=[("n", "i4"), ("word", "S2"), ("pair", "f4", (2,)), ("range", inner)],
    )
    frame = pynomaly.read(make(rows=rows)).collect()
    assert frame.columns == ["n", "word", "pair_1", "pair_2", "range.low", "range.high"]
    assert frame.rows() == [(1, "a", 1, 2, 3, 4), (5, "b", 6, 7, 8, 9)]


def test_datasets_of_equal_length_in_a_group_are_one_table(make):
    path = make(
        run__X=np.zeros((4, 2)), run__y=np.arange(4), run__version=3, run__map=np.eye(4)[None]
    )
    assert list(pynomaly.read(path, dataset="run").schema) == ["X_1", "X_2", "y"]
    assert list(pynomaly.read(path, dataset="/run/y").schema) == ["y"]


def test_what_gives_no_column_is_left_out_of_its_group(make):
    path = make(a=np.arange(2), z=np.array([1j, 2j]), b=np.arange(2))
    assert list(pynomaly.read(path).schema) == ["a", "b"]


def test_several_tables_are_listed_and_one_is_chosen(make, run):
    make(
        long=np.arange(30.0), wide=np.random.default_rng(0).normal(size=(20, 3)), in__a=np.arange(9)
    )
    code, _, err = run("detect", "made.h5")
    assert code == 2
    assert (
        "holds 3 datasets: choose one with the option dataset=NAME, of /in/a, /long, /wide" in err
    )
    code, out, _ = run("detect", "made.h5", "-r", "dataset=wide", "--json")
    assert (code, json.loads(out)["rows"]) == (0, 20)
    code, _, err = run("detect", "made.h5", "-r", "dataset=wild")
    assert (code, "holds no dataset '/wild'; it has /wide" in err) == (2, True)


def test_every_command_reads_it(make, run):
    make("usual.h5", X=np.random.default_rng(0).normal(size=(300, 3)))
    odd = np.random.default_rng(1).normal(size=(50, 3))
    odd[7] = 9
    make("new.h5", X=odd)
    assert run("fit", "usual.h5", "-o", "m.pynomaly")[0] == 0
    assert run("score", "m.pynomaly", "new.h5", "--top", "1", "-o", "out.csv")[0] == 0
    assert pl.read_csv("out.csv")["is_anomaly"].arg_true().to_list() == [7]
    assert "50 rows, 3 columns" in run("inspect", "new.h5")[1]
    code, _, err = run("fit", "usual.h5", "-o", "usual.h5")
    assert (code, "is the input itself" in err) == (2, True)


def test_a_link_into_another_file_is_refused_rather_than_read_from_this_one(make):
    make("other.h5", x=np.arange(30) + 7.0)
    with h5py.File(make("main.h5", x=-np.arange(30.0)), "a") as file:
        file["e"] = h5py.ExternalLink("other.h5", "/x")
        file["group/e"] = h5py.ExternalLink("other.h5", "/x")
    for dataset in ("e", "group"):
        with pytest.raises(DataError, match=r"leads to /x of .*other\.h5: read that file itself"):
            pynomaly.read("main.h5", dataset=dataset)


def test_links_are_followed_where_they_are_named_and_broken_ones_are_passed_over(make):
    with h5py.File(make(a=np.arange(3)), "a") as file:
        file["soft"] = h5py.SoftLink("/a")
        file["gone"] = h5py.SoftLink("/b")
        file["far"] = h5py.ExternalLink("absent.h5", "/a")
        file["loop"] = file["/"]
    assert pynomaly.read("made.h5").collect()["a"].to_list() == [0, 1, 2]
    assert pynomaly.read("made.h5", dataset="soft").collect()["soft"].to_list() == [0, 1, 2]
    with pytest.raises(DataError, match="holds no dataset '/far'; it has /a"):
        pynomaly.read("made.h5", dataset="far")


def test_a_format_may_be_said(make):
    assert pynomaly.read(make("data.mat", X=np.eye(2)), format="h5").rows == 2


def test_large_tables_come_in_batches_and_in_order(make, monkeypatch):
    monkeypatch.setattr("pynomaly_hdf5.loading._BATCH_BYTES", 1 << 14)
    X = np.arange(60_000.0).reshape(-1, 3)
    with h5py.File("made.h5", "w") as file:
        file.create_dataset("X", data=X, compression="gzip", chunks=(7000, 3))
    frames = list(pynomaly.read("made.h5").frames(1 << 16, ["column_3"]))
    assert len(frames) > 20
    assert np.array_equal(pl.concat(frames)["column_3"].to_numpy(), X[:, 2])


def test_a_frame_that_pandas_stored_has_its_columns_and_order():
    frame = pynomaly.read(DATA / "pandas-fixed.h5").collect()
    assert frame.columns == ["price", "count", "paid", "rate", "day"]
    assert frame.row(1) == (2.5, 2, 0, 0.2, NOON + dt.timedelta(hours=12))
    assert frame["day"].null_count() == 1


def test_a_table_that_pandas_stored_has_its_columns():
    frame = pynomaly.read(DATA / "pandas-table.h5").collect()
    assert frame.drop("index").row(0) == (1.5, 1, True, 0.1, NOON - dt.timedelta(hours=12), "a")
    assert frame["word"].to_list() == ["a", "b", "ü"]
    assert frame["day"].null_count() == 1


def test_pickled_objects_of_pandas_are_refused():
    with pytest.raises(DataError, match="'word' as pickled objects, which may execute code"):
        pynomaly.read(DATA / "pandas-objects.h5")


REFUSED = [
    ({}, {}, "holds no dataset"),
    ({"a": 3}, {}, "dataset /a holds a single value"),
    ({"a": np.zeros((2, 2, 2))}, {}, "/a is of shape (2, 2, 2), and a table has one or two axes"),
    ({"a": np.array([1j])}, {}, "/a holds values of type complex128"),
    ({"a": h5py.Empty("f8")}, {}, "/a holds a single value"),
    ({"a": np.zeros((3, 20_000))}, {}, "20,000 columns, and at most 10,000 are read: if rows and columns are swapped, give the option transpose=true"),
    ({"a": np.arange(2), "b": np.arange(3)}, {"dataset": "/"}, "lengths differ: /a has 2, /b has 3"),
    ({"X": np.eye(2), "X_1": np.arange(2)}, {}, "several columns are called 'X_1'"),
]  # fmt: skip


@pytest.mark.parametrize(("datasets", "options", "says"), REFUSED)
def test_what_is_no_table_is_one_clear_line(make, datasets, options, says):
    path = make(**datasets)
    with pytest.raises(DataError) as caught:
        pynomaly.read(path, **options)
    assert says in str(caught.value)
    assert str(caught.value).startswith("made.h5: ")
    assert "\n" not in str(caught.value)


def test_a_table_without_rows_has_its_columns(make):
    table = pynomaly.read(make(X=np.empty((0, 3))))
    assert table.collect().schema == dict.fromkeys(["column_1", "column_2", "column_3"], pl.Float64)
    with pytest.raises(DataError, match="no rows"):
        pynomaly.detect(table)


def test_a_file_that_is_something_else_or_cut_short_is_named(make):
    Path("other.h5").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(DataError, match=r"other\.h5: is no HDF5 file"):
        pynomaly.read("other.h5")
    whole = Path(make(X=np.zeros((1000, 3)))).read_bytes()
    Path("cut.h5").write_bytes(whole[:10_000])
    with pytest.raises(DataError, match=r"cut\.h5: cannot be read as HDF5: it is damaged"):
        pynomaly.read("cut.h5")


def test_a_file_that_is_damaged_half_way_gives_no_half_table(run, folder):
    rng = np.random.default_rng(0)
    with h5py.File("made.h5", "w") as file:
        data = rng.normal(size=(40_000, 3))
        made = file.create_dataset("X", data=data, compression="gzip", chunks=(1000, 3))
        place = made.id.get_chunk_info(35).byte_offset
    content = bytearray((folder / "made.h5").read_bytes())
    content[place : place + 5000] = bytes(5000)
    (folder / "made.h5").write_bytes(content)
    code, out, err = run("detect", "made.h5", "-o", "out.csv")
    assert (code, out) == (2, "")
    assert "Error: made.h5: cannot be read as HDF5: it is damaged, or being written" in err
    assert [each.name for each in folder.iterdir()] == ["made.h5"]


def test_a_filter_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr("pynomaly_hdf5.loading.import_module", _no_module)
    with h5py.File("made.h5", "w") as file:
        options = {"compression": 333, "chunks": (4, 2), "allow_unknown_filter": True}
        made = file.create_dataset("X", (4, 2), "f8", **options)
        made.id.write_direct_chunk((0, 0), bytes(64))
    with pytest.raises(DataError, match=r"/X is compressed with .*pip install hdf5plugin"):
        pynomaly.read("made.h5")


def _no_module(name):
    raise ImportError(name)


def test_values_in_other_files_are_not_read():
    Path("secret").write_bytes(bytes(range(64)))
    with h5py.File("made.h5", "w") as file:
        file.create_dataset("X", (8,), "f8", external=[("secret", 0, 64)])
    with pytest.raises(DataError, match="keeps its values in other files"):
        pynomaly.read("made.h5")


def test_options_that_make_no_sense_are_refused(make):
    make(X=np.eye(2))
    with pytest.raises(InvalidParams, match="tables: unknown; it takes dataset, transpose"):
        pynomaly.read("made.h5", tables="X")
    with pytest.raises(InvalidParams, match="transpose: 'yes' is not true or false"):
        pynomaly.read("made.h5", transpose="yes")
