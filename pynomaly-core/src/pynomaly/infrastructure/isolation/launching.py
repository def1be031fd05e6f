"""Starts a worker process, with all that ends it when its host ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from pynomaly.infrastructure.isolation.sharing import SharedMemory

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
