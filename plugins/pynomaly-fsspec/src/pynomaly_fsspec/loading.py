"""Finds what files lie at a URI; fetches one into a local file, whole or not at all."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs
from fsspec.core import url_to_fs
from fsspec.registry import known_implementations

from pynomaly.domain.datasets import Download
from pynomaly.domain.errors import DataError, MissingRequirement, PynomalyError
from pynomaly.domain.redaction import redacted
from pynomaly.ports.loading import one_line
from pynomaly.ports.params import NoParams

_PREFIX = "fsspec:"
_WEB = ("http", "https")
_CHUNK = 1 << 20
_LONGEST_REASON = 300
_MAGIC = "*["
_ADDRESS = re.compile(r"https?://[^\s'\"<>]+")
_CONNECT_SECONDS = 10
_SILENT_SECONDS = 60


@attrs.frozen
class Place:
    """A file system of fsspec, and a path in it.

    Attributes:
        fs: The file system. fsspec has no types.
        path: As the file system writes it.
        name: What messages call it.
        web: Whether it is a server that can neither list nor seek.
    """

    fs: Any
    path: str
    name: str
    web: bool


def load(uri: str, params: NoParams) -> Download:
    """The files at `uri`: one, those that match a glob, or those in a folder.

    Raises:
        DataError: If there is none, or they cannot be listed.
        MissingRequirement: If fsspec needs a driver that is not installed.
    """
    del params
    place = _place(uri)
    with _asking(place.name):
        paths = _paths(place)
    if not paths:
        raise DataError("there is no file", source=place.name)
    root = _root(paths)
    by_name = {_relative(path, root, web=place.web): path for path in paths}

    def fetch(file: str, target: Path) -> None:
        with _asking(place.name):
            _copy(place, by_name[file], target)

    return Download(place.name, tuple(by_name), fetch)


def _place(uri: str) -> Place:
    address = uri[len(_PREFIX) :] if uri.lower().startswith(_PREFIX) else uri
    name = _shown(address)
    scheme = address.partition(":")[0].lower()
    web = scheme in _WEB
    with _asking(name):
        try:
            fs, path = url_to_fs(address, **_web_options() if web else {})
        except ImportError as error:
            raise _missing(error, scheme) from error
    return Place(fs, path, name, web)


def _shown(address: str) -> str:
    """The address without what follows a question mark on the web: tokens, often."""
    head, mark, _ = address.partition("?")
    return redacted(f"{head}?…" if mark and head.lower().startswith(_WEB) else address)


def _web_options() -> dict[str, Any]:
    from aiohttp import ClientTimeout

    timeout = ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENT_SECONDS)
    return {"client_kwargs": {"timeout": timeout, "trust_env": True}}


def _missing(error: ImportError, scheme: str) -> MissingRequirement:
    driver = str(known_implementations.get(scheme, {}).get("class", "")).partition(".")[0]
    cause = error.__cause__ or error.__context__ or error
    module = getattr(cause, "name", None) or getattr(error, "name", None) or driver or scheme
    return MissingRequirement("fsspec.any", [module], f"pip install {module}")


def _paths(place: Place) -> list[str]:
    if place.web:
        return [place.path]
    if any(sign in place.path for sign in _MAGIC):
        found = [path for path in place.fs.glob(place.path) if not place.fs.isdir(path)]
    elif place.fs.isdir(place.path):
        found = place.fs.find(place.path)
    else:
        return [place.path]
    return sorted(path for path in found if not PurePosixPath(path).name.startswith((".", "_")))


def _root(paths: list[str]) -> PurePosixPath:
    """The folder that all are in."""
    parents = [PurePosixPath(path).parents for path in paths]
    shared = set(parents[0]).intersection(*parents)
    return max(shared, key=lambda folder: len(folder.parts), default=PurePosixPath())


def _relative(path: str, root: PurePosixPath, *, web: bool) -> str:
    if web:
        return PurePosixPath(unquote(urlsplit(path).path)).name or "index"
    return str(PurePosixPath(path).relative_to(root))


def _copy(place: Place, path: str, target: Path) -> None:
    """Copy in chunks: an interrupt ends it between two."""
    # Without a size the web's driver would ask for it first, and make of any failure "not found".
    options: dict[str, Any] = {"block_size": 0, "size": 1} if place.web else {}
    with place.fs.open(path, "rb", **options) as source, target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            file.write(chunk)
    if place.web:  # its library knows when it ends too early
        return
    size = place.fs.info(path).get("size")
    if size is not None and size != target.stat().st_size:
        raise DataError(
            f"ended after {target.stat().st_size:,} of {size:,} bytes: try again",
            source=place.name,
        )


@contextmanager
def _asking(name: str) -> Iterator[None]:
    """Turn what drivers raise, which is anything, into a `DataError` of one line."""
    try:
        yield
    except PynomalyError:
        raise
    except FileNotFoundError as error:
        raise DataError("no such file", source=name) from error
    except PermissionError as error:
        raise DataError(f"may not be read ({_reason(error, name)})", source=name) from error
    except Exception as error:
        raise DataError(f"cannot be fetched: {_reason(error, name)}", source=name) from error


def _reason(error: BaseException, name: str) -> str:
    if isinstance(error, TimeoutError):
        return "the server does not answer"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "no space left for temporary files: name a larger folder in TMPDIR"
    status = getattr(error, "status", None)
    if status:
        return one_line(
            f"the server says {status} {getattr(error, 'message', '')}", _LONGEST_REASON
        )
    web = name.lower().startswith(_WEB)
    text = _ADDRESS.sub(lambda found: name if web else _shown(found[0]), str(error))
    return one_line(type(error).__name__ if text in {"", name} else text, _LONGEST_REASON)
