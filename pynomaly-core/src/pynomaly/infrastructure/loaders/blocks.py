"""The text of a file, in blocks of whole records: decompressed, and decoded to UTF-8."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from pynomaly.domain.errors import DataError, UsageError
from pynomaly.infrastructure.streaming import zstd_lines

BLOCK_BYTES = 4 << 20
"""Some 20,000 rows of 20 numbers: more is not faster, and costs memory."""

HEAD_BYTES = 8 << 20
RECORD_BYTES = 64 << 20
"""A record longer than this is no record."""

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_USUAL = ("cp1252", "cp1251")
"""Of encodings that fit equally well, these are by far the most frequent."""

_FOREIGN = {
    b"PAR1": "a Parquet file: call it .parquet",
    b"ARRO": "an Arrow file: call it .arrow",
    b"PK\x03\x04": "a ZIP archive, or a workbook: unpack it, or save it as CSV",
    b"%PDF": "a PDF document",
    b"SQLi": "an SQLite database",
}


def text_blocks(path: Path, encoding: str, source: str) -> Generator[bytes]:
    """The text of `path` as UTF-8 without a byte order mark; blocks end anywhere.

    Raises:
        DataError: If an archive is damaged, or the text has another encoding.
    """
    blocks = _raw_blocks(path, source)
    if encoding == "utf-8":
        return _without_bom(blocks)
    return _decoded(blocks, encoding, source)


def head_of(path: Path, source: str) -> bytes:
    """The first bytes of the file's content, decompressed but not decoded."""
    parts, size = [], 0
    with closing(_raw_blocks(path, source)) as blocks:
        for block in blocks:
            parts.append(block)
            size += len(block)
            if size >= HEAD_BYTES:
                break
    return b"".join(parts)


def check_text(head: bytes, source: str) -> None:
    """Refuse what is no text.

    Raises:
        DataError: Saying what it is, where that shows.
    """
    if not head.strip():
        raise DataError("the file is empty", source=source)
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            raise DataError(f"is no text, but {kind}", source=source)
    if not head.startswith(tuple(bom for bom, _ in _BOMS)) and b"\0" in head[:65_536]:
        raise DataError(
            "holds zero bytes, so it is no text table: it is binary, or UTF-16 without a mark"
            " (then give the option encoding=utf-16-le)",
            source=source,
        )


def find_encoding(head: bytes, source: str) -> str:
    """The encoding of a file that begins with `head`, as Python calls it.

    Raises:
        DataError: If it cannot be told.
    """
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    if _is_utf8(head):
        return "utf-8"
    from charset_normalizer import from_bytes

    matches = from_bytes(head[: 256 << 10])
    best = matches.best()
    if best is None:
        raise DataError("its encoding cannot be told: give the option encoding", source=source)
    as_likely = {
        match.encoding
        for match in matches
        if match.chaos <= best.chaos + 0.1 and match.coherence >= best.coherence
    }
    return next((usual for usual in _USUAL if usual in as_likely), best.encoding)


def known_encoding(name: str) -> str:
    """The encoding that a user named, as Python calls it.

    Raises:
        UsageError: If there is none of this name.
    """
    try:
        found = codecs.lookup(name).name
    except LookupError:
        raise UsageError(f"no encoding is called {name!r}: try utf-8, cp1252 or utf-16") from None
    return "utf-8" if found in {"utf-8-sig", "ascii"} else found


def records(
    blocks: Iterator[bytes], quote: str, source: str, eol: bytes = b"\n"
) -> Generator[bytes]:
    """The same bytes in blocks that end where records end.

    Args:
        blocks: UTF-8 text.
        quote: Inside a pair of these, a record goes on; ``""`` for none.
        source: For the message.
        eol: What ends a record.

    Raises:
        DataError: If a record has no end in sight.
    """
    mark = quote.encode()
    rest = b""
    for block in blocks:
        data = rest + block
        cut = _last_end(data, mark, eol)
        if cut:
            yield data[:cut]
        rest = data[cut:]
        if len(rest) > RECORD_BYTES:
            raise DataError(
                f"a line is longer than {RECORD_BYTES >> 20} MiB: either it is no text table, or a"
                f" quote ({quote or 'none'}) has no counterpart (see the option quote)",
                source=source,
            )
    if rest:
        yield rest if rest.endswith(eol) else rest + eol


def first_records(head: bytes, quote: str, eol: bytes) -> bytes:
    """The whole records at the start of `head`, all of it where it is a file's whole text."""
    if len(head) < HEAD_BYTES:
        return head
    return head[: _last_end(head, quote.encode(), eol)]


def count_byte(data: bytes, byte: bytes) -> int:
    """How often `byte` stands in `data`; where it is frequent, many times faster than `count`."""
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == ord(byte)))


def _last_end(data: bytes, quote: bytes, eol: bytes) -> int:
    """Where the last whole record ends: after an end of line with an even number of quotes."""
    cut = data.rfind(eol) + 1
    if not quote or quote not in data:
        return cut
    odd = data.count(quote, 0, cut) % 2
    while odd and cut:
        opened = data.rfind(quote, 0, cut)
        earlier = data.rfind(eol, 0, opened) + 1
        odd = (odd + data.count(quote, earlier, cut)) % 2
        cut = earlier
    return cut


def _raw_blocks(path: Path, source: str) -> Generator[bytes]:
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == ZSTD:
        yield from zstd_lines(path)
        return
    try:
        with gzip.open(path) if magic[:2] == GZIP else path.open("rb") as content:
            while block := content.read(BLOCK_BYTES):
                yield block
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            "the archive is damaged or cut short: copy it again", source=source
        ) from error


def _without_bom(blocks: Iterator[bytes]) -> Generator[bytes]:
    for first in blocks:
        yield first.removeprefix(codecs.BOM_UTF8)
        break
    yield from blocks


def _decoded(blocks: Iterator[bytes], encoding: str, source: str) -> Generator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        first = True
        for block in blocks:
            text = decoder.decode(block)
            yield (text.removeprefix("\ufeff") if first else text).encode()
            first = False
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise DataError(
            f"is not encoded in {encoding}: give another one by the option encoding",
            source=source,
        ) from error


def _is_utf8(head: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return False
    return True
