"""Files elsewhere: read in any format, whole or not at all; nothing is left behind, nor shown."""

from __future__ import annotations

import errno
import gzip
import io
import os
import signal
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import fsspec
import numpy as np
import polars as pl
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from web_server import PASSWORD

import pynomaly
from pynomaly.domain.errors import DataError, InvalidParams, MissingRequirement
from pynomaly_fsspec import loading

FRAME = pl.DataFrame({"a": range(3000), "b": [f"w{i % 7}" for i in range(3000)]})
CSV = FRAME.write_csv().encode()


def content(write):
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


@pytest.fixture
def memory():
    """Put files into fsspec's memory."""
    fs = fsspec.filesystem("memory")

    def put(**files):
        for name, body in files.items():
            fs.pipe(f"/{name.replace('__', '/')}", body)

    yield put
    fs.store.clear()


FORMATS = {
    "data.csv": CSV,
    "data.csv.gz": gzip.compress(CSV),
    "data.jsonl": content(FRAME.write_ndjson),
    "data.parquet": content(FRAME.write_parquet),
    "data.arrow": content(FRAME.write_ipc),
}


@pytest.mark.parametrize(("name", "body"), FORMATS.items(), ids=FORMATS)
def test_a_file_of_any_format_is_fetched_once_and_read_as_often_as_needed(web, left, name, body):
    web.files[name] = body
    web.asked.clear()
    table = pynomaly.read(web.uri(name))
    assert table.name == web.uri(name)
    assert table.size == len(body)
    for _ in range(2):
        assert table.collect().equals(FRAME)
    assert web.asked == [f"/{name}"]
    assert len(left()) == 1
    del table
    assert left() == []


def test_options_are_those_of_the_format(web):
    web.files["data.csv"] = b"1~2\n3~4\n"
    table = pynomaly.read(web.uri("data.csv"), delimiter="~", header=False)
    assert table.collect().rows() == [(1, 2), (3, 4)]
    with pytest.raises(InvalidParams, match=r"core\.csv: colour: unknown"):
        pynomaly.read(web.uri("data.csv"), colour="red")


def test_a_name_without_a_format_is_refused_before_it_is_fetched(web, run):
    web.files["export"] = CSV
    web.asked.clear()
    code, _, err = run("inspect", web.uri("export?id=3"))
    assert code == 2
    assert "its name tells no known format" in err
    assert web.asked == []
    code, out, _ = run("inspect", web.uri("export?id=3"), "-r", "format=csv")
    assert code == 0
    assert out.startswith(f"{web.uri('export?…')}: 3,000 rows")
    assert web.asked == ["/export?id=3"]


def test_a_file_that_has_moved_is_found(web):
    web.files["data.csv"] = CSV
    assert pynomaly.read(web.uri("moved/data.csv")).collect().height == 3000


TROUBLES = {
    "absent.csv": "no such file",
    "403/data.csv": "cannot be fetched: the server says 403 Forbidden",
    "500/data.csv": "cannot be fetched: the server says 500",
    "cut/data.csv": "cannot be fetched: Response payload is not completed",
    "chunks/data.csv": "cannot be fetched: Response payload is not completed",
}


@pytest.mark.parametrize(("path", "says"), TROUBLES.items(), ids=TROUBLES)
def test_what_cannot_be_fetched_whole_is_one_clear_error(web, left, run, path, says):
    web.files["data.csv"] = CSV * 50
    code, out, err = run("detect", web.uri(path), "-o", "out.csv")
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {web.uri(path)}: {says}")
    assert len(err.splitlines()) == 1
    assert not Path("out.csv").exists()
    assert left() == []


def test_a_server_that_falls_silent_is_given_up(web, left, monkeypatch):
    monkeypatch.setattr(loading, "_SILENT_SECONDS", 1)
    web.files["data.csv"] = CSV
    for trouble in ("silent", "slow"):
        with pytest.raises(DataError, match="cannot be fetched: the server does not answer"):
            pynomaly.read(web.uri(f"{trouble}/data.csv"))
    assert left() == []


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        (lambda web: f"http://127.0.0.1:{closed_port()}/data.csv", "Connect"),
        (lambda web: "https://nobody.invalid/data.csv", "Cannot connect to host nobody.invalid"),
        (lambda web: web.uri("data.csv").replace("http:", "https:"), "SSL"),
        (lambda web: "http:///data.csv", "InvalidUrl"),
        (lambda web: "fsspec:nosuch://host/data.csv", "Protocol not known: nosuch"),
        (lambda web: f"zip://a.csv::{web.uri('absent.zip')}", "no such file"),
    ],
)
def test_no_route_is_one_clear_error(web, run, left, uri, says):
    code, _, err = run("inspect", uri(web))
    assert code == 2
    assert says in err
    assert len(err.splitlines()) == 1
    assert left() == []


def test_a_password_is_used_and_never_shown(web, run):
    web.files["data.csv"] = CSV
    for secret, expected in ((quote(PASSWORD, safe=""), 0), ("wr0ng", 2)):
        uri = f"http://ann:{secret}@{web.address}/auth/data.csv?token=t0ken"
        code, out, err = run("inspect", uri)
        assert code == expected, err
        assert f"http://ann:***@{web.address}/auth/data.csv?…: " in out + err
        for word in (secret, PASSWORD, "t0ken"):
            assert word not in out + err


def test_a_signed_address_is_not_kept_in_a_model(web, run):
    web.files["data.csv"] = CSV
    uri = web.uri("data.csv?X-Amz-Signature=abc&t=def")
    assert run("fit", uri, "--columns", "a,b", "-o", "m.pynomaly")[0] == 0
    source = pynomaly.load_model("m.pynomaly").fitted.lineage["source"]
    assert source == web.uri("data.csv?…")


def test_every_command_reads_it(web, run):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(rng.standard_normal((600, 2)), schema=["a", "b"])
    web.files["data.parquet"] = content(frame.write_parquet)
    uri = web.uri("data.parquet")
    assert run("detect", uri, "--reference", uri, "-o", "out.parquet")[0] == 0
    assert pl.read_parquet("out.parquet").select("a", "b").equals(frame)
    assert run("fit", uri, "-o", "m.pynomaly")[0] == 0
    assert run("score", "m.pynomaly", uri, "-o", "scored.csv")[0] == 0
    assert pynomaly.detect(uri, top=2).is_anomaly.sum() == 2


def test_a_folder_and_a_pattern_are_several_files(memory, left):
    parts = {f"logs__deep__{i}.parquet": content(FRAME[i * 1000 :][:1000].write_parquet)
             for i in range(3)}  # fmt: skip
    memory(**parts, **{"logs__README.md": b"x", "logs___SUCCESS": b"", "logs__.0.parquet": b"x"})
    for uri in (
        "memory://logs",
        "memory://logs/",
        "memory://logs/deep/*.parquet",
        "fsspec:memory://logs",
    ):
        assert pynomaly.read(uri).collect().equals(FRAME)
    assert pynomaly.read("memory://logs/deep/1.parquet").collect()["a"][0] == 1000
    assert left() == []


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("memory://absent.csv", "no such file"),
        ("memory://logs/*.csv", "there is no file"),
        ("memory://texts", "is a folder; name a file in it"),
    ],
)
def test_what_is_not_there_or_not_one_file_is_named(memory, uri, says):
    memory(**{"logs__a": b"x", "texts__1.csv": CSV, "texts__2.csv": CSV})
    with pytest.raises(DataError) as caught:
        pynomaly.read(uri).collect()
    assert str(caught.value) == f"{uri}: {says}"


class Store(MemoryFileSystem):
    """The same memory by another name."""

    @classmethod
    def _strip_protocol(cls, path):
        return MemoryFileSystem._strip_protocol(path.replace(f"{cls.protocol}:", "memory:"))


class Short(Store):
    """A store that gives less than it promised."""

    protocol = "short"

    def info(self, path, **options):
        found = super().info(path, **options)
        return {**found, "size": found["size"] + 100} if found["type"] == "file" else found


class Locked(Store):
    """A store that lists what it does not let read."""

    protocol = "locked"

    def _open(self, path, *args, **options):
        raise PermissionError(f"password=s3cr3t does not open {path}")


@pytest.mark.parametrize(
    ("cls", "says"),
    [
        (Short, f"ended after {len(CSV):,} of {len(CSV) + 100:,} bytes: try again"),
        (Locked, "may not be read"),
    ],
)
def test_a_store_that_does_not_keep_its_word_is_found_out(memory, left, cls, says):
    memory(**{"data.csv": CSV})
    fsspec.register_implementation(cls.protocol, cls, clobber=True)
    with pytest.raises(DataError, match=says) as caught:
        pynomaly.read(f"fsspec:{cls.protocol}://data.csv")
    assert "s3cr3t" not in str(caught.value)
    assert left() == []


@pytest.mark.skipif(find_spec("s3fs") is not None, reason="s3fs is installed")
def test_a_missing_driver_gives_the_command_that_installs_it(run):
    code, _, err = run("detect", "s3://bucket/data.parquet")
    assert code == 2
    assert "fsspec.s3 needs s3fs" in err
    assert "run `pip install 'pynomaly-fsspec[s3]'`" in err


@pytest.mark.skipif(find_spec("gdrive_fsspec") is not None, reason="gdrive_fsspec is installed")
def test_a_driver_that_fsspec_misses_is_named():
    with pytest.raises(MissingRequirement, match="pip install gdrive_fsspec"):
        pynomaly.read("fsspec:gdrive://folder/data.csv")


def test_no_space_for_temporary_files_says_what_to_do():
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(DataError, match="name a larger folder in TMPDIR"), loading._asking("x"):
        raise full


def test_an_interrupt_while_fetching_leaves_nothing(web, left, folder):
    web.files["data.csv"] = CSV
    web.waiting.clear()
    command = [sys.executable, "-c", "from pynomaly.cli import main; main()", "detect"]
    begun = subprocess.Popen(
        [*command, web.uri("slow/data.csv"), "-o", "out.csv"],
        env={**os.environ, "TMPDIR": str(folder / "temp")},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert web.waiting.wait(120)
    assert left() != []
    begun.send_signal(signal.SIGINT)
    message = begun.communicate(timeout=60)[1]
    assert begun.returncode == 130, message
    assert "Traceback" not in message
    assert left() == []
    assert not Path("out.csv").exists()
