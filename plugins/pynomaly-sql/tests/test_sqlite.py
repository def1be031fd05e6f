"""SQLite: columns of any type, in order; what is refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.datasets import MixedColumn
from pynomaly.domain.errors import DataError, InvalidParams, UsageError
from pynomaly_sql import sqlite
from pynomaly_sql.sources import SqlOptions, source_of

MANY = 25_000
"""More rows than types are found from."""


@pytest.fixture
def make(folder):
    """Make `shop.db` by statements, each alone or with rows."""

    def make(*statements, name="shop.db"):
        with closing(sqlite3.connect(name)) as connection:
            for statement in statements:
                if isinstance(statement, str):
                    connection.execute(statement)
                else:
                    connection.executemany(*statement)
            connection.commit()
        return name

    return make


@pytest.fixture
def column(make):
    """A table of one column and its values; what comes of it."""

    def column(values, declared=""):
        make(
            "DROP TABLE IF EXISTS t",
            f"CREATE TABLE t (v {declared})",
            ("INSERT INTO t VALUES (?)", [(value,) for value in values]),
        )
        return pynomaly.read("sqlite:///shop.db")

    return column


TYPES = [
    ([1, None, -(2**63)], "INTEGER", pl.Int64(), [1, None, -(2**63)]),
    ([1.5, None, 2], "REAL", pl.Float64(), [1.5, None, 2.0]),
    ([3, 1.25], "DECIMAL(10, 2)", pl.Float64(), [3.0, 1.25]),
    ([1, 0, None], "BOOLEAN", pl.Boolean(), [True, False, None]),
    ([1, 0, 2], "BOOLEAN", pl.Int64(), [1, 0, 2]),
    ([1, 0], "INTEGER", pl.Int64(), [1, 0]),
    (["ü", None, ""], "TEXT", pl.String(), ["ü", None, ""]),
    ([b"\xff\x00", None], "BLOB", pl.Binary(), [b"\xff\x00", None]),
    (["2024-05-01 12:00:00"], "TIMESTAMP", pl.String(), ["2024-05-01 12:00:00"]),
    ([None, None], "INTEGER", pl.String(), [None, None]),
    ([1, "x", None], "", pl.String(), ["1", "x", None]),
    ([1, 2.5, "x", b"\xff"], "", pl.String(), ["1", "2.5", "x", "FF"]),
]


@pytest.mark.parametrize(("values", "declared", "dtype", "expected"), TYPES)
def test_a_column_is_read_as_what_it_holds(column, values, declared, dtype, expected):
    frame = column(values, declared).collect()
    assert frame.schema["v"] == dtype
    assert frame["v"].to_list() == expected


LATE = [
    (0, 0.5, pl.Float64(), 0.0),
    (0, "x", pl.String(), "0"),
    (0.5, "x", pl.String(), "0.5"),
    (None, 7, pl.String(), None),
    (None, "x", pl.String(), None),
    (0, b"\xff", pl.String(), "0"),
    (b"\x01", "x", pl.String(), "01"),
]


@pytest.mark.parametrize("rows", [MANY, 100_000])
@pytest.mark.parametrize(("first", "last", "dtype", "read"), LATE)
def test_a_value_that_comes_late_makes_the_column_what_it_is(
    column, rows, first, last, dtype, read
):
    table = column([first] * rows + [last])
    frame = table.collect()
    assert frame.schema["v"] == dtype
    assert frame["v"][0] == read
    assert frame.height == rows + 1


def test_all_mixed_columns_are_found_at_once(make):
    rows = [(i, i, i, "x") for i in range(MANY)] + [(0.5, "x", None, b"x")]
    make("CREATE TABLE t (a, b, c, d)", ("INSERT INTO t VALUES (?, ?, ?, ?)", rows))
    with pytest.raises(MixedColumn) as caught:
        list(pynomaly.read("shop.db").batches())
    assert caught.value.types == {"a": pl.Float64(), "b": pl.String()}


def test_a_truth_that_is_none_is_found_however_late(column):
    assert column([0, 1] * MANY + [2], "BOOL").collect()["v"][-1] == 2
    assert column([0, 1] * MANY + ["no"], "BOOL").collect()["v"][-1] == "no"


def test_text_that_is_not_utf8_is_refused(make):
    make("CREATE TABLE t (a, b)", "INSERT INTO t VALUES ('x', CAST(x'ff41' AS TEXT))")
    with pytest.raises(DataError, match="column 'b' holds text that is not UTF-8"):
        pynomaly.read("shop.db").collect()
    assert pynomaly.read("shop.db").collect(["a"])["a"].to_list() == ["x"]


def test_rows_come_in_the_order_of_their_ids_and_of_the_query(make):
    numbers = np.random.default_rng(0).permutation(90_000).tolist()
    make(
        "CREATE TABLE t (k INTEGER PRIMARY KEY, v)",
        ("INSERT INTO t VALUES (?, ?)", [(n, -n) for n in numbers]),
        "CREATE TABLE w (b, a TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID",
        ("INSERT INTO w VALUES (?, ?)", [(n % 7, f"{n:06}") for n in numbers]),
    )
    assert pynomaly.read("shop.db", table="t").collect()["k"].to_list() == list(range(90_000))
    assert pynomaly.read("shop.db", table="w").collect()["a"].is_sorted()
    found = pynomaly.read("shop.db", query="SELECT v FROM t ORDER BY v -- as said").collect()
    assert found["v"].to_list() == list(range(-89_999, 1))
    again = pynomaly.read("shop.db", query="SELECT v, k FROM t ORDER BY v % 100, k")
    assert again.collect(["k"]).equals(again.collect().select("k"))


def test_names_are_kept_as_they_are(make):
    make('CREATE TABLE "a ""t""" ("x y", "ü;" TEXT)', 'INSERT INTO "a ""t""" VALUES (1, 2)')
    assert pynomaly.read("sqlite:///shop.db").collect().to_dicts() == [{"x y": 1, "ü;": "2"}]


def test_several_tables_are_listed_and_one_is_chosen_by_option_or_uri(make, run):
    make("CREATE TABLE b (x)", "CREATE TABLE a (x)", "INSERT INTO a VALUES (1)",
         "CREATE VIEW c AS SELECT 2 AS x")  # fmt: skip
    code, _, err = run("inspect", "sqlite:///shop.db")
    assert code == 2
    assert (
        "sqlite:///shop.db: holds 3 tables: choose one with the option table=NAME, of a, b, c"
        in err
    )
    assert "holds no table 'aa'; it has a" in run("inspect", "shop.db", "-r", "table=aa")[2]
    for source in (("shop.db", "-r", "table=a"), ("sqlite:///shop.db?table=a",)):
        assert "a: 1 row, 1 column" in run("inspect", *source)[1]
    assert pynomaly.read("sqlite:///shop.db?query=SELECT+x%2B1+AS+y+FROM+c").collect()["y"][0] == 3
    assert pynomaly.read("sqlite:///shop.db?table=c").collect()["x"][0] == 2


def test_paths_are_relative_or_absolute_as_sqlalchemy_has_it(make, folder):
    make("CREATE TABLE t (x)", "INSERT INTO t VALUES (1)", name="a b.db")
    uris = ["a b.db", "sqlite:///a%20b.db", "sqlite:a%20b.db", f"sqlite:///{folder}/a b.db"]
    for uri in uris:
        assert pynomaly.read(uri).collect().rows() == [(1,)]


REFUSED = [
    ("DELETE FROM t", "'DELETE' begins no query"),
    ("PRAGMA user_version = 3", "'PRAGMA' begins no query"),
    ("", "'nothing' begins no query"),
    ("-- c\n/* d */ (drop table t)", "'drop' begins no query"),
    ("SELECT 1; SELECT 2", 'near ";": syntax error'),
    ("WITH x AS (SELECT 1) DELETE FROM t", 'near "DELETE": syntax error'),
    ("SELECT * FROM absent", "no such table: absent"),
    ("SELECT nope FROM t", "no such column: nope"),
    ("SELECT ?", "parameters"),
]


@pytest.mark.parametrize(("sql", "says"), REFUSED)
def test_what_is_no_query_or_fails_is_one_clear_line(make, sql, says):
    make("CREATE TABLE t (x)", "INSERT INTO t VALUES (1)")
    before = Path("shop.db").read_bytes()
    with pytest.raises(DataError) as caught:
        pynomaly.read("shop.db", query=sql).collect()
    assert says in str(caught.value)
    assert str(caught.value).startswith("shop.db")
    assert "\n" not in str(caught.value)
    assert Path("shop.db").read_bytes() == before


def test_a_file_that_is_missing_empty_or_something_else_is_named(make):
    with pytest.raises(DataError, match=r"absent\.db: no such file"):
        pynomaly.read("sqlite:///absent.db")
    Path("not.db").write_text("not a database at all" * 100)
    with pytest.raises(DataError, match=r"not\.db: file is not a database"):
        pynomaly.read("not.db")
    make("CREATE TABLE t (x)", "DROP TABLE t")
    with pytest.raises(DataError, match="holds no table"):
        pynomaly.read("shop.db")


def test_a_table_may_have_as_many_columns_as_sqlite_allows(make):
    names = [f"c{number}" for number in range(2000)]
    table = pynomaly.read(
        make(
            f"CREATE TABLE t ({', '.join(names)})",
            f"INSERT INTO t VALUES ({', '.join(map(str, range(2000)))})",
        )
    )
    assert table.collect().row(0) == tuple(range(2000))
    assert set(table.schema.values()) == {pl.Int64()}


def test_a_table_without_rows_has_its_columns(make):
    make("CREATE TABLE t (x INTEGER, y)")
    assert pynomaly.read("shop.db").collect().columns == ["x", "y"]


def test_a_file_that_is_damaged_half_way_gives_no_half_table(make):
    make("CREATE TABLE t (v)", ("INSERT INTO t VALUES (?)", [("x" * 50,)] * 200_000))
    table = pynomaly.read("shop.db")
    assert table.collect().height == 200_000
    with Path("shop.db").open("r+b") as file:
        file.seek(Path("shop.db").stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xfe" * 40_960)
    with pytest.raises(DataError, match=r"shop\.db: database disk image is malformed"):
        table.collect()


def test_a_file_that_changes_while_it_is_read_is_an_error(make):
    make("CREATE TABLE t (v)", ("INSERT INTO t VALUES (?)", [(i,) for i in range(10)]))
    table = pynomaly.read("shop.db")
    make("UPDATE t SET v = 'x'")
    assert table.collect()["v"][0] == "x", "read again as what it is now"
    make("DROP TABLE t", "CREATE TABLE t (w)")
    with pytest.raises(DataError, match="no such column"):
        table.collect()


def test_a_file_that_changes_back_while_it_is_looked_into_is_an_error(make, monkeypatch):
    make("CREATE TABLE t (v)", "INSERT INTO t VALUES (1)")
    table = pynomaly.read("shop.db")
    make("UPDATE t SET v = 'x'")
    look = sqlite._open

    def look_too_late(path):
        make("UPDATE t SET v = 1")
        return look(path)

    monkeypatch.setattr(sqlite, "_open", look_too_late)
    with pytest.raises(DataError, match="changed while it was read"):
        table.collect()


def test_an_overflow_in_the_query_is_no_mixed_column(make):
    make("CREATE TABLE t (v)", "INSERT INTO t VALUES (1)")
    query = (
        "SELECT v + CASE WHEN v > 0 THEN abs(v - 9223372036854775807 - 2) ELSE 0 END AS w FROM t"
    )
    with pytest.raises(DataError, match="integer overflow"):
        pynomaly.read("shop.db", query=query).collect()


def test_options_that_make_no_sense_are_refused(make):
    make("CREATE TABLE t (x)")
    with pytest.raises(InvalidParams, match="exclude each other"):
        pynomaly.read("shop.db", table="t", query="SELECT 1")
    with pytest.raises(UsageError, match="exclude each other"):
        pynomaly.read("sqlite:///shop.db?table=t&query=SELECT+1")
    with pytest.raises(UsageError, match="in the URI and as an option"):
        pynomaly.read("sqlite:///shop.db?table=t", table="t")
    with pytest.raises(
        UsageError, match="takes table and query after the question mark, not 'tabel'"
    ):
        pynomaly.read("sqlite:///shop.db?tabel=t")


def test_every_command_reads_it(make, run):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((700, 3)).tolist()
    make("CREATE TABLE t (a, b, c)", ("INSERT INTO t VALUES (?, ?, ?)", rows),
         "CREATE TABLE u AS SELECT * FROM t LIMIT 200")  # fmt: skip
    args = ("-r", "table=u", "--reference-read", "table=t", "-o", "out.parquet")
    code, _, err = run("detect", "shop.db", "--reference", "shop.db", *args)
    assert code == 0, err
    assert pl.read_parquet("out.parquet").height == 200
    assert run("fit", "sqlite:///shop.db?table=t", "-o", "m.pynomaly")[0] == 0
    assert run("score", "m.pynomaly", "sqlite:///shop.db?table=u", "-o", "scored.csv")[0] == 0
    scored = pl.read_csv("scored.csv")
    assert scored.select("a", "b", "c").rows() == [tuple(row) for row in rows[:200]]
    code, _, err = run("fit", "shop.db", "-r", "table=t", "-o", "shop.db")
    assert code == 2
    assert "is the input itself" in err
    result = pynomaly.detect(pynomaly.read("shop.db", table="t"), top=1)
    assert result.is_anomaly.sum() == 1


MEMORY = """
import resource, sys
import pynomaly
query = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {}) SELECT x, hex(zeroblob(300)) AS y FROM c"
rows = sum(b.height for b in pynomaly.read("shop.db", query=query.format(sys.argv[1])).batches())
assert rows == int(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_rows(make):
    make("CREATE TABLE t (x)")

    def peak(rows):
        command = [sys.executable, "-c", MEMORY, str(rows)]
        return int(subprocess.check_output(command, text=True))

    assert peak(600_000) - peak(300_000) < 60, "300,000 rows more are 180 MB"


def test_a_command_ends_when_it_is_interrupted_however_long_a_query_takes(make, folder):
    make("CREATE TABLE t (x)")
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"
    command = [sys.executable, "-c", INTERRUPTED, f"query={endless}"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (130, False), done.stderr
    assert [each.name for each in folder.iterdir()] == ["shop.db"]


INTERRUPTED = """
import os, signal, sys, threading
from pynomaly.cli import main
import polars, pynomaly_sql.sqlite

threading.Timer(3, os.kill, [os.getpid(), signal.SIGINT]).start()
main(["detect", "shop.db", "-r", sys.argv[1], "-o", "out.csv"])
"""


def test_a_password_that_holds_a_question_mark_is_in_no_name():
    named = source_of("mysql+pymysql://u:hunter2?abc@h/db?table=t", SqlOptions()).name
    assert named == "mysql+pymysql://u:***@h/db"
