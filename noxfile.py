# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]>=2026.4"]
# ///
"""Every task of the workspace; `python3.11 noxfile.py --list` names them.

It needs git and Python alone: where nox is absent, the file installs it under
`.nox` and runs itself again.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCKED = "requirements/locked.txt"


def _bootstrap() -> int:
    """Run this file with the nox in `.nox/_boot`, which is made if need be."""
    home = HERE / ".nox" / "_boot" / "{}.{}".format(*sys.version_info)
    python = str(home / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    backend = home / "backend"
    if not backend.exists():
        # Debian ships Python without ensurepip; the pip outside serves as well.
        has_pip = importlib.util.find_spec("ensurepip") is not None
        venv.create(home, clear=True, with_pip=has_pip)
        pip = [sys.executable, "-m", "pip", "--python", python]
        if has_pip:
            pip = [python, "-m", "pip"]
        install = ["install", "--quiet", "--constraint", str(HERE / LOCKED)]
        # uv reads none of pip's settings: it is used where it can install nox.
        uv = [python, "-m", "uv", "pip"]
        fast = not (
            subprocess.call([*pip, *install, "uv"])
            or subprocess.call([*uv, *install, "--python", python, "nox"])
        )
        if not fast:
            print("uv cannot install here: pip will, more slowly.", file=sys.stderr)
            subprocess.check_call([*pip, *install, "nox"])
        backend.write_text("uv" if fast else "virtualenv", encoding="utf-8")
    os.environ.setdefault("NOX_DEFAULT_VENV_BACKEND", backend.read_text("utf-8"))
    return subprocess.call([python, "-m", "nox", "-f", __file__, *sys.argv[1:]])


# uv would otherwise trust only the certificate authorities that it brings.
os.environ.setdefault("UV_SYSTEM_CERTS", "1")

try:
    import nox
except ModuleNotFoundError:
    if __name__ != "__main__":
        raise
    sys.exit(_bootstrap())

WORKSPACE = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))
MEMBERS = [d["path"] for d in WORKSPACE["tool"]["poetry"]["dependencies"].values()]
PACKAGES = WORKSPACE["tool"]["coverage"]["run"]["source_pkgs"]
GPU_TESTS = ["plugins/pynomaly-gpu-cupy/tests"]
CUPY = "cupy-cuda12x[ctk]>=14.0"
TORCH = [
    "torch==2.13.0",
    "torch-geometric==2.8.1",
    "pygod==1.1.0",
    "safetensors>=0.6",
    "tqdm>=4.67",
]
# The GPU detectors run on torch, too, and torch gives what embeddings are compared with.
TORCH_TESTS = ["plugins/pynomaly-pygod/tests", "plugins/pynomaly-text/tests", *GPU_TESTS]
PYOD_TESTS = "plugins/pynomaly-pyod/tests"
TODS_TESTS = "plugins/pynomaly-tods/tests"
# Adversaries, which end elsewhere on another processor.
LEFT_OUT = ["pyod.anogan", "pyod.alad", "pyod.mo_gaal", "pyod.so_gaal", "pyod.so_gaal_new"]
PYOD_NETWORKS = f"""
import pynomaly
found = [spec.id for spec in pynomaly.detectors() if "torch" in spec.requires]
print(" or ".join(id for id in found if id.startswith("pyod.") and id not in {LEFT_OUT}))
"""
TODS_NETWORKS = """
import pynomaly
found = [spec.id for spec in pynomaly.detectors() if spec.environment == "tods.keras"]
print(" or ".join(found))
"""
TORCH_PACKAGES = ["pynomaly_pygod"]  # hardly any of their lines runs without torch
TORCH_FILES = ["pynomaly_pyod/graphs.py"]  # as little as of those
DEMO = [
    *("detect", "examples/flights.csv", "--reference", "examples/flights-reference.csv"),
    *("--id", "tailnum", "--explain"),
]

nox.needs_version = ">=2026.4"
nox.options.sessions = ["lint", "types", "tests"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"
# An environment that another Python made is made again.
os.environ["NOX_ENABLE_STALENESS_CHECK"] = "1"


def _install(session: nox.Session, *args: str) -> None:
    """Install, unless what the files ask for is installed already."""
    files = [HERE / LOCKED, *(HERE / member / "pyproject.toml" for member in MEMBERS)]
    wanted = hashlib.sha256(repr(args).encode())
    for file in files:
        wanted.update(file.read_bytes())
    stamp = Path(session.virtualenv.location, "installed")
    if not stamp.exists() or stamp.read_text("utf-8") != wanted.hexdigest():
        session.install("--constraint", LOCKED, *args)
        stamp.write_text(wanted.hexdigest(), encoding="utf-8")


def _install_all(session: nox.Session) -> None:
    # In one command: no index is ever asked for a member.
    _install(session, "--requirement", LOCKED, *(f"-e{member}" for member in MEMBERS))


@nox.session(default=False)
def demo(session: nox.Session) -> None:
    """Install Pynomaly as its users do and run its main job on the examples."""
    _install(session, *(f"-e{member}" for member in MEMBERS))
    out = Path(session.virtualenv.location, "out")
    out.mkdir(exist_ok=True)
    session.run("pynomaly", "plugins")
    session.run("pynomaly", *DEMO, "-o", str(out / "scored.parquet"))


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests and hold each package to its coverage; arguments go to pytest."""
    _install_all(session)
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    session.run("pytest", "--numprocesses=auto", "--cov", "--cov-report=")
    for package in PACKAGES:
        if package not in TORCH_PACKAGES:
            _hold_to_coverage(session, f"{package}/*", but=TORCH_FILES)


def _hold_to_coverage(session: nox.Session, files: str, but: Iterable[str] = ()) -> None:
    floor = 95 if files == "pynomaly/*" else 90
    session.log(f"{files}: at least {floor} % of lines and branches")
    include = f"--include=*/src/{files}"
    omit = [f"--omit={','.join(f'*/src/{file}' for file in but)}"] if but else []
    session.run("coverage", "report", include, *omit, f"--fail-under={floor}")


for version in nox.project.python_versions(WORKSPACE):
    nox.session(name=f"tests-{version}", python=version, default=False)(tests)


@nox.session(name="tests-torch", default=False)
def tests_torch(session: nox.Session) -> None:
    """Run the tests that need torch, which no lock holds; arguments go to pytest."""
    _install_all(session)
    _install_unlocked(session, *TORCH)
    # Networks this small are slower in many threads than in one.
    session.env["OMP_NUM_THREADS"] = "1"
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    session.run("pytest", "--numprocesses=auto", "--cov", "--cov-report=", *TORCH_TESTS)
    # Of PyOD's and TODS's tests those of networks: all others have run without torch.
    networks = str(session.run("python", "-c", PYOD_NETWORKS, silent=True)).strip()
    chosen = ("-k", f"test_graphs or {networks}", "--cov", "--cov-append", "--cov-report=")
    session.run("pytest", "--numprocesses=auto", PYOD_TESTS, *chosen)
    cache = Path(session.virtualenv.location).resolve() / "cache-of-tests"
    session.run("pynomaly", "env", "create", "tods.keras", env={"XDG_CACHE_HOME": str(cache)})
    networks = str(session.run("python", "-c", TODS_NETWORKS, silent=True)).strip()
    session.run("pytest", "--numprocesses=auto", TODS_TESTS, "-k", networks)
    for files in (*(f"{package}/*" for package in TORCH_PACKAGES), *TORCH_FILES):
        _hold_to_coverage(session, files)


@nox.session(name="tests-gpu", default=False)
def tests_gpu(session: nox.Session) -> None:
    """Run the GPU plugin's tests with CuPy: on a GPU, or on how its absence is told."""
    _install_all(session)
    _install_unlocked(session, CUPY)
    session.run("pytest", *(session.posargs or GPU_TESTS))


def _install_unlocked(session: nox.Session, *packages: str) -> None:
    """Install, beside what is locked, by pip: it also looks where only its settings point."""
    session.install("pip")
    session.run("python", "-m", "pip", "install", "--quiet", *packages)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format, the rooms' borders and the changelogs' fragments."""
    _install(session, "import-linter", "ruff", "towncrier")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    sources = os.pathsep.join(f"{member}/src" for member in MEMBERS)
    session.run("lint-imports", env={"PYTHONPATH": sources})
    for member in MEMBERS:
        draft = ["build", "--draft", "--version=next", f"--dir={member}"]
        session.run("towncrier", *draft, silent=True)


@nox.session(default=False)
def changelog(session: nox.Session) -> None:
    """Ask a fragment of every package changed since a branch (origin/main)."""
    _install(session, "towncrier")
    base = session.posargs[0] if session.posargs else "origin/main"
    for member in MEMBERS:
        diff = ["git", "diff", "--quiet", f"{base}...", "--", f"{member}/src"]
        if subprocess.call(diff, cwd=HERE):
            session.run("towncrier", "check", f"--compare-with={base}", f"--dir={member}")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of every package."""
    _install_all(session)
    session.run("mypy")


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """Build every distribution into dist/."""
    _install(session, "build", "hatchling")
    shutil.rmtree("dist", ignore_errors=True)
    for member in MEMBERS:
        session.run("pyproject-build", "--no-isolation", "--outdir=dist", member)


@nox.session(default=False, requires=["build"], reuse_venv=False)
def smoke(session: nox.Session) -> None:
    """Install the wheels as files into a clean environment and use them."""
    wheels = [str(wheel) for wheel in Path("dist").resolve().glob("*.whl")]
    session.install("--constraint", LOCKED, *wheels)
    session.run("pynomaly", "detectors")
    session.run("pynomaly", *DEMO, "-o", str(Path(session.create_tmp(), "scored.csv")))


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure speed; arguments go to benchmarks/run.py."""
    _install_all(session)
    session.run("python", "-m", "benchmarks.run", *session.posargs)


@nox.session(name="bench-gpu", default=False)
def bench_gpu(session: nox.Session) -> None:
    """Measure speed on a GPU; arguments go to benchmarks/gpu.py."""
    _install_all(session)
    _install_unlocked(session, CUPY)
    session.run("python", "-m", "benchmarks.gpu", *session.posargs)


@nox.session(default=False)
def quality(session: nox.Session) -> None:
    """Measure how well anomalies are found; arguments go to benchmarks/quality.py."""
    _install_all(session)
    session.run("python", "-m", "benchmarks.quality", *session.posargs)
    session.run("python", "-m", "benchmarks.catalogue")


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Lock what the workspace installs; arguments go to `poetry lock`.

    Where the index has no JSON pages per version, name its simple index in
    POETRY_PYPI_MIRROR_URL: the lock then holds no address either.
    """
    session.install("poetry>=2.5", "poetry-plugin-export", "poetry-plugin-pypi-mirror")
    # Poetry would make itself an environment to ask for its Python's version.
    session.env["POETRY_VIRTUALENVS_CREATE"] = "false"
    session.run("poetry", "lock", *session.posargs)
    export = ["poetry", "export", "--all-groups", "--without-hashes"]
    exported = str(session.run(*export, silent=True, stderr=None))
    # Members are exported as absolute paths of this machine.
    pins = [line for line in exported.splitlines() if not line.startswith("-e ")]
    Path(LOCKED).write_text("\n".join([*pins, ""]), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    nox.main()
