"""What loaders share: files found or missed with a hint, errors in the user's words, types.

Every function here is for authors of loaders, the core's own among them.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import polars as pl

from pynomaly.domain.datasets import Frames
from pynomaly.domain.errors import DataError, PynomalyError

F = TypeVar("F", pl.DataFrame, pl.LazyFrame)

_MAGIC = "*?["
_LISTED = 20
"""Names that a message lists at most."""


def to_path(uri: str) -> Path:
    """The path that a path or a ``file:`` URI names."""
    if uri.lower().startswith("file:"):
        from urllib.request import url2pathname

        return Path(url2pathname(urlsplit(uri).path))
    return Path(uri)


def existing_file(uri: str) -> Path:
    """The file that `uri` names.

    Raises:
        DataError: If it is missing, a folder, empty, or may not be read.
    """
    path = to_path(uri)
    if path.is_dir():
        raise DataError("is a folder; name a file in it", source=uri)
    _check_readable(path, uri)
    if path.is_file() and path.stat().st_size == 0:
        raise DataError("the file is empty", source=uri)
    return path


def existing_files(uri: str, suffixes: Sequence[str]) -> list[Path]:
    """The file, the files in the folder (and below it), or those that match the glob, sorted.

    Raises:
        DataError: If there is none.
    """
    path = to_path(uri)
    if path.is_dir():
        found = [p for p in path.rglob("*") if p.name.lower().endswith(tuple(suffixes))]
        what = f"the folder holds no file that ends in {', '.join(suffixes)}"
    elif any(sign in uri for sign in _MAGIC) and not path.exists():
        root = Path(path.anchor) if path.is_absolute() else Path()
        found = list(root.glob(str(path.relative_to(path.anchor))))
        what = "no file matches the pattern"
    else:
        return [existing_file(uri)]
    visible = [p for p in found if p.is_file() and not p.name.startswith((".", "_"))]
    if not visible:
        raise DataError(what, source=uri)
    for each in visible:
        _check_readable(each, str(each))
    return sorted(visible)


def chosen(names: Sequence[str], wanted: str | None, source: str, option: str) -> str:
    """The one of several tables, sheets, ... that is read.

    Args:
        names: Of all there are.
        wanted: What the user asked for; None where nothing was said, which will do for one.
        source: What messages call the whole.
        option: Singular of what they are, which is also the option's name: ``"table"``.

    Raises:
        DataError: If there is none, none so called, or none was chosen of several.
    """
    if wanted in names:
        return str(wanted)
    if not names:
        raise DataError(f"holds no {option}", source=source)
    if wanted is not None:
        near = difflib.get_close_matches(wanted, names, 3, 0.6) or names
        raise DataError(f"holds no {option} {wanted!r}; it has {_some(near)}", source=source)
    if len(names) > 1:
        raise DataError(
            f"holds {len(names)} {option}s: choose one with the option {option}=NAME, of"
            f" {_some(names)}",
            source=source,
        )
    return names[0]


def check_names(names: Sequence[str], source: str, hint: str) -> None:
    """Refuse columns of the same name.

    Raises:
        DataError: Naming them, and `hint`, the way out.
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        some = ", ".join(map(repr, twice[:5]))
        raise DataError(f"several columns are called {some}: {hint}", source=source, columns=twice)


def one_line(text: str, length: int) -> str:
    """`text` in one line of at most about `length` letters."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[:length]}…"


@contextmanager
def reading(source: str, hint: str, *kinds: type[Exception]) -> Iterator[None]:
    """Turn what Polars and the system raise into `DataError`s about `source`.

    Args:
        source: What is read.
        hint: The way out where the data themselves are at fault.
        kinds: What else a reader raises.
    """
    expected: tuple[type[Exception], ...] = (
        *(OSError, ValueError, EOFError, pl.exceptions.PolarsError),
        *kinds,
    )
    try:
        yield
    except PynomalyError:
        raise
    except expected as error:
        raise DataError(f"{hint} ({_first_line(error)})", source=source) from error
    except BaseException as error:
        # Polars panics on some damaged files; a panic is no Exception.
        if not isinstance(error, pl.exceptions.PanicException):
            raise
        raise DataError(f"{hint} (it cannot be decoded)", source=source) from error


def guarded(frames: Frames, source: str, hint: str, *kinds: type[Exception]) -> Frames:
    """`frames`, with its errors as those of `reading`."""

    def read(size: int, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        with reading(source, hint, *kinds):
            yield from frames(size, columns)

    return read


def plain(frame: F) -> F:
    """Decimals and 128-bit numbers as floats; categories, objects and nulls as text."""
    casts = [
        _as_text(name) if dtype == pl.Object else pl.col(name).cast(target)
        for name, dtype in frame.collect_schema().items()
        if (target := _plain_type(dtype)) != dtype
    ]
    return frame.with_columns(casts) if casts else frame


def _plain_type(dtype: pl.DataType) -> pl.DataType:
    if dtype.is_decimal() or dtype in (pl.Int128, pl.UInt128):
        return pl.Float64()
    if dtype == pl.Float16:
        return pl.Float32()
    if dtype in (pl.Categorical, pl.Enum, pl.Object, pl.Null):
        return pl.String()
    return dtype


def _as_text(name: str) -> pl.Expr:
    return pl.col(name).map_batches(_texts, return_dtype=pl.String)


def _texts(objects: pl.Series) -> pl.Series:
    texts = [None if value is None else str(value) for value in objects.to_list()]
    return pl.Series(objects.name, texts, dtype=pl.String)


def _first_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    line = str(error).strip().partition("\n")[0].partition(" Error {")[0]
    return line.rstrip(":. ")[:200] or type(error).__name__


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _check_readable(path: Path, uri: str) -> None:
    try:
        path.stat()
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise DataError(f"no such file{_near(path)}", source=uri) from None
    except PermissionError:
        raise DataError("may not be read: check the file's permissions", source=uri) from None
    except OSError as error:
        raise DataError(f"cannot be opened: {_first_line(error)}", source=uri) from error


def _near(path: Path) -> str:
    try:
        names = [each.name for each in path.parent.iterdir()]
    except OSError:
        return f", and no folder {path.parent}"
    near = difflib.get_close_matches(path.name, names, 3, 0.6)
    return f"; near it: {', '.join(near)}" if near else f" in {path.parent.resolve()}"
