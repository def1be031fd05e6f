"""Fitted networks as bytes that execute nothing: safetensors, and what rebuilds the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load, save

if TYPE_CHECKING:
    from pynomaly.ports.protocols import State

_SPHERE = ("c", "r")
"""Centre and radius of OCGNN, which are no weights of its network."""


def dump(model: Any) -> State:
    """The state of a fitted PyGOD object."""
    network = model.model
    # A part that bears two names is saved twice: safetensors takes no tensor that others share.
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    sphere = {
        f"sphere.{name}": torch.as_tensor(getattr(network, name), dtype=torch.float32)
        for name in _SPHERE
        if hasattr(network, "warmup")
    }
    return {
        "weights": save({**weights, **sphere}),
        "nodes": int(model.num_nodes),
        "motifs": int(getattr(model, "dim_s", None) or 0),
    }


def restore(model: Any, width: int, state: State) -> Any:
    """An unfitted object with the network that gave `state`."""
    weights = load(state["weights"])
    model.in_dim, model.num_nodes = width, state["nodes"]
    if state["motifs"]:
        model.dim_s = state["motifs"]
    model.model = model.init_model(**model.kwargs)
    sphere = {
        name: weights.pop(f"sphere.{name}") for name in _SPHERE if f"sphere.{name}" in weights
    }
    model.model.load_state_dict(weights)
    for name, value in sphere.items():
        setattr(model.model, name, value)
        model.model.warmup = 0
    return model
