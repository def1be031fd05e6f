"""Graphs in GraphML, read as a stream of XML in which no entity is ever declared.

Brandes, Eiglsperger, Lerner, Pich (2013). Graph Markup Language (GraphML). Handbook of Graph
Drawing and Visualization, chapter 16.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any, cast
from xml.parsers import expat

import attrs
import polars as pl

from pynomaly.domain.errors import DataError
from pynomaly.domain.graphs import NODE, graph_from_edges
from pynomaly.ports.loading import existing_file
from pynomaly.ports.params import NoParams

if TYPE_CHECKING:
    from pynomaly.domain.graphs import Graph

_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_TYPES: Mapping[str, tuple[type[pl.DataType], Callable[[str], Any]]] = {
    "boolean": (pl.Boolean, lambda text: _TRUTH[text.lower()]),
    "int": (pl.Int64, int),
    "long": (pl.Int64, int),
    "float": (pl.Float64, float),
    "double": (pl.Float64, float),
    "string": (pl.String, str),
}
_READ_AT_ONCE = 2**20
_REFUSED = {
    "hyperedge": "an edge has two ends here: write hyperedges as nodes of their own",
}


def load(uri: str, options: NoParams) -> Graph:
    """Read the graph in a GraphML file, which may be compressed with gzip.

    Nodes keep their attributes, named as `attr.name` says; those of edges are not read.

    Raises:
        DataError: If it is no GraphML, declares a document type, or holds what is no simple
            graph: hyperedges, graphs in graphs, edges of both kinds.
    """
    del options
    path = existing_file(uri)
    reader = _Reader(uri)
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            reader.read(cast("IO[bytes]", file))
    except expat.ExpatError as error:
        raise DataError(f"it is no XML that can be read ({error})", source=uri) from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"it cannot be read ({error})", source=uri) from error
    return attrs.evolve(reader.graph(), files=(path,))


@attrs.define
class _Key:
    """A declared attribute of nodes."""

    name: str
    type: str
    default: str | None = None


class _Reader:
    """What a file says, gathered element by element."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._open: list[str] = []
        self._keys: dict[str, _Key] = {}
        self._key: _Key | None = None
        self._nodes: list[str] = []
        self._values: dict[str, dict[int, str]] = {}
        self._data = ""
        self._text: list[str] = []
        self._ends: tuple[list[str], list[str]] = ([], [])
        self._directed: bool | None = None

    def read(self, file: IO[bytes]) -> None:
        """Take in a whole file."""
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        # Entities can grow without bound or name other files: there is no use for them here.
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        while block := file.read(_READ_AT_ONCE):
            parser.Parse(block, False)
        parser.Parse(b"", True)

    def graph(self) -> Graph:
        """The graph.

        Raises:
            DataError: If there is none, or it does not hang together.
        """
        if self._directed is None:
            raise DataError("it holds no element <graph>: is it GraphML?", source=self._uri)
        if not self._nodes:
            raise DataError("the graph has no nodes", source=self._uri)
        columns = [pl.Series(NODE, self._nodes, pl.String)]
        columns += [self._column(known, key) for known, key in self._keys.items()]
        rows = pl.DataFrame(dict(zip(("source", "target"), self._ends, strict=True)))
        return graph_from_edges(
            *(self._uri, rows.cast(pl.String), "source", "target"),
            nodes=pl.DataFrame(columns),
            id=NODE,
            directed=self._directed,
        )

    def _column(self, name: str, key: _Key) -> pl.Series:
        """The values of an attribute, one for each node."""
        dtype, convert = _TYPES[key.type]
        given = self._values.get(name, {})
        texts = [given.get(node, key.default) for node in range(len(self._nodes))]
        try:
            values = [None if text is None else convert(text.strip()) for text in texts]
            return pl.Series(key.name, values, dtype)
        except (ValueError, KeyError, OverflowError) as error:
            raise self._error(
                f"the attribute {key.name!r} of nodes is declared to be {key.type}, and one is not"
                f" ({error})"
            ) from error

    def _start(self, name: str, given: dict[str, str]) -> None:
        element = name.rpartition("}")[2]
        within = self._open[-1] if self._open else ""
        self._open.append(element)
        self._text.clear()
        if element in _REFUSED:
            raise self._error(f"it holds a <{element}>: {_REFUSED[element]}")
        match element:
            case "key":
                self._start_key(given)
            case "graph":
                self._start_graph(given)
            case "node" if within == "graph":
                self._nodes.append(self._needed(given, "node", "id"))
            case "edge" if within == "graph":
                self._start_edge(given)
            case "data":
                self._data = given.get("key", "") if within == "node" else ""
            case _:
                pass

    def _start_key(self, given: Mapping[str, str]) -> None:
        # Editors keep what nodes look like under keys without a type.
        self._key = None
        kind = given.get("attr.type", "string" if "attr.name" in given else "")
        if given.get("for", "all") not in {"node", "all"} or not kind:
            return
        if kind not in _TYPES:
            raise self._error(f"a key is of the type {kind!r}; known are {', '.join(_TYPES)}")
        known = self._needed(given, "key", "id")
        name = given.get("attr.name", known)
        taken = {NODE, *(key.name for key in self._keys.values())}
        while name in taken:
            name += "_"
        self._key = self._keys[known] = _Key(name, kind)

    def _start_graph(self, given: Mapping[str, str]) -> None:
        if self._directed is not None:
            raise self._error("it holds more than one <graph>: give one graph in a file")
        self._directed = given.get("edgedefault", "undirected") == "directed"

    def _start_edge(self, given: Mapping[str, str]) -> None:
        own = given.get("directed")
        if own is not None and _TRUTH.get(own.lower()) is not self._directed:
            raise self._error("some of its edges are directed and some are not: choose one kind")
        for end, name in zip(self._ends, ("source", "target"), strict=True):
            end.append(self._needed(given, "edge", name))

    def _end(self, name: str) -> None:
        element = self._open.pop()
        text = "".join(self._text)
        self._text.clear()
        if element == "default" and self._key is not None:
            self._key.default = text
        elif element == "data" and self._data in self._keys:
            self._values.setdefault(self._data, {})[len(self._nodes) - 1] = text

    def _needed(self, given: Mapping[str, str], element: str, name: str) -> str:
        if name not in given:
            raise self._error(f"a <{element}> lacks {name!r}")
        return given[name]

    def _refuse_doctype(self, *_: object) -> None:
        raise self._error(
            "it declares a document type, which can hide entities that grow or name other files:"
            " take the <!DOCTYPE ...> out"
        )

    def _error(self, message: str) -> DataError:
        return DataError(message, source=self._uri)
