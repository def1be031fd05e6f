"""When and how kernels are compiled: at first need, once per machine.

Importing Numba and loading a cached kernel takes about half a second, in which NumPy does all of
a small job. Kernels and NumPy give equal bits, so a switch between them is never visible.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from pynomaly.logs import get_logger


@attrs.define
class Kernels:
    """A module of kernels that is loaded once the work it could have done makes up for it.

    Attributes:
        module: Name of the module.
        worth: Work, in units of the caller's, that NumPy does in the time that loading takes.
    """

    module: str
    worth: float
    _done: float = attrs.field(default=0.0, init=False)

    def for_work(self, work: float) -> ModuleType | None:
        """The loaded kernels; None where NumPy had better do this work.

        Work adds up over calls: many small batches are a large job too.
        """
        loaded = sys.modules.get(self.module)
        if loaded is not None and getattr(loaded, "READY", False):
            return loaded
        self._done += work
        return load(self.module) if self._done >= self.worth else None


def load(module: str) -> ModuleType:
    """Import a module of kernels, which compiles them or loads them from the cache."""
    from numba.core import config, event

    announcer = event.install_listener("numba:compile", _announcer(module))
    with _without_blas(), _cache_directory(config), announcer:
        return importlib.import_module(module)


def kernel(*arguments: Any, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function that returns nothing, without the GIL, cached where that is possible.

    Args:
        arguments: Numba types of the function's arguments.
        options: Those of `numba.njit`. Arithmetic is strict unless they say otherwise.
    """
    from numba import njit, void

    signature = void(*arguments)

    def compiled(function: Callable[..., Any]) -> Any:
        decorate = functools.partial(njit, signature, nogil=True, **options)
        try:
            return decorate(cache=True)(function)
        except (RuntimeError, OSError):  # nowhere to write to, or no space left there
            return decorate(cache=False)(function)

    return compiled


@contextmanager
def _without_blas() -> Iterator[None]:
    """Keep Numba from importing all of `scipy.linalg`, .3 s, just to see that it is there."""
    from numba.np import linalg

    before = linalg.ensure_blas
    if importlib.util.find_spec("scipy") is not None:
        linalg.ensure_blas = lambda: None
    try:
        yield
    finally:
        linalg.ensure_blas = before


def _announcer(module: str) -> Any:
    """Listener that says, once, that Numba compiles."""
    from numba.core import event

    class Announcer(event.Listener):
        told = False

        def on_start(self, event: Any) -> None:
            if not self.told:
                self.told = True
                get_logger(__name__).info("compiling kernels, once on this machine", module=module)

        def on_end(self, event: Any) -> None:
            pass

    return Announcer()


@contextmanager
def _cache_directory(config: Any) -> Iterator[None]:
    """Let Numba cache in a folder of ours while kernels are decorated; the user's goes first."""
    before = config.CACHE_DIR
    if not before:
        config.CACHE_DIR = next(
            (str(folder) for folder in _cache_candidates() if _is_private(folder)), ""
        )
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _cache_candidates() -> Iterator[Path]:
    if os.environ.get("XDG_CACHE_HOME"):
        yield Path(os.environ["XDG_CACHE_HOME"], "pynomaly", "numba")
    elif sys.platform == "win32":
        if os.environ.get("LOCALAPPDATA"):
            yield Path(os.environ["LOCALAPPDATA"], "pynomaly", "Cache", "numba")
    elif sys.platform == "darwin":
        yield Path("~/Library/Caches/pynomaly/numba").expanduser()
    else:
        yield Path("~/.cache/pynomaly/numba").expanduser()
    user = os.getuid() if hasattr(os, "getuid") else "user"
    yield Path(tempfile.gettempdir(), f"pynomaly-numba-{user}")


def _is_private(folder: Path) -> bool:
    """Whether a folder is, or can be made, writable for this user and for no one else.

    What Numba caches is code: a folder that others can write to is not to be trusted.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = folder.lstat()
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError):  # RuntimeError: no home folder
        return False
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(info.st_mode)
    others = stat.S_IWGRP | stat.S_IWOTH
    return stat.S_ISDIR(info.st_mode) and info.st_uid == os.getuid() and not info.st_mode & others
