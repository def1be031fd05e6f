"""Small data that the checks feed to detectors: float64, standardised, read-only, seeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pynomaly.domain.graphs import GraphArrays

if TYPE_CHECKING:
    import numpy.typing as npt

    from pynomaly.ports.protocols import FloatMatrix, FloatVector

WIDTH = 4


def frozen(X: FloatMatrix) -> FloatMatrix:
    """A read-only, C-contiguous float64 copy: what the core hands to a detector."""
    X = np.array(X, dtype=np.float64, order="C")
    X.flags.writeable = False
    return X


def usual(rows: int, *, seed: int = 0, width: int = WIDTH) -> FloatMatrix:
    """Correlated normal rows, shape (rows, width), about mean 0 and sd 1."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((rows, 1))
    return frozen(0.6 * common + 0.8 * rng.standard_normal((rows, width)))


def planted(rows: int, anomalies: int, *, seed: int = 0) -> tuple[FloatMatrix, FloatVector]:
    """Usual rows, then anomalies far out in random directions; and 1.0 where one is."""
    rng = np.random.default_rng(seed + 1)
    directions = rng.standard_normal((anomalies, WIDTH))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    X = np.vstack([usual(rows, seed=seed), 8.0 * directions])
    truth = np.concatenate([np.zeros(rows), np.ones(anomalies)])
    order = rng.permutation(len(X))
    return frozen(X[order]), truth[order]


def waves(steps: int, *, seed: int = 0, width: int = WIDTH) -> FloatMatrix:
    """One series of noisy waves of 25 steps, shape (steps, width), about mean 0 and sd 1."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * (np.arange(steps)[:, None] / 25 + np.arange(width) / width)
    return frozen(1.3 * np.sin(phase) + 0.3 * rng.standard_normal((steps, width)))


def planted_stretches(
    steps: int, anomalies: int, *, seed: int = 0
) -> tuple[FloatMatrix, FloatVector]:
    """Waves with stretches of 10 steps that are something else; and 1.0 where one is."""
    X = waves(steps, seed=seed).copy()
    truth = np.zeros(steps)
    rng = np.random.default_rng(seed + 1)
    for start in np.linspace(steps // 5, steps - 20, max(1, anomalies // 10)).astype(int):
        X[start : start + 10] = 5.0 + 2.0 * rng.standard_normal((10, WIDTH))
        truth[start : start + 10] = 1.0
    return frozen(X), truth


def with_columns(X: FloatMatrix, columns: dict[int, FloatVector | float]) -> FloatMatrix:
    """X with some columns replaced."""
    changed = X.copy()
    for column, values in columns.items():
        changed[:, column] = values
    return frozen(changed)


def graph_of(X: FloatMatrix, edges: npt.ArrayLike, *, directed: bool = False) -> GraphArrays:
    """A graph whose arrays are read-only, as the core hands it to a detector."""
    ends = np.array(edges, dtype=np.int64, order="C")
    ends.flags.writeable = False
    return GraphArrays(frozen(X), ends, directed)


def usual_graph(
    nodes: int, *, seed: int = 0, width: int = WIDTH, directed: bool = False
) -> GraphArrays:
    """Nodes on a ring with an edge to one of the next three; attributes change along the ring."""
    rng = np.random.default_rng(seed)
    place = np.arange(nodes)
    far = (place + rng.integers(2, 4, size=nodes)) % nodes
    ends = np.hstack([[place, (place + 1) % nodes], [place, far]])
    ends = ends if directed else np.sort(ends, axis=0)
    ends = np.unique(ends[:, ends[0] != ends[1]], axis=1)
    phase = 2 * np.pi * (place[:, None] / nodes + np.arange(width) / max(width, 1))
    X = 1.3 * np.sin(phase) + 0.3 * rng.standard_normal((nodes, width))
    return graph_of(X, ends, directed=directed)


def planted_nodes(nodes: int, anomalies: int, *, seed: int = 0) -> tuple[GraphArrays, FloatVector]:
    """A usual graph with a clique of nodes of odd attributes; and 1.0 where one is of it."""
    graph = usual_graph(nodes, seed=seed)
    rng = np.random.default_rng(seed + 1)
    chosen = rng.choice(nodes, anomalies, replace=False)
    one, other = np.triu_indices(anomalies, 1)
    clique = np.sort(np.stack([chosen[one], chosen[other]]), axis=0)
    X = graph.features.copy()
    X[chosen] = 3.0 * rng.standard_normal((anomalies, X.shape[1]))
    truth = np.zeros(nodes)
    truth[chosen] = 1.0
    return graph_of(X, np.unique(np.hstack([graph.edges, clique]), axis=1)), truth


_WORDS = ("call", "me", "back", "when", "you", "get", "home", "tonight", "the", "meeting", "is")


def texts(count: int, *, seed: int = 0) -> list[str]:
    """Short texts of common words."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(_WORDS, rng.integers(3, 12))) for _ in range(count)]
