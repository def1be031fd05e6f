"""What models give: BERT's weights in NumPy, ONNX files, and how tokens become a text."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from models import (
    HAS_DEFAULT,
    HEADS,
    INNER,
    LAYERS,
    VOCABULARY,
    WIDTH,
    bert_weights,
    onnx_vectors,
    write_bert,
    write_json,
    write_modules,
    write_onnx,
    write_pooling,
)

from pynomaly_text import pynomaly_transformers
from pynomaly_text.embedding import make_embedding
from pynomaly_text.params import EmbeddingParams

(SPEC,) = pynomaly_transformers()
TEXTS = ["call now!", "free lunch? no", "abc", ""]
CLS, SEP = 2, 3


def embed(folder: Path, texts: list[str], **params: int) -> np.ndarray:
    transformer = make_embedding(SPEC, EmbeddingParams(model=str(folder), **params), 0)
    transformer.fit(texts)
    rows = transformer.transform(texts)
    assert rows.shape == (len(texts), len(transformer.names))
    return rows


def tokens(*words: str) -> list[int]:
    return [CLS, *(VOCABULARY.index(word) for word in words), SEP]


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_bert_in_numpy_gives_what_torch_gives(tmp_path):
    import torch

    from pynomaly_text.bert import Bert
    from pynomaly_text.folders import read_folder

    named = {name: torch.from_numpy(value) for name, value in bert_weights().items()}
    ids = tokens("call", "now", "!", "free", "lunch")
    table = "embeddings.{}_embeddings.weight"
    x = named[table.format("word")][ids] + named[table.format("position")][: len(ids)]
    x = (x + named[table.format("token_type")][0])[None]
    norm = [named[f"embeddings.LayerNorm.{part}"] for part in ("weight", "bias")]
    x = torch.nn.functional.layer_norm(x, (WIDTH,), *norm, eps=1e-12)
    for i in range(LAYERS):
        block = torch.nn.TransformerEncoderLayer(
            *(WIDTH, HEADS, INNER, 0.0, "gelu"), layer_norm_eps=1e-12, batch_first=True
        )
        layer = f"encoder.layer.{i}"
        ours = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
        state = {
            f"self_attn.in_proj_{part}": torch.cat([named[f"{name}.{part}"] for name in ours])
            for part in ("weight", "bias")
        }
        pairs = {
            "self_attn.out_proj": "attention.output.dense",
            "norm1": "attention.output.LayerNorm",
            "linear1": "intermediate.dense",
            "linear2": "output.dense",
            "norm2": "output.LayerNorm",
        }
        for theirs, name in pairs.items():
            for part in ("weight", "bias"):
                state[f"{theirs}.{part}"] = named[f"{layer}.{name}.{part}"]
        block.load_state_dict(state)
        x = block.eval()(x)
    folder = read_folder(write_bert(tmp_path))
    found = Bert(folder.weights, folder.config)(np.array(ids))
    np.testing.assert_allclose(found, x[0].detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not HAS_DEFAULT, reason="the model is not installed")
def test_the_default_model_finds_texts_of_one_meaning_alike():
    texts = ["That is a happy person", "That is a very happy person", "Today is a sunny day"]
    transformer = make_embedding(SPEC, EmbeddingParams(), 0)
    rows = transformer.transform(texts)
    assert rows.shape[1] == 384
    np.testing.assert_allclose((rows @ rows[0])[1:], [0.9429, 0.2569], atol=1e-4)


def test_weights_of_a_model_inside_another_are_found(tmp_path):
    plain = embed(write_bert(tmp_path / "plain"), TEXTS)
    inside = embed(write_bert(tmp_path / "inside", prefix="bert."), TEXTS)
    assert np.array_equal(plain, inside)


def test_vectors_have_length_one_unless_the_model_leaves_them(tmp_path):
    folder = write_bert(tmp_path)
    lengths = np.linalg.norm(embed(folder, TEXTS), axis=1)
    np.testing.assert_allclose(lengths, 1, rtol=1e-6)
    write_modules(folder, "Transformer", "Pooling")
    assert (np.linalg.norm(embed(folder, TEXTS), axis=1) > 1.1).any()


def test_tokens_are_pooled_as_the_model_says(tmp_path):
    folder = write_onnx(tmp_path)
    write_modules(folder, "Transformer", "Pooling")
    vectors = onnx_vectors()[tokens("call", "now", "!")]
    expected = {
        "cls_token": vectors[0],
        "max_tokens": vectors.max(axis=0),
        "mean_tokens": vectors.mean(axis=0),
        "mean_sqrt_len_tokens": vectors.sum(axis=0) / np.sqrt(len(vectors)),
    }
    for mode, vector in expected.items():
        write_pooling(folder, mode)
        np.testing.assert_allclose(embed(folder, ["call now!"])[0], vector, rtol=1e-6)
    write_pooling(folder, *expected)
    np.testing.assert_allclose(
        embed(folder, ["call now!"])[0], np.concatenate(list(expected.values())), rtol=1e-6
    )


@pytest.mark.parametrize("name", ["model.onnx", "onnx/model.onnx"])
def test_a_folder_with_an_onnx_file_is_enough(tmp_path, name):
    folder = write_onnx(
        tmp_path, name=name, inputs=("input_ids", "attention_mask", "token_type_ids")
    )
    mean = onnx_vectors()[tokens("call", "now", "!")].mean(axis=0)
    np.testing.assert_allclose(
        embed(folder, ["Call NOW !"])[0], mean / np.linalg.norm(mean), rtol=1e-6
    )


def test_an_onnx_file_goes_before_other_weights(tmp_path):
    write_bert(tmp_path)
    write_onnx(tmp_path, output="logits")
    assert embed(tmp_path, TEXTS).shape == (len(TEXTS), 5)


def test_only_the_start_of_a_text_counts(tmp_path):
    folder = write_onnx(tmp_path)
    whole, more = embed(folder, ["call now", "call now free lunch"], max_tokens=4)
    assert np.array_equal(whole, more)
    assert not np.array_equal(*embed(folder, ["call now", "call now free lunch"]))
    long, longer = embed(folder, ["free " * 300, "free " * 2_000_000])
    assert np.array_equal(long, longer)


def test_more_tokens_than_the_network_knows_are_never_asked_for(tmp_path):
    folder = write_bert(tmp_path)
    write_json(folder / "sentence_bert_config.json", {"max_seq_length": 500})
    assert np.isfinite(embed(folder, ["call now " * 100])).all()


def test_texts_are_put_into_lower_case_where_the_model_says_so(tmp_path):
    folder = write_onnx(tmp_path)
    tokenizer = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(
        tokenizer.replace('"lowercase":true', '"lowercase":false').replace(
            '"lowercase": true', '"lowercase": false'
        )
    )
    assert not np.array_equal(*embed(folder, ["CALL", "call"]))
    write_json(folder / "sentence_bert_config.json", {"do_lower_case": True})
    assert np.array_equal(*embed(folder, ["CALL", "call"]))
