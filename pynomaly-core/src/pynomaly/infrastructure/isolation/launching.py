"""Starts a worker process, with all that ends it when its host ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs

from pynomaly.infrastructure.isolation.environments import environment_python
from pynomaly.infrastructure.isolation.settings import IsolationSettings
from pynomaly.infrastructure.isolation.sharing import SharedMemory
from pynomaly.ports.specs import EnvironmentSpec

_WORKER = Path(__file__).with_name("worker.py")
_POSIX = os.name == "posix"


@attrs.frozen
class Launch:
    """How to start a worker.

    Attributes:
        python: The interpreter.
        path: What `sys.path` is to be; None for the interpreter's own.
        variables: Environment variables, besides those of this process.
        memory_mib: Limit of its address space in MiB; 0 for none.
        start_seconds: Time limit of its start.
        call_seconds: Time limit of a call; 0 for none.
        ready: Factory that is called once in a new worker; None for none.
        script: The program.
    """

    python: str = sys.executable
    path: tuple[str, ...] | None = None
    variables: Mapping[str, str] = attrs.field(factory=dict)
    memory_mib: int = 0
    start_seconds: float = 60.0
    call_seconds: float = 0.0
    ready: Mapping[str, Any] | None = None
    script: Path = _WORKER


def launch_in(
    spec: EnvironmentSpec, folder: Path, settings: IsolationSettings | None = None
) -> Launch:
    """How to start a worker in the environment `spec` that lies in `folder`."""
    limits = settings or IsolationSettings()
    return Launch(
        python=str(environment_python(folder)),
        variables=spec.variables,
        memory_mib=limits.memory_mib or spec.memory_mib,
        start_seconds=spec.start_seconds,
        call_seconds=limits.call_seconds or spec.call_seconds,
        ready=file_factory(spec.factory) if spec.factory else None,
    )


def file_factory(target: str) -> dict[str, Any]:
    """What an import string names, as a worker finds it that cannot import it: by its file.

    Raises:
        ModuleNotFoundError: If there is no such file.
    """
    module, _, name = target.partition(":")
    found = find_spec(module)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"no module named {module!r}")
    return {"module": module, "path": found.origin, "name": name}


@attrs.frozen
class Launched:
    """A process that was started.

    Attributes:
        process: With pipes to its standard streams.
        memory: What it shares with this process.
        lifeline: Descriptor that it notices when it is closed; None on Windows.
    """

    process: subprocess.Popen[bytes]
    memory: SharedMemory
    lifeline: int | None

    def close(self) -> None:
        """Close what leads to it; it must be gone."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.memory.close()
        if self.lifeline is not None:
            os.close(self.lifeline)


def launch(how: Launch) -> Launched:
    """Start a worker.

    Raises:
        OSError: If there is no such program.
    """
    memory = SharedMemory()
    near, far = os.pipe() if _POSIX else (None, None)
    config = {
        "host": os.getpid(),
        "lifeline": near,
        "memory_mib": how.memory_mib,
        "path": how.path,
        "shared": memory.results,
    }
    try:
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [how.python, "-I", str(how.script), json.dumps(config)],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[each for each in (memory.results, near) if each is not None],
            start_new_session=_POSIX,  # so that it can be ended with its children
            env={**os.environ, **how.variables},
        )
    except BaseException:
        memory.close()
        if far is not None:
            os.close(far)
        raise
    finally:
        if near is not None:
            os.close(near)
    return Launched(process, memory, far)
