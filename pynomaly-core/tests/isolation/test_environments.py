"""Environments are built when asked, whole or not at all, and detectors run in them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from pynomaly.domain.errors import EnvironmentFailed, LimitExceeded, UnknownId, WorkerTimeout
from pynomaly.infrastructure.isolation.building import (
    check_environment,
    create_environment,
    remove_environment,
)
from pynomaly.infrastructure.isolation.environments import (
    environment_path,
    environment_python,
    environments_folder,
    is_built,
)
from pynomaly.infrastructure.isolation.interpreters import find_python
from pynomaly.infrastructure.registry import discover
from pynomaly.ports import EnvironmentSpec

PLUGIN = """
from pynomaly.ports import Capability, DetectorSpec, EnvironmentSpec, hookimpl

@hookimpl
def pynomaly_environments():
    yield EnvironmentSpec(id="room.own", title="Own", summary="A room of one's own.",
                          factory="room_worker:ready", overlay=True,
                          variables={"ROOM_COLOUR": "green"}, memory_mib=8192, call_seconds=20)
    yield EnvironmentSpec(id="room.far", title="Far", summary="Not here.", python="99.9")

@hookimpl
def pynomaly_detectors():
    can = {Capability.INDUCTIVE, Capability.SAVES}
    for name, environment in (("one", "room.own"), ("far", "room.far"), ("lost", "room.owm")):
        yield DetectorSpec(id="room." + name, title="One", summary="In its own room.",
                           factory="room_worker:create", environment=environment,
                           params="pynomaly_room:Params", capabilities=can)

import attrs
from pynomaly.ports.params import param

@attrs.frozen
class Params:
    does: str = param("works", help="What it does when it scores.")
    amount: int = param(0, help="How much of it.")
"""
WORKER = """
import os
import sys

STARTED = []

def ready():
    sys.stdout.write("getting ready")
    STARTED.append(os.environ["ROOM_COLOUR"])

class InItsRoom(object):
    def colour(self):
        return STARTED + [sys.prefix]

"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "pynomaly" / "envs"


@pytest.fixture
def plugin(add_plugin, tmp_path):
    add_plugin("pynomaly-room", PLUGIN)
    misbehaving = Path(__file__).with_name("misbehaving.py").read_text("utf-8")
    body = misbehaving.replace("class Distance:", f"{WORKER}class Distance(InItsRoom):")
    (tmp_path / "room_worker.py").write_text(body)
    yield
    sys.modules.pop("room_worker", None)


@pytest.fixture
def registry(plugin):
    registry = discover()
    yield registry
    registry.isolation.close()


@pytest.fixture(scope="module")
def a_build(tmp_path_factory):
    """An empty overlay, to be copied to where it is needed: making one takes seconds."""
    spec = EnvironmentSpec(id="room.own", title="", summary="", overlay=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("builds")))
        return create_environment(spec, say=lambda line: None)


@pytest.fixture
def built(a_build, cache, registry):
    """The environment room.own is there."""
    spec = registry.get("environments", "room.own")
    shutil.copytree(a_build, environment_path(spec), symlinks=True)
    return spec


def test_a_detector_runs_in_its_environment(built, registry, rows):
    detector = registry.create_detector("room.one")[2]
    detector.fit(rows)
    assert np.array_equal(detector.score(rows), np.abs(rows - rows.mean(axis=0)).sum(axis=1))
    colour, prefix = detector.colour()
    assert colour == "green"
    assert Path(prefix) == environment_path(built)


def test_limits_of_an_environment_hold(built, registry, rows):
    hoarding = registry.create_detector("room.one", {"does": "hoards", "amount": 16384})[2]
    hoarding.fit(rows)
    with pytest.raises(LimitExceeded, match="8,192 MiB"):
        hoarding.score(rows)


def test_the_settings_limits_come_first(built, plugin, rows):
    from pynomaly.infrastructure.isolation import IsolationSettings

    registry = discover(isolation=IsolationSettings(call_seconds=0.5))
    hanging = registry.create_detector("room.one", {"does": "hangs"})[2]
    hanging.fit(rows)
    with pytest.raises(WorkerTimeout, match=r"0\.5 s"):
        hanging.score(rows)
    registry.isolation.close()


def test_the_way_from_nothing_to_a_result_on_the_command_line(
    cache, plugin, run_pynomaly, tmp_path
):
    (tmp_path / "d.csv").write_text("a,b\n" + "1,2\n2,1\n" * 20 + "50,50\n")
    refused = run_pynomaly("detect", "d.csv", "-d", "room.one")
    assert refused.returncode == 2
    assert "needs room.own, which is not installed: run `pynomaly env create room.own`" in (
        refused.stderr
    )
    shown = run_pynomaly("detectors", "show", "room.one").stdout
    assert "room.own: install with `pynomaly env create room.own`" in " ".join(shown.split())
    assert "not built" in run_pynomaly("env", "list").stdout

    created = run_pynomaly("env", "create", "room.own")
    assert created.returncode == 0, created.stderr
    assert "room.own is ready in" in created.stdout
    listed = json.loads(run_pynomaly("env", "list", "--json").stdout)["environments"]
    (ours,) = [row for row in listed if row["id"] == "room.own"]
    assert ours["state"] == "ready"
    assert ours["python"] == "{}.{}.{}".format(*sys.version_info)
    assert "room.own works: Python 3" in run_pynomaly("env", "check", "room.own").stdout

    done = run_pynomaly("detect", "d.csv", "-d", "room.one", "--top", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["alarms"] == 1
    entries = json.loads(run_pynomaly("environments", "--json").stdout)["environments"]
    available = {entry["id"]: entry["available"] for entry in entries}
    assert (available["room.far"], available["room.own"]) == (False, True)

    removed = run_pynomaly("env", "remove", "room")
    assert removed.returncode == 0, removed.stderr
    assert f"removed {ours['folder']}" in removed.stdout
    assert "room.far is not built" in removed.stderr
    assert list(cache.iterdir()) == []


def test_a_model_of_an_isolated_detector_can_be_saved_and_loaded(built, run_pynomaly, tmp_path):
    (tmp_path / "d.csv").write_text("a,b\n" + "1,2\n2,1\n" * 20 + "50,50\n")
    assert run_pynomaly("fit", "d.csv", "-d", "room.one", "-o", "m.pynomaly").returncode == 0
    first = run_pynomaly("score", "m.pynomaly", "d.csv", "-o", "-")
    assert first.returncode == 0, first.stderr
    assert first.stdout == run_pynomaly("score", "m.pynomaly", "d.csv", "-o", "-").stdout


@pytest.mark.parametrize("command", ["create", "check", "remove"])
def test_an_unknown_name_gets_suggestions(cache, plugin, run_pynomaly, command):
    done = run_pynomaly("env", command, "room.onw")
    assert done.returncode == 2
    assert "no environment is called 'room.onw': did you mean room.own?" in done.stderr


def test_a_detector_of_an_environment_that_no_one_declares_says_so(registry):
    with pytest.raises(UnknownId, match=r"'room\.owm': did you mean room\.own"):
        registry.create_detector("room.lost")


def test_a_python_that_is_not_there_is_named(cache, plugin, run_pynomaly):
    done = run_pynomaly("env", "create", "room.far")
    assert done.returncode == 2
    assert "room.far: it needs Python ==99.9.*, and none was found" in done.stderr
    other = run_pynomaly("env", "create", "room.far", "--python", sys.executable)
    assert f"{sys.executable} is Python 3" in other.stderr
    none = run_pynomaly("env", "create", "room.far", "--python", os.devnull)
    assert f"{os.devnull} is no Python" in none.stderr


def test_half_an_environment_is_never_used(cache, registry, run_pynomaly):
    spec = registry.get("environments", "room.own")
    environment_python(environment_path(spec)).parent.mkdir(parents=True)
    assert not is_built(spec)
    assert registry.missing(registry.get("detectors", "room.one")) == ("room.own",)
    assert "damaged" in run_pynomaly("env", "list").stdout
    assert run_pynomaly("env", "check", "room.own").returncode == 2
    assert run_pynomaly("env", "create", "room.own").returncode == 0
    assert is_built(spec)


def spec_of(**changes):
    about = {"id": "room.test", "title": "T", "summary": "S", "overlay": True}
    return EnvironmentSpec(**about | changes)


def test_a_build_that_was_killed_leaves_nothing_that_counts(cache, plugin):
    spec = spec_of()
    code = (
        "import sys\nfrom pynomaly.infrastructure.isolation import building\n"
        "from pynomaly.ports import EnvironmentSpec\n"
        "spec = EnvironmentSpec(id='room.test', title='T', summary='S', overlay=True)\n"
        "building._try = lambda *_: (print('half', flush=True), sys.stdin.read())\n"
        "building.create_environment(spec, say=lambda line: None)\n"
    )
    path = os.pathsep.join(filter(None, sys.path))
    builder = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert builder.stdout.readline() == b"half\n"
    builder.kill()
    builder.wait()
    builder.stdin.close()
    builder.stdout.close()
    assert len(list(cache.iterdir())) == 1
    assert not is_built(spec)
    create_environment(spec, say=lambda line: None)
    assert [path.name for path in cache.iterdir()] == [environment_path(spec).name]


INTERRUPTED = """
import sys
import click, polars
from pynomaly import cli
from pynomaly.infrastructure.isolation import building
from pynomaly.ports import EnvironmentSpec


@click.command()
def build():
    spec = EnvironmentSpec(id="room.test", title="T", summary="S")
    code = "import os, time; open(os.environ['PID'], 'w').write(str(os.getpid())); time.sleep(600)"
    building._run(spec, [sys.executable, "-c", code])


cli.COMMANDS = {"build": ("__main__:build", "")}
cli.main(["build"])
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_interrupt_ends_a_build_with_its_installer(tmp_path):
    place = tmp_path / "pid"
    builder = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], env={**os.environ, "PID": str(place)}
    )
    while not (place.exists() and place.read_text()):
        assert builder.poll() is None
        time.sleep(0.01)
    builder.send_signal(signal.SIGINT)
    assert builder.wait(60) == 130
    assert not psutil.pid_exists(int(place.read_text()))


def test_builds_at_the_same_time_give_one_environment(cache):
    spec = spec_of()

    def build(_):
        return create_environment(spec, say=lambda line: None)

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(build, range(3)))
    assert found == [environment_path(spec)] * 3
    assert list(cache.iterdir()) == found[:1]


def test_what_is_built_is_not_built_again(built, cache):
    said = []
    assert create_environment(built, say=said.append) == environment_path(built)
    assert said == []


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"requirements": ["numpy"]}, False),
        ({"no_deps": ["numpy"]}, False),
        ({"python": ">=3.11"}, False),
        ({"overlay": False}, False),
        ({"call_seconds": 5, "memory_mib": 9, "variables": {"A": "1"}, "title": "U"}, True),
    ],
)
def test_only_what_it_is_built_from_makes_it_another_environment(cache, changes, same):
    assert (environment_path(spec_of(**changes)) == environment_path(spec_of())) is same


def test_without_a_network_one_error_says_so_and_nothing_is_left(cache, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "1")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    spec = spec_of(requirements=["no-such-package-at-all"])
    with pytest.raises(EnvironmentFailed, match="index cannot be reached: is there a network"):
        create_environment(spec, say=lambda line: None)
    assert list(cache.iterdir()) == []


def test_a_package_that_is_not_there_is_named(cache, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    spec = spec_of(no_deps=["no-such-package-at-all"])
    with pytest.raises(EnvironmentFailed, match=r"cannot be built: .*no-such-package-at-all"):
        create_environment(spec, say=lambda line: None)
    assert list(cache.iterdir()) == []


BACKEND = """
import subprocess
import zipfile

def build_wheel(folder, settings=None, metadata=None):
    code = subprocess.call(["pip", "--version"])
    name = "meddling-1.0-py3-none-any.whl"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        wheel.writestr("meddling.py", f"CODE = {code}")
        info = "meddling-1.0.dist-info/"
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: meddling\\nVersion: 1.0")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any")
        wheel.writestr(info + "RECORD", "")
    return name
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows finds no script in the place of pip")
def test_a_package_cannot_install_others_while_it_is_built(cache, tmp_path):
    project = tmp_path / "meddling"
    project.mkdir()
    system = {"requires": [], "build-backend": "backend", "backend-path": ["."]}
    lines = [f"{key} = {value!r}" for key, value in system.items()]
    (project / "pyproject.toml").write_text("\n".join(["[build-system]", *lines]))
    (project / "backend.py").write_text(BACKEND)
    folder = create_environment(spec_of(no_deps=[str(project)]), say=lambda line: None)
    (module,) = folder.rglob("meddling.py")
    assert module.read_text() == "CODE = 1"


def test_what_was_installed_is_tried_before_it_counts(cache, tmp_path, monkeypatch):
    (tmp_path / "worker_that_fails.py").write_text("import no_such_library_at_all\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = spec_of(factory="worker_that_fails:ready")
    with pytest.raises(EnvironmentFailed, match=r"does not work: .*no_such_library_at_all"):
        create_environment(spec, say=lambda line: None)
    assert list(cache.iterdir()) == []


def test_an_environment_that_broke_later_says_so(built, run_pynomaly):
    environment_python(environment_path(built)).unlink()
    done = run_pynomaly("env", "check", "room.own")
    assert done.returncode == 2
    assert "room.own: it does not work: " in done.stderr


def test_old_builds_are_listed_and_removed(built, cache, run_pynomaly):
    old = cache / "room.own-0123456789ab"
    shutil.copytree(environment_path(built), old, symlinks=True)
    assert "outdated" in run_pynomaly("env", "list").stdout
    assert sorted(remove_environment("room.own")) == sorted([old, environment_path(built)])
    assert list(cache.iterdir()) == []


def test_nothing_to_list_says_so(cache, run_pynomaly):
    done = run_pynomaly("env", "list", PYNOMALY_PLUGINS="")
    assert done.returncode == 0
    assert "no installed plugin needs one" in done.stderr


def test_without_a_cache_folder_of_ones_own_the_usual_one_is_taken(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert environments_folder() == Path.home() / ".cache" / "pynomaly" / "envs"


def test_a_python_without_what_installs_pip_is_used_with_our_installer(cache, tmp_path):
    python = tmp_path / "python-of-debian"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *-m\\ venv*--without-pip*) ;; *-m\\ venv*) exit 1;; esac\n'
        f'exec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    spec = spec_of(requirements=["numpy"])
    try:
        create_environment(spec, python=str(python), say=lambda line: None)
    except EnvironmentFailed as error:  # it depends on the machine
        assert re.search("neither pip nor uv|cannot be reached", str(error))  # noqa: PT017
    else:
        assert is_built(spec)


@pytest.mark.parametrize(
    ("python", "message"),
    [("tomorrow", "says no versions"), ("<3", r"needs Python <3, and Pynomaly runs on 3\.")],
)
def test_an_overlay_has_our_python(python, message):
    with pytest.raises(EnvironmentFailed, match=message):
        find_python(spec_of(python=python))


def test_checking_what_is_not_built_says_how_to_build_it(cache):
    with pytest.raises(EnvironmentFailed, match=r"run `pynomaly env create room\.test`"):
        check_environment(spec_of())
