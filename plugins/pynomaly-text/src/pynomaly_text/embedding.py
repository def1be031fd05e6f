"""The transformer: texts in, one vector for each out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

from pynomaly.domain.errors import DataError
from pynomaly.ports.specs import TransformerSpec
from pynomaly_text.folders import ModelFolder, find_folder, read_folder
from pynomaly_text.params import EmbeddingParams

Matrix = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]

KEPT = 25_000
"""Vectors that are kept for when a text comes again, as it does in each fold of a calibration."""

_CHARACTERS = 100
"""For each token that counts so many characters of a text are looked at: it may be very long."""


class Embedding:
    """One vector for each text, by a model that is learnt already.

    Each text goes through the model alone, so that its vector depends on no other.

    Args:
        spec: Names it in errors.
        params: Which model, and how much of a text counts.

    Raises:
        MissingRequirement: If the default model is asked for and not installed.
        DataError: If the model is incomplete, or of an unknown kind.
    """

    def __init__(self, spec: TransformerSpec, params: EmbeddingParams) -> None:
        self._folder = read_folder(find_folder(params.model, spec.id))
        self._asked = params.max_tokens
        self._encoder: _Encoder | None = None
        self._kept: dict[bytes, Vectors] = {}

    @property
    def names(self) -> Sequence[str]:
        """``embedding_1`` and so on, one for each number of a vector."""
        width = len(self._vector(""))
        return tuple(f"embedding_{i + 1}" for i in range(width))

    def fit(self, items: Sequence[str], /) -> None:
        """There is nothing left to learn."""

    def transform(self, items: Sequence[str], /) -> Matrix:
        """The vector of each text, shape (n, width)."""
        rows = np.empty((len(items), len(self._vector(""))))
        # BLAS gains nothing from threads on matrices so small.
        with threadpool_limits(1, user_api="blas"):
            for i, text in enumerate(items):
                rows[i] = self._vector(text)
        return rows

    def get_state(self) -> Mapping[str, Any]:
        """Where the model is, and what tells it from another; not its weights."""
        return {"folder": str(self._folder.path), "digest": self._folder.digest()}

    def set_state(self, state: Mapping[str, Any], /) -> None:
        """Make sure that the model is the one that gave `state`.

        Raises:
            DataError: If it is another.
        """
        if self._folder.digest() != state["digest"]:
            raise DataError(
                "the model in this folder is not the one that was fitted with (which was in"
                f" {state['folder']}): put that one there, or fit anew",
                source=str(self._folder.path),
            )

    def _vector(self, text: str) -> Vectors:
        if self._encoder is None:
            self._encoder = _Encoder(self._folder, self._asked)
        key = hashlib.blake2b(text.encode(), digest_size=16).digest()
        found = self._kept.get(key)
        if found is None:
            found = self._encoder(text)
            if len(self._kept) < KEPT:
                self._kept[key] = found
        return found


class _Encoder:
    """Tokenizer, network and pooling."""

    def __init__(self, folder: ModelFolder, asked: int) -> None:
        self._folder = folder
        self._network = _network(folder)
        most = asked or folder.max_tokens
        self._tokens = min(most, self._network.max_tokens or most)
        try:
            self._tokenizer = Tokenizer.from_file(str(folder.tokenizer))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(self._tokens)
        except Exception as error:  # its errors have no public type
            raise DataError(f"cannot be read ({error})", source=str(folder.tokenizer)) from error

    def __call__(self, text: str) -> Vectors:
        text = text[: self._tokens * _CHARACTERS]
        ids = self._tokenizer.encode(text.lower() if self._folder.lower else text).ids
        if not ids:
            raise DataError(
                "it makes no token of an empty text", source=str(self._folder.tokenizer)
            )
        tokens = self._network(np.array(ids, dtype=np.int64))
        vector: Vectors = np.concatenate([_POOLED[how](tokens) for how in self._folder.pooling])
        if self._folder.normalise:
            vector = vector / max(float(np.linalg.norm(vector)), 1e-12)
        return vector.astype(np.float32, copy=False)


_POOLED = {
    "mean": lambda tokens: tokens.mean(axis=0),
    "cls": lambda tokens: tokens[0],
    "max": lambda tokens: tokens.max(axis=0),
    "sqrt": lambda tokens: tokens.sum(axis=0) / np.float32(len(tokens) ** 0.5),
}


def _network(folder: ModelFolder) -> Any:
    if folder.weights.suffix == ".onnx":
        from pynomaly_text.onnx import Onnx

        return Onnx(folder.weights)
    from pynomaly_text.bert import Bert

    return Bert(folder.weights, folder.config)


def make_embedding(spec: TransformerSpec, params: EmbeddingParams, seed: int) -> Embedding:
    """The transformer `text.embedding`."""
    del seed  # nothing is drawn at random
    return Embedding(spec, params)
