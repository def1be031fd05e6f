"""Queries: what comes of their columns, in which order, and what is refused."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.errors import DataError, InvalidParams

NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
TYPES = [
    ("1.25::DECIMAL(10, 2)", pl.Float64(), 1.25),
    ("12::HUGEINT", pl.Float64(), 12.0),
    ("12::BIGNUM", pl.Float64(), 12.0),
    ("3::UTINYINT", pl.UInt8(), 3),
    ("1.5::FLOAT", pl.Float32(), 1.5),
    ("true", pl.Boolean(), True),
    ("'ü'", pl.String(), "ü"),
    ("'a'::ENUM('a', 'b')", pl.String(), "a"),
    ("'ab'::BLOB", pl.Binary(), b"ab"),
    ("'101'::BIT", pl.String(), "101"),
    ("NULL", pl.String(), None),
    ("DATE '2024-05-01'", pl.Date(), dt.date(2024, 5, 1)),
    ("DATE 'infinity'", pl.Date(), None),
    ("TIMESTAMP '-infinity'", pl.Datetime("us"), None),
    ("TIMESTAMP '2024-05-01 12:00'", pl.Datetime("us"), NOON.replace(tzinfo=None)),
    ("TIMESTAMPTZ '2024-05-01 14:00+02'", pl.Datetime("us", "UTC"), NOON),
    ("TIME '12:30'", pl.Time(), dt.time(12, 30)),
    ("INTERVAL 90 MINUTE", pl.Float64(), 5400.0),
    ("'00000000-0000-0000-0000-000000000001'::UUID", pl.String(), f"{'0' * 8}-0000-0000-0000-{1:012}"),
    ("[1, 2]", pl.List(pl.Int32()), [1, 2]),
    ("{'a': DATE '2024-05-01'}", pl.Struct({"a": pl.Date()}), {"a": dt.date(2024, 5, 1)}),
    ("[INTERVAL 1 DAY]", pl.String(), "[1 day]"),
    ("MAP {'a': 1}", pl.String(), "{a=1}"),
    ("union_value(a := 1)", pl.String(), "1"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "dtype", "value"), TYPES)
def test_a_column_comes_as_a_type_that_features_know(sql, dtype, value):
    frame = pynomaly.read(f"duckdb:SELECT {sql} AS v UNION ALL SELECT NULL").collect()
    assert frame.schema["v"] == dtype
    assert frame["v"].to_list() == [value, None]


def test_names_are_kept_as_they_are():
    table = pynomaly.read('duckdb:SELECT 1.5 AS "a ""b""", 2 AS "select", 3 AS "ü;"')
    assert table.collect().rows() == [(1.5, 2, 3)]
    assert table.collect(["ü;", 'a "b"']).columns == ["ü;", 'a "b"']


def test_files_are_read_in_order_and_by_pattern():
    for part in range(3):
        frame = pl.DataFrame({"a": range(part * 50_000, (part + 1) * 50_000)})
        frame.write_parquet(f"part{part}.parquet", row_group_size=1000)
    table = pynomaly.read("duckdb:SELECT a FROM 'part*.parquet' WHERE a % 2 = 0;")
    assert table.collect()["a"].to_list() == list(range(0, 150_000, 2))
    ordered = pynomaly.read("duckdb:FROM 'part*.parquet' ORDER BY hash(a)")
    assert ordered.collect().equals(ordered.collect())


def test_a_query_without_rows_has_its_columns():
    table = pynomaly.read("duckdb:SELECT 1 AS a, 'x' AS b WHERE false")
    assert table.collect().schema == {"a": pl.Int32, "b": pl.String}
    with pytest.raises(DataError, match="no rows"):
        pynomaly.detect(table)


REFUSED = [
    ("SELEC 1", 'Parser Error: syntax error at or near "SELEC"'),
    ("", "holds no statement"),
    ("SELECT 1; SELECT 2", "holds 2 statements"),
    ("COPY (SELECT 1) TO 'out.csv'", "a statement of kind COPY, not a query"),
    ("CREATE TABLE t AS SELECT 1", "a statement of kind CREATE"),
    ("ATTACH 'other.duckdb'", "a statement of kind ATTACH"),
    ("SET threads = 1", "a statement of kind SET"),
    ("INSTALL httpfs", "not a query"),
    ("SELECT $1", "parameters: 1"),
    ("SELECT 1 AS a, 2 AS a", "several columns are called 'a'"),
    ("FROM 'absent*.parquet'", 'No files found that match the pattern "absent*.parquet"'),
    ("FROM absent", "Table with name absent does not exist"),
    ("SELECT CAST('x' AS INT) AS a", "Could not convert string 'x' to INT32"),
    ("SELECT error('late') FROM range(3)", "late"),
]


@pytest.mark.parametrize(("sql", "says"), REFUSED)
def test_what_is_no_query_or_fails_is_one_clear_line(sql, says, folder):
    with pytest.raises(DataError) as caught:
        pynomaly.read(f"duckdb:{sql}").collect()
    message = str(caught.value)
    assert says in message
    assert message.startswith(f"duckdb:{sql}: ")
    assert "\n" not in message
    assert len(message) < 700
    assert list(folder.iterdir()) == []


def test_a_query_that_fails_half_way_gives_no_half_table():
    sql = "SELECT CASE WHEN range < 900000 THEN range ELSE error('too far') END AS a FROM range(1000000)"
    batches = pynomaly.read(f"duckdb:{sql}").batches()
    assert next(batches)["a"][0] == 0
    with pytest.raises(DataError, match="too far"):
        list(batches)


def test_a_long_query_is_shortened_where_it_is_shown():
    table = pynomaly.read(f"duckdb:SELECT {', '.join(f'1 AS c{i}' for i in range(500))}")
    assert len(table.name) < 250
    assert len(table.schema) == 500


def test_variables_of_the_program_are_not_tables():
    secret = pl.DataFrame({"a": [1]})
    with pytest.raises(DataError, match="secret does not exist"):
        pynomaly.read("duckdb:FROM secret")
    assert secret.height == 1


def test_no_extension_is_fetched_and_nothing_is_left_behind(folder, monkeypatch):
    (folder / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "temp"))
    settings = pynomaly.read("duckdb:SELECT name, value FROM duckdb_settings()").collect()
    assert dict(settings.rows())["autoinstall_known_extensions"] == "false"
    assert str(folder / "temp") in dict(settings.rows())["temp_directory"]
    assert [path.name for path in folder.rglob("*")] == ["temp"]


def test_a_pass_that_is_given_up_lets_go_of_the_database(folder):
    make_shop()
    batches = pynomaly.read("duckdb:FROM orders", database="shop.duckdb").batches(10)
    next(batches)
    batches.close()
    with duckdb.connect("shop.duckdb") as connection:
        connection.execute("DROP TABLE orders")


MEMORY = """
import resource, sys
import pynomaly
rows = 0
for batch in pynomaly.read(f"duckdb:SELECT range AS a, range * 0.5::DOUBLE AS b FROM range({sys.argv[1]})").batches():
    rows += batch.height
assert rows == int(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_rows():
    def peak(rows):
        command = [sys.executable, "-c", MEMORY, str(rows)]
        return int(subprocess.check_output(command, text=True))

    small, large = peak(1_000_000), peak(20_000_000)
    assert large - small < 80, "20M rows of two numbers are 320 MB"


def make_shop():
    """A database of two tables, one of them in another schema, and a view."""
    with duckdb.connect("shop.duckdb") as connection:
        connection.execute(
            "CREATE TABLE orders AS SELECT range AS n, range % 9 AS m FROM range(500)"
        )
        connection.execute("CREATE SCHEMA old; CREATE TABLE old.orders AS SELECT 1 AS n, 2 AS m")
        connection.execute("CREATE VIEW few AS FROM orders LIMIT 3")


def test_a_database_of_one_table_needs_no_option(run):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(rng.standard_normal((400, 3)), schema=["a", "b", "c"])
    frame.write_parquet("in.parquet")
    with duckdb.connect("one.duckdb") as connection:
        connection.execute("CREATE TABLE t AS FROM 'in.parquet'")
    assert pynomaly.read("one.duckdb").collect().equals(frame)
    before = Path("one.duckdb").read_bytes()
    for source in ("one.duckdb", "duckdb:FROM 'in.parquet'"):
        code, out, err = run("detect", source, "-o", "scored.csv", "--json")
        assert code == 0, err
        assert '"rows": 400' in out
    code, _, err = run("fit", "one.duckdb", "-o", "one.duckdb")
    assert code == 2
    assert "is the input itself" in err
    assert Path("one.duckdb").read_bytes() == before


def test_several_tables_are_listed(run):
    make_shop()
    code, _, err = run("inspect", "shop.duckdb")
    assert code == 2
    assert (
        "holds 3 tables: choose one with the option table=NAME, of few, orders, old.orders" in err
    )
    assert run("inspect", "shop.duckdb", "-r", "table=few")[1].startswith(
        "shop.duckdb: few: 3 rows"
    )
    assert "old.orders: 1 row" in run("inspect", "shop.duckdb", "-r", "table=old.orders")[1]
    assert "500 rows" in run("inspect", "shop.duckdb", "-r", "table=main.orders")[1]
    err = run("inspect", "shop.duckdb", "-r", "table=ordres")[2]
    assert "holds no table 'ordres'; it has orders" in err


def test_a_query_runs_on_the_tables_of_a_database():
    make_shop()
    found = [
        pynomaly.read("shop.duckdb", query="SELECT count(*) AS n FROM orders"),
        pynomaly.read("duckdb:SELECT count(*) AS n FROM orders", database="shop.duckdb"),
    ]
    assert [table.collect().rows() for table in found] == [[(500,)], [(500,)]]
    assert all(table.files == (Path("shop.duckdb"),) for table in found)


def test_a_database_is_only_read():
    make_shop()
    before = Path("shop.duckdb").read_bytes()
    sql = "WITH x AS (INSERT INTO orders VALUES (1, 1) RETURNING *) FROM x"
    with pytest.raises(DataError, match="read-only mode"):
        pynomaly.read("shop.duckdb", query=sql).collect()
    assert Path("shop.duckdb").read_bytes() == before


def test_a_database_that_is_written_to_elsewhere_is_refused():
    make_shop()
    with duckdb.connect("shop.duckdb"), pytest.raises(DataError, match=r"shop\.duckdb: .*onnect"):
        pynomaly.read("shop.duckdb", table="orders")


def test_an_empty_database_says_so():
    duckdb.connect("empty.duckdb").close()
    with pytest.raises(DataError, match="holds no table"):
        pynomaly.read("empty.duckdb")


@pytest.mark.parametrize(
    ("uri", "options", "says"),
    [
        ("shop.duckdb", {"table": "orders", "query": "FROM orders"}, "exclude each other"),
        ("shop.duckdb", {"sheet": "x"}, "it takes table, query"),
        ("duckdb:FROM orders", {"table": "orders"}, "it takes database"),
    ],
)
def test_options_that_make_no_sense_are_refused(uri, options, says):
    make_shop()
    with pytest.raises(InvalidParams, match=says):
        pynomaly.read(uri, **options)


def test_a_database_that_is_not_there_is_named():
    with pytest.raises(DataError, match=r"absent\.duckdb: no such file"):
        pynomaly.read("duckdb:FROM t", database="absent.duckdb")


def test_a_model_of_one_query_scores_another(run):
    rng = np.random.default_rng(0)
    pl.DataFrame(rng.standard_normal((600, 2)), schema=["a", "b"]).write_parquet("in.parquet")
    source = "duckdb:FROM 'in.parquet' WHERE a < 1 -- password=s3cret"
    assert run("fit", source, "-o", "m.pynomaly")[0] == 0
    assert b"s3cret" not in Path("m.pynomaly").read_bytes()
    assert run("score", "m.pynomaly", "duckdb:FROM 'in.parquet'", "-o", "out.parquet")[0] == 0
    assert pl.read_parquet("out.parquet").height == 600
    result = pynomaly.load_model("m.pynomaly").score("duckdb:FROM 'in.parquet'")
    assert result.scores.tolist() == pl.read_parquet("out.parquet")["anomaly_score"].to_list()


def test_an_interrupt_ends_a_query_however_long_it_takes(folder):
    endless = "SELECT sum(hash(range) % 7) AS h FROM range(1000000000000)"
    table = pynomaly.read(f"duckdb:{endless}")
    timer = threading.Timer(1, os.kill, [os.getpid(), signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        table.collect()
    timer.join()
    assert "pynomaly-read" not in {thread.name for thread in threading.enumerate()}
    assert list(folder.iterdir()) == []
