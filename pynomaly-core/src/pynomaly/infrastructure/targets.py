"""Files that are written: what may stand in their place before."""

from __future__ import annotations

from pathlib import Path

from pynomaly.domain.errors import OutputError
from pynomaly.infrastructure.loaders.paths import to_path


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
