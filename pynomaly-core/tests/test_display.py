"""What a person sees on the terminal."""

import polars as pl
import pytest
from click.testing import CliRunner

from pynomaly.cli import root
from pynomaly.cli.display import format_rows


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"2024-01-{1 + i % 28:02}T0{i % 9}:00:00Z,{i % 7},{i % 5}" for i in range(60)]
    text = "\n".join(["when,a,b", *rows, "2024-01-05T03:00:00Z,900,5"])
    (tmp_path / "data.csv").write_text(text + "\n")

    def run(*args):
        return CliRunner().invoke(root, args)

    return run


def test_a_moment_is_shown_without_the_seconds_and_the_zone_that_say_nothing():
    frame = pl.DataFrame(
        {
            "row": [1, 2],
            "anomaly_score": [0.5, 0.4],
            "p_value": [0.1, 0.2],
            "is_anomaly": [True, False],
            "when": ["2024-01-05 03:00:00+00:00", "2024-01-05 03:00:07"],
        }
    )
    shown = format_rows(frame).splitlines()
    assert shown[1].endswith("2024-01-05 03:00")
    assert shown[2].endswith("2024-01-05 03:00:07")


def test_a_fit_says_how_it_is_calibrated_and_where_the_model_is(run):
    done = run("fit", "data.csv", "-o", "m.pynomaly", "--exclude", "when")
    assert done.exit_code == 0, done.output
    shown = dict(line.split(":", 1) for line in done.stdout.splitlines())
    assert shown["fitted"].strip().endswith("on 61 rows")
    assert "cross-fitted on 61 rows; smallest p_value 0.016" in shown["calibration"]
    assert shown["written to"].strip() == "m.pynomaly"


def test_explain_without_a_number_gives_three_columns_at_the_end_of_the_line(run):
    done = run("detect", "data.csv", "--top", "1", "--explain")
    assert done.exit_code == 0, done.output
    assert "a=900; " in done.stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--explain", "data.csv"], "write --explain=3, or --explain at the end"),
        (["data.csv", "--explain", "0"], "at least 1"),
    ],
)
def test_explain_with_something_else_than_a_number_says_where_it_belongs(run, args, says):
    done = run("detect", *args)
    assert done.exit_code == 2
    assert says in done.output


def test_an_inspection_leaves_out_what_it_has_nothing_to_say_on(run):
    header = run("inspect", "data.csv").stdout.splitlines()[1].split()
    assert {"column", "kind", "low", "high"} <= set(header)
    assert "missing" not in header
