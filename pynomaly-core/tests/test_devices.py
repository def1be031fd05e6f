"""Where a detector computes: asked for by option, argument or setting, told to those that choose."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.errors import DeviceUnavailable, UsageError
from pynomaly.infrastructure.composition import compose
from pynomaly.infrastructure.registry import discover
from pynomaly.infrastructure.settings import Settings, load_settings, override
from pynomaly.ports import Runtime

PLUGIN = """
import numpy as np
from pynomaly.domain.errors import DeviceUnavailable
from pynomaly.ports import Capability as C, DetectorSpec, TransformerSpec, hookimpl

CAN = {C.INDUCTIVE, C.ROWWISE, C.SEEDED, C.THREAD_SAFE, C.SAVES}

@hookimpl
def pynomaly_detectors():
    for name, more in (("free", {C.GPU}), ("fixed", set())):
        yield DetectorSpec(id=f"mine.{name}", title="T", summary="S.",
                           factory=f"pynomaly_mine:make_{name}", capabilities=CAN | more)

@hookimpl
def pynomaly_transformers():
    yield TransformerSpec(id="mine.sizes", title="T", summary="S.", modalities={"graph", "text"},
                          factory="pynomaly_mine:Sizes")

class Sizes:
    names = ["size"]
    def __init__(self, spec, params, seed): pass
    def fit(self, items): pass
    def transform(self, items):
        return [[len(each)] for each in items] if isinstance(items, list) else (
            np.bincount(items.edges.ravel(), minlength=len(items))[:, None])
    def get_state(self): return {}
    def set_state(self, state): pass

class Largest:
    def fit(self, X): pass
    def score(self, X): return abs(X).max(axis=1)
    def get_state(self): return {}
    def set_state(self, state): pass

def make_fixed(spec, params, seed): return Largest()

def make_free(spec, params, seed, runtime):
    if runtime.device == "cuda:9":
        raise DeviceUnavailable(spec.id, runtime.device, "there are two")
    made = Largest()
    made.runtime = runtime
    made.notes = [f"on {runtime.device} in {runtime.memory_mib} MiB, stream {runtime.stream}"]
    return made
"""


@pytest.fixture
def run(write_plugin, run_pynomaly, tmp_path):
    """Run the command line beside `data.csv` with the plugin: code, warnings of JSON, stderr."""
    write_plugin("pynomaly-mine", PLUGIN)
    rows = np.random.default_rng(0).normal(size=(150, 2))
    np.savetxt(tmp_path / "data.csv", rows, delimiter=",", header="a,b", comments="")

    def run(*args, **environment):
        done = run_pynomaly(*args, "--json", **environment)
        warnings = json.loads(done.stdout)["warnings"] if done.returncode == 0 else []
        return done.returncode, warnings, done.stderr

    return run


KINDS = {
    "series": ("rows.csv", "--time", "t"),
    "many series": ("rows.csv", "--time", "t", "--series", "s"),
    "texts": ("rows.csv", "--text", "text"),
    "embedded texts": ("rows.csv", "--text", "text", "-f", "mine.sizes"),
    "graph": ("edges.csv", "--source", "s", "--target", "to", "-f", "mine.sizes"),
}


@pytest.fixture
def data_of_kinds(tmp_path):
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 7, 18), eager=True).alias("t")
    wave = pl.Series("v", np.sin(np.arange(200.0)))
    texts = pl.Series("text", [f"it was {'so ' * (i % 7)}good" for i in range(200)])
    ends = np.random.default_rng(0).integers(0, 40, size=(2, 200))
    halves = pl.Series("s", ["a", "b"] * 100)
    names = pl.Series("n", [f"n{i}" for i in range(200)])
    pl.DataFrame([days, wave, texts, halves, names]).write_csv(tmp_path / "rows.csv")
    pl.DataFrame({"s": ends[0], "to": ends[1]}).write_csv(tmp_path / "edges.csv")


@pytest.fixture
def mine(add_plugin):
    add_plugin("pynomaly-mine", PLUGIN)
    return discover(only=["mine"])


def test_a_detector_that_can_choose_is_told_where_to_compute(mine):
    runtime = Runtime("cuda:1", 100, "per_thread")
    assert mine.create_detector("mine.free", runtime=runtime)[2].runtime is runtime
    assert mine.create_detector("mine.free")[2].runtime == Runtime("auto", 0, "current")


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_a_detector_that_cannot_choose_is_told_nothing(mine, device):
    mine.create_detector("mine.fixed", runtime=Runtime(device))


def test_a_detector_that_cannot_choose_refuses_a_gpu(run):
    code, _, message = run("detect", "data.csv", "-d", "mine.fixed", "--device", "cuda")
    assert code == 2
    assert "mine.fixed cannot compute on cuda" in message
    assert "--can gpu" in message


def test_a_device_that_is_not_there_is_one_clear_error(run, tmp_path):
    code, _, message = run(
        "detect", "data.csv", "-d", "mine.free", "--device", "cuda:9", "-o", "out.csv"
    )
    assert code == 2
    assert message == "Error: mine.free cannot compute on cuda:9: there are two\n"
    assert not (tmp_path / "out.csv").exists()


def test_what_a_detector_notes_is_said_once_with_each_result_and_is_not_saved(run):
    detector = ("-d", "mine.free", "--device", "cuda")
    said = ["on cuda in 0 MiB, stream current"]
    assert run("detect", "data.csv", *detector)[1] == said
    against = run("detect", "data.csv", "--reference", "data.csv", *detector)[1]
    assert against.count(said[0]) == 1
    assert run("fit", "data.csv", "-o", "m.pynomaly", *detector)[1] == said
    scored = run("score", "m.pynomaly", "data.csv", "--device", "cpu")[1]
    assert "on cpu in 0 MiB, stream current" in scored
    assert said[0] not in scored


@pytest.mark.usefixtures("data_of_kinds")
@pytest.mark.parametrize("kind", KINDS)
def test_data_of_any_kind_are_scored_where_it_is_told(run, kind):
    source, *roles = KINDS[kind]
    detector = ("-d", "mine.free", "--device", "cuda")
    said = "on cuda in 0 MiB, stream current"
    assert run("detect", source, *roles, *detector)[1].count(said) == 1
    against = run("detect", source, "--reference", source, *roles, *detector)[1]
    assert against.count(said) == 1
    assert run("fit", source, "-o", "m.pynomaly", *roles, *detector)[1].count(said) == 1
    scored = run("score", "m.pynomaly", source, "--device", "cuda:1")[1]
    assert scored.count("on cuda:1 in 0 MiB, stream current") == 1
    assert said not in scored
    code, _, message = run("score", "m.pynomaly", source, "--device", "cuda:9")
    assert (code, message) == (2, "Error: mine.free cannot compute on cuda:9: there are two\n")


@pytest.mark.usefixtures("data_of_kinds")
def test_parts_of_items_are_scored_where_it_is_told(run, tmp_path):
    (tmp_path / "both.toml").write_text(
        'id = "n"\n'
        '[parts.a]\ndata = "rows.csv"\ncolumns = ["v"]\ndetector = "mine.free"\n'
        '[parts.b]\ndata = "rows.csv"\ntext = "text"\ndetector = "mine.free"\n'
    )
    said = [f"part '{part}': on cuda in 0 MiB, stream current" for part in "ab"]
    fitted = run("fit", "both.toml", "-o", "m.pynomaly", "--device", "cuda")[1]
    assert fitted == said
    scored = run("score", "m.pynomaly", "both.toml", "--device", "cpu")[1]
    assert [each.replace("cpu", "cuda") for each in scored] == said
    code, _, message = run("detect", "both.toml", "--device", "cuda:9")
    assert (code, message) == (2, "Error: mine.free cannot compute on cuda:9: there are two\n")


def test_settings_say_where_and_options_come_first(run, tmp_path):
    (tmp_path / "pynomaly.toml").write_text(
        'device = "cuda:1"\ndevice_mib = 50\ndevice_stream = "per_thread"\n'
    )
    set_there = run("detect", "data.csv", "-d", "mine.free")[1]
    assert set_there == ["on cuda:1 in 50 MiB, stream per_thread"]
    named = run("detect", "data.csv", "-d", "mine.free", PYNOMALY_DEVICE="cuda:2")[1]
    assert named == ["on cuda:2 in 50 MiB, stream per_thread"]
    given = run("detect", "data.csv", "-d", "mine.free", "--device", "cpu")[1]
    assert given == ["on cpu in 50 MiB, stream per_thread"]


@pytest.mark.parametrize("device", ["", "gpu 1", "cuda:", "cuda:-1", "CUDA", "cpu:1", "auto:0"])
def test_what_names_no_device_is_refused_with_what_does(run, device):
    code, _, message = run("detect", "data.csv", "-d", "mine.free", "--device", device)
    assert code == 2
    assert f"device {device!r} is none: give auto, cpu, cuda" in message


def test_a_setting_that_names_no_device_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("PYNOMALY_DEVICE", "1")
    with pytest.raises(UsageError, match="'1' is none"):
        load_settings(tmp_path)


def test_an_argument_that_names_no_device_is_refused():
    with pytest.raises(UsageError, match="device 0 is none"):
        override(Settings(), device=0)


def test_python_says_where_as_the_command_line_does(mine, monkeypatch):
    services = compose(Settings(device="cuda:1"))
    services.register_local_value(type(mine), mine)
    monkeypatch.setattr("pynomaly.api.services", lambda: services)
    assert pynomaly.create_detector("mine.free").runtime.device == "cuda:1"
    rows = np.random.default_rng(0).normal(size=(150, 2))
    for call in (pynomaly.detect, pynomaly.fit):
        with pytest.raises(DeviceUnavailable):
            call(rows, "mine.free", device="cuda:9")
    result = pynomaly.detect(rows, "mine.free", device="cpu")
    assert result.warnings == ["on cpu in 0 MiB, stream current"]


def test_a_model_is_loaded_where_it_is_told(mine, monkeypatch, tmp_path):
    services = compose()
    services.register_local_value(type(mine), mine)
    monkeypatch.setattr("pynomaly.api.services", lambda: services)
    path = tmp_path / "m.pynomaly"
    pynomaly.fit(np.random.default_rng(0).normal(size=(150, 2)), "mine.free").save(path)
    assert pynomaly.load_model(path, device="cuda").fitted.detector.runtime.device == "cuda"
    with pytest.raises(DeviceUnavailable, match="there are two"):
        pynomaly.load_model(path, device="cuda:9")
