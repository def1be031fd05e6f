"""Which device computes, what is said about it, and that a model belongs to none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from libraries import SPECS, make, usual_rows

import pynomaly
from pynomaly.domain.errors import DeviceUnavailable, MissingRequirement
from pynomaly.ports.runtime import Runtime
from pynomaly_gpu_cupy.backends import choose_backend

HAS_CUPY = find_spec("cupy") is not None
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def gpus() -> int:
    if not HAS_CUPY:
        return 0
    import cupy

    try:
        return int(cupy.cuda.runtime.getDeviceCount())
    except cupy.cuda.runtime.CUDARuntimeError:
        return 0


GPUS = gpus()
without_cupy = pytest.mark.skipif(HAS_CUPY, reason="CuPy is installed")
with_cupy_but_no_gpu = pytest.mark.skipif(not HAS_CUPY or GPUS > 0, reason="no CuPy, or a GPU")
without_gpu = pytest.mark.skipif(GPUS > 0, reason="there is a GPU")
with_gpu = pytest.mark.skipif(not GPUS, reason="no GPU here")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command line beside `data.csv`."""
    rows = usual_rows(300, 3)
    np.savetxt(tmp_path / "data.csv", rows, delimiter=",", header="a,b,c", comments="")

    def run(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, sys.path))
        command = [sys.executable, "-c", "from pynomaly.cli import main; main()", *args]
        return subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": path, **environment},
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


@without_cupy
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_without_cupy_is_one_error_that_says_what_to_install(
    run: Run, tmp_path: Path, device: str
) -> None:
    done = run("detect", "data.csv", "-d", "gpu-cupy.iforest", "--device", device, "-o", "out.csv")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "Error: gpu-cupy.iforest needs cupy, which is not installed: run"
        " `pip install 'pynomaly-gpu-cupy[cuda12x]'`\n"
    )
    assert not (tmp_path / "out.csv").exists()


@with_cupy_but_no_gpu
def test_cupy_without_a_gpu_is_one_error_that_says_so(run: Run) -> None:
    done = run("detect", "data.csv", "-d", "gpu-cupy.iforest", "--device", "cuda")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(
        "Error: gpu-cupy.iforest cannot compute on cuda: CuPy finds no GPU (cuda"
    )
    assert done.stderr.count("\n") == 1


@without_gpu
def test_auto_falls_back_and_says_so_once(run: Run) -> None:
    done = run(*("detect", "data.csv", "--reference", "data.csv", "-d", "gpu-cupy.ecod", "--json"))
    warnings = json.loads(done.stdout)["warnings"]
    (said,) = [text for text in warnings if "GPU" in text]
    assert said.startswith("no GPU was used: gpu-cupy.ecod ")
    assert said.endswith("NumPy computed instead, as with --device cpu")
    assert "GPU" not in done.stderr


def test_the_processor_is_no_fallback_where_it_was_asked_for(run: Run) -> None:
    done = run("detect", "data.csv", "-d", "gpu-cupy.ecod", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_device_of_another_kind_is_refused(run: Run) -> None:
    done = run("detect", "data.csv", "-d", "gpu-cupy.ecod", "--device", "mps")
    assert done.returncode == 2
    assert done.stderr == ("Error: gpu-cupy.ecod cannot compute on mps: it knows cuda and cpu\n")


@without_gpu
def test_a_saved_model_may_be_scored_on_the_processor_and_not_on_what_is_not_there(
    run: Run, tmp_path: Path
) -> None:
    assert run("fit", "data.csv", "-d", "gpu-cupy.knn", "-o", "m.pynomaly").returncode == 0
    score = ("score", "m.pynomaly", "data.csv", "-o", "out.csv", "--device")
    assert run(*score, "cuda").returncode == 2
    assert not (tmp_path / "out.csv").exists()
    done = run(*score, "cpu")
    assert done.returncode == 0, done.stderr
    assert "no GPU" not in done.stderr


@pytest.mark.parametrize("detector", ["gpu-cupy.iforest", "gpu-cupy.knn"])
def test_the_memory_that_is_set_changes_no_score(run: Run, tmp_path: Path, detector: str) -> None:
    detect = ("detect", "data.csv", "-d", detector, "-o")
    assert run(*detect, "one.csv", PYNOMALY_DEVICE_MIB="1").returncode == 0
    assert run(*detect, "all.csv").returncode == 0
    assert (tmp_path / "one.csv").read_text() == (tmp_path / "all.csv").read_text()


def test_the_memory_that_is_set_is_the_memory_that_is_used() -> None:
    assert choose_backend("some.id", Runtime("cpu", 3)).memory() == 3 * 2**20


def test_a_model_belongs_to_no_library(library: str, detector: str) -> None:
    X, fresh = usual_rows(300, 5), usual_rows(60, 5, seed=1)
    fitted = make(detector, library).fit(X)
    state = fitted.get_state()
    assert {type(value) for value in state.values()} <= {np.ndarray, int, float}
    elsewhere = make(detector, "numpy", seed=9)
    elsewhere.set_state(state)
    np.testing.assert_allclose(elsewhere.score(fresh), fitted.score(fresh), rtol=1e-12)
    back = make(detector, library, seed=9)
    back.set_state(elsewhere.get_state())
    np.testing.assert_array_equal(back.score(fresh), fitted.score(fresh))


def test_libraries_are_imported_only_to_compute() -> None:
    code = (
        "import sys; from pynomaly_gpu_cupy import pynomaly_detectors; list(pynomaly_detectors());"
        "assert not {'numpy', 'cupy', 'torch', 'array_api_compat'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@with_gpu
@pytest.mark.parametrize("stream", ["current", "per_thread"])
def test_a_gpu_scores_what_numpy_scores(detector: str, stream: str) -> None:
    from libraries import resolve

    X, fresh = usual_rows(3000, 5), usual_rows(500, 5, seed=1)
    spec = SPECS[detector]
    params = resolve(spec.params)()
    scores = []
    for device in ("cuda:0", "cpu"):
        made = resolve(spec.factory)(spec, params, 3, Runtime(device, 0, stream)).fit(X)
        scores.append(made.score(fresh))
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5, atol=1e-5)


@with_gpu
def test_a_gpu_beyond_the_last_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(DeviceUnavailable, match="the GPUs of this machine are: cuda:0"):
        pynomaly.create_detector("gpu-cupy.ecod", device=f"cuda:{GPUS}")


@without_gpu
def test_python_gets_the_same_errors() -> None:
    expected = DeviceUnavailable if HAS_CUPY else MissingRequirement
    with pytest.raises(expected):
        pynomaly.detect(usual_rows(300, 3), "gpu-cupy.hbos", device="cuda")
