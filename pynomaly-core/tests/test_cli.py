"""The main job from the command line, on real data, end to end."""

import io
import json
from pathlib import Path

import polars as pl
import pytest

from pynomaly.cli import main
from pynomaly.cli.rows import format_rows

examples = Path(__file__).parents[2] / "examples"
added = ["anomaly_score", "p_value", "is_anomaly"]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in a folder of its own: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*args):
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


def flights():
    return pl.read_csv(examples / "flights.csv", try_parse_dates=True)


def test_detect_keeps_rows_and_columns_in_order_and_adds_its_own(run):
    code, out, _ = run("detect", examples / "flights.csv", "-o", "scored.parquet")
    assert code == 0
    scored = pl.read_parquet("scored.parquet")
    assert scored.columns == [*flights().columns, *added]
    assert scored.drop(added).equals(flights())
    assert [str(scored[name].dtype) for name in added] == ["Float64", "Float64", "Boolean"]
    for words in ("highest scores", "alarms:", "decision:", "by rank", "scored.parquet"):
        assert words in out


def test_against_a_reference_the_summary_tells_the_calibration(run):
    source, reference = examples / "flights.csv", examples / "flights-reference.csv"
    code, out, _ = run("detect", source, "--reference", reference, "--json")
    assert code == 0
    summary = json.loads(out)
    names = "detector params seed rows alarms decision calibration metrics warnings outputs seconds"
    assert set(names.split()) <= set(summary)
    assert summary["calibration"]["method"] == "cross-fitted"
    assert summary["calibration"]["smallest_p"] == 1 / 6035
    assert summary["rows"] == 4276


@pytest.mark.parametrize("suffix", ["csv", "tsv", "csv.gz", "parquet", "arrow", "jsonl"])
def test_every_format_holds_the_same_scores(run, suffix):
    run("detect", examples / "flights.csv", "-o", f"scored.{suffix}", "-o", "whole.parquet")
    readers = {
        "tsv": lambda name: pl.read_csv(name, separator="\t"),
        "arrow": pl.read_ipc,
        "parquet": pl.read_parquet,
        "jsonl": pl.read_ndjson,
    }
    read = readers.get(suffix, pl.read_csv)
    again, whole = read(f"scored.{suffix}"), pl.read_parquet("whole.parquet")
    assert again.columns == whole.columns
    assert again["anomaly_score"].to_list() == whole["anomaly_score"].to_list()


def test_fit_and_score_do_what_detect_does_with_a_reference(run):
    source, reference = examples / "flights.csv", examples / "flights-reference.csv"
    assert run("fit", reference, "-o", "model.pynomaly")[0] == 0
    assert run("score", "model.pynomaly", source, "-o", "a.parquet")[0] == 0
    assert run("detect", source, "--reference", reference, "-o", "b.parquet")[0] == 0
    assert pl.read_parquet("a.parquet").equals(pl.read_parquet("b.parquet"))


def test_fit_tells_what_it_did(run):
    code, out, _ = run("fit", examples / "flights.csv", "-o", "model.pynomaly", "--json")
    summary = json.loads(out)
    assert code == 0
    assert summary["outputs"] == ["model.pynomaly"]
    assert summary["calibration"]["rows"] == 4276
    code, out, _ = run("fit", examples / "flights.csv", "-o", "model.pynomaly")
    assert "fitted on 4,276 rows" in out


def test_stdout_gets_one_json_object_per_row_and_nothing_else(run):
    code, out, _ = run(
        "detect", examples / "flights.csv", "-o", "-", "--only-anomalies", "--top", "5"
    )
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert len(rows) == 5
    assert all(row["is_anomaly"] for row in rows)


def test_stdin_is_read_like_a_file(run, monkeypatch):
    text = (examples / "flights.csv").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    run("detect", "-", "-o", "a.parquet")
    run("detect", examples / "flights.csv", "-o", "b.parquet")
    assert pl.read_parquet("a.parquet").equals(pl.read_parquet("b.parquet"))


def test_only_the_alarms_are_written_when_asked(run):
    args = (
        "detect",
        examples / "flights.csv",
        "--top",
        "7",
        "--only-anomalies",
        "-o",
        "alarms.csv",
    )
    assert run(*args)[0] == 0
    assert pl.read_csv("alarms.csv")["is_anomaly"].to_list() == [True] * 7


def test_alarms_end_a_pipeline_with_exit_code_3_when_asked(run):
    source = examples / "flights-reference.csv"
    assert run("detect", source, "--top", "1", "--exit-code")[0] == 3
    assert run("detect", source, "--top", "1")[0] == 0
    quiet = ("detect", source, "--reference", source, "--alpha", "0.0001", "--exit-code")
    assert run(*quiet)[0] == 0


def test_alarms_are_explained_by_columns_of_the_input(run):
    args = (
        "detect",
        examples / "flights.csv",
        "--top",
        "20",
        "--explain",
        "2",
        "-o",
        "out.parquet",
    )
    assert run(*args)[0] == 0
    scored = pl.read_parquet("out.parquet")
    alarms = scored.filter("is_anomaly")["explanation"].to_list()
    assert all(len(explanation) == 2 for explanation in alarms)
    assert {each["column"] for explanation in alarms for each in explanation} <= set(scored.columns)
    assert scored.filter(~pl.col("is_anomaly"))["explanation"].null_count() == scored.height - 20


def test_labels_are_reported_against(run, tmp_path):
    labelled = flights().with_columns(late=(pl.col("dep_delay") > 120).fill_null(value=False))
    labelled.write_csv(tmp_path / "labelled.csv")
    code, out, _ = run("detect", "labelled.csv", "--label", "late", "--exclude", "arr_delay")
    assert code == 0
    assert "against labels:" in out
    code, out, _ = run("detect", "labelled.csv", "--label", "late", "--json")
    metrics = json.loads(out)["metrics"]
    assert metrics["roc_auc"] > 0.5
    assert set(metrics) >= {"average_precision", "precision", "false_alarm_rate"}


def test_the_id_column_stands_beside_the_scores(run):
    _, out, _ = run("detect", examples / "flights.csv", "--id", "tailnum", "--top", "3")
    header = out.splitlines()[1].split()
    assert header[1] == "tailnum"


def test_inspect_tells_kinds_and_what_is_suspicious(run, tmp_path):
    frame = flights().with_columns(
        same=1, empty=pl.lit(None, pl.String), again=pl.col("distance"), row=pl.int_range(pl.len())
    )
    frame.write_csv(tmp_path / "odd.csv")
    code, out, _ = run("inspect", "odd.csv")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert "every value is the same" in lines["same"]
    assert "every value is missing" in lines["empty"]
    assert "same values as 'distance'" in lines["again"]
    assert "identifier" in lines["row"]
    found = json.loads(run("inspect", "odd.csv", "--json")[1])
    assert found["rows"] == 4276
    assert {column["name"]: column["kind"] for column in found["columns"]}["time_hour"] == "date"


def test_a_table_fits_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    scored = {"row": [1], "anomaly_score": [0.5], "p_value": [0.1], "is_anomaly": [True]}
    wide = pl.DataFrame({**scored, **{f"c{i}": ["some text"] for i in range(30)}})
    lines = format_rows(wide).splitlines()
    assert max(map(len, lines)) <= 80
    assert "more columns" in lines[-1]
