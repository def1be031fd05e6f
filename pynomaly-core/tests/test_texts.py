"""Texts: described by counts, from a column or one to a file, however odd they are."""

from __future__ import annotations

import json
import math
import string
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.datasets import BATCH_BYTES, Table
from pynomaly.domain.errors import DataError, InvalidParams
from pynomaly.infrastructure.formats import for_uri
from pynomaly.infrastructure.loaders import texts as loader
from pynomaly.infrastructure.registry import discover

WORDS = ("the", "parcel", "is", "late", "again", "call", "me", "when", "you", "can", "please")
SPAM = "WINNER!!! CALL 0800 123 456 NOW!!! 10000 CASH!!! TEXT 80086!!!"


def usual(count, seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size=rng.integers(4, 15))) + "." for _ in range(count)]


def frame(*more, count=200, seed=0):
    return pl.DataFrame({"text": [*usual(count, seed), *more]}, schema={"text": pl.String})


def write_folder(folder, texts):
    folder.mkdir()
    for i, text in enumerate(texts):
        (folder / f"{i:04}.txt").write_text(text)
    return folder


@pytest.fixture
def detect(run_pynomaly):
    """Run `pynomaly detect` on texts: what ``--json`` prints."""

    def detect(*args):
        done = run_pynomaly("detect", *args, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return detect


@pytest.fixture
def refused(run_pynomaly, tmp_path):
    """Run a command that must be refused: the message."""

    def refused(*args):
        done = run_pynomaly(*args, "-o", "out.csv")
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "out.csv").exists()
        return done.stderr

    return refused


def test_a_text_that_looks_unlike_the_others_comes_first():
    result = pynomaly.detect(frame(SPAM), text="text", top=1)
    assert result.is_anomaly.tolist() == [*[False] * 200, True]


def test_other_columns_are_left_alone_unless_they_are_named():
    both = frame().with_columns(size=pl.Series([*[1.0, 2.0] * 99, 3.0, 9e9]))
    alone = pynomaly.detect(both.select("text"), text="text").scores
    assert np.array_equal(pynomaly.detect(both, text="text").scores, alone)
    named = pynomaly.detect(both, text="text", columns=["size"])
    assert not np.array_equal(named.scores, alone)
    assert named.scores.argmax() == 199


@pytest.mark.parametrize("empty", ["", " \n\t", "\u200b"])
def test_an_empty_document_is_a_document(empty):
    result = pynomaly.detect(frame(empty), text="text")
    assert np.isfinite(result.scores).all()
    assert result.scores[-1] > np.quantile(result.scores, 0.9)


def test_a_missing_text_is_told_from_an_empty_one():
    model = pynomaly.fit(frame(None, None, "", ""), text="text")
    missing, empty = model.score(pl.DataFrame({"text": [None, ""]})).scores
    assert missing != empty
    assert math.isfinite(missing)


def test_an_empty_field_of_a_csv_is_missing_as_in_any_column(tmp_path):
    (tmp_path / "in.csv").write_text("text,n\n" + "".join(f"{t},1\n" for t in [*usual(40), ""]))
    table = pynomaly.detect(str(tmp_path / "in.csv"), text="text").frame
    assert table["text"].null_count() == 1


@pytest.mark.parametrize("texts", [[None] * 30, [None]])
def test_texts_that_are_all_missing_are_refused(refused, tmp_path, texts):
    pl.DataFrame({"text": texts}, schema={"text": pl.String}).write_parquet(tmp_path / "in.parquet")
    message = refused("detect", "in.parquet", "--text", "text")
    assert "no column can be used as a feature ('text': every value is missing)" in message


def test_a_column_that_holds_no_text_is_refused(refused, tmp_path):
    pl.DataFrame({"text": range(30)}).write_parquet(tmp_path / "in.parquet")
    assert "--text names 'text', which holds no text" in refused(
        "detect", "in.parquet", "--text", "text"
    )


def test_a_column_that_is_not_there_is_refused(refused, tmp_path):
    frame().write_csv(tmp_path / "in.csv")
    assert "'txet'" in refused("detect", "in.csv", "--text", "txet")


def test_a_document_of_10_mb_is_scored_like_any_other(detect, tmp_path):
    texts = [*usual(60), "so it goes on. " * 700_000]
    write_folder(tmp_path / "mails", texts)
    pl.DataFrame({"text": texts}).write_ndjson(tmp_path / "mails.jsonl")
    pl.DataFrame({"text": texts}).write_csv(tmp_path / "mails.csv")
    for source in ("mails", "mails.jsonl", "mails.csv"):
        out = f"{source.replace('.', '-')}.parquet"
        summary = detect(source, "--text", "text", "--top", "1", "-o", out)
        assert (summary["kind"], summary["rows"]) == ("text", 61)
        assert pl.read_parquet(tmp_path / out)["is_anomaly"].arg_max() == 60


def test_all_formats_give_the_same_scores(tmp_path):
    texts = [*usual(100), 'so "quoted", and\nwith a second line', SPAM, "naïve café, 日本語"]
    write_folder(tmp_path / "folder", texts)
    table = pl.DataFrame({"text": texts})
    table.write_csv(tmp_path / "t.csv")
    table.write_parquet(tmp_path / "t.parquet")
    table.write_ndjson(tmp_path / "t.jsonl")
    expected = pynomaly.detect(table, text="text").scores
    for name in ("folder", "folder/*.txt", "t.csv", "t.parquet", "t.jsonl"):
        found = pynomaly.detect(str(tmp_path / name), text="text").scores
        assert np.array_equal(found, expected), name


def test_a_text_scores_the_same_alone_and_in_another_process(run_pynomaly, tmp_path):
    model = pynomaly.fit(frame(), text="text")
    model.save(tmp_path / "m.pynomaly")
    fresh = frame(SPAM, "", count=20, seed=1)
    fresh.write_parquet(tmp_path / "in.parquet")
    together = model.score(fresh).scores
    alone = [float(model.score(fresh[i]).scores[0]) for i in range(len(fresh))]
    assert alone == together.tolist()
    done = run_pynomaly("score", "m.pynomaly", "in.parquet", "-o", "out.parquet")
    assert done.returncode == 0, done.stderr
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out["anomaly_score"].to_list() == together.tolist()


def test_an_explanation_says_which_count_drove_the_alarm():
    result = pynomaly.detect(frame(SPAM), text="text", top=1)
    (alarm,) = result.explain(4)
    counts = {found["column"]: found["value"] for found in alarm["explanation"]}
    assert counts == {
        "text:characters": str(len(SPAM)),
        "text:digits": str(sum(map(str.isdigit, SPAM))),
        "text:capitals": str(sum(map(str.isupper, SPAM))),
        "text:punctuation": str(sum(c in string.punctuation for c in SPAM)),
    }
    assert alarm["explanation"][0]["contribution"] > 0


def test_a_text_that_is_missing_is_explained_by_that():
    result = pynomaly.detect(frame(*[None] * 2), text="text", top=1)
    (alarm,) = result.explain(5)
    counts = {found["column"]: found["value"] for found in alarm["explanation"]}
    assert counts["text:missing"] == "1"
    assert counts["text:characters"] is None


def test_alarms_on_fresh_texts_hold_their_rate():
    alarms, rows, alpha = 0, 0, 0.05
    for seed in range(4):
        model = pynomaly.fit(frame(count=1000, seed=2 * seed), text="text")
        found = model.score(frame(count=1000, seed=2 * seed + 1), alpha=alpha)
        alarms, rows = alarms + int(found.is_anomaly.sum()), rows + len(found.scores)
    deviation = math.sqrt(alpha * (1 - alpha) * (1 / rows + 1 / rows))
    assert abs(alarms / rows - alpha) < 3 * deviation


def test_a_folder_is_a_table_of_documents_in_the_order_of_their_names(tmp_path):
    write_folder(tmp_path / "mails", ["first", "second"])
    (tmp_path / "mails" / "deeper").mkdir()
    (tmp_path / "mails" / "deeper" / "note.md").write_text("third")
    (tmp_path / "mails" / ".hidden.txt").write_text("no")
    (tmp_path / "mails" / "photo.jpg").write_bytes(b"\xff\xd8\0")
    table = loader.load(str(tmp_path / "mails"), {})
    found = table.collect()
    assert found["text"].to_list() == ["first", "second", "third"]
    assert found["file"].to_list() == ["0000.txt", "0001.txt", str(Path("deeper", "note.md"))]
    assert (table.rows, table.size) == (3, 16)
    assert table.collect(["file"]).columns == ["file"]


def test_documents_are_texts_that_their_files_name(tmp_path):
    write_folder(tmp_path / "mails", ["a usual mail"] * 60 + ["1" * 999])
    result = pynomaly.detect(tmp_path / "mails", top=1)
    assert result.summary["kind"] == "text"
    assert result.frame.filter("is_anomaly")["file"].to_list() == ["0060.txt"]
    assert "file" not in result.summary["left_out"]


def test_documents_are_a_table_where_columns_are_chosen(tmp_path):
    write_folder(tmp_path / "mails", ["a usual mail"] * 60 + ["1" * 999])
    result = pynomaly.detect(tmp_path / "mails", columns=["text"])
    assert result.summary["kind"] == "tabular"


def test_files_are_found_by_folder_and_glob_and_single_tables_stay_tables(tmp_path):
    registry = discover(only=[])
    write_folder(tmp_path / "mails", ["a"])
    (tmp_path / "one.txt").write_text("a,b\n1,2\n")
    named = {"mails": "core.texts", "mails/*.txt": "core.texts", "one.txt": "core.csv"}
    for name, wanted in named.items():
        assert for_uri(registry, "loaders", str(tmp_path / name)).id == wanted
    assert for_uri(registry, "loaders", (tmp_path / "one.txt").as_uri()).id == "core.csv"
    assert for_uri(registry, "loaders", "absent.txt").id == "core.csv"
    assert for_uri(registry, "loaders", "note.md").id == "core.texts"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", ""),
        (b"caf\xe9 ol\xe9", "caf� ol�"),
        (b"\xef\xbb\xbfhello", "hello"),
        ("naïve".encode("utf-16"), "naïve"),
        ("naïve".encode("utf-16-be"), None),
    ],
)
def test_bytes_become_text_by_a_stated_rule(tmp_path, content, text):
    write_folder(tmp_path / "mails", ["a"])
    (tmp_path / "mails" / "b.txt").write_bytes(content)
    table = loader.load(str(tmp_path / "mails"), {})
    if text is not None:
        assert table.collect()["text"][1] == text
        return
    with pytest.raises(DataError, match=r"b\.txt: holds zero bytes, so it is no text"):
        table.collect()


def test_invalid_utf_8_is_a_text_like_any_other(detect, tmp_path):
    write_folder(tmp_path / "mails", usual(60))
    (tmp_path / "mails" / "odd.txt").write_bytes(b"\x80\x81" * 50)
    summary = detect("mails", "--text", "text", "--top", "1", "-o", "out.csv")
    assert summary["rows"] == 61
    assert pl.read_csv(tmp_path / "out.csv").filter("is_anomaly")["file"].to_list() == ["odd.txt"]
    lines = [*usual(60), "café"]
    (tmp_path / "latin.csv").write_bytes("\n".join(["text", *lines]).encode("latin-1"))
    assert detect("latin.csv", "--text", "text")["rows"] == 61


def test_a_binary_file_among_documents_is_named(refused, tmp_path):
    write_folder(tmp_path / "mails", usual(30))
    (tmp_path / "mails" / "0007.txt").write_bytes(b"PK\x03\x04\0\0")
    message = refused("detect", "mails", "--text", "text")
    assert str(Path("mails", "0007.txt")) in message
    assert "leave it out" in message


def test_a_folder_without_documents_is_refused(refused, tmp_path):
    (tmp_path / "mails").mkdir()
    assert "mails" in refused("detect", "mails", "--text", "text")
    assert "no file matches" in refused("detect", "mails/*.txt", "--text", "text")


def test_documents_have_no_options(tmp_path):
    with pytest.raises(InvalidParams, match="delimiter: unknown"):
        pynomaly.read(write_folder(tmp_path / "mails", ["a"]), delimiter=";")


def test_a_file_of_words_beside_tables_is_no_document(tmp_path):
    for name in ("README.md", "_SUCCESS.txt", ".notes.txt", "notes.txt"):
        (tmp_path / name).write_text("about the data")
        pl.DataFrame({"x": [1, 2]}).write_parquet(tmp_path / "a.parquet")
        assert pynomaly.read(tmp_path).collect().to_dicts() == [{"x": 1}, {"x": 2}]
        (tmp_path / name).unlink()
    write_folder(tmp_path / "more", ["a", "b", "c"])
    assert pynomaly.read(tmp_path).schema.names() == ["file", "text"]


def test_a_document_that_vanishes_while_it_is_read_is_an_error(tmp_path):
    table = loader.load(str(write_folder(tmp_path / "mails", ["a", "b"])), {})
    (tmp_path / "mails" / "0001.txt").unlink()
    with pytest.raises(DataError, match="mails: a file is gone"):
        table.collect()


def test_large_documents_come_few_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(loader, "FRAME_BYTES", 1000)
    texts = ["x" * 600] * 5
    table = loader.load(str(write_folder(tmp_path / "mails", texts)), {})
    assert [each.height for each in table.frames(100, ["text"])] == [2, 2, 1]
    assert [each.height for each in table.batches(4)] == [4, 1]
    monkeypatch.setattr("pynomaly.domain.datasets.BATCH_BYTES", 1500)
    assert [each.height for each in table.batches()] == [2, 2, 1]


def test_batches_of_usual_rows_are_as_high_as_ever():
    rows = pl.DataFrame({"a": np.zeros(100_000)})
    assert [each.height for each in Table.from_frame(rows).batches()] == [65_536, 34_464]
    assert BATCH_BYTES > 65_536 * 20 * 8
