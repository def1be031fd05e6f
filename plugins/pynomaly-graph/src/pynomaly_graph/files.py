"""The file that a loader is given, and its options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from pynomaly.domain.errors import DataError, UsageError


def existing(uri: str) -> Path:
    """The file that a path or a ``file:`` URI names.

    Raises:
        DataError: If there is none.
    """
    path = Path(uri)
    if uri.lower().startswith("file:"):
        parts = urlsplit(uri)
        path = Path(url2pathname(parts.path if "%" in parts.path else unquote(parts.path)))
    if path.is_dir():
        raise DataError("is a folder; name a file in it", source=uri)
    if not path.exists():
        raise DataError("there is no such file", source=uri)
    return path


def truth(options: Mapping[str, Any], name: str, uri: str) -> bool:
    """The only option that a loader has, false where it is not given.

    Raises:
        UsageError: If it is no truth value, or there are others.
    """
    unknown = sorted(set(options) - {name})
    if unknown:
        raise UsageError(f"{uri}: unknown option {', '.join(unknown)}; its loader has: {name}")
    value = options.get(name, False)
    if not isinstance(value, bool):
        raise UsageError(f"{uri}: the option {name} is true or false, not {value!r}")
    return value


def none_of(options: Mapping[str, Any], uri: str) -> None:
    """Refuse options where a loader has none.

    Raises:
        UsageError: Naming them.
    """
    if options:
        raise UsageError(
            f"{uri}: unknown option {', '.join(sorted(options))}; its loader has: none"
        )
