"""What all databases have in common: which table or query is meant, and what messages call it."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

import attrs

from pynomaly.domain.errors import DataError, UsageError
from pynomaly.domain.redaction import redacted
from pynomaly.ports.loading import one_line
from pynomaly.ports.params import param

LONGEST_NAME = 200
"""Letters of a URI and a query that messages show."""
LONGEST_REASON = 300

_IN_URI = ("table", "query")
_COMMENT = re.compile(r"\s+|--[^\n]*(\n|$)|/\*.*?\*/|\(", re.DOTALL)
_QUOTED = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]", re.DOTALL
)
_CHANGES = frozenset(
    [
        *("alter", "call", "create", "delete", "drop", "exec", "execute", "grant", "insert"),
        *("into", "merge", "truncate", "update"),
    ]
)
_QUERIES = ("select", "with", "values", "table", "from")


@attrs.frozen
class SqlOptions:
    """What to read of a database."""

    table: str | None = param(
        None, help="The table or view to read, also as schema.table; needed if there are several."
    )
    query: str | None = param(None, help="The SQL query whose rows to read, instead of a table.")

    def __attrs_post_init__(self) -> None:
        """Refuse two answers to one question."""
        if self.table is not None and self.query is not None:
            raise ValueError("table and query exclude each other: give one of them")


@attrs.frozen
class Source:
    """A database, and what to read of it.

    Attributes:
        uri: Of the database, without our own options.
        options: What to read.
        name: What messages call it.
    """

    uri: str
    options: SqlOptions
    name: str

    @property
    def query(self) -> str | None:
        """The query that the user gave, as something that can stand in parentheses.

        Raises:
            DataError: If it is no query.
        """
        if self.options.query is None:
            return None
        sql = self.options.query.strip().rstrip(";").rstrip()
        if not _first_word(sql).lower().startswith(_QUERIES):
            raise DataError(
                f"{_first_word(sql) or 'nothing'!r} begins no query: give a SELECT",
                source=self.name,
            )
        return sql


def source_of(uri: str, options: SqlOptions) -> Source:
    """The source that `uri` and `options` name; ``?table=`` and ``?query=`` may stand in the URI.

    Raises:
        UsageError: If it is said in both.
    """
    base, _, parameters = uri.partition("?")
    given: dict[str, str] = {}
    others: list[str] = []
    for parameter in filter(None, parameters.split("&")):
        key, _, value = parameter.partition("=")
        if key in _IN_URI:
            given[key] = unquote_plus(value)
        else:
            others.append(parameter)
    bare = base + ("?" + "&".join(others) if others else "")
    if given:
        if options != SqlOptions():
            raise UsageError(
                f"{redacted(bare)}: table or query is given in the URI and as an option"
            )
        try:
            options = SqlOptions(**given)
        except ValueError as error:
            raise UsageError(f"{redacted(bare)}: {error}") from error
    what = options.table or options.query
    # A password that is not percent-encoded may hold what looks like the end of the address.
    name = redacted(uri).partition("?")[0] + (f": {what}" if what else "")
    return Source(bare, options, one_line(name, LONGEST_NAME))


def refuse_changes(sql: str, source: str) -> None:
    """Refuse a query that holds a word which changes something, for databases that would let it.

    Raises:
        DataError: Naming the word.
    """
    words = re.findall(r"\w+", _QUOTED.sub(" ", sql))
    for word in words:
        if word.lower() in _CHANGES:
            raise DataError(
                f"holds {word}, and only queries are run: if it is a name, quote it", source=source
            )


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _first_word(sql: str) -> str:
    """The first word of `sql`, which may begin with comments and parentheses."""
    place = 0
    while match := _COMMENT.match(sql, place):
        place = match.end()
    word = re.match(r"\w+", sql[place:])
    return word[0] if word else sql[place : place + 10]
