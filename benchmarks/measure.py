"""Run commands in children on one thread and say what they cost.

Nothing heavy is imported here: on Linux a child's peak memory is never less than that of the
process that started it.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = dict.fromkeys(
    (
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "POLARS_MAX_THREADS",
        "RAYON_NUM_THREADS",
    ),
    "1",
)
LIBRARIES = ("numpy", "polars", "numba", "scikit-learn", "pyod", "pandas", "pyarrow")


@dataclass(frozen=True)
class Cost:
    """What a child took.

    Attributes:
        cpu: Seconds of user and system time.
        peak_mib: Its largest resident set.
        output: What it printed.
    """

    cpu: float
    peak_mib: float
    output: str


def run(command: Sequence[str], *, threads: Mapping[str, str] = ONE_THREAD) -> Cost:
    """Run `command` to its end.

    Raises:
        RuntimeError: If it fails, with what it printed on stderr.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        # Without byte code on disk, whatever imports more would look slower than it is.
        environment = {**os.environ, **threads, "PYTHONDONTWRITEBYTECODE": ""}
        process = subprocess.Popen(list(command), cwd=ROOT, env=environment, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            tail = err.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {tail}")
        # macOS counts bytes, Linux KiB.
        unit = 2**20 if sys.platform == "darwin" else 2**10
        cpu = usage.ru_utime + usage.ru_stime
        return Cost(cpu, usage.ru_maxrss / unit, out.read().decode())


def python(module: str, *args: object) -> list[str]:
    """The command that runs one of our modules."""
    return [sys.executable, "-m", module, *map(str, args)]


def pynomaly(*args: object) -> list[str]:
    """The command line that users call, of this environment."""
    return [str(Path(sys.executable).with_name("pynomaly")), *map(str, args)]


def alternate(
    ours: Callable[[], float], peer: Callable[[], float], rounds: int
) -> tuple[float, float]:
    """The median of both, measured in turns, after one run of each that fills the caches."""
    ours()
    peer()
    pairs = [(ours(), peer()) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def describe_machine() -> dict[str, Any]:
    """What the figures depend on: processor, Python and libraries; JSON-ready."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def describe_in_words(machine: Mapping[str, Any]) -> str:
    """One sentence about the machine."""
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']};"
        f" Python {machine['python']}, {libraries}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def default_folder() -> Path:
    """Where data and results are kept between runs."""
    return Path(tempfile.gettempdir()) / "pynomaly-benchmarks"


def load_json(path: Path) -> dict[str, Any]:
    """What `path` holds; empty where there is no such file."""
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def save_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.replace(path)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
