"""Files that are written: what may stand in their place before, and how they come there whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl

from pynomaly.domain.errors import OutputError
from pynomaly.ports.loading import to_path


def file_to_write(uri: str) -> Path:
    """Where `uri` is written: the file it names, or the one that its symbolic links lead to.

    Raises:
        OutputError: If a folder, a device or a pipe is there, or its own folder is missing.
    """
    path = to_path(uri)
    if path.is_symlink():
        path = path.resolve()
    if path.is_dir():
        raise OutputError(uri, "it is a folder; name a file in it")
    if not path.parent.is_dir():
        raise OutputError(uri, f"there is no folder {path.parent}; create it first")
    if path.exists() and not path.is_file():
        raise OutputError(uri, "it is a device or a pipe, and would be replaced; name a file")
    return path


class Target:
    """A path to write, and the temporary file beside it, which takes its place at the end.

    Args:
        uri: The path, as errors name it.

    Raises:
        OutputError: If no file can be made there.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.path = file_to_write(uri)
        name = f".{self.path.name[:200]}.{secrets.token_hex(4)}.part"
        self.temporary = self.path.with_name(name)
        with self.mishaps():
            self.temporary.touch(exist_ok=False)

    @contextmanager
    def mishaps(self) -> Iterator[None]:
        """Removes the temporary file on any error; those of writing become an `OutputError`."""
        try:
            yield
        except BaseException as error:
            self.discard()
            if isinstance(error, OSError):
                raise OutputError(self.uri, error.strerror or str(error)) from error
            if isinstance(error, (pl.exceptions.PolarsError, pl.exceptions.PanicException)):
                raise OutputError(self.uri, str(error).partition("\n")[0]) from error
            raise

    def show(self) -> None:
        """Give the temporary file its name, once its content is on the disk."""
        with self.temporary.open("rb+") as file:
            os.fsync(file.fileno())
        self.temporary.replace(self.path)

    def discard(self) -> None:
        """Remove the temporary file, if it is still there."""
        with suppress(OSError):
            self.temporary.unlink(missing_ok=True)
