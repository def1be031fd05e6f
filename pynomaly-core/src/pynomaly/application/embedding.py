"""Numbers in place of texts, by a transformer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from pynomaly.application.guard import fit_transformer_guarded, transform_guarded
from pynomaly.domain.encoding import Embedding
from pynomaly.ports.protocols import Transformer
from pynomaly.ports.specs import TransformerSpec


def fitted_embedding(
    spec: TransformerSpec, transformer: Transformer, texts: Sequence[str]
) -> Embedding:
    """The embedding by a transformer that is fitted on `texts`.

    Raises:
        PluginFailed: If it fails.
    """
    fit_transformer_guarded(spec, transformer, texts)
    return embedding_by(spec, transformer)


def loaded_embedding(spec: TransformerSpec, transformer: Transformer, state: Any) -> Embedding:
    """The embedding by a transformer that becomes the one that gave `state`."""
    transformer.set_state(state)
    return embedding_by(spec, transformer)


def embedding_by(spec: TransformerSpec, transformer: Transformer) -> Embedding:
    """The embedding by a fitted transformer."""
    transform = partial(transform_guarded, spec, transformer)
    return Embedding(tuple(transformer.names), transform, transformer.get_state)
