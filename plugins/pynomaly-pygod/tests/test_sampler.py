"""The sampler in NumPy: what PyTorch Geometric's compiled ones promise."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("libraries")


@pytest.fixture
def star():
    """Edges from 1, 2, 3, 4 to 0, and from 5 to 4."""
    import torch
    from torch_geometric.data import Data

    edges = torch.tensor([[4, 2, 1, 3, 5], [0, 0, 0, 0, 4]])
    return Data(x=torch.arange(6.0)[:, None], edge_index=edges)


def batches(data, hops, **options):
    from pynomaly_pygod.sampler import neighbor_loader

    return list(neighbor_loader(data, hops, **options))


def edges_of(batch):
    return set(map(tuple, batch.n_id[batch.edge_index].T.tolist()))


def test_one_batch_of_all_nodes_is_the_whole_graph(star):
    (batch,) = batches(star, [-1, -1], batch_size=6)
    assert batch.n_id.tolist() == [0, 1, 2, 3, 4, 5]
    assert batch.batch_size == 6
    assert edges_of(batch) == set(map(tuple, star.edge_index.T.tolist()))


def test_seeds_come_first_and_hops_follow_edges_backwards(star):
    first = batches(star, [-1], batch_size=1)[0]
    assert first.n_id.tolist() == [0, 4, 2, 1, 3]
    assert first.input_id.tolist() == [0]
    second = batches(star, [-1, -1], batch_size=1)[0]
    assert second.n_id.tolist() == [0, 4, 2, 1, 3, 5]
    assert edges_of(second) == set(map(tuple, star.edge_index.T.tolist()))
    assert batches(star, [-1], batch_size=1)[5].n_id.tolist() == [5]


def test_no_neighbour_is_sampled_twice(star):
    import torch

    for seed in range(20):
        torch.manual_seed(seed)
        batch = batches(star, [2], batch_size=1)[0]
        assert len(set(batch.n_id.tolist())) == 3


def test_every_neighbour_is_sampled_about_as_often(star):
    import torch

    torch.manual_seed(0)
    found = np.concatenate([batches(star, [1], batch_size=1)[0].n_id[1:] for _ in range(400)])
    counts = np.bincount(found, minlength=5)[1:5]
    assert counts.min() > 60


def test_edges_keep_their_attributes(star):
    import torch

    star.edge_attr = torch.tensor([40.0, 20.0, 10.0, 30.0, 54.0])[:, None]
    batch = batches(star, [-1, -1], batch_size=1)[0]
    source, target = batch.n_id[batch.edge_index]
    expected = torch.where(target == 0, source * 10, source * 10 + target)
    assert torch.equal(batch.edge_attr[:, 0], expected.float())


def test_pygod_still_uses_the_names_that_are_replaced():
    from pygod.detector import base, gadnr
    from pygod.nn import gadnr as network

    assert callable(base.NeighborLoader)
    assert callable(gadnr.NeighborLoader)
    assert callable(network.mp.Pool)


def test_edges_are_not_sampled(star):
    from pynomaly_pygod.sampler import NumpyNeighborSampler

    with pytest.raises(NotImplementedError):
        NumpyNeighborSampler(star, [1]).sample_from_edges(None)
