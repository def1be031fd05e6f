"""SQLAlchemy: SQLite's and PostgreSQL's drivers stand for all others."""

from __future__ import annotations

import datetime as dt
import decimal
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pynomaly
from pynomaly.domain.datasets import MixedColumn
from pynomaly.domain.errors import DataError, MissingRequirement
from pynomaly_sql.values import common_type, series_of

pytest.importorskip("sqlalchemy")

URI = "sqlite+pysqlite:///shop.db"
NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def make(folder):
    def make(*statements):
        with closing(sqlite3.connect("shop.db")) as connection:
            for statement in statements:
                if isinstance(statement, str):
                    connection.execute(statement)
                else:
                    connection.executemany(*statement)
            connection.commit()

    return make


VALUES = [
    ([1, None, 2], pl.Int64(), [1, None, 2]),
    ([2**70, 1], pl.Float64(), [float(2**70), 1.0]),
    ([1, 2.5], pl.Float64(), [1.0, 2.5]),
    ([decimal.Decimal("1.25")], pl.Float64(), [1.25]),
    ([True, None], pl.Boolean(), [True, None]),
    ([True, 2], pl.String(), ["True", "2"]),
    (["a", None], pl.String(), ["a", None]),
    (["a", 1, b"\xff"], pl.String(), ["a", "1", "ff"]),
    ([b"a", bytearray(b"b"), memoryview(b"c")], pl.Binary(), [b"a", b"b", b"c"]),
    ([dt.date(2024, 5, 1)], pl.Date(), [dt.date(2024, 5, 1)]),
    ([NOON.replace(tzinfo=None)], pl.Datetime("us"), [NOON.replace(tzinfo=None)]),
    ([NOON.astimezone(dt.timezone(dt.timedelta(hours=5)))], pl.Datetime("us", "UTC"), [NOON]),
    ([NOON, dt.date(2024, 5, 1)], pl.String(), ["2024-05-01 12:00:00+00:00", "2024-05-01"]),
    ([dt.time(12, 30)], pl.Time(), [dt.time(12, 30)]),
    ([dt.time(12, 30, tzinfo=dt.UTC)], pl.String(), ["12:30:00+00:00"]),
    ([dt.timedelta(minutes=2)], pl.Float64(), [120.0]),
    ([uuid.UUID(int=1)], pl.String(), [str(uuid.UUID(int=1))]),
    ([{"a": 1}, [2]], pl.String(), ["{'a': 1}", "[2]"]),
    ([None, None], pl.String(), [None, None]),
    ([], pl.String(), []),
]  # fmt: skip


@pytest.mark.parametrize(("values", "dtype", "expected"), VALUES)
def test_a_column_is_of_the_type_that_its_values_have_in_common(values, dtype, expected):
    found = series_of("v", values, common_type(values, None))
    assert found.dtype == dtype
    assert found.to_list() == expected


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(),
    st.decimals(allow_nan=False, allow_infinity=False), st.dates(), st.timedeltas(), st.uuids(),
    st.datetimes(), st.datetimes(timezones=st.timezones()), st.times(),
)  # fmt: skip


@given(st.lists(SCALARS), st.lists(SCALARS))
def test_a_common_type_takes_all_values_and_does_not_narrow(first, later):
    known = common_type(first, None)
    wider = common_type(later, known)
    for values in (first, later):
        found = series_of("v", values, wider)
        assert found.null_count() == values.count(None)
    assert common_type(first, wider) == common_type(later, wider) == wider


def test_tables_are_listed_and_read_in_the_order_of_their_key(make):
    make("CREATE TABLE b (k TEXT PRIMARY KEY, v)", "CREATE TABLE a (x)",
         ("INSERT INTO b VALUES (?, ?)", [(f"{i * 7 % 100:02}", i) for i in range(100)]))  # fmt: skip
    with pytest.raises(DataError, match=r"holds 2 tables: choose one .* of a, b"):
        pynomaly.read(URI)
    table = pynomaly.read(URI, table="b")
    assert table.collect()["k"].is_sorted()
    assert table.collect(["v"]).columns == ["v"]
    assert pynomaly.read(f"sqlalchemy:{URI}?table=main.b").collect().equals(table.collect())
    assert pynomaly.read(URI, table="a").collect().columns == ["x"]


def test_a_value_that_comes_late_makes_the_column_what_it_is(make):
    rows = [(i, i) for i in range(25_000)] + [(0.5, "x")]
    make("CREATE TABLE t (a, b)", ("INSERT INTO t VALUES (?, ?)", rows))
    table = pynomaly.read(URI)
    with pytest.raises(MixedColumn) as caught:
        list(table.batches())
    assert caught.value.types == {"a": pl.Float64(), "b": pl.String()}
    assert table.collect().tail(2).rows() == [(24_999.0, "24999"), (0.5, "x")]


def test_a_query_is_taken_as_it_stands(make):
    make("CREATE TABLE t (a)", "INSERT INTO t VALUES ('x:y%s?')")
    query = "SELECT a, ':b' AS \"update\", '%(d)s' AS d FROM t WHERE a LIKE '%:y%' -- delete"
    assert pynomaly.read(URI, query=query).collect().rows() == [("x:y%s?", ":b", "%(d)s")]


REFUSED = [
    ("DELETE FROM t", "'DELETE' begins no query"),
    ("SELECT * FROM absent", "no such table: absent"),
    ("SELECT 1 AS a, 2 AS a", "several columns are called 'a'"),
    ("WITH x AS (SELECT 1) DELETE FROM t", "holds DELETE, and only queries are run"),
    ("SELECT 1 AS update FROM t", "if it is a name, quote it"),
]


@pytest.mark.parametrize(("sql", "says"), REFUSED)
def test_what_is_no_query_or_fails_is_one_clear_line(make, sql, says):
    make("CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
    with pytest.raises(DataError) as caught:
        pynomaly.read(URI, query=sql)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert pynomaly.read(URI).collect().height == 1


@pytest.mark.parametrize(
    ("uri", "error", "says"),
    [
        ("sqlalchemy:nosuch://ann:s3cret@host/x", DataError, "has no dialect for it"),
        ("sqlalchemy:no url", DataError, "Could not parse"),
        ("mysql://ann:s3cret@host/x", MissingRequirement, "pip install mysqlclient"),
        (
            "mysql+mysqlconnector://ann:s3cret@host/x",
            MissingRequirement,
            "pip install mysql-connector-python",
        ),
        ("oracle+oracledb://ann:s3cret@host/x", MissingRequirement, "pip install oracledb"),
    ],
)
def test_what_is_not_installed_is_named(uri, error, says):
    with pytest.raises(error, match=says) as caught:
        pynomaly.read(uri)
    assert "s3cret" not in str(caught.value)


def test_a_sqlite_file_that_is_not_there_is_not_made(folder):
    for uri in ("sqlalchemy:sqlite:///absent.db", "sqlite+pysqlite:///absent.db?table=t"):
        with pytest.raises(DataError, match=r"absent\.db: .*no such file"):
            pynomaly.read(uri)
    assert list(folder.iterdir()) == []


def test_a_table_without_rows_has_its_columns(make):
    make("CREATE TABLE t (x, y)")
    assert pynomaly.read(URI).collect().schema == {"x": pl.String, "y": pl.String}


MEMORY = """
import resource, sys
import pynomaly
query = f"SELECT x % 9 AS x, repeat('ü%', 200) AS w FROM generate_series(1, {sys.argv[2]}) x"
rows = sum(batch.height for batch in pynomaly.read(sys.argv[1], query=query).batches())
assert rows == int(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


class TestOnAServer:
    """The cursor stays on the server."""

    @pytest.fixture
    def uri(self, postgres):
        pytest.importorskip("psycopg")
        postgres.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        return postgres.uri().replace("postgresql:", "postgresql+psycopg:")

    def test_types_are_those_of_the_other_driver(self, uri):
        query = (
            "SELECT 1 AS i, 1.25::numeric AS n, true AS b, 'x' AS t, '2024-05-01'::date AS d,"
            " '2024-05-01 14:00+02'::timestamptz AS z, '90 minutes'::interval AS v"
        )
        found = pynomaly.read(uri, query=query).collect()
        other = pynomaly.read(uri.replace("+psycopg", ""), query=query).collect()
        assert found.equals(other.cast({"i": pl.Int64}))

    def test_tables_of_any_schema_are_found(self, uri, postgres):
        postgres.execute("CREATE TABLE t AS SELECT 1 AS a", "CREATE VIEW v AS SELECT 2 AS a",
                         "DROP SCHEMA IF EXISTS old CASCADE", "CREATE SCHEMA old",
                         "CREATE TABLE old.t AS SELECT 3 AS a")  # fmt: skip
        read = [pynomaly.read(uri, table=name).collect()["a"][0] for name in ("t", "v", "old.t")]
        assert read == [1, 2, 3]

    def test_memory_does_not_grow_with_the_rows(self, uri):
        def peak(rows):
            command = [sys.executable, "-c", MEMORY, uri, str(rows)]
            return int(subprocess.check_output(command, text=True))

        assert peak(300_000) - peak(100_000) < 60, "200,000 rows more are 120 MB"

    def test_a_connection_that_is_lost_half_way_is_one_clear_error(self, uri, postgres):
        query = "SELECT x, repeat('a', 50) AS t FROM generate_series(1, 3000000) x"
        batches = pynomaly.read(uri + "?application_name=victim", query=query).batches()
        assert next(batches).height
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'victim'"
        )
        with pytest.raises(DataError, match="terminating connection") as caught:
            list(batches)
        assert "\n" not in str(caught.value)

    def test_no_error_shows_the_password(self, uri):
        with pytest.raises(DataError, match="does not exist") as caught:
            pynomaly.read(uri.replace("/postgres", "/absent"))
        password = uri.split(":")[2].partition("@")[0]
        assert password not in str(caught.value)
