"""BERT's encoder in NumPy: weights as safetensors in, vectors of tokens out.

Devlin, Chang, Lee, Toutanova (2019). BERT: pre-training of deep bidirectional transformers for
language understanding. https://doi.org/10.18653/v1/N19-1423
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file
from scipy.special import erf

from pynomaly.domain.errors import DataError

Tokens = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

_KIND = "bert"


class Bert:
    """A fitted encoder.

    Args:
        weights: The safetensors file.
        config: Of the model, as transformers writes it.

    Raises:
        DataError: If the model is of another kind, or a tensor is missing.
    """

    def __init__(self, weights: Path, config: Mapping[str, Any]) -> None:
        _check_kind(weights, config)
        self.width = int(config["hidden_size"])
        self._heads = int(config["num_attention_heads"])
        self._layers = int(config["num_hidden_layers"])
        self._epsilon = np.float32(config.get("layer_norm_eps", 1e-12))
        try:
            found = load_file(weights)
        except (SafetensorError, OSError, TypeError) as error:
            raise DataError(f"cannot be read ({error})", source=str(weights)) from error
        self._tensors = {
            name.removeprefix("bert."): tensor.astype(np.float32, copy=False)
            for name, tensor in found.items()
        }
        self.max_tokens = len(self._tensor(weights, "embeddings.position_embeddings.weight"))
        for name in _names(self._layers):
            self._tensor(weights, name)

    def __call__(self, tokens: Tokens) -> Vectors:
        """The last layer's vector of each token, shape (n, width)."""
        named = self._tensors
        x: Vectors = (
            named["embeddings.word_embeddings.weight"][tokens]
            + named["embeddings.position_embeddings.weight"][: len(tokens)]
            + named["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._normed(x, "embeddings.LayerNorm")
        for layer in range(self._layers):
            x = self._layer(x, f"encoder.layer.{layer}")
        return x

    def _layer(self, x: Vectors, name: str) -> Vectors:
        seen = self._linear(self._attended(x, f"{name}.attention.self"), f"{name}.attention.output")
        x = self._normed(seen + x, f"{name}.attention.output.LayerNorm")
        inner = self._linear(x, f"{name}.intermediate")
        inner *= 0.5 * (1 + erf(inner * np.float32(0.5**0.5)))
        return self._normed(self._linear(inner, f"{name}.output") + x, f"{name}.output.LayerNorm")

    def _attended(self, x: Vectors, name: str) -> Vectors:
        """What each token sees of all, shape (n, width)."""
        query, key, value = (
            self._linear(x, f"{name}.{part}", "").reshape(len(x), self._heads, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        weights = query @ key.swapaxes(1, 2) / np.float32(query.shape[2] ** 0.5)
        weights = np.exp(weights - weights.max(axis=2, keepdims=True))
        weights /= weights.sum(axis=2, keepdims=True)
        seen: Vectors = (weights @ value).swapaxes(0, 1).reshape(x.shape)
        return seen

    def _linear(self, x: Vectors, name: str, within: str = ".dense") -> Vectors:
        weight, bias = (self._tensors[f"{name}{within}.{part}"] for part in ("weight", "bias"))
        out: Vectors = x @ weight.T + bias
        return out

    def _normed(self, x: Vectors, name: str) -> Vectors:
        x = x - x.mean(axis=1, keepdims=True)
        variance = np.square(x).mean(axis=1, keepdims=True)
        scaled: Vectors = x / np.sqrt(variance + self._epsilon)
        return scaled * self._tensors[f"{name}.weight"] + self._tensors[f"{name}.bias"]

    def _tensor(self, weights: Path, name: str) -> Vectors:
        if name not in self._tensors:
            raise DataError(f"the weights lack {name}", source=str(weights))
        return self._tensors[name]


def _check_kind(weights: Path, config: Mapping[str, Any]) -> None:
    kind = config.get("model_type")
    wanted = {"hidden_act": "gelu", "position_embedding_type": "absolute"}
    other = {name: config[name] for name, it in wanted.items() if config.get(name, it) != it}
    lacking = {"hidden_size", "num_attention_heads", "num_hidden_layers"} - set(config)
    if kind != _KIND or other or lacking:
        what = f"model_type {kind!r}" if kind != _KIND else f"{other or sorted(lacking)}"
        raise DataError(
            f"its weights are read for models of the type {_KIND!r} alone, and config.json says"
            f" {what}: export the model to ONNX, as model.onnx in the same folder",
            source=str(weights),
        )


def _names(layers: int) -> list[str]:
    inside = [f"attention.self.{part}" for part in ("query", "key", "value")]
    inside += [f"{part}.dense" for part in ("attention.output", "intermediate", "output")]
    inside += [f"{part}.LayerNorm" for part in ("attention.output", "output")]
    blocks = [f"encoder.layer.{i}.{part}" for i in range(layers) for part in inside]
    blocks.append("embeddings.LayerNorm")
    tables = [f"embeddings.{part}_embeddings.weight" for part in ("word", "token_type")]
    return tables + [f"{block}.{part}" for block in blocks for part in ("weight", "bias")]
