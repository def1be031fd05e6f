"""From a URI to a table: options, what lies elsewhere, and what no message may show."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

import polars as pl
import pytest

import pynomaly
from pynomaly.domain.datasets import Download, Table
from pynomaly.domain.errors import (
    DataError,
    InvalidParams,
    MissingRequirement,
    PluginFailed,
    PynomalyError,
    UsageError,
)
from pynomaly.domain.graphs import Graph
from pynomaly.domain.redaction import redacted
from pynomaly.infrastructure import opening
from pynomaly.infrastructure.formats import for_uri, is_path
from pynomaly.infrastructure.opening import open_uri
from pynomaly.infrastructure.plugins import builtin, load_plugins
from pynomaly.infrastructure.registry import Registry, discover
from pynomaly.ports.loading import reading

CODE = '''
import shutil
from pathlib import Path
import attrs
import numpy as np
import polars as pl
from pynomaly.domain.datasets import Download, Table
from pynomaly.domain.errors import DataError
from pynomaly.domain.graphs import make_graph
from pynomaly.ports import LoaderSpec, hookimpl
from pynomaly.ports.params import param

FETCHED = []
WORDS = dict(title="Title", summary="Summary.")

@hookimpl
def pynomaly_loaders():
    yield LoaderSpec(id="far.copy", factory="pynomaly_far:copy", schemes=["far"], **WORDS)
    yield LoaderSpec(id="far.near", factory="pynomaly_far:near", schemes=["near"],
                     params="pynomaly_far:Near", **WORDS)
    yield LoaderSpec(id="far.plain", factory="pynomaly_far:plain", schemes=["plain"], **WORDS)
    yield LoaderSpec(id="far.ring", factory="pynomaly_far:ring", suffixes=[".ring"], **WORDS)
    yield LoaderSpec(id="far.odd", factory="pynomaly_far:odd", schemes=["odd"], **WORDS)
    yield LoaderSpec(id="far.lost", factory="pynomaly_far:lost", schemes=["lost"],
                     requires=["no_such_driver"], install="pip install driver", **WORDS)

@attrs.frozen
class Near:
    """Options."""
    rows: int = param(2, ge=1, help="Rows.")
    word: str = param("x", help="Word.")

def copy(uri, params):
    path = Path(uri.partition("//")[2].rpartition("@")[2])
    def fetch(file, target):
        FETCHED.append(file)
        if "gone" in path.name:
            raise DataError(f"nobody answers at {uri}", source=uri)
        shutil.copy(path / file if path.is_dir() else path, target)
    files = [path.name]
    if path.is_dir():
        files = sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())
    return Download("far://" + path.name, tuple(files), fetch)

def near(uri, params):
    frame = pl.DataFrame({"word": [params.word] * params.rows})
    return Table.from_frame(frame, uri)

def plain(uri, params):
    table = Table.from_frame(pl.DataFrame({"a": ["1", "2", "x"] * 9}), uri)
    return attrs.evolve(table, notes=("all of it is plain",))

def ring(uri, params):
    count = int(Path(uri).read_text())
    nodes = pl.DataFrame({"node": range(count)})
    around = np.arange(count)
    return make_graph(uri, nodes, np.stack([around, (around + 1) % count]))

def odd(uri, params):
    match uri.rpartition("/")[2]:
        case "raises":
            raise RuntimeError("no")
        case "gives":
            return 3
        case "leaks":
            secret = OSError(2, "no", uri)
            raise DataError("bad password 'pa ss/wd' or pa", source=uri) from secret
    def frames(size, columns):
        yield pl.DataFrame({"a": [1]})
        raise ZeroDivisionError("later")
    return Table(uri, pl.Schema({"a": pl.Int64()}), frames, retype=lambda types: odd(uri, None))
'''


@pytest.fixture
def registry(add_plugin, tmp_path, monkeypatch):
    """The core's loaders and those of a plugin that reads URIs; temporary files in `temp`."""
    add_plugin("pynomaly-far", CODE)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    (tmp_path / "data.csv").write_text("a;b\n1;2\n3;4\n")
    return discover(only=["far"])


@pytest.fixture
def left(tmp_path):
    """Names of what is left of temporary files."""

    def left():
        gc.collect()
        return [path.name for path in (tmp_path / "temp").iterdir()]

    return left


def refusal(registry, uri, options=None):
    with pytest.raises(PynomalyError) as caught:
        open_uri(registry, uri, options).collect()
    return caught.value


def test_what_lies_elsewhere_is_read_by_the_loader_of_its_suffix(registry, left):
    table = open_uri(registry, "far://data.csv")
    assert (table.name, table.files) == ("far://data.csv", ())
    for _ in range(2):
        assert table.collect().rows() == [(1, 2), (3, 4)]
    assert len(left()) == 1
    del table
    assert left() == []


def test_a_folder_elsewhere_is_read_like_one_here(registry):
    import pynomaly_far

    Path("parts/deep").mkdir(parents=True)
    for name in ("0", "1", "deep/2"):
        pl.DataFrame({"a": [name[-1]]}).write_parquet(f"parts/{name}.parquet")
    Path("parts/README.md").touch()
    assert open_uri(registry, "far://parts").collect()["a"].to_list() == ["0", "1", "2"]
    assert pynomaly_far.FETCHED == ["0.parquet", "1.parquet", "deep/2.parquet"]


def test_a_file_that_was_fetched_stays_in_its_folder(tmp_path):
    content = b"a\n1\n"

    def fetch(file, target):
        assert tmp_path in target.parents
        target.write_bytes(content)

    for name in ("../../x.csv", "/x.csv", "a/../../x.csv"):
        download = Download("elsewhere", (name,), fetch)
        core = Registry(load_plugins([builtin()])[0])
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(tempfile, "tempdir", str(tmp_path))
            assert opening._downloaded(core, download, {}, "").collect().rows() == [(1,)]


def test_options_reach_the_loader_that_reads_what_was_fetched(registry):
    table = open_uri(registry, "far://data.csv", {"header": False, "delimiter": ";"})
    assert table.collect().height == 3
    assert isinstance(refusal(registry, "far://data.csv", {"colour": "red"}), InvalidParams)


def test_a_mixed_column_of_what_was_fetched_is_repaired(registry, left):
    Path("data.csv").write_text("a,b\n" + "1,2\n" * 12_000 + "x,2\n")
    table = open_uri(registry, "far://data.csv")
    assert table.collect()["a"][-1] == "x"
    again = table.as_text(["a"])
    del table
    gc.collect()
    assert again.collect()["a"][0] == "1"
    assert again.name == "far://data.csv"


def test_messages_about_what_was_fetched_name_where_it_came_from(registry, left):
    Path("data.csv").write_text("a,b\n1,2\n" + "1,2\n" * 30_000 + "1,2,3\n")
    error = refusal(registry, "far://data.csv")
    assert str(error).startswith("far://data.csv: row 30,002 has 3 fields")
    assert error.source == "far://data.csv"
    Path("empty.csv").write_text("")
    assert str(refusal(registry, "far://empty.csv")) == "far://empty.csv: the file is empty"
    del error
    assert left() == []


def test_what_cannot_be_fetched_leaves_nothing(registry, left):
    assert "nobody answers" in str(refusal(registry, "far://gone.csv"))
    assert left() == []


def test_an_interrupt_while_fetching_leaves_nothing(registry, left, monkeypatch):
    import pynomaly_far

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(pynomaly_far.shutil, "copy", interrupt)
    with pytest.raises(KeyboardInterrupt):
        open_uri(registry, "far://data.csv")
    assert left() == []


def test_a_name_without_a_format_is_refused_before_anything_is_fetched(registry, left):
    Path("data").write_text("a,b\n1,2\n")
    error = refusal(registry, "far://data")
    assert str(error).startswith("far://data: its name tells no known format")
    assert "option format" in str(error)
    assert left() == []


@pytest.mark.parametrize("uri", ["data", "far://data"])
@pytest.mark.parametrize("format", ["csv", ".csv", "CSV"])
def test_the_option_format_says_what_a_name_does_not(registry, uri, format):
    Path("data").write_text("a,b\n1,2\n")
    assert open_uri(registry, uri, {"format": format}).collect().rows() == [(1, 2)]


def test_the_option_format_is_not_for_what_goes_by_its_scheme(registry):
    assert "leave out the option format" in str(refusal(registry, "near://x", {"format": "csv"}))
    assert "can be read" in str(refusal(registry, "data.csv", {"format": "xyz"}))


def test_options_are_typed_and_refused_all_at_once(registry):
    assert open_uri(registry, "near://x", {"rows": 3}).collect().height == 3
    error = refusal(registry, "near://x", {"rows": 0, "word": 5, "colour": 1})
    assert isinstance(error, InvalidParams)
    assert [name for name, _ in error.errors] == ["rows", "word", "colour"]
    assert "pynomaly loaders show far.near" in str(error)


def test_a_loader_without_options_refuses_them(registry):
    assert "takes no parameters" in str(refusal(registry, "plain://x", {"rows": 3}))


def test_data_in_memory_have_no_options(registry):
    from pynomaly.sources import open_source

    with pytest.raises(UsageError, match="leave out header"):
        open_source([[1, 2]], registry, {"header": True})


def test_a_missing_driver_gives_the_command_that_installs_it(registry):
    with pytest.raises(MissingRequirement, match="run `pip install driver`"):
        open_uri(registry, "lost://x")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("raises", "far.odd failed to read: RuntimeError: no"),
        ("gives", "far.odd failed to open: it gave a int"),
        ("later", "far.odd failed to read: ZeroDivisionError: later"),
    ],
)
def test_what_a_plugins_code_does_wrong_is_its_failure(registry, name, says):
    error = refusal(registry, f"odd://{name}")
    assert isinstance(error, PluginFailed)
    assert says in str(error)


def test_a_scheme_with_a_driver_goes_by_the_scheme(registry):
    assert for_uri(registry, "loaders", "near+fast://x").id == "far.near"
    assert not is_path(registry, "loaders", "near+fast://x")


def test_an_unknown_scheme_is_said_to_be_one(registry):
    error = refusal(registry, "s4://bucket/data.csv")
    assert "no plugin that is installed knows s4:" in str(error)
    assert "near:" in str(error)


def test_a_query_may_be_longer_than_any_file_name(registry):
    query = f"sql4:SELECT {', '.join(f'column_{i}' for i in range(2000))}"
    assert isinstance(refusal(registry, query), DataError)


SECRETS = [
    ("postgresql://ann:s3cret@db/shop", "postgresql://ann:***@db/shop"),
    ("postgresql://ann:pa/s@s@db/shop", "postgresql://ann:***@db/shop"),
    ("postgresql://ann:pa ss?@db/shop", "postgresql://ann:***@db/shop"),
    ("postgresql://ann:***@db: SELECT '@'", "postgresql://ann:***@db: SELECT '@'"),
    ("https://host:8080/@ann/data.csv", "https://host:8080/@ann/data.csv"),
    ("https://h/a.csv?a=1&sig=abc%3D&b=2", "https://h/a.csv?a=1&sig=***&b=2"),
    ("https://h/a.csv?X-Amz-Signature=abc", "https://h/a.csv?X-Amz-Signature=***"),
    ("https://h/a.csv?key=abc#top", "https://h/a.csv?key=***#top"),
    ("duckdb:FROM postgres_scan('host=db password=abc dbname=x')",
     "duckdb:FROM postgres_scan('host=db password=*** dbname=x')"),
    ("duckdb:SELECT * FROM a JOIN b ON a.key = b.key", None),
    ("duckdb:create secret (type s3, key_id 'A', secret 'hunter2')",
     "duckdb:create secret (type s3, key_id 'A', secret ***)"),
    ("mssql://h/db?odbc_connect=UID%3Dme%3BPWD%3Ds3cr3t%3BA%3D1",
     "mssql://h/db?odbc_connect=UID%3Dme%3BPWD%3D***%3BA%3D1"),
    ("x://h?private_key_passphrase=zzz9&a=1", "x://h?private_key_passphrase=***&a=1"),
    ("https://t0ken@host/a.csv", "https://***@host/a.csv"),
    ("https://host/@ann/data.csv", None),
    ("postgresql://ann@host/shop", None),
    ("duckdb:SELECT secret, 'a' FROM t", None),
    ("data/a.csv", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "shown"), SECRETS)
def test_secrets_are_masked_wherever_they_stand(text, shown):
    assert redacted(text) == (shown or text)


def test_no_error_shows_a_secret_however_the_driver_spells_it(registry):
    error = refusal(registry, "odd://ann:pa%20ss%2Fwd@host/leaks")
    assert str(error) == "odd://ann:***@host/leaks: bad password '***' or pa"
    assert error.source == "odd://ann:***@host/leaks"
    assert error.__cause__ is None, "its file name would show it"


def test_the_name_of_a_table_shows_no_secret(registry):
    assert open_uri(registry, "near://ann:s3cret@host/x").name == "near://ann:***@host/x"
    assert open_uri(registry, "far://ann:s3cret@data.csv").name == "far://data.csv"


def test_python_reads_with_options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("".join(f"{i},{i * i % 7}\n" for i in range(60)))
    table = pynomaly.read("data.csv", header=False)
    assert isinstance(table, Table)
    assert table.files == (Path("data.csv"),)
    assert pynomaly.detect(table, top=1).frame.height == 60
    assert pynomaly.inspect(pynomaly.read(Path("data.csv"), header=False)).rows == 60


def test_what_else_a_reader_raises_is_an_error_of_the_data():
    with pytest.raises(DataError, match="in: way out"), reading("in", "way out", LookupError):
        raise LookupError("nowhere")


def test_what_a_loader_has_to_say_is_a_warning_and_a_finding(registry):
    table = open_uri(registry, "plain:x")
    note = "all of it is plain"
    as_numbers = table.with_types({"a": pl.Float64()})
    assert table.notes == as_numbers.notes == (note,)
    assert as_numbers.collect()["a"].to_list() == [1.0, 2.0, None] * 9
    assert note in pynomaly.detect(table).warnings
    assert note in pynomaly.detect(pl.DataFrame({"a": ["1"] * 9}), reference=table).warnings
    assert note in pynomaly.fit(table).score(table).warnings
    assert note in pynomaly.inspect(table).findings


def test_a_loader_may_give_a_graph_also_of_what_lies_elsewhere(registry, left, tmp_path):
    (tmp_path / "six.ring").write_text("6")
    graph = open_uri(registry, str(tmp_path / "six.ring"))
    assert isinstance(graph, Graph)
    assert graph.edges.shape == (2, 6)
    fetched = open_uri(registry, f"far://{tmp_path}/six.ring")
    assert isinstance(fetched, Graph)
    assert (fetched.name, fetched.nodes.height) == ("far://six.ring", 6)
    assert left() == []
    (tmp_path / "none.ring").write_text("0")
    assert (
        str(refusal(registry, f"far://{tmp_path}/none.ring"))
        == "far://none.ring: the graph has no nodes"
    )
