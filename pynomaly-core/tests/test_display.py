"""What a person sees on the terminal."""

import polars as pl
import pytest
from click.testing import CliRunner

from pynomaly.cli import root
from pynomaly.cli.rows import format_rows


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"2024-01-{1 + i % 28:02}T0{i % 9}:00:00Z,{i % 7},{i % 5}" for i in range(60)]
    text = "\n".join(["when,a,b", *rows, "2024-01-05T03:00:00Z,900,5"])
    (tmp_path / "data.csv").write_text(text + "\n")

    def run(*args):
        return CliRunner().invoke(root, args)

    return run


def shown_times(times):
    """What stands below the heading of a column of times, and the heading."""
    scored = {"row": [1, 2], "anomaly_score": [0.5, 0.4], "p_value": [0.1, 0.2]}
    frame = pl.DataFrame({**scored, "is_anomaly": [True, False], "when": times})
    heading, *cells = format_rows(frame).splitlines()
    return heading[heading.index("when") :], *(cell[heading.index("when") :] for cell in cells)


def test_a_moment_is_shown_without_the_seconds_that_say_nothing_and_its_zone_once():
    naive = pl.Series(["2024-01-05 03:00:00", "2024-01-05 03:00:07.123456"]).str.to_datetime()
    assert shown_times(naive) == ("when", "2024-01-05 03:00", "2024-01-05 03:00:07.123456")
    assert shown_times(naive.dt.replace_time_zone("UTC")) == (
        *("when (UTC)", "2024-01-05 03:00", "2024-01-05 03:00:07.123456"),
    )
    assert shown_times(naive.dt.replace_time_zone("Asia/Tokyo")) == (
        *("when (+09:00)", "2024-01-05 03:00", "2024-01-05 03:00:07.123456"),
    )
    assert shown_times(["2024-01-05T03:00:00Z", None]) == ("when (UTC)", "2024-01-05 03:00", "")


def test_zones_that_differ_stand_in_the_cells():
    hours = pl.Series(["2024-10-27 00:30:00", "2024-10-27 01:30:00"]).str.to_datetime()
    berlin = hours.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")
    assert shown_times(berlin) == ("when", "2024-10-27 02:30+02:00", "2024-10-27 02:30+01:00")
    mixed = ["2024-01-05 03:00:00+00:00", "2024-01-05 03:00:07"]
    assert shown_times(mixed) == ("when", "2024-01-05 03:00+00:00", "2024-01-05 03:00:07")


def test_times_of_events_are_whole_and_in_their_zone(run, tmp_path):
    values = [90.0 * (step == 100) + step % 3 for step in range(300)]
    seconds = [1_707_000_000.0 + 60 * step for step in range(300)]
    frame = pl.DataFrame({"when": seconds, "value": values})
    args = ("--time", "when", "--window", "3", "--top", "1")
    frame.write_parquet(tmp_path / "epoch.parquet")
    assert run("detect", "epoch.parquet", *args).stdout.splitlines()[2].startswith("17070060")
    moments = pl.from_epoch(pl.col("when").cast(pl.Int64)).dt.replace_time_zone("UTC")
    frame = frame.with_columns(moments)
    frame.write_csv(tmp_path / "utc.csv")
    _, heading, event, *_ = run("detect", "utc.csv", *args).stdout.splitlines()
    assert heading.split()[:6] == ["start", "(UTC)", "end", "(UTC)", "peak", "(UTC)"]
    assert event.startswith("2024-02-04 00:")
    there = frame.with_columns(pl.col("when").dt.convert_time_zone("Europe/Berlin"))
    there.write_parquet(tmp_path / "berlin.parquet")
    _, heading, event, *_ = run("detect", "berlin.parquet", *args).stdout.splitlines()
    assert heading.split()[:2] == ["start", "(+01:00)"]
    assert event.startswith("2024-02-04 01:")


def test_an_inspection_shows_times_whole(run, tmp_path):
    moments = pl.Series(["2024-01-05 03:00:07.123456", "2024-01-06 03:00:07.123456"])
    aware = moments.str.to_datetime().dt.replace_time_zone("UTC")
    pl.DataFrame({"when": aware, "a": [1, 2]}).write_parquet(tmp_path / "in.parquet")
    shown = run("inspect", "in.parquet").stdout
    assert "2024-01-05 03:00:07.123456+00:00  2024-01-06 03:00:07.123456+00:00" in shown


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


def test_the_truth_stands_beside_the_scores_and_a_text_takes_the_place_that_is_left(monkeypatch):
    monkeypatch.setenv("COLUMNS", "90")
    scored = {"row": [1], "anomaly_score": [0.5], "p_value": [0.1], "is_anomaly": [True]}
    other = {"said": ["some words " * 20], "by": ["a"], "odd": [1]}
    shown = format_rows(pl.DataFrame({**other, **scored}).select(*scored, *other)).splitlines()
    assert shown[0].split()[4:] == ["said", "by", "odd"]
    named = pl.DataFrame({**scored, **other})
    shown = format_rows(named, label="odd", text="said").splitlines()
    assert shown[0].split()[4:] == ["odd", "said"]
    assert len(shown[1]) == 90
    assert shown[2] == "(1 more column)"


@pytest.mark.parametrize(
    ("jumps", "options", "title"),
    [
        ([100], (), "1 event, a stretch of alarms"),
        ([40, 160], (), "2 events, stretches of alarms, the strongest first"),
        (range(20, 700, 40), ("--top", "80"), "The 10 strongest of 17 events, stretches of alarms"),
    ],
)
def test_events_are_counted_in_their_title(run, tmp_path, jumps, options, title):
    values = [float(step % 3) for step in range(700)]
    for jump in jumps:
        values[jump] = 90.0 + 9 * jump
    lines = "\n".join(f"{step},{value}" for step, value in enumerate(values))
    (tmp_path / "series.csv").write_text(f"when,value\n{lines}\n")
    done = run("detect", "series.csv", "--time", "when", "--window", "3", *options)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0] == title


ODD = "a\x1b[31m\x07\x00\x9b2J\u202eb"


def test_no_character_of_a_table_commands_the_terminal(run, tmp_path):
    said = [f"{ODD}{row % 3}" for row in range(60)]
    values = [900.0 * (row == 31) + row % 7 for row in range(60)]
    pl.DataFrame({ODD: values, "said": said}).write_parquet(tmp_path / "odd.parquet")
    for done in (
        run("detect", "odd.parquet", "--top", "1", "--explain"),
        run("inspect", "odd.parquet"),
        run("detect", "odd.parquet", "--series", "said", "--window", "2", "--top", "3"),
    ):
        assert done.exit_code == 0, done.output
        assert "\ufffd[31m\ufffd\ufffd\ufffd2J\ufffdb" in done.stdout
        assert not set("\x1b\x07\x00\x9b\u202e") & set(done.output)


def test_columns_stand_straight_below_wide_characters_and_such_as_take_no_place(run, tmp_path):
    names = ["\u6771\u4eac", "e\u0301te\u0301", "plain", "\U0001f600", "x" * 30, "\u6771" * 30]
    scored = {"row": range(6), "anomaly_score": [0.5] * 6, "p_value": [0.1] * 6}
    frame = pl.DataFrame({**scored, "is_anomaly": [True] * 6, "name": names, "last": ["|"] * 6})
    starts = [table_cells(line, "|") for line in format_rows(frame).splitlines()[1:]]
    assert len(set(starts)) == 1
    told = pl.DataFrame({name: [1, 2] for name in names})
    told.write_csv(tmp_path / "wide.csv")
    shown = run("inspect", "wide.csv").stdout.splitlines()[2:]
    assert len({table_cells(line, "number") for line in shown}) == 1


def table_cells(line, mark):
    """Cells of a terminal before `mark`."""
    before = line[: line.index(mark)]
    wide = sum(c in {"\u6771", "\u4eac", "\U0001f600"} for c in before)
    return len(before) + wide - before.count("\u0301")
