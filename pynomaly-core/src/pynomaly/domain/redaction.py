"""Keeps secrets out of what is shown or saved: passwords and tokens in URIs and queries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote, unquote_plus

from pynomaly.domain.errors import DataError, PynomalyError

MASK = "***"

_WORDS = r"password|passwd|passphrase|pwd|secret|token|(?:api|access|account|secret)[_-]?key"
_WHOLE = re.compile(
    r"\A([a-z][\w+.-]*://[^/?#:@]*:)(?!\d+/|\*{3}@)(.+)(?=@)", re.IGNORECASE | re.DOTALL
)
"""Where the text is a URI. A password should be percent-encoded, and is not always: it ends at the
last at sign."""
_USERINFO = re.compile(r"(://[^\s/?#:@]*:)(?!\d+/|\*{3}@)(\S+)(?=@)")
"""Where a URI stands in the text."""
_IN_QUERY = re.compile(
    rf"([?&;]\s*[\w-]*(?:{_WORDS}|signature|credential|sig|key)=)([^\s&;'\"#]+)", re.IGNORECASE
)
_ASSIGNED = re.compile(
    rf"((?<!\w)[\w-]*?(?:{_WORDS})\s*=\s*)('[^']+'|\"[^\"]+\"|[^\s&'\";,)]+)", re.IGNORECASE
)
"""In a driver's connection string, or in SQL."""
_ENCODED = re.compile(rf"((?:{_WORDS})(?:%20)*%3D(?:%20)*)((?:(?!%3B)[^\s&#])+)", re.IGNORECASE)
"""In a connection string that is part of a URI."""
_IN_SQL = re.compile(rf"((?<!\w)\w*(?:{_WORDS})\s+)('[^']+'|\"[^\"]+\")(?=\s*[,)])", re.IGNORECASE)
"""As DuckDB's CREATE SECRET has it."""
_TOKEN = re.compile(r"(\bhttps?://)(?!\*{3}@)([^\s/?#:@]+)(?=@)", re.IGNORECASE)
"""A user without a password is a token on the web."""
_PATTERNS = (_WHOLE, _USERINFO, _IN_QUERY, _ASSIGNED, _ENCODED, _IN_SQL, _TOKEN)

_SHORTEST = 3
"""A word of fewer letters is looked for only where it stands as a secret."""


def redacted(text: str) -> str:
    """`text` with every secret in it masked: passwords of URIs, and values of telling names."""
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def redact_error(error: PynomalyError, uri: str) -> None:
    """Mask in `error`, and in what caused it, each secret of `uri` and what else looks like one.

    A driver may quote the secret alone, decoded, or a part of it that it took for something else.
    """
    secrets = [match[2].strip("'\"") for match in _matches(uri)]
    spellings = {form for secret in secrets for form in _spellings(secret)}

    def change(text: str) -> str:
        return redacted(_masked(text, spellings))

    link: BaseException = error
    while True:
        reword(link, change)
        cause = link.__cause__ or link.__context__
        if cause is None:
            return
        reword(cause, change)
        if change(str(cause)) != str(cause):  # its words are not in its arguments
            link.__cause__ = link.__context__ = None
            return
        link = cause


def reword(error: BaseException, change: Callable[[str], str]) -> None:
    """Change the words of `error` in place."""
    error.args = tuple(change(arg) if isinstance(arg, str) else arg for arg in error.args)
    if isinstance(error, DataError):
        error.source = change(error.source)


def _matches(uri: str) -> Iterator[re.Match[str]]:
    for pattern in _PATTERNS:
        yield from pattern.finditer(uri)


def _spellings(secret: str) -> Iterator[str]:
    for form in {secret, unquote(secret), unquote_plus(secret)}:
        for part in (form, *re.split(r"[/?#@:]", form)):
            if len(part.strip()) >= _SHORTEST:
                yield part.strip()


def _masked(text: str, spellings: set[str]) -> str:
    for each in sorted(spellings, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", MASK, text)
    return text
