"""Embeddings of texts by a model on this machine, for any detector for tables."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import TransformerSpec

__all__ = ["pynomaly_transformers"]


@hookimpl
def pynomaly_transformers() -> Iterable[TransformerSpec]:
    """The transformer `text.embedding`."""
    yield TransformerSpec(
        id="text.embedding",
        title="Sentence embedding",
        summary="What a text means, by a local sentence-transformers or ONNX model.",
        factory="pynomaly_text.embedding:make_embedding",
        params="pynomaly_text.params:EmbeddingParams",
        pretrained=True,
        time="n",
        paper=(
            "Reimers, Gurevych (2019). Sentence-BERT: sentence embeddings using siamese"
            " BERT-networks. https://doi.org/10.18653/v1/D19-1410"
        ),
    )
