"""A model in an ONNX file, run by ONNX Runtime on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from pynomaly.domain.errors import DataError

Tokens = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

_INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
_ERRORS_ONLY = 3


class Onnx:
    """An encoder.

    Args:
        weights: The ONNX file.

    Raises:
        DataError: If it cannot be read, or wants or gives something else than tokens.
    """

    max_tokens = 0
    """It does not say how many it takes."""

    def __init__(self, weights: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # the same bits wherever it runs
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = onnxruntime.InferenceSession(
                str(weights), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its errors have no public type
            raise DataError(
                f"cannot be read ({_first_line(error)})", source=str(weights)
            ) from error
        self._inputs = [each.name for each in self._session.get_inputs()]
        unknown = sorted(set(self._inputs) - set(_INPUTS))
        if unknown or "input_ids" not in self._inputs:
            raise DataError(
                f"it takes {', '.join(self._inputs)}, and is to take input_ids, and at most"
                f" {', '.join(_INPUTS[1:])} beside",
                source=str(weights),
            )
        names = [each.name for each in self._session.get_outputs()]
        self._output = "last_hidden_state" if "last_hidden_state" in names else names[0]
        self._weights = weights

    def __call__(self, tokens: Tokens) -> Vectors:
        """The vector of each token, shape (n, width)."""
        row = tokens[None, :]
        known = {
            "input_ids": row,
            "attention_mask": np.ones_like(row),
            "token_type_ids": np.zeros_like(row),
            "position_ids": np.arange(len(tokens))[None, :],
        }
        given: dict[str, Any] = {name: known[name] for name in self._inputs}
        try:
            found = np.asarray(self._session.run([self._output], given)[0])
        except Exception as error:  # as above
            message = f"it fails on {len(tokens)} tokens ({_first_line(error)})"
            raise DataError(message, source=str(self._weights)) from error
        if found.ndim != 3 or found.shape[:2] != row.shape:
            raise DataError(
                f"its output {self._output!r} has the shape {found.shape}, and is to have a vector"
                f" for each of {len(tokens)} tokens",
                source=str(self._weights),
            )
        vectors: Vectors = found[0].astype(np.float32, copy=False)
        return vectors


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
