"""GraphML: what is read, and what is refused."""

from __future__ import annotations

import gzip

import pytest
from graph_files import HEAD, KEYS, edge, graphml, node

from pynomaly.domain.errors import DataError
from pynomaly.ports.params import NoParams
from pynomaly_graph.graphml import load

TRIANGLE = node("a", d0=1) + node("b", d0=2, d1="odd") + node("c")
EDGES = edge("a", "b") + edge("b", "c")


@pytest.fixture
def read(tmp_path):
    def read(text, name="g.graphml"):
        path = tmp_path / name
        data = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(data)
        return load(str(path), NoParams())

    return read


def test_nodes_keep_their_names_attributes_and_defaults(read):
    graph = read(graphml(TRIANGLE + EDGES))
    assert graph.nodes.to_dict(as_series=False) == {
        "node": ["a", "b", "c"],
        "age": [1, 2, None],
        "kind": ["usual", "odd", "usual"],
    }
    assert graph.attributes == ("age", "kind")
    assert graph.edges.tolist() == [[0, 1], [1, 2]]
    assert not graph.directed


def test_edges_may_come_before_their_nodes(read):
    assert read(graphml(EDGES + TRIANGLE)).edges.tolist() == [[0, 1], [1, 2]]


def test_a_directed_graph_keeps_which_way_edges_point(read):
    graph = read(graphml(TRIANGLE + edge("c", "a"), default="directed"))
    assert graph.directed
    assert graph.edges.tolist() == [[2], [0]]


def test_a_compressed_file_reads_the_same(read):
    packed = gzip.compress(graphml(TRIANGLE + EDGES).encode())
    assert read(packed, "g.graphml.gz").nodes.equals(read(graphml(TRIANGLE + EDGES)).nodes)


def test_all_types_are_read_as_they_are_declared(read):
    kinds = {"boolean": "true", "int": "3", "long": "4", "float": "0.5", "double": "1e3"}
    keys = "".join(f'<key id="{k}" for="all" attr.name="{k}" attr.type="{k}"/>' for k in kinds)
    row = read(graphml(node("a", **kinds), keys=keys)).nodes.row(0, named=True)
    assert row == {"node": "a", "boolean": True, "int": 3, "long": 4, "float": 0.5, "double": 1e3}


def test_what_editors_keep_about_looks_is_no_attribute(read):
    keys = '<key id="g" for="node" yfiles.type="nodegraphics"/>'
    body = '<node id="a"><data key="g"><shape fill="red">x</shape></data></node>'
    assert read(graphml(body, keys=keys)).nodes.columns == ["node"]


def test_attributes_that_share_a_name_are_kept_apart(read):
    keys = KEYS + '<key id="d3" for="node" attr.name="node"/><key id="d4" attr.name="age"/>'
    assert read(graphml(TRIANGLE, keys=keys)).nodes.columns == [
        *("node", "age", "kind", "node_", "age_")
    ]


def test_entities_are_refused_before_any_of_them_grows(read, tmp_path):
    """A billion laughs, and a file from outside."""
    lol = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{lol}]><graphml>&l9;</graphml>'
    secret = tmp_path / "secret"
    secret.write_text("secret")
    outside = f'<!DOCTYPE x [<!ENTITY s SYSTEM "{secret.as_uri()}">]><graphml>&s;</graphml>'
    for text in (bomb, outside):
        with pytest.raises(DataError, match="declares a document type") as caught:
            read(text)
        assert "secret" not in str(caught.value)


def test_an_entity_that_nobody_declared_is_an_error(read):
    with pytest.raises(DataError, match="no XML"):
        read(graphml(node("a", d1="&hidden;")))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (graphml(""), "the graph has no nodes"),
        (f"{HEAD}</graphml>", "no element <graph>"),
        (graphml(TRIANGLE)[:-15], "no XML"),
        (graphml(node("a") + node("a")), "'a' names more than one node"),
        (graphml(node("a") + edge("a", "z")), "lead to 1 node .* does not name: 'z'"),
        (graphml("<node/>"), "<node> lacks 'id'"),
        (graphml(node("a") + '<edge source="a"/>'), "<edge> lacks 'target'"),
        (graphml("<hyperedge/>"), "<hyperedge>"),
        (graphml(node("a") + '</graph><graph id="H">'), "more than one <graph>"),
        (graphml('<node id="a"><graph/></node>'), "more than one <graph>"),
        (graphml(TRIANGLE + edge("a", "b", 'directed="true"')), "some are not"),
        (graphml(node("a", d0="old")), "'age' of nodes is declared to be int, and one is not"),
        (graphml("", keys='<key id="k" for="node" attr.type="blob"/>'), "type 'blob'"),
        (graphml("", keys='<key for="node" attr.name="age"/>'), "<key> lacks 'id'"),
        (b"", "the file is empty"),
    ],
)
def test_what_is_no_simple_graph_is_refused_by_name(read, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read(text)
    assert "g.graphml" in str(caught.value)


def test_a_damaged_archive_is_refused(read):
    with pytest.raises(DataError, match="cannot be read"):
        read(b"\x1f\x8b\x08 no archive", "g.graphml.gz")
    with pytest.raises(DataError, match="cannot be read"):
        read(gzip.compress(graphml(TRIANGLE).encode())[:40], "g.graphml.gz")


def test_a_uri_names_a_file_and_a_folder_is_none(read, tmp_path):
    read(graphml(TRIANGLE), "a b.graphml")
    assert load((tmp_path / "a b.graphml").as_uri(), NoParams()).nodes.height == 3
    with pytest.raises(DataError, match="is a folder"):
        load(str(tmp_path), NoParams())
