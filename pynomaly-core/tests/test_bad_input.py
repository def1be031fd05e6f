"""Bad input: one clear message with the way out, exit code 2, and nothing half-written."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pynomaly.cli import main

good = "a,b,c\n" + "".join(f"{i * 37 % 101},{i * 53 % 97 / 7},{'xyz'[i % 3]}\n" for i in range(200))


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(good)
    return tmp_path


@pytest.fixture
def run(place, capsys):
    """Run a command; its exit code, what it printed, and what it said on stderr."""

    def run(*args):
        with pytest.raises(SystemExit) as ended:
            main([str(arg) for arg in args])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture
def refused(run, place):
    """Run a command that must be refused: the message."""

    def refused(*args):
        before = sorted(place.rglob("*"))
        code, out, err = run(*args)
        assert code == 2, err
        assert out == ""
        assert sorted(place.rglob("*")) == before, "something was left behind"
        message = [line for line in err.splitlines() if not line.startswith("Warning")]
        assert len(message) <= 4, err
        return err

    return refused


def write(name, text, **options):
    Path(name).write_text(text, **options)
    return name


def test_an_empty_file(refused):
    assert "empty" in refused("detect", write("empty.csv", ""), "-o", "out.csv")


def test_a_header_without_rows(refused):
    assert "no rows" in refused("detect", write("header.csv", "a,b\n"), "-o", "out.csv")


def test_one_row(refused):
    assert "at least 2 rows" in refused("detect", write("one.csv", "a,b\n1,2\n"), "-o", "out.csv")


def test_one_row_as_a_reference(refused):
    one = write("one.csv", "a,b,c\n1,2,x\n")
    assert "rows" in refused("detect", "good.csv", "--reference", one, "-o", "out.csv")


def test_one_column_is_enough(run):
    write("column.csv", "a\n" + "\n".join(str(i * 37 % 101) for i in range(100)))
    assert run("detect", "column.csv", "-o", "out.csv")[0] == 0
    assert pl.read_csv("out.csv").columns == ["a", "anomaly_score", "p_value", "is_anomaly"]


def test_a_column_without_values_is_left_out_and_reported(run):
    write("none.csv", "a,b\n" + "".join(f"{i * 37 % 101},\n" for i in range(50)))
    code, out, _ = run("detect", "none.csv")
    assert code == 0
    assert "b: every value is missing" in out


def test_a_column_that_turns_out_mixed_is_read_as_text(run):
    rows = "".join(f"{i * 37 % 101},{i}.5\n" for i in range(20_000)) + "oops,1.5\n"
    write("mixed.csv", "a,b\n" + rows)
    assert run("detect", "mixed.csv", "-o", "out.csv")[0] == 0
    scored = pl.read_csv("out.csv", infer_schema_length=None)
    assert scored.height == 20_001
    assert scored["a"][-1] == "oops"


def test_columns_of_the_same_name(refused):
    twice = write("twice.csv", "a,b,a\n1,2,3\n4,5,6\n7,8,9\n")
    assert "a" in refused("detect", twice, "-o", "out.csv")


def test_names_that_scoring_adds(refused):
    taken = write("taken.csv", "a,p_value\n1,2\n3,4\n5,6\n")
    assert "'p_value'" in refused("detect", taken, "-o", "out.csv")


def test_a_million_columns(refused):
    wide = write("wide.csv", ",".join(f"c{i}" for i in range(1_000_000)) + "\n")
    assert "columns" in refused("detect", wide, "-o", "out.csv")


def test_another_encoding_is_found(run, place):
    text = "stadt,wert\n" + "".join(
        f"{'Köln' if i % 2 else 'Zürich'},{i * 37 % 101}\n" for i in range(300)
    )
    (place / "latin.csv").write_bytes(text.encode("cp1252"))
    assert run("detect", "latin.csv", "-o", "out.parquet")[0] == 0
    assert set(pl.read_parquet("out.parquet")["stadt"]) == {"Köln", "Zürich"}


def test_a_wrong_encoding_that_was_given(refused, place):
    (place / "latin.csv").write_bytes("wert\nKöln\nBonn\n".encode("cp1252"))
    message = refused("detect", "latin.csv", "-r", "encoding=utf-8", "-o", "out.csv")
    assert "encoding" in message


def test_a_truncated_parquet_file(refused, place):
    pl.read_csv("good.csv").write_parquet("whole.parquet")
    (place / "cut.parquet").write_bytes((place / "whole.parquet").read_bytes()[:500])
    assert "cut.parquet" in refused("detect", "cut.parquet", "-o", "out.csv")


def test_a_csv_file_called_parquet(refused, place):
    (place / "lie.parquet").write_text(good)
    assert "lie.parquet" in refused("detect", "lie.parquet", "-o", "out.csv")


def test_nan_infinity_and_huge_numbers(run):
    values = ["nan", "inf", "-inf", "1e300", "-1e300", "1e-310", *(str(i) for i in range(100))]
    write("odd.csv", "a,b\n" + "".join(f"{v},{i * 37 % 101}\n" for i, v in enumerate(values)))
    code, _, err = run("detect", "odd.csv", "-o", "out.parquet", "--top", "5")
    assert code == 0
    scored = pl.read_parquet("out.parquet")
    assert scored["anomaly_score"].is_finite().all()
    assert "infinite" in err
    assert scored["is_anomaly"][1:5].sum() >= 3


def test_text_where_numbers_were(refused, run):
    run("fit", "good.csv", "-o", "m.pynomaly")
    write("text.csv", "a,b,c\n1,2,x\nmany,2,y\n")
    message = refused("score", "m.pynomaly", "text.csv", "-o", "out.csv")
    assert "'a': holds text that is not a number, first in row 2" in message


def test_dates_out_of_range(run):
    dates = ["9999-12-31", "0001-01-01", *(f"2024-01-{1 + i % 28:02}" for i in range(100))]
    write("dates.csv", "d,x\n" + "".join(f"{d},{i * 37 % 101}\n" for i, d in enumerate(dates)))
    assert run("detect", "dates.csv", "-o", "out.csv")[0] == 0


def test_a_date_that_is_none(refused, run):
    write("train.csv", "d,x\n" + "".join(f"2024-01-{1 + i % 28:02},{i}\n" for i in range(100)))
    run("fit", "train.csv", "-o", "m.pynomaly")
    write("bad.csv", "d,x\n2024-02-31,1\n2024-13-45,2\n")
    assert "'d': holds text that is not a date" in refused(
        "score", "m.pynomaly", "bad.csv", "-o", "o.csv"
    )


def test_a_path_that_does_not_exist_suggests_one_that_does(refused):
    assert "good.csv" in refused("detect", "god.csv", "-o", "out.csv")


def test_a_file_of_no_known_format(refused):
    assert ".csv" in refused("detect", write("data.xyz", "?"), "-o", "out.csv")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_an_unreadable_file(place):
    path = place / "secret.csv"
    path.write_text(good)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    done = subprocess.run(
        [sys.executable, "-m", "pynomaly", "detect", str(path)], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"ermission" in done.stderr


def test_an_output_in_no_folder(refused):
    assert "create it first" in refused("detect", "good.csv", "-o", "no/where/out.csv")


def test_an_output_that_is_a_folder(refused, place):
    (place / "folder.csv").mkdir()
    assert "folder" in refused("detect", "good.csv", "-o", "folder.csv")


def test_an_output_of_no_known_format(refused):
    assert ".parquet" in refused("detect", "good.csv", "-o", "out.docx")


def test_an_output_that_is_the_input(refused):
    assert "input itself" in refused("detect", "good.csv", "-o", "good.csv")
    assert "input itself" in refused("fit", "good.csv", "-o", "good.csv")
    assert Path("good.csv").read_text() == good


def test_an_output_that_is_the_reference(refused, place):
    (place / "reference.csv").write_text(good)
    args = ("detect", "good.csv", "--reference", "reference.csv", "-o", "reference.csv")
    assert "input itself" in refused(*args)


def test_an_output_that_is_the_model(refused, run):
    run("fit", "good.csv", "-o", "m.parquet")
    assert "input itself" in refused("score", "m.parquet", "good.csv", "-o", "m.parquet")


@pytest.mark.skipif(sys.platform != "linux", reason="limits file sizes as Linux does")
@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow", "jsonl", "csv.gz"])
def test_a_full_disk_leaves_nothing_behind(place, suffix):
    rng = np.random.default_rng(0)
    pl.DataFrame(rng.normal(size=(20_000, 5))).write_parquet(place / "in.parquet")
    before = sorted(place.iterdir())

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-m", "pynomaly", "detect", "in.parquet", "-o", f"out.{suffix}"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        preexec_fn=small_files,
        env={**os.environ, "NUMBA_CACHE_DIR": str(place.parent / "numba")},
    )
    assert done.returncode == 2, done.stderr
    assert os.strerror(errno.EFBIG) in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(place.iterdir()) == before


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_partial_output(place, number):
    rng = np.random.default_rng(0)
    pl.DataFrame(rng.normal(size=(400_000, 10))).write_csv(place / "in.csv")
    process = subprocess.Popen(
        [sys.executable, "-m", "pynomaly", "detect", "in.csv", "-o", "out.csv",
         "-p", "n_estimators=1000"],
        stderr=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(2.5)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert b"Traceback" not in err
    assert [entry.name for entry in sorted(place.iterdir())] == ["good.csv", "in.csv"]


def test_an_unknown_detector_suggests_one(refused):
    assert "fast.iforest" in refused("detect", "good.csv", "-d", "fast.ifrest")
    assert "fast.iforest" in refused("detect", "good.csv", "-d", "iforest")


def test_all_bad_parameters_are_named_at_once(refused):
    message = refused(
        "detect", "good.csv", "-d", "fast.iforest",
        "-p", "n_estimators=none", "-p", "max_samples=-3", "-p", "colour=red",
    )  # fmt: skip
    for name in ("n_estimators", "max_samples", "colour"):
        assert name in message


def test_a_parameter_without_a_value(refused):
    assert "name=value" in refused("detect", "good.csv", "-p", "n_estimators")


def test_a_column_that_does_not_exist_suggests_one(refused):
    (Path("named.csv")).write_text(good.replace("a,b,c", "amount,b,c"))
    message = refused("detect", "named.csv", "--label", "amout")
    assert "--label" in message
    assert "'amount'" in message


def test_no_column_left_to_use(refused):
    assert "--columns" in refused("detect", "good.csv", "--exclude", "a,b,c")


def test_labels_that_are_none(refused):
    assert "label column 'c'" in refused("detect", "good.csv", "--label", "c")


def test_decisions_that_exclude_each_other(refused):
    assert "one of" in refused("detect", "good.csv", "--alpha", "0.1", "--top", "3")
    assert "between 0 and 1" in refused("detect", "good.csv", "--alpha", "2")


def test_a_false_discovery_rate_without_a_clean_reference_says_why(refused, run):
    assert "ranks" in refused("detect", "good.csv", "--fdr", "0.1")
    Path("reference.csv").write_text(good)
    args = ("detect", "good.csv", "--reference", "reference.csv", "--fdr", "0.1")
    assert "--clean" in refused(*args)
    assert run(*args, "--clean")[0] == 0


def test_a_missing_requirement_says_how_to_install_it(refused):
    pytest.importorskip("pynomaly_pyod")
    try:
        import torch  # noqa: F401
    except ImportError:
        message = refused("detect", "good.csv", "-d", "pyod.autoencoder")
        assert "torch" in message
        assert "pip install" in message
    else:
        pytest.skip("torch is installed")


@pytest.mark.parametrize("seconds", ["0.01", "0.5"])
def test_a_fit_over_its_time_limit(place, seconds):
    """In a process of its own: one that does not return to Python ends with its process."""
    pytest.importorskip("pynomaly_sklearn")
    rng = np.random.default_rng(0)
    pl.DataFrame(rng.normal(size=(20_000, 5))).write_csv("many.csv")
    before = sorted(place.iterdir())
    command = ["detect", "many.csv", "-d", "sklearn.ocsvm", "-o", "out.csv"]
    done = subprocess.run(
        [sys.executable, "-m", "pynomaly", *command, "--time-limit", seconds],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert f"limit of {seconds} s" in done.stderr
    assert sorted(place.iterdir()) == before


def test_a_fit_over_its_memory_limit(place):
    options = ["--memory-limit", "1", "-d", "fast.iforest", "-p", "n_estimators=10000"]
    done = subprocess.run(
        [sys.executable, "-m", "pynomaly", "detect", "good.csv", *options],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert "limit of 1 MiB" in done.stderr


def test_a_wrong_option_and_a_wrong_command(refused):
    assert "--alpha" in refused("detect", "good.csv", "--alpah", "0.1")
    assert "detect" in refused("detct", "good.csv")


def test_a_model_that_is_none(refused):
    assert "not a model file" in refused("score", "good.csv", "good.csv", "-o", "out.csv")
    assert "no such file" in refused("score", "none.pynomaly", "good.csv", "-o", "out.csv")


def test_json_and_rows_cannot_both_go_to_stdout(refused):
    assert "choose one" in refused("detect", "good.csv", "--json", "-o", "-")
