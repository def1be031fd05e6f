"""`pynomaly plugins new` writes a package that installs and passes the kit untouched."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest

from pynomaly.domain.errors import OutputError, UsageError
from pynomaly.infrastructure.installing import install_plugins, requirement
from pynomaly.infrastructure.scaffold import write_plugin

CORE = Path(__file__).resolve().parents[1]
needs_installer = pytest.mark.skipif(
    not (find_spec("pip") or which("uv")), reason="needs pip or uv"
)


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A fresh environment that borrows the libraries of this one, but none of its plugins."""
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, with_pip=False)
    python = root / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    borrowed = [entry for entry in sys.path if "site-packages" in entry]
    Path(site, "borrowed.pth").write_text("\n".join(borrowed))
    return python


@pytest.fixture
def new_plugin(tmp_path):
    return write_plugin("my-first", tmp_path / "pynomaly-my-first")


def wheel_of(project, python, target):
    """The wheel that the project's own build backend makes."""
    target.mkdir(exist_ok=True)
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(target)!r}))"
    return target / run(python, "-c", build, cwd=project).splitlines()[-1]


@pytest.mark.skipif(not find_spec("hatchling"), reason="hatchling builds the wheels")
def test_a_new_plugin_installs_and_passes_the_kit_untouched(environment, new_plugin, tmp_path):
    site = run(environment, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    for project in (CORE, new_plugin):
        # A wheel of pure Python is installed by unpacking it.
        with zipfile.ZipFile(wheel_of(project, environment, tmp_path / "wheels")) as wheel:
            wheel.extractall(site)
    found = run(environment, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=new_plugin)
    assert " passed" in found
    assert "skipped" not in found
    main = "from pynomaly.cli import main; main()"
    check = run(environment, "-c", main, "plugins", "check", "my-first", "--all", cwd=tmp_path)
    assert check.strip().endswith(" passed")
    shown = run(environment, "-c", main, "detectors", "show", "my-first.robust_z", cwd=tmp_path)
    assert "pynomaly-my-first 0.1.0" in shown


def test_everything_in_a_new_plugin_bears_its_name(new_plugin):
    project = tomllib.loads((new_plugin / "pyproject.toml").read_text())
    assert project["project"]["name"] == "pynomaly-my-first"
    assert project["project"]["entry-points"]["pynomaly"] == {"my-first": "pynomaly_my_first"}
    names = {path.relative_to(new_plugin).as_posix() for path in new_plugin.rglob("*.*")}
    assert names == {
        "pyproject.toml",
        "README.md",
        "src/pynomaly_my_first/__init__.py",
        "src/pynomaly_my_first/specs.py",
        "src/pynomaly_my_first/detectors.py",
        "tests/test_conformance.py",
        "tests/test_detectors.py",
    }
    assert not [
        n
        for n in names
        if "@" in (new_plugin / n).read_text().replace("@hookimpl", "").replace("@attrs.frozen", "")
    ]


def test_the_prefix_may_be_given_or_not(tmp_path):
    written = write_plugin("pynomaly-mine", tmp_path / "mine")
    assert "pynomaly-mine" in (written / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    "name", ["", "Mine", "my_plugin", "1st", "-x", "x-", "a--b", "../x", "a b", "core", "ü"]
)
def test_a_bad_name_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="cannot name a plugin"):
        write_plugin(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something already"):
        write_plugin("mine", tmp_path)
    with pytest.raises(OutputError, match="holds something already"):
        write_plugin("mine", tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        write_plugin("mine", tmp_path / "file" / "mine")


def test_new_tells_the_next_steps(run_pynomaly, tmp_path):
    done = run_pynomaly("plugins", "new", "mine")
    assert done.returncode == 0
    assert 'pynomaly plugins install "./pynomaly-mine[test]"' in done.stdout
    assert (tmp_path / "pynomaly-mine" / "pyproject.toml").is_file()
    again = run_pynomaly("plugins", "new", "mine")
    assert again.returncode == 2
    assert again.stderr.startswith("Error: cannot write pynomaly-mine")


def test_check_fails_for_a_bad_plugin_and_shows_why(run_pynomaly, write_plugin):
    write_plugin("pynomaly-bad", "import numpy")
    done = run_pynomaly("plugins", "check", "pynomaly-bad", "--imports")
    assert done.returncode == 1
    assert "FAILED bad lists_without_heavy_imports: listing it imports numpy" in done.stdout


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pyod", "pynomaly-pyod"),
        ("pynomaly-pyod", "pynomaly-pyod"),
        ("pyod[torch,xgboost]", "pynomaly-pyod[torch,xgboost]"),
        ("my-own==1.2.0", "pynomaly-my-own==1.2.0"),
    ],
)
def test_a_plugins_name_becomes_a_requirement(name, expected):
    assert requirement(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "pynomaly",
        "pynomaly-pynomaly",
        "core",
        "pynomaly-core",
        "--index-url",
        "x;y",
        "a b",
        "..",
        "",
    ],
)
def test_nothing_but_a_plugins_name_is_installed(name):
    with pytest.raises(UsageError, match="not the name of a plugin"):
        install_plugins(["pyod", name])


def handmade_wheel(folder, name):
    """A wheel that needs nothing, so that no index is asked for anything."""
    module, folder = name.replace("-", "_"), Path(folder)
    folder.mkdir()
    info = f"{module}-1.0.dist-info"
    files = {
        f"{module}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[pynomaly]\n{name.removeprefix('pynomaly-')} = {module}\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{module}-1.0-py3-none-any.whl", "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)


@needs_installer
def test_install_puts_a_plugin_into_the_environment_that_runs(environment, tmp_path):
    handmade_wheel(tmp_path / "wheels", "pynomaly-wanted")
    offline = {f"{tool}_FIND_LINKS": str(tmp_path / "wheels") for tool in ("PIP", "UV")}
    offline |= {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1", "PYTHONPATH": str(CORE / "src")}
    main = "from pynomaly.cli import main; main()"
    command = [environment, "-c", main, "plugins"]
    assert "wanted" not in run(*command, env={**os.environ, **offline})
    run(*command, "install", "wanted", env={**os.environ, **offline})
    assert "pynomaly-wanted" in run(*command, env={**os.environ, **offline})


@needs_installer
def test_a_failing_installer_is_reported(run_pynomaly):
    offline = {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1", "UV_OFFLINE": "1"}
    done = run_pynomaly("plugins", "install", "no-such-plugin-at-all", **offline)
    assert done.returncode == 1
    assert "the installer failed" in done.stderr
