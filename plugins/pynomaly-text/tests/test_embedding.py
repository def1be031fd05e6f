"""The transformer behind the command line: fitted, saved, loaded, and refused with another model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import polars as pl
import pytest
from models import write_bert, write_onnx

import pynomaly
from pynomaly_text import embedding as module
from pynomaly_text import pynomaly_transformers
from pynomaly_text.embedding import make_embedding
from pynomaly_text.params import EmbeddingParams

(SPEC,) = pynomaly_transformers()
WORDS = ("call", "now", "free", "lunch", "abc", "why?", "no!")

NO_NETWORK = """
import socket, sys
def refuse(*args, **kwargs): raise SystemExit(f"it asked for the network: {args}")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from pynomaly.cli import main
main()
"""


@pytest.fixture
def messages(tmp_path):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, size=rng.integers(1, 6))) for _ in range(60)]
    file = tmp_path / "messages.csv"
    pl.DataFrame({"text": [*texts, "", None]}).write_csv(file)
    return file


@pytest.fixture
def run(tmp_path):
    def run(*args):
        return subprocess.run(
            [sys.executable, "-c", NO_NETWORK, *args],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


def chosen(folder):
    return ("--text", "text", "-f", "text.embedding", "-F", f"model={folder}")


@pytest.mark.parametrize("write", [write_bert, write_onnx])
def test_texts_are_ranked_without_the_network(run, messages, tmp_path, write):
    write(tmp_path / "model")
    done = run("detect", str(messages), *chosen("model"), "--json", "-o", "out.parquet")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kind"] == "text"
    scores = pl.read_parquet(tmp_path / "out.parquet")["anomaly_score"]
    assert scores.is_finite().all()
    assert scores.n_unique() > 30


def test_a_saved_model_scores_the_same_and_holds_no_weights(messages, tmp_path):
    folder = write_bert(tmp_path / "model")
    options = {"text": "text", "features": "text.embedding"}
    model = pynomaly.fit(messages, **options, feature_params={"model": str(folder)})
    model.save(tmp_path / "m.pynomaly")
    loaded = pynomaly.load_model(tmp_path / "m.pynomaly")
    assert np.array_equal(model.score(messages).scores, loaded.score(messages).scores)
    saved = zipfile.ZipFile(tmp_path / "m.pynomaly").read("manifest.json").decode()
    assert str(folder) in saved
    weights = (folder / "model.safetensors").read_bytes()[-200:]
    assert weights not in (tmp_path / "m.pynomaly").read_bytes()


def test_a_text_alone_scores_as_among_others(messages, tmp_path):
    folder = write_bert(tmp_path / "model")
    options = {"text": "text", "features": "text.embedding"}
    model = pynomaly.fit(messages, **options, feature_params={"model": str(folder)})
    together = model.score(messages).scores
    frame = pl.read_csv(messages)
    alone = [model.score(frame[i]).scores[0] for i in range(5)]
    assert alone == together[:5].tolist()


def test_a_saved_model_refuses_another_model_in_the_folder(run, messages, tmp_path):
    write_bert(tmp_path / "model")
    assert run("fit", str(messages), "-o", "m.pynomaly", *chosen("model")).returncode == 0
    write_bert(tmp_path / "model", seed=1)
    done = run("score", "m.pynomaly", str(messages), "-o", "out.csv")
    assert done.returncode == 2
    assert "not the one that was fitted with" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.csv").exists()


def test_a_saved_model_without_its_model_says_where_it_is_to_be(run, messages, tmp_path):
    folder = write_bert(tmp_path / "model")
    assert run("fit", str(messages), "-o", "m.pynomaly", *chosen("model")).returncode == 0
    folder.rename(tmp_path / "elsewhere")
    done = run("score", "m.pynomaly", str(messages))
    assert done.returncode == 2
    assert f"{folder}: there is no such folder" in done.stderr


def test_a_folder_that_is_missing_is_one_error(run, messages, tmp_path):
    done = run("detect", str(messages), *chosen("nowhere"), "-o", "out.csv")
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {tmp_path / 'nowhere'}: there is no such folder")
    assert not (tmp_path / "out.csv").exists()


def test_a_text_that_comes_again_is_not_embedded_again(tmp_path, monkeypatch):
    folder = write_bert(tmp_path)
    transformer = make_embedding(SPEC, EmbeddingParams(model=str(folder)), 0)
    transformer.transform(["a", "b", "a"])
    asked = []
    monkeypatch.setattr(transformer, "_encoder", lambda text: asked.append(text) or np.zeros(8))
    transformer.transform(["b", "c", "a", "c"])
    assert asked == ["c"]


def test_no_more_vectors_are_kept_than_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    transformer = make_embedding(SPEC, EmbeddingParams(model=str(write_bert(tmp_path))), 0)
    rows = transformer.transform([f"call {i}" for i in range(20)])
    assert len(transformer._kept) == 3
    assert len(np.unique(rows, axis=0)) == 20


def test_one_transformer_serves_all_folds(messages, tmp_path, monkeypatch):
    made = []
    known = module._Encoder.__init__

    def counted(self, *args):
        made.append(self)
        known(self, *args)

    monkeypatch.setattr(module._Encoder, "__init__", counted)
    folder = write_bert(tmp_path / "model")
    params = {"model": str(folder)}
    pynomaly.fit(messages, text="text", features="text.embedding", feature_params=params)
    assert len(made) == 1
