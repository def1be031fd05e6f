"""What every loader and every publisher must do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

import attrs
import polars as pl

from pynomaly.application.graphs import nodes_table
from pynomaly.domain.errors import (
    DataError,
    MissingRequirement,
    OutputError,
    PluginFailed,
    PynomalyError,
)
from pynomaly.domain.graphs import Graph
from pynomaly.infrastructure.formats import for_uri
from pynomaly.infrastructure.opening import open_with
from pynomaly.ports.specs import LoaderSpec, PublisherSpec
from pynomaly.testing.kit import Check, SkippedError, Subject, require

if TYPE_CHECKING:
    from pynomaly.domain.datasets import Table
    from pynomaly.ports.protocols import Publisher

FRAME = pl.DataFrame(
    {
        "whole": [1, -2, 3, None, 2**40, 6, 7],
        "real": [0.1, -2.5, None, 1e300, 5e-324, 6.0, 7.25],
        "word": ["a", "b,c", 'q"d', None, "new\nline", "ümlaut", "日本"],
        "flag": [True, False, None, True, False, True, False],
        "day": [dt.date(2024, 2, 29), None, *[dt.date(1970, 1, 1)] * 5],
    }
)
"""What publishers are given: every common type, with missing values and awkward text."""

_NOWHERE = "pynomaly-kit.invalid"
"""A name that no server ever has: RFC 2606."""
_SECRET = "kit-s3cr%2Fet"  # noqa: S105, it opens nothing


def opens_as_a_table(subject: Subject) -> None:
    """It opens its sample as a table that has columns and rows."""
    for table in _samples(subject):
        require(len(table.schema) > 0, "its sample has no columns")
        require(table.collect().height > 0, "its sample has no rows")


def reads_the_same_again(subject: Subject) -> None:
    """A table can be read any number of times."""
    for table in _samples(subject):
        require(table.collect().equals(table.collect()), "it reads differently the second time")


def counts_its_rows_truly(subject: Subject) -> None:
    """A number of rows that is known without reading is right."""
    for table in _samples(subject):
        found = attrs.evolve(table, rows=None).collect().height
        require(table.rows in {None, found}, f"it says {table.rows} rows and gives {found}")


def gives_batches_that_make_the_whole(subject: Subject) -> None:
    """Batches of any size hold the same rows, in order."""
    for table in _samples(subject):
        whole = table.collect()
        for size in (1, 3, 1000):
            parts = pl.concat(table.batches(size))
            require(parts.equals(whole), f"batches of {size} rows do not make the whole")


def reads_only_the_columns_that_are_asked_for(subject: Subject) -> None:
    """Columns can be picked, in any order."""
    for table in _samples(subject):
        names = list(table.schema)[::-1][:2]
        expected = table.collect().select(names)
        require(table.collect(names).equals(expected), f"asked for {names} it gives others")


def names_a_file_that_is_not_there(subject: Subject) -> None:
    """A missing file is a DataError that names it."""
    with TemporaryDirectory() as folder:
        for suffix in _suffixes(subject):
            path = Path(folder, f"absent{suffix}")
            error = _refusal(subject, str(path))
            require(error is not None, f"{path.name} is not there, and it gives a table")
            require(path.name in str(error), f"its error does not name {path.name}: {error}")


def names_a_uri_that_leads_nowhere(subject: Subject) -> None:
    """A URI behind which nothing is gives a PynomalyError that names it."""
    for scheme in _schemes(subject):
        uri = f"{scheme}://{_NOWHERE}/absent.csv"
        error = _refusal(subject, uri)
        if isinstance(error, MissingRequirement):  # of this scheme alone
            continue
        require(error is not None, f"{uri} leads nowhere, and it gives a table")
        require(_NOWHERE in str(error), f"its error does not name {_NOWHERE}: {error}")


def keeps_secrets_to_itself(subject: Subject) -> None:
    """No error shows a password or a token of the URI, nor does what caused it."""
    for scheme in _schemes(subject):
        uri = f"{scheme}://user:{_SECRET}@{_NOWHERE}/absent.csv?token={_SECRET}&password={_SECRET}"
        link: BaseException | None = _refusal(subject, uri)
        while link is not None:
            shown = any(form in str(link) for form in (_SECRET, unquote(_SECRET)))
            require(not shown, f"an error shows the secret of {scheme}: {link}")
            link = link.__cause__ or link.__context__


def reads_or_refuses_an_empty_file(subject: Subject) -> None:
    """A file of no bytes is an empty table or a DataError."""
    _refused_or_read(subject, b"")


def reads_or_refuses_a_damaged_file(subject: Subject) -> None:
    """A file of random bytes is refused with a DataError, if it is refused."""
    _refused_or_read(subject, bytes((i * 197 + i // 7) % 256 for i in range(2000)))


def shows_nothing_before_commit(subject: Subject) -> None:
    """Until it commits there is no file; then there is that file, and nothing beside it."""
    for path in _targets(subject):
        publisher = _publisher(subject, path)
        publisher.write(FRAME)
        require(not path.exists(), f"{path.name} is there before it is committed")
        publisher.commit()
        left = [found.name for found in path.parent.iterdir()]
        require(left == [path.name], f"after commit there are {left}, not {path.name} alone")


def leaves_nothing_when_aborted(subject: Subject) -> None:
    """An abort, also a second one, leaves nothing behind."""
    for path in _targets(subject):
        publisher = _publisher(subject, path)
        publisher.write(FRAME)
        publisher.abort()
        publisher.abort()
        left = [found.name for found in path.parent.iterdir()]
        require(not left, f"after an abort there are {left}")


def keeps_the_old_file_when_aborted(subject: Subject) -> None:
    """An abort leaves a file that was there before as it was."""
    for path in _targets(subject):
        path.write_bytes(b"old")
        publisher = _publisher(subject, path)
        publisher.write(FRAME)
        publisher.abort()
        require(path.read_bytes() == b"old", "an abort changed the file that was there")


def replaces_the_old_file(subject: Subject) -> None:
    """A commit replaces a file that was there before."""
    for path in _targets(subject):
        path.write_bytes(b"old")
        _write(subject, path, FRAME)
        require(path.read_bytes() != b"old", "a commit left the old file")


def refuses_a_folder_that_is_not_there(subject: Subject) -> None:
    """A place that cannot be written is an OutputError that names it."""
    for path in _targets(subject):
        target = path.parent / "absent" / path.name
        try:
            _write(subject, target, FRAME)
        except OutputError as error:
            require(target.name in str(error), f"its error does not name {target.name}: {error}")
        else:
            raise AssertionError("it writes into a folder that is not there")


def writes_what_can_be_read_again(subject: Subject) -> None:
    """Rows written in batches come back in order, numbers bit for bit, nulls as nulls."""
    for path in _targets(subject):
        _write(subject, path, FRAME.head(4), FRAME.tail(3))
        found = _read_again(subject, path).collect()
        require(found.columns == FRAME.columns, f"columns come back as {found.columns}")
        for name in ("whole", "real"):
            back = found[name].cast(FRAME.schema[name])
            require(back.equals(FRAME[name]), f"column {name!r} comes back as {back.to_list()}")
        words = found["word"].to_list()
        require(words == FRAME["word"].to_list(), f"column 'word' comes back as {words}")


def writes_no_rows(subject: Subject) -> None:
    """Without a row the file is there all the same."""
    for path in _targets(subject):
        _publisher(subject, path).commit()
        require(path.exists(), "nothing is written where there are no rows")


LOADER_CHECKS: tuple[Check, ...] = (
    Check(opens_as_a_table),
    Check(reads_the_same_again),
    Check(counts_its_rows_truly),
    Check(gives_batches_that_make_the_whole),
    Check(reads_only_the_columns_that_are_asked_for),
    Check(names_a_file_that_is_not_there),
    Check(reads_or_refuses_an_empty_file),
    Check(reads_or_refuses_a_damaged_file),
    Check(names_a_uri_that_leads_nowhere),
    Check(keeps_secrets_to_itself),
)
"""Checks for loaders; those that need a sample write one, or take the one that is given."""

PUBLISHER_CHECKS: tuple[Check, ...] = (
    Check(shows_nothing_before_commit),
    Check(leaves_nothing_when_aborted),
    Check(keeps_the_old_file_when_aborted),
    Check(replaces_the_old_file),
    Check(refuses_a_folder_that_is_not_there),
    Check(writes_what_can_be_read_again),
    Check(writes_no_rows),
)
"""Checks for publishers of files."""


def _samples(subject: Subject) -> Iterator[Table]:
    """The sample that the author gives, or what publishers of the same plugin write."""
    given = subject.package.samples.get(subject.spec.id)
    if given is not None:
        yield _open(subject, given if isinstance(given, str) else given())
        return
    publishers = cast("tuple[PublisherSpec, ...]", subject.package.registry.specs("publishers"))
    readable = set(_suffixes(subject))
    written = [(spec, suffix) for spec in publishers for suffix in spec.suffixes]
    samples = [(spec, suffix) for spec, suffix in written if suffix in readable]
    if not samples:
        hint = f"samples={{{subject.spec.id!r}: path}}"
        raise SkippedError(f"give conformance_tests a sample to read: {hint}")
    for spec, suffix in samples:
        with TemporaryDirectory() as folder:
            path = Path(folder, f"sample{suffix}")
            _write(Subject(subject.package, spec), path, FRAME)
            yield _open(subject, str(path))


def _suffixes(subject: Subject) -> tuple[str, ...]:
    suffixes = cast("LoaderSpec | PublisherSpec", subject.spec).suffixes
    if not suffixes:
        raise SkippedError("it has no suffix: it knows no files")
    return suffixes


def _schemes(subject: Subject) -> tuple[str, ...]:
    spec = cast("LoaderSpec", subject.spec)
    schemes = tuple(scheme for scheme in spec.schemes if scheme != "-")
    if not schemes:
        raise SkippedError("it has no scheme: it knows no URIs")
    return schemes


def _targets(subject: Subject) -> Iterator[Path]:
    """For each suffix a file to write, alone in its folder."""
    for suffix in _suffixes(subject):
        with TemporaryDirectory() as folder:
            yield Path(folder, f"target{suffix}")


def _open(subject: Subject, uri: str) -> Table:
    """What the loader gives, with its default options; of a graph its nodes.

    Raises:
        SkippedError: If a requirement of it is missing.
    """
    subject.factory()
    opened = open_with(subject.package.readers, subject.spec, uri)
    return nodes_table(opened) if isinstance(opened, Graph) else opened


def _publisher(subject: Subject, path: Path) -> Publisher:
    return cast("Publisher", subject.factory()(str(path), FRAME.schema))


def _write(subject: Subject, path: Path, *frames: pl.DataFrame) -> None:
    publisher = _publisher(subject, path)
    for frame in frames:
        publisher.write(frame)
    publisher.commit()


def _read_again(subject: Subject, path: Path) -> Table:
    """Open what a publisher wrote, with a loader of the same plugin."""
    try:
        spec = for_uri(subject.package.registry, "loaders", str(path))
    except DataError:
        raise SkippedError("no loader of this plugin reads what it writes") from None
    return _open(Subject(subject.package, spec), str(path))


def _refusal(subject: Subject, uri: str) -> PynomalyError | None:
    """The error with which the loader refuses `uri`; None if it reads it."""
    try:
        _open(subject, uri).collect()
    except PluginFailed:
        raise
    except PynomalyError as error:
        return error
    return None


def _refused_or_read(subject: Subject, content: bytes) -> None:
    with TemporaryDirectory() as folder:
        for suffix in _suffixes(subject):
            path = Path(folder, f"odd{suffix}")
            path.write_bytes(content)
            error = _refusal(subject, str(path))
            named = error is None or path.name in str(error)
            require(named, f"its error does not name {path.name}: {error}")
