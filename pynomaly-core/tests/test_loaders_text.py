# ruff: noqa: DTZ001 - times without a zone are read as such
"""Text tables: how they are written is found or given, and what is wrong with them is said."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import re

import polars as pl
import pytest

import pynomaly
from pynomaly.domain.datasets import MixedColumn
from pynomaly.domain.errors import DataError, InvalidParams, UsageError
from pynomaly.infrastructure.loaders import blocks, csv
from pynomaly.infrastructure.loaders.dialect import TextOptions

MANY = "".join(f"{i},{i}.5,x\n" for i in range(12_000))


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a text table with this content."""
    monkeypatch.chdir(tmp_path)

    def load(content, written_in="utf-8", *, name="in.csv", **options):
        data = content if isinstance(content, bytes) else content.encode(written_in)
        (tmp_path / name).write_bytes(data)
        return csv.load(name, TextOptions(**options))

    return load


@pytest.fixture
def fault(load):
    """Load what cannot be read whole: the message."""

    def fault(content, written_in="utf-8", **options):
        with pytest.raises(DataError) as caught:
            load(content, written_in, **options).collect()
        message = str(caught.value)
        assert message.startswith("in.csv: ")
        assert "\n" not in message
        return message.removeprefix("in.csv: ")

    return fault


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(load, delimiter):
    text = 'a,b,c\n1,x,2.5\n2,"y,z",3.5\n'
    table = load(text.replace(",", delimiter))
    assert table.collect().rows() == [(1, "x", 2.5), (2, f"y{delimiter}z", 3.5)]


def test_a_delimiter_can_be_given(load):
    assert load("a~b\n1~2\n", delimiter="~").collect().rows() == [(1, 2)]
    assert load("a\tb\n1\t2\n", delimiter="\\t").collect().rows() == [(1, 2)]
    assert load("a;b\n1;2\n", delimiter=",").schema == {"a;b": pl.String}


def test_quotes_that_close_before_a_field_ends_are_characters(load):
    text = 'a\tb\nx\t"Wow" she said\ny\tno "quotes"\n'
    assert load(text, name="in.tsv").collect()["b"].to_list() == ['"Wow" she said', 'no "quotes"']


def test_a_word_that_stands_again_and_again_is_no_header(load):
    table = load("ham\tHello\nham\tBye\nspam\tWin\nham\tSo\n", name="in.tsv")
    assert table.collect().columns == ["column_1", "column_2"]
    assert table.collect().height == 4


def test_sentences_are_one_column(load):
    table = load("text\nhello, world\nfoo\nbar, baz, qux\n")
    assert table.collect()["text"].to_list() == ["hello, world", "foo", "bar, baz, qux"]


def test_a_decimal_comma_is_found_or_given(load):
    found = load("a;b;c\n1,5;2;x\n-3,25;;y\n")
    assert found.collect().rows() == [(1.5, 2, "x"), (-3.25, None, "y")]
    without_header = load("1,5;2,5\n3,1;4,7\n")
    assert without_header.collect().rows() == [(1.5, 2.5), (3.1, 4.7)]
    assert load("a;b\n1,5;2\n", decimal=".").collect().rows() == [("1,5", 2)]
    assert load("a;b\n7,5 ;2\n", decimal=",").collect().rows() == [(7.5, 2)]


def test_thousands_may_be_grouped(load):
    german = load("a;b\n1.234,5;1.000\n7,25;2\n")
    assert german.collect().rows() == [(1234.5, 1000.0), (7.25, 2.0)]
    english = load('a,b\n"1,234.5",x\n7.25,y\n')
    assert english.collect().rows() == [(1234.5, "x"), (7.25, "y")]
    assert load("a;b\n1,5;1.2.3\n7,25;2\n").schema["b"] == pl.String


def test_a_header_is_found_or_given(load):
    assert list(load("1,2,x\n3,4,y\n").schema) == ["column_1", "column_2", "column_3"]
    assert list(load("2024-01-01,x\n2024-01-02,y\n").schema) == ["column_1", "column_2"]
    assert list(load("x,y\nu,v\n").schema) == ["x", "y"]
    assert load("x,y\nu,v\n", header=False).collect().rows() == [("x", "y"), ("u", "v")]
    assert list(load("1,2\n3,4\n", header=True).schema) == ["1", "2"]


def test_the_columns_that_pandas_counts_are_a_header(load):
    assert list(load("0,1,2,y\n0.5,1.5,2.5,a\n").schema) == ["0", "1", "2", "y"]


def test_a_column_without_a_name_gets_one(load):
    assert list(load(",a,\n0,1,2\n").schema) == ["column_1", "a", "column_3"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_end_of_line_will_do(load, newline):
    table = load("a,b\n1,x\n2,y\n".replace("\n", newline))
    assert table.collect().rows() == [(1, "x"), (2, "y")]


def test_quotes_hold_delimiters_ends_of_line_and_quotes(load):
    table = load('"a\nb",c\n1,"x,\n""y"""\n2,\n')
    assert table.collect().rows() == [(1, 'x,\n"y"'), (2, None)]
    assert list(table.schema) == ["a\nb", "c"]


def test_other_quotes_are_found_or_given(load):
    assert load("a,b\n1,'x,y'\n2,'z'\n").collect().rows() == [(1, "x,y"), (2, "z")]
    assert load('a,b\n1,5" pipe\n2,6\n', quote="").collect().rows() == [(1, '5" pipe'), (2, "6")]


def test_a_quote_inside_a_value_is_explained(fault):
    assert "give the option quote=" in fault('a,b\n1,5" pipe\n2,6\n')
    assert "give the option quote=" in fault('a,b\n1,"x\n2,y\n3,z\n')


def test_blank_lines_are_no_rows(load):
    assert load("\n\na,b\n1,2\n\n\r\n3,4\n\n").collect().rows() == [(1, 2), (3, 4)]
    quoted = load('a,b\n1,"x\n\ny"\n\n3,z\n\n')
    assert quoted.collect().rows() == [(1, "x\n\ny"), (3, "z")]


def test_in_a_single_column_a_blank_line_is_a_missing_value(load):
    assert load("a\n1\n\n3\n").collect()["a"].to_list() == [1, None, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_the_encoding_is_found(load, encoding):
    text = "stadt,wert\n" + "Köln,1\nZürich,2\nSão Paulo,3\n" * 30
    table = load(text, encoding)
    assert list(table.schema) == ["stadt", "wert"]
    assert table.collect()["stadt"].unique().sort().to_list() == ["Köln", "São Paulo", "Zürich"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "latin-1", "cp1251", "shift-jis"])
def test_an_encoding_can_be_given(load, encoding):
    word = {"cp1251": "Москва", "shift-jis": "東京"}.get(encoding, "Köln")
    table = load(f"a,b\n{word},1\n", encoding, encoding=encoding)
    assert table.collect().rows() == [(word, 1)]


def test_a_wrong_encoding_is_explained(fault, load):
    assert "option encoding" in fault("a\nKöln\n", "cp1252", encoding="utf-8")
    assert "option encoding" in fault("a,b\nx,1\n", encoding="utf-16")
    late = "a,b\n" + "x,1\n" * 2_200_000 + "Köln,1\n"
    assert "row 2,200,001 is not encoded in UTF-8" in fault(late, "cp1252")
    with pytest.raises(UsageError, match="no encoding is called 'klingon'"):
        load("a\n1\n", encoding="klingon")


def test_compressed_files_are_read_whatever_they_are_called(load, tmp_path):
    text = "a,b\n" + MANY.replace(",x", "")
    assert load(gzip.compress(text.encode()), name="in.csv").collect().height == 12_000
    two_parts = gzip.compress(text.encode()) + gzip.compress(b"5,6\n")
    assert load(two_parts, name="in.csv.gz").collect().rows()[-1] == (5, 6.0)
    frame = load(text).collect()
    frame.write_csv(tmp_path / "in.csv.zst", compression="zstd")
    assert csv.load("in.csv.zst", TextOptions()).collect().equals(frame)


def test_a_compressed_file_in_another_encoding(load):
    data = gzip.compress(("a,b\n" + "Köln,1\n" * 50).encode("cp1252"))
    assert load(data, name="in.csv.gz").collect()["a"].unique().to_list() == ["Köln"]


def test_a_damaged_archive_is_named(fault):
    data = gzip.compress(os.urandom(5000).hex().encode())
    assert "archive is damaged or cut short" in fault(data[:-50])
    assert fault(b"\x28\xb5\x2f\xfd" + bytes(range(100)))


def test_types_are_inferred(load):
    table = load(
        "i,f,s,t,d,w,z,c,big,p\n"
        "+1,.5,x,true,2024-02-29,2024-01-01T10:00:00,2024-01-01T10:00:00Z,007,"
        "12345678901234567890, 3 \n"
        "-2,1e3,y,False,1970-01-01,2024-01-01T10:00:00.5,2024-01-01T10:00:00+01:00,123,1,4 \n"
    )
    utc = dt.UTC
    assert table.collect().rows() == [
        (1, 0.5, "x", True, dt.date(2024, 2, 29), dt.datetime(2024, 1, 1, 10),
         dt.datetime(2024, 1, 1, 10, tzinfo=utc), "007", "12345678901234567890", 3),
        (-2, 1000.0, "y", False, dt.date(1970, 1, 1), dt.datetime(2024, 1, 1, 10, 0, 0, 500_000),
         dt.datetime(2024, 1, 1, 9, tzinfo=utc), "123", "1", 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31.12.2024", dt.date(2024, 12, 31)),
        ("12/31/2024", dt.date(2024, 12, 31)),
        ("31/12/2024", dt.date(2024, 12, 31)),
        ("2024/12/31", dt.date(2024, 12, 31)),
        ("31-12-2024", dt.date(2024, 12, 31)),
        ("31.12.2024 23:59", dt.datetime(2024, 12, 31, 23, 59)),
        ("2024-12-31 23:59:58", dt.datetime(2024, 12, 31, 23, 59, 58)),
        ("12/31/2024 11:59 PM", dt.datetime(2024, 12, 31, 23, 59)),
        ("12/31/2024 12:05:09 AM", dt.datetime(2024, 12, 31, 0, 5, 9)),
        ("2024-12-31T23:59+01:00", dt.datetime(2024, 12, 31, 22, 59, tzinfo=dt.UTC)),
        ("2024-12-31 23:59Z", dt.datetime(2024, 12, 31, 23, 59, tzinfo=dt.UTC)),
    ],
)
def test_common_formats_of_dates_are_read(load, text, day):
    assert load(f"when,x\n{text},1\n").collect()["when"].to_list() == [day]


@pytest.mark.parametrize(
    ("options", "day"),
    [
        ({}, dt.date(2024, 3, 4)),
        ({"day_first": True}, dt.date(2024, 4, 3)),
        ({"day_first": False}, dt.date(2024, 3, 4)),
    ],
)
def test_the_order_of_day_and_month_can_be_told_and_a_guess_is_noted(load, options, day):
    table = load("when,x\n,0\n03/04/2024,1\n05/06/2024,2\n", **options)
    assert table.collect()["when"][1] == day
    assert [("'when'" in note and "day_first" in note) for note in table.notes] == (
        [] if options else [True]
    )


def test_the_order_of_day_and_month_is_no_guess_where_a_day_beyond_the_12th_tells_it(load):
    assert load("when,x\n03/04/2024,1\n03/14/2024,2\n").notes == ()
    table = load("when,x\n03/04/2024,1\n14/03/2024,2\n")
    assert (table.collect()["when"][0], table.notes) == (dt.date(2024, 4, 3), ())


def test_spellings_of_a_missing_value(load):
    spelt = ["NA", "N/A", "NaN", "nan", "null", "None", "?", ""]
    table = load("a,b\n" + "".join(f"{word},x\n" for word in spelt) + "1,y\n")
    assert table.collect()["a"].to_list() == [None] * 8 + [1]


def test_infinite_numbers_are_numbers(load):
    assert load("a,b\ninf,1\n-inf,2\n1.5,3\n").collect()["a"].to_list() == [
        float("inf"), float("-inf"), 1.5,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("last", "types"),
    [
        ("oops,1.5,x", {"a": pl.String, "b": pl.Float64, "c": pl.String}),
        ("1.5,1.5,x", {"a": pl.Float64, "b": pl.Float64, "c": pl.String}),
        ("1e20,1.5,x", {"a": pl.Float64, "b": pl.Float64, "c": pl.String}),
        ("1.5,zz,x", {"a": pl.Float64, "b": pl.String, "c": pl.String}),
    ],
)
def test_a_value_that_the_first_rows_did_not_announce_is_read_as_what_it_is(load, last, types):
    table = load(f"a,b,c\n{MANY}{last}\n")
    with pytest.raises(MixedColumn) as caught:
        list(table.batches(100))
    assert set(caught.value.columns) == {n for n in types if types[n] != table.schema[n]}
    frame = table.collect()
    assert frame.schema == types
    assert frame.height == 12_001
    assert ",".join(map(str, frame.row(-1))).startswith(last[:2])


def test_a_date_that_is_none_turns_its_column_into_text(load):
    table = load("d,x\n" + "2024-01-01,1\n" * 12_000 + "soon,2\n")
    assert table.schema["d"] == pl.Date
    assert table.collect()["d"][-1] == "soon"
    assert table.collect(["x"])["x"][-1] == 2


def test_a_column_can_be_read_as_another_type(load):
    table = load("a,b\n1,x\n 2 ,y\n")
    assert table.as_text(["a"]).collect()["a"].to_list() == ["1", " 2 "]
    assert table.with_types({"a": pl.Float64()}).collect()["a"].to_list() == [1.0, 2.0]


def test_a_row_of_another_width_is_named(fault):
    assert "row 2 has 2 fields, but the first has 3" in fault("a,b,c\n1,2,3\n1,2\n")
    assert "row 2 has 4 fields" in fault("a,b,c\n1,2,3\n1,2,3,4\n")
    assert "row 2 has 2 fields" in fault('a,b,c\n1,"x,y",3\n1,"a,b,c"\n')
    late = "a,b,c\n" + MANY * 30
    assert "row 360,001 has 1 field," in fault(late + "1\n")
    assert "row 360,001 has 4 fields" in fault(late + "1,2,3,4\n")


def test_what_is_no_table_is_explained(fault):
    assert "empty" in fault("")
    assert "empty" in fault("\n \n")
    assert "no rows" in fault("a,b\n")
    assert "no rows" in fault("a,b")
    assert "several columns are called 'a'" in fault("a,b,a\n1,2,3\n")
    assert "Parquet" in fault(b"PAR1\x00\x01")
    assert "ZIP" in fault(b"PK\x03\x04\x00\x00")
    assert "zero bytes" in fault(b"a,b\n\x00\x00,1\n")
    wide = ",".join(f"c{i}" for i in range(20_000)) + "\n"
    assert "20,000 columns" in fault(wide)
    assert "20,000 columns" in fault(wide.replace(",", "~"), delimiter="~")


def test_a_line_without_an_end_is_no_line(fault, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(blocks, "RECORD_BYTES", 5000)
    for module in (blocks, csv):
        monkeypatch.setattr(module, "HEAD_BYTES", 500)
    text = "a,b\n1,2\n" + '1,"' + "x\n" * 9000
    assert "has no counterpart" in fault(text)


@pytest.mark.parametrize("size", [7, 64, 1000])
def test_blocks_may_end_anywhere(load, monkeypatch, size):
    monkeypatch.setattr(blocks, "BLOCK_BYTES", size)
    for module in (blocks, csv):
        monkeypatch.setattr(module, "HEAD_BYTES", 300)
    rows = [(i, f'x"{i}",\n\ny' if i % 3 else "ü", i / 4) for i in range(200)]
    whole = pl.DataFrame(rows, schema=["a", "b", "c"], orient="row")
    for encoding in ("utf-8", "utf-16"):
        table = load(whole.write_csv(), encoding)
        assert table.collect().equals(whole)
        assert table.collect(["c", "a"]).equals(whole.select("c", "a"))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"delimiter": ",,"}, "delimiter ',,' is not one ASCII character"),
        ({"quote": "ab"}, "quote 'ab' is not one ASCII character"),
        ({"decimal": "x"}, "'x' is not '.' or ',' or null"),
        ({"header": "maybe"}, "'maybe' is not true or false or null"),
        ({"decimal": ",", "delimiter": ","}, "cannot both be ','"),
        ({"colour": "red"}, "colour: unknown; it takes delimiter, quote, encoding"),
    ],
)
def test_options_that_make_no_sense_are_refused(load, options, says):
    load("a,b\n1,2\n")
    with pytest.raises(InvalidParams, match=re.escape(says)) as caught:
        pynomaly.read("in.csv", **options)
    assert "pynomaly loaders show core.csv" in str(caught.value)
