"""PostgreSQL, on a server of its own: types, order, what goes wrong, and what is never shown."""

from __future__ import annotations

import datetime as dt
import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import adbc_driver_postgresql.dbapi
import numpy as np
import polars as pl
import pytest
from sql_cluster import PASSWORD

import pynomaly
from pynomaly.domain.errors import DataError, PynomalyError

NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
TYPES = [
    ("2::smallint", pl.Int16(), 2),
    ("2::bigint", pl.Int64(), 2),
    ("1.5::real", pl.Float32(), 1.5),
    ("1.25::numeric(10, 2)", pl.Float64(), 1.25),
    ("'NaN'::numeric", pl.Float64(), float("nan")),
    ("'$1,234.50'::money", pl.Float64(), 1234.5),
    ("7::oid", pl.Int64(), 7),
    ("true", pl.Boolean(), True),
    ("'ü'::text", pl.String(), "ü"),
    ("'ü'::varchar(3)", pl.String(), "ü"),
    ("'a'::char(3)", pl.String(), "a"),
    ("'\\x00ff'::bytea", pl.Binary(), b"\x00\xff"),
    ("'2024-05-01'::date", pl.Date(), dt.date(2024, 5, 1)),
    ("'infinity'::date", pl.Date(), None),
    ("'2024-05-01 12:00'::timestamp", pl.Datetime("us"), NOON.replace(tzinfo=None)),
    ("'2024-05-01 14:00+02'::timestamptz", pl.Datetime("us", "UTC"), NOON),
    ("'-infinity'::timestamptz", pl.Datetime("us", "UTC"), None),
    ("'12:30'::time", pl.Time(), dt.time(12, 30)),
    ("'12:30+02'::timetz", pl.String(), "12:30:00+02"),
    ("'90 minutes'::interval", pl.Float64(), 5400.0),
    ("'00000000-0000-0000-0000-000000000001'::uuid", pl.String(), f"{'0' * 8}-0000-0000-0000-{1:012}"),
    ("'{\"a\": 1}'::jsonb", pl.String(), '{"a": 1}'),
    ("'10.0.0.1'::inet", pl.String(), "10.0.0.1/32"),
    ("'(1,2)'::point", pl.String(), "(1,2)"),
    ("ARRAY[1, 2]", pl.List(pl.Int32()), [1, 2]),
    ("ARRAY[1.5]", pl.String(), "{1.5}"),
    ("'sad'::mood", pl.String(), "sad"),
    ("5::small", pl.Int32(), 5),
]  # fmt: skip


@pytest.fixture
def server(postgres):
    """A server with a few tables."""
    postgres.execute(
        "DROP SCHEMA IF EXISTS old CASCADE",
        "DROP SCHEMA public CASCADE",
        "CREATE SCHEMA public",
        "CREATE SCHEMA old",
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "CREATE DOMAIN small AS integer CHECK (VALUE < 10)",
    )
    return postgres


def make_shop(server):
    server.execute(
        'CREATE TABLE orders (n integer, "sub n" text, price numeric(10, 2), PRIMARY KEY ("sub n", n))',
        "INSERT INTO orders SELECT x, 'p' || x % 3, x / 4.0 FROM generate_series(1, 5000) x"
        " ORDER BY random()",
        "CREATE TABLE old.orders AS SELECT 1 AS x",
        "CREATE VIEW few AS SELECT * FROM orders LIMIT 3",
    )


@pytest.mark.parametrize(("sql", "dtype", "value"), TYPES)
def test_a_column_comes_as_a_type_that_features_know(server, sql, dtype, value):
    query = f"SELECT {sql} AS v UNION ALL SELECT NULL"
    frame = pynomaly.read(server.uri(), query=query).collect()
    assert frame.schema["v"] == dtype
    assert frame["v"].equals(pl.Series("v", [value, None], dtype=dtype))


def test_the_one_table_needs_no_option(server):
    server.execute("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b")
    assert pynomaly.read(server.uri()).collect().rows() == [(1, "x")]
    assert pynomaly.read(server.uri().replace("postgresql", "postgres", 1)).collect().height == 1


def test_several_tables_are_listed_and_one_is_chosen_by_option_or_uri(server, run):
    make_shop(server)
    code, _, err = run("inspect", server.uri())
    assert code == 2
    assert (
        "holds 3 tables: choose one with the option table=NAME, of few, orders, old.orders" in err
    )
    assert (
        "holds no table 'ordres'; it has orders"
        in run("inspect", f"{server.uri()}?table=ordres")[2]
    )
    for name in ("old.orders", "few", "public.few"):
        code, out, _ = run("inspect", server.uri(), "-r", f"table={name}")
        assert code == 0
        assert f"postgres: {name}: " in out
    assert pynomaly.read(f"{server.uri()}?table=old.orders&sslmode=disable").collect().rows() == [
        (1,)
    ]


def test_a_table_comes_in_the_order_of_its_key(server):
    make_shop(server)
    table = pynomaly.read(server.uri(), table="orders")
    frame = table.collect()
    assert frame.equals(frame.sort("sub n", "n"))
    server.execute("UPDATE orders SET price = price + 1 WHERE n % 7 = 0")
    assert table.collect(["n"])["n"].equals(frame["n"])


def test_a_table_without_a_key_comes_as_it_lies_on_disk(server):
    server.execute("CREATE TABLE t AS SELECT x, x * 2.5 AS y FROM generate_series(1, 200000) x")
    table = pynomaly.read(server.uri())
    assert table.collect()["x"].to_list() == list(range(1, 200_001))
    assert table.collect().equals(table.collect())


def test_the_order_of_a_query_is_kept(server):
    query = "SELECT x, -x AS y FROM generate_series(1, 100000) x ORDER BY x % 10, x; -- so"
    query = query.replace("; -- so", " -- so")
    table = pynomaly.read(server.uri(), query=query)
    expected = sorted(range(1, 100_001), key=lambda x: (x % 10, x))
    assert table.collect()["x"].to_list() == expected
    assert table.collect(["y"])["y"].to_list() == [-x for x in expected]


def test_a_query_without_rows_has_its_columns(server):
    table = pynomaly.read(server.uri(), query="SELECT 1 AS a, 'x' AS b WHERE false;")
    assert table.collect().schema == {"a": pl.Int32, "b": pl.String}


REFUSED = [
    ("DELETE FROM orders", "'DELETE' begins no query"),
    ("WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x", "at the top level"),
    ("SELECT 1; SELECT 2", 'syntax error at or near ";"'),
    ("SELECT 1) AS q; DROP TABLE orders; --", "syntax error"),
    ("SELECT nextval('counter')", "read-only transaction"),
    ("SELECT setval('counter', 3)", "read-only transaction"),
    ("SELECT * FROM absent", 'relation "absent" does not exist'),
    ("SELECT 1 AS a, 2 AS a", "several columns are called 'a': name them apart with AS"),
    ("SELECT 1 / 0 AS a", "division by zero"),
    ("SELECT $1", "parameter"),
]


@pytest.mark.parametrize(("sql", "says"), REFUSED)
def test_what_is_no_query_or_fails_is_one_clear_line(server, sql, says):
    make_shop(server)
    server.execute("CREATE SEQUENCE counter")
    with pytest.raises(DataError) as caught:
        pynomaly.read(server.uri(), query=sql).collect()
    message = str(caught.value)
    assert says in message
    assert message.startswith(f"postgresql://ann:***@127.0.0.1:{server.port}/postgres: {sql}")
    assert "\n" not in message
    assert message.endswith(says) or len(message) < 400
    count = pynomaly.read(server.uri(), query="SELECT count(*) AS n FROM orders").collect()
    assert count["n"].to_list() == [5000]


def test_a_query_that_fails_half_way_gives_no_half_table(server):
    query = "SELECT 1 / (4900000 - x) AS a FROM generate_series(1, 5000000) x"
    batches = pynomaly.read(server.uri(), query=query).batches()
    assert next(batches).height
    with pytest.raises(DataError, match="division by zero"):
        list(batches)


LOST = r"postgres: SELECT x.*: .*(terminating connection|server closed the connection)"
LONG = "SELECT x, repeat('a', 100) AS t FROM generate_series(1, 20000000) x"


@pytest.fixture
def reading(server):
    """A read that has begun, as an iterator of batches."""
    batches = pynomaly.read(server.uri() + "?application_name=victim", query=LONG).batches()
    assert next(batches).height
    yield batches
    batches.close()


def test_a_connection_that_is_lost_half_way_is_one_clear_error(server, reading):
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'"
    )
    with pytest.raises(DataError, match=LOST):
        list(reading)


def test_a_server_that_goes_away_half_way_is_one_clear_error(server, reading):
    server.stop()
    try:
        with pytest.raises(DataError, match=LOST) as caught:
            list(reading)
        assert "\n" not in str(caught.value)
    finally:
        server.start()


def test_a_command_that_loses_its_server_leaves_nothing_behind(server, folder):
    query = LONG.replace("20000000", "5000000")
    command = [sys.executable, "-c", "from pynomaly.cli import main; main()", "detect"]
    source = server.uri() + "?application_name=victim"
    begun = subprocess.Popen(
        [*command, source, "-r", f"query={query}", "-o", "out.csv"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    kill = (
        "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity"
        " WHERE application_name = 'victim' AND query LIKE 'COPY%' AND wait_event = 'ClientWrite')"
        " LOOP PERFORM pg_sleep(0.05); PERFORM pg_stat_clear_snapshot(); END LOOP;"
        " PERFORM pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'victim'; END $$"
    )
    server.execute(kill)
    message = begun.communicate()[1]
    assert begun.returncode == 2, message
    assert re.search(LOST, message)
    assert PASSWORD not in message
    assert list(folder.iterdir()) == []


def test_a_read_that_is_given_up_lets_go_of_the_connection(server, reading):
    reading.close()
    count = "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'victim'"
    waiting = "SELECT pg_sleep(0.2)"
    for _ in range(50):
        if pynomaly.read(server.uri(), query=count).collect()["n"].to_list() == [0]:
            break
        server.execute(waiting)
    else:
        raise AssertionError("the server still works for it")


def test_a_server_that_does_not_answer_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"postgresql://ann@127.0.0.1:{silent.getsockname()[1]}/shop?connect_timeout=2"
        with pytest.raises(DataError, match="timeout expired"):
            pynomaly.read(uri, table="t")


UNREACHABLE = [
    ("nobody.invalid", "could not translate host name"),
    ("127.0.0.1:1", "Connection refused"),
]


@pytest.mark.parametrize(("host", "says"), UNREACHABLE)
def test_a_server_that_cannot_be_reached_is_said_to_be_so(host, says, run):
    code, out, err = run("detect", f"postgresql://ann:s3cret@{host}/shop", "-o", "out.csv")
    assert code == 2
    assert says in err
    assert err.startswith("Error: postgresql://ann:***@")
    assert "s3cret" not in out + err
    assert not Path("out.csv").exists()


WRONG = "wr0ng pass/word"
MISTAKES = {
    "another password": (lambda server: server.uri(password=WRONG), "authentication failed"),
    "no such database": (lambda server: server.uri(database="absent"), 'database "absent" does'),
    "no TLS": (lambda server: f"{server.uri()}?sslmode=require", "does not support SSL"),
    "no such parameter": (lambda server: f"{server.uri()}?nonsense=1", 'parameter: "nonsense"'),
    "half an escape": (lambda server: server.uri().replace("%25", "%2"), "percent-encoded token"),
    "no escapes": (lambda server: f"postgresql://ann:{PASSWORD}@127.0.0.1/shop", ""),
    "as a parameter": (
        lambda server: f"{server.uri()}?password={quote(PASSWORD, safe='')}&options=-c%20x=",
        "",
    ),
}


@pytest.mark.parametrize(("change", "says"), MISTAKES.values(), ids=MISTAKES)
def test_no_error_shows_the_password_however_the_uri_is_written(server, run, change, says):
    uri = change(server)
    code, out, err = run("inspect", uri)
    assert code == 2
    assert says in err
    with pytest.raises(PynomalyError) as caught:
        pynomaly.read(uri)
    link, shown = caught.value, [out, err]
    while link is not None:
        shown.append(str(link))
        link = link.__cause__ or link.__context__
    for word in (PASSWORD, quote(PASSWORD, safe=""), PASSWORD.split()[0], WRONG, "wr0ng"):
        assert word not in "\n".join(shown)


def test_a_model_and_its_files_know_no_password(server, run):
    rng = np.random.default_rng(0)
    pl.DataFrame(rng.standard_normal((600, 2)), schema=["a", "b"]).write_csv("in.csv")
    server.execute("CREATE TABLE t (a float8, b float8)")
    with adbc_driver_postgresql.dbapi.connect(server.uri(), autocommit=True) as connection:
        values = ", ".join(f"({a}, {b})" for a, b in pl.read_csv("in.csv").rows())
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO t VALUES {values}")
    assert run("fit", server.uri(), "-o", "m.pynomaly")[0] == 0
    code, out, err = run("score", "m.pynomaly", server.uri(), "-o", "out.csv", "--json")
    assert code == 0, err
    shown = out.encode() + err.encode() + Path("out.csv").read_bytes()
    shown += Path("m.pynomaly").read_bytes()
    assert PASSWORD.encode() not in shown
    assert quote(PASSWORD, safe="").encode() not in shown
    assert pynomaly.load_model("m.pynomaly").fitted.lineage["source"] == (
        f"postgresql://ann:***@127.0.0.1:{server.port}/postgres"
    )
    code, out, err = run("detect", server.uri(), "--reference", server.uri(), "-o", "all.parquet")
    assert code == 0, err
    assert pl.read_parquet("all.parquet").height == 600
    assert pynomaly.detect(server.uri(), top=3).is_anomaly.sum() == 3


MEMORY = """
import resource, sys
import pynomaly
query = f"SELECT x % 9 AS x, repeat('ü%', 200) AS w FROM generate_series(1, {sys.argv[2]}) x"
rows = sum(batch.height for batch in pynomaly.read(sys.argv[1], query=query).batches())
assert rows == int(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_rows(server):
    def peak(rows):
        command = [sys.executable, "-c", MEMORY, server.uri(), str(rows)]
        return int(subprocess.check_output(command, text=True))

    assert peak(500_000) - peak(200_000) < 60, "300,000 rows more are 180 MB"
