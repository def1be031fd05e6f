"""Small graphs, and files of them."""

from __future__ import annotations

import numpy as np

HEAD = '<?xml version="1.0"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
KEYS = (
    '<key id="d0" for="node" attr.name="age" attr.type="int"/>\n'
    '<key id="d1" for="node" attr.name="kind" attr.type="string"><default>usual</default></key>\n'
    '<key id="d2" for="edge" attr.name="weight" attr.type="double"/>\n'
)


def graphml(body, *, keys=KEYS, default="undirected"):
    return f'{HEAD}{keys}<graph id="G" edgedefault="{default}">\n{body}</graph></graphml>\n'


def node(name, **data):
    inside = "".join(f'<data key="{key}">{value}</data>' for key, value in data.items())
    return f'<node id="{name}">{inside}</node>\n'


def edge(source, target, more=""):
    return f'<edge source="{source}" target="{target}" {more}><data key="d2">1.5</data></edge>\n'


def ring_and_clique(ring=60, clique=6, *, width=3, seed=0):
    """Edges of a ring with a clique on it, and attributes which are alike along the ring."""
    n = ring + clique
    around = np.stack([np.arange(n), np.roll(np.arange(n), -1)])
    inner = np.stack(np.triu_indices(clique, 1)) + ring
    edges = np.unique(np.sort(np.hstack([around, inner]), axis=0), axis=1)
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.arange(n) / n
    x = np.stack([np.sin(phase + k) for k in range(width)], axis=1)
    return x + 0.05 * rng.standard_normal(x.shape), edges
