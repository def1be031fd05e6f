"""Requests that are odd, contradict themselves or cannot be kept: said at once, and clearly."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.cli import main
from pynomaly.domain.errors import ContractViolation, DataError, UsageError

rng = np.random.default_rng(0)
rows = 120
frame = pl.DataFrame(
    {
        "x": rng.normal(size=rows),
        "y": rng.normal(size=rows),
        "word": [f"w{i % 3}" for i in range(rows)],
        "truth": [1] * rows,
    }
)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command beside `data.csv`; its exit code, what it printed, and what it said."""
    monkeypatch.chdir(tmp_path)
    frame.write_csv("data.csv")

    def run(*args):
        with pytest.raises(SystemExit) as ended:
            main(list(args))
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture
def refused(run, tmp_path):
    """Run a command that must be refused and leave nothing behind: the message."""

    def refused(*args):
        before = sorted(tmp_path.rglob("*"))
        code, _, message = run(*args)
        assert code == 2, message
        assert sorted(tmp_path.rglob("*")) == before
        return message

    return refused


@pytest.fixture
def no_fit(monkeypatch):
    """Any fit fails the test."""

    def fail(*_):
        raise AssertionError("the request was refused only after a fit")

    monkeypatch.setattr("pynomaly.application.fit_table.fit_guarded", fail)
    monkeypatch.setattr("pynomaly.application.fit_table.fit_score_guarded", fail)


def test_a_column_may_be_called_row(run):
    frame.rename({"x": "row"}).with_columns(pl.lit(1.5).alias("#row")).write_csv("data.csv")
    code, out, err = run("detect", "data.csv", "--top", "1")
    assert code == 0, err
    header = out.splitlines()[1].split()
    assert header[0] == "##row"
    assert "row" in header


def test_names_with_line_breaks_and_without_letters_keep_an_inspection_in_line(run):
    frame.rename({"x": "two\nlines", "y": " "}).write_parquet("data.parquet")
    code, out, _ = run("inspect", "data.parquet")
    assert code == 0
    assert out.splitlines()[2].startswith("two lines  ")
    assert out.splitlines()[3].startswith("' '  ")


def test_explanations_are_refused_before_the_fit_if_the_detector_has_none(refused, no_fit):
    message = refused("detect", "data.csv", "-d", "sklearn.lof", "--explain", "-o", "out.csv")
    assert "sklearn.lof cannot explain its scores" in message
    assert "--can explains" in message


def test_explanations_are_refused_even_if_nothing_alarms():
    result = pynomaly.detect(frame[:20], "sklearn.lof")
    assert not result.alarms
    with pytest.raises(DataError, match="cannot explain"):
        result.explain()
    with pytest.raises(UsageError, match="at least 1, not 0"):
        result.explain(n=0)


def test_a_model_of_a_detector_that_cannot_be_saved_is_refused_before_the_fit(refused, no_fit):
    message = refused("fit", "data.csv", "-d", "pyod.lmdd", "-o", "m.pynomaly")
    assert "pyod.lmdd cannot be saved" in message


def test_a_model_that_cannot_be_written_is_refused_before_the_fit(refused, no_fit):
    if not Path("/proc").is_dir():
        pytest.skip("no folder here that even root cannot write")
    assert "/proc is not writable" in refused("fit", "data.csv", "-o", "/proc/m.pynomaly")


def test_a_reference_of_nothing_but_anomalies(refused):
    message = refused(
        "detect", "data.csv", "--reference", "data.csv", "--label", "truth", "-o", "out.csv"
    )
    assert "every row is labelled as an anomaly in 'truth'" in message


def test_one_file_cannot_be_two_outputs_however_it_is_written(refused):
    assert "given twice" in refused("detect", "data.csv", "-o", "out.csv", "-o", "./out.csv")


def test_source_and_reference_cannot_both_be_standard_input(refused):
    assert "both standard input" in refused("detect", "-", "--reference", "-")


def test_model_and_source_in_the_wrong_order_get_a_hint(run, refused):
    assert run("fit", "data.csv", "-o", "m.pynomaly", "--exclude", "truth")[0] == 0
    assert "`pynomaly score m.pynomaly data.csv`" in refused("score", "data.csv", "m.pynomaly")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--time", "word"], "row 1 has 'w0', which is no time, in the column 'word'"),
        (["--text", "x"], "--text names 'x', which holds no text but Float64 values"),
        (["--label", "word"], "it also holds 'w0'"),
        (["--columns", "x", "--exclude", "x"], "in --columns and in --exclude"),
        (["--time", "word", "--text", "word"], "as --time and as --text"),
        (["--label", "truth", "--time", "truth"], "as --label and as --time"),
        (["--exclude", "x,y,word,truth"], "'x': given in --exclude"),
        (["--seed", "-1"], "seed must be a whole number from 0 to 4294967295, not -1"),
        (["--fdr", "1", "--reference", "data.csv"], "fdr must lie between 0 and 1, not 1.0"),
    ],
)
def test_a_request_that_makes_no_sense_names_the_option_or_the_column(refused, given, says):
    assert says in refused("detect", "data.csv", *given, "-o", "out.csv")


@pytest.mark.parametrize(
    "request_", [{"top": 2.5}, {"top": "3"}, {"alpha": "0.1"}, {"fdr": None, "alpha": np.nan}]
)
def test_a_decision_of_another_type_is_refused(request_):
    with pytest.raises(UsageError, match="must"):
        pynomaly.detect(frame, **request_)


def test_a_column_named_by_a_number_is_refused_by_name():
    with pytest.raises(DataError, match="--id names 0, which is not a column"):
        pynomaly.detect(frame, id=0)


def test_too_few_rows_to_alarm_are_told_the_way_out_that_exists_without_a_reference():
    (warning,) = pynomaly.detect(frame[:30]).warnings
    assert "ask for the top rows" in warning
    assert "reference" not in warning


def test_an_array_of_objects_is_held_against_the_contract():
    model = pynomaly.fit(frame.select("x", "y").to_numpy())
    mixed = np.array([[1.0, 2], [3, "a"]], dtype=object)
    with pytest.raises(ContractViolation, match=r"'column_2'.*first in row 2"):
        model.score(mixed)
    assert len(model.score(mixed[:1])) == 1
    with pytest.raises(DataError, match=r"shape \(1, 2, 2\)"):
        model.score(np.ones((1, 2, 2)))


def test_pandas_gets_the_time_zone():
    moments = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=i * i) for i in range(rows)]
    when = pl.Series("when", moments).dt.convert_time_zone("Europe/Berlin")
    found = pynomaly.detect(frame.with_columns(when)).to_pandas()
    assert str(found["when"].dt.tz) == "Europe/Berlin"
    assert found["when"].tolist() == when.to_list()


def test_a_full_standard_output_is_no_fault_of_ours(run_pynomaly, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("no device here that is always full")
    frame.write_csv(tmp_path / "data.csv")
    code = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1)"
    (tmp_path / "sitecustomize.py").write_text(code)
    done = run_pynomaly("detect", "data.csv", "-o", "-")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "Error: standard output: No space left on device"


def test_a_misspelt_variable_is_named(run, monkeypatch):
    monkeypatch.setenv("PYNOMALY_ALHPA", "0.1")
    code, _, err = run("detect", "data.csv")
    assert code == 0
    assert "PYNOMALY_ALHPA is no setting and has no effect: did you mean PYNOMALY_ALPHA?" in err


@pytest.mark.parametrize("value", ["ALPHA=7", "SEED=-1", "FIT_SECONDS=-3", "IN_MEMORY_MIB=-1"])
def test_a_setting_out_of_its_bounds_is_refused_in_one_line(refused, monkeypatch, value):
    name, _, number = value.partition("=")
    monkeypatch.setenv(f"PYNOMALY_{name}", number)
    message = refused("detect", "data.csv")
    assert len(message.splitlines()) == 1
    assert name.lower() in message
    assert number in message


def test_what_no_fit_uses_may_stand_in_the_source_alone(run):
    frame.select("x", "y").write_csv("reference.csv")
    roles = ["--label", "truth", "--id", "word", "--alpha", "0.1"]
    code, out, err = run("detect", "data.csv", "--reference", "reference.csv", *roles)
    assert code == 0, err
    assert out.splitlines()[1].split()[1] == "word"
    assert "against labels" in out
    code, _, err = run("detect", "data.csv", "--reference", "reference.csv", "--label", "truht")
    assert code == 2
    assert "--label names 'truht'" in err


def test_a_column_with_a_comma_in_its_name_can_be_chosen(run):
    frame.rename({"x": "a,b"}).write_csv("data.csv")
    code, _, err = run("detect", "data.csv", "--columns", '"a,b", y', "--json")
    assert code == 0, err
    code, _, err = run("detect", "data.csv", "--exclude", 'y,"a,b",word,truth')
    assert code == 2
    assert "'a,b': given in --exclude" in err


def test_a_parameter_that_is_given_twice_is_refused(refused):
    assert "given twice" in refused(
        "detect", "data.csv", "-p", "max_samples=8", "-p", "max_samples=9"
    )


def test_no_spelling_of_an_input_may_be_an_output(refused, tmp_path):
    (tmp_path / "folder").mkdir()
    frame.write_parquet(tmp_path / "folder" / "part.parquet")
    uri = (tmp_path / "data.csv").as_uri()
    part = str(Path("folder", "part.parquet"))
    for source, output in [
        ("data.csv", uri),
        (uri, "data.csv"),
        ("folder", part),
        (str(Path("folder", "*.parquet")), part),
    ]:
        assert "is the input itself" in refused("detect", source, "-o", output)


def test_no_output_may_become_part_of_a_folder_or_glob_that_is_read(refused, run, tmp_path):
    (tmp_path / "days" / "below").mkdir(parents=True)
    frame.write_parquet(tmp_path / "days" / "monday.parquet")
    (tmp_path / "scored").mkdir()
    deep = str(Path("days", "**", "*.parquet"))
    for source, output in [
        ("days", "days/out.parquet"),
        ("days", "days/below/out.parquet"),
        ("days", str(tmp_path / "days" / "out.parquet")),
        ("days", (tmp_path / "days" / "out.parquet").as_uri()),
        ("days/*.parquet", "days/../days/out.parquet"),
        (str(tmp_path / "days" / "m*y.parquet"), "days/my.parquet"),
        (deep, "days/below/out.parquet"),
    ]:
        assert "the next time: write it elsewhere" in refused("detect", source, "-o", output)
    assert "the next time" in refused("fit", "days", "-o", "days/model.parquet")
    reference = ("detect", "data.csv", "--reference", "days")
    assert "the next time" in refused(*reference, "-o", "days/out.parquet")
    for source, output in [
        ("days", "days/_out.parquet"),
        ("days", "scored/out.parquet"),
        ("days", "days/out.csv"),
        ("days/m*y.parquet", "days/out.parquet"),
        ("data.csv", "out.csv"),
    ]:
        code, _, err = run("detect", source, "-o", output)
        assert code == 0, err


def test_an_empty_argument_is_not_taken_for_none(refused):
    assert "known format" in refused("detect", "data.csv", "--reference", "", "-o", "out.csv")
    assert "no detector is called ''" in refused("detect", "data.csv", "-d", "", "-o", "out.csv")


def test_a_model_is_not_written_to_standard_output(refused):
    assert "a model is one file" in refused("fit", "data.csv", "-o", "-")


def test_a_reference_may_be_read_with_options_of_its_own(run):
    frame.select("x", "y").write_csv("reference.csv", separator=";", include_header=False)
    args = ("detect", "data.csv", "--reference", "reference.csv", "--columns", "x,y")
    code, _, message = run(*args, "-r", "delimiter=,", "--reference-read", "header=false")
    assert code == 2, "its columns have other names"
    assert "column_1" in message
    frame.select("x", "y").write_csv("reference.csv", separator="~")
    code, *_ = run(*args, "-r", "delimiter=,", "--reference-read", "delimiter=~")
    assert code == 0


def test_options_for_a_reference_need_one(refused):
    message = refused("detect", "data.csv", "--reference-read", "header=true")
    assert "give --reference, too" in message


def test_what_was_typed_for_a_loader_is_taken_as_what_it_should_be(refused):
    message = refused("inspect", "data.csv", "-r", "header=maybe", "-r", "colour=red")
    assert "header: 'maybe' is not true or false" in message
    assert "colour: unknown" in message
