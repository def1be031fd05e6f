"""Graphs: loaders, and nodes described by their neighbourhood. Listing imports no library."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports import LoaderSpec, Modality, TransformerSpec, hookimpl

_GRAPHS = frozenset({Modality.GRAPH})


@hookimpl
def pynomaly_loaders() -> Iterable[LoaderSpec]:
    """Loaders of graphs from files."""
    yield LoaderSpec(
        id="graph.graphml",
        title="GraphML",
        summary="One graph of named nodes with their attributes; its XML may declare no entity.",
        factory="pynomaly_graph.graphml:load",
        modalities=_GRAPHS,
        suffixes=(".graphml", ".graphml.gz"),
        streams=False,
        docs="http://graphml.graphdrawing.org/specification.html",
    )
    yield LoaderSpec(
        id="graph.npz",
        title="Graph in npz",
        summary="NumPy arrays of a graph: edge_index or a sparse matrix, with attributes.",
        factory="pynomaly_graph.npz:load",
        params="pynomaly_graph.npz:NpzOptions",
        modalities=_GRAPHS,
        suffixes=(".npz",),
        streams=False,
    )


@hookimpl
def pynomaly_transformers() -> Iterable[TransformerSpec]:
    """What describes nodes by numbers."""
    yield TransformerSpec(
        id="graph.neighbourhood",
        title="Neighbourhood of a node",
        summary="Degree, triangles, core and egonet of a node, and how unlike its neighbours it is.",
        factory="pynomaly_graph.neighbourhood:Neighbourhood",
        params="pynomaly_graph.neighbourhood:NeighbourhoodParams",
        modalities=_GRAPHS,
        default_for=_GRAPHS,
        time="m sqrt(m) + m d",
        paper="Akoglu, McGlohon, Faloutsos (2010). OddBall: Spotting Anomalies in Weighted Graphs."
        " doi:10.1007/978-3-642-13672-6_40",
    )
