"""The benchmarks run end to end on tiny data, and their statistics are right."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT.parent / "shared" / "data" / "tabular"


def run(module: str, *args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def intervals(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import intervals

    return intervals


def test_speed_is_measured_against_pyod_and_shown_with_its_bounds(tmp_path: Path):
    names = ["process-10k-csv", "row-iforest", "isolation", "memory-parquet", "startup-help"]
    done = run("benchmarks.run", "--quick", "--rounds=1", f"--folder={tmp_path}", "--only", *names)
    # 1: a bound does not hold on such small data, which is no matter here.
    assert done.returncode in {0, 1}, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 8
    assert "peak memory scoring 10M × 20 parquet in and out" in done.stdout
    assert not list(tmp_path.glob("scored*"))


PAGE = ROOT / "docs" / "benchmarks.md"


@pytest.mark.skipif(find_spec("cupy") is not None, reason="CuPy is installed")
def test_without_a_gpu_its_benchmark_says_so_and_writes_nothing():
    before = PAGE.read_bytes()
    done = run("benchmarks.gpu")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("no GPU here: gpu-cupy.ecod needs cupy")
    assert PAGE.read_bytes() == before


def test_what_a_gpu_is_measured_with_runs_on_the_processor_too():
    before = PAGE.read_bytes()
    names = ["hbos", "pca"]
    done = run("benchmarks.gpu", "--quick", "--device=cpu", "--rounds=1", "--only", *names)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("| `gpu-cupy.")]
    assert [line.count(" s |") for line in lines] == [3, 3]
    assert PAGE.read_bytes() == before


def test_the_section_about_gpus_is_replaced_by_its_command_and_kept_by_the_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import gpu_page, speed_page

    page = tmp_path / "benchmarks.md"
    monkeypatch.setattr(speed_page, "PAGE", page)
    speed_page.write_page({}, [], 3)
    assert "## On a GPU\n\nNot measured" in page.read_text("utf-8")
    gpu_page.write_section(page, "## On a GPU\n\nA table.\n")
    measured = page.read_text("utf-8")
    assert "Not measured: no GPU" not in measured
    speed_page.write_page({}, [], 3)
    assert page.read_text("utf-8") == measured


@pytest.mark.skipif(not TABLES.is_dir(), reason="../shared/data/tabular is not here")
def test_quality_is_measured_for_any_detector_and_kept_for_the_next_run(tmp_path: Path):
    args = ["--quick", f"--folder={tmp_path}", "--only", "fast.iforest", "sklearn.iforest"]
    done = run("benchmarks.quality", *args)
    assert done.returncode == 0, done.stderr
    assert "| `fast.iforest` | 3 |" in done.stdout
    assert "AP against sklearn.iforest" in done.stdout
    assert "All finished." in done.stdout
    for kind in ("## Series", "### False alarms of series", "## Graphs", "## Texts"):
        assert kind in done.stdout
    kept = [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.json"))]
    assert run("benchmarks.quality", *args).stdout == done.stdout
    assert kept == [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.json"))]


@pytest.mark.skipif(not TABLES.is_dir(), reason="../shared/data/tabular is not here")
def test_fresh_quality_forgets_the_answers_with_other_parameters_too(tmp_path: Path):
    args = ["--quick", f"--folder={tmp_path}", "--only", "fast.iforest"]
    assert run("benchmarks.quality", *args).returncode == 0
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    assert len(kept) == 2
    assert run("benchmarks.quality", *args, "--fresh").returncode == 0
    assert all(path.stat().st_mtime_ns != before for path, before in kept.items())


def test_alarms_of_split_conformal_p_values_lie_in_their_interval(intervals):
    rng = np.random.default_rng(0)
    n, m, alpha, models = 199, 300, 0.05, 400
    low, high = intervals.alarm_interval(((n, m, intervals.nominal_rank(n, alpha)),), 0.95)
    outside = 0
    for _ in range(models):
        calibration, fresh = np.sort(rng.random(n)), rng.random(m)
        p_values = (1 + n - np.searchsorted(calibration, fresh)) / (n + 1)
        outside += not low <= np.mean(p_values <= alpha) <= high
    assert outside / models == pytest.approx(0.05, abs=0.03)


def test_ties_leave_out_p_values_that_no_score_can_have(intervals):
    assert intervals.attained_rank(np.arange(99.0), 0.1) == 10
    # A score as high as the tied ones counts all 20 of them, and a higher one none.
    assert intervals.attained_rank(np.minimum(np.arange(99.0), 79.0), 0.1) == 1
    assert intervals.attained_rank(np.minimum(np.arange(99.0), 79.0), 0.3) == 30
    tied_below = np.sort(np.concatenate([np.arange(94.0), [200, 200, 201, 202, 203]]))
    assert intervals.attained_rank(tied_below, 0.05) == 4


def test_a_paired_bootstrap_of_equal_differences_has_no_width(intervals):
    assert intervals.paired_bootstrap([0.5, 0.5, 0.5]) == (0.5, 0.5)


def test_no_alarm_is_expected_of_too_few_calibration_scores(intervals):
    assert not intervals.can_alarm(98, 0.01)
    assert intervals.can_alarm(99, 0.01)
