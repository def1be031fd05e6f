"""Model files: they round-trip bit for bit, and execute nothing, whatever is in them."""

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.errors import MissingRequirement, ModelFileError, OutputError, UnknownId

rng = np.random.default_rng(0)
data = pl.DataFrame(
    {
        "amount": rng.normal(size=300),
        "kind": rng.choice(["a", "b", "c"], 300),
        "sometimes": [None if i % 7 == 0 else float(i % 5) for i in range(300)],
        "when": pl.datetime_range(
            pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 13, 11), interval="1h", eager=True
        )[:300],
    }
)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.pynomaly"
    pynomaly.fit(data, "fast.iforest", {"n_estimators": 20}).save(path)
    return path


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path, contents, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def with_manifest(path, source, change):
    contents = members(source)
    manifest = json.loads(contents["manifest.json"])
    change(manifest, contents)
    contents["manifest.json"] = json.dumps(manifest).encode()
    return written(path, contents)


def test_a_model_scores_the_same_bits_in_another_process(model_file, tmp_path):
    data.write_parquet(tmp_path / "data.parquet")
    code = (
        "import pynomaly, sys, numpy as np;"
        "r = pynomaly.load_model(sys.argv[1]).score(sys.argv[2]);"
        "sys.stdout.buffer.write(r.scores.tobytes() + r.p_values.tobytes())"
    )
    command = [sys.executable, "-c", code, str(model_file), str(tmp_path / "data.parquet")]
    there = subprocess.run(command, capture_output=True, check=True).stdout
    here = pynomaly.fit(data, "fast.iforest", {"n_estimators": 20}).score(data)
    assert there == here.scores.tobytes() + here.p_values.tobytes()


def test_a_saved_model_tells_where_it_comes_from(model_file):
    lineage = pynomaly.load_model(model_file).fitted.lineage
    assert lineage["rows"] == 300
    assert {"pynomaly-core", "pynomaly-fast", "numpy"} <= set(lineage["versions"])
    assert lineage["created"].endswith("+00:00")


@pytest.mark.skipif(os.name != "posix", reason="named pipes of POSIX")
def test_a_model_does_not_replace_a_device_or_a_pipe(model_file, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="would be replaced"):
        pynomaly.load_model(model_file).save(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


def test_a_model_is_saved_to_a_uri_and_loaded_from_it(model_file, tmp_path):
    uri = (tmp_path / "my model.pynomaly").as_uri()
    pynomaly.load_model(model_file).save(uri)
    assert [entry.name for entry in tmp_path.iterdir()] == ["my model.pynomaly"]
    assert pynomaly.load_model(uri).fitted.lineage


def refuse(path, match):
    with pytest.raises(ModelFileError, match=match) as caught:
        pynomaly.load_model(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    refuse(tmp_path / "none.pynomaly", "no such file")


def test_a_folder_is_no_model(tmp_path):
    refuse(tmp_path, r"[Dd]irectory")


@pytest.mark.parametrize("keep", [0, 10, 1000, -20])
def test_a_truncated_file_is_refused(model_file, tmp_path, keep):
    cut = tmp_path / "cut.pynomaly"
    cut.write_bytes(model_file.read_bytes()[:keep])
    refuse(cut, "truncated")


def test_a_changed_byte_is_noticed(model_file, tmp_path):
    contents = members(model_file)
    name = next(name for name in contents if name.endswith(".npy"))
    contents[name] = contents[name][:-1] + bytes([contents[name][-1] ^ 1])
    refuse(written(tmp_path / "changed.pynomaly", contents), "changed or damaged")


def test_any_flipped_byte_is_refused_or_harmless(model_file, tmp_path):
    """Never another kind of error, and never other scores."""
    whole = model_file.read_bytes()
    expected = pynomaly.load_model(model_file).score(data).scores
    bad = tmp_path / "bad.pynomaly"
    for position in np.random.default_rng(1).integers(0, len(whole), 60).tolist():
        bad.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            scores = pynomaly.load_model(bad).score(data).scores
        except pynomaly.PynomalyError:
            continue
        except Exception as error:  # noqa: BLE001
            pytest.fail(f"byte {position}: {error!r}")
        if scores.tobytes() != expected.tobytes():
            # bytes of the manifest are not covered by a digest of their own
            assert whole.find(b"manifest.json") < position


def test_a_pickle_is_refused_and_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    path = tmp_path / "bomb.pynomaly"
    path.write_bytes(pickle.dumps(Bomb()))
    refuse(path, "not a model file")
    assert not (tmp_path / "exploded").exists()


def test_another_zip_file_is_refused(tmp_path):
    refuse(written(tmp_path / "other.zip", {"word/document.xml": b"<xml/>"}), "not a model file")
    other = {"manifest.json": b'{"format": "something else"}'}
    refuse(written(tmp_path / "other2.zip", other), "not a model file")


def test_a_newer_format_says_what_to_upgrade(model_file, tmp_path):
    newer = with_manifest(
        tmp_path / "newer.pynomaly", model_file, lambda manifest, _: manifest.update(version=99)
    )
    refuse(newer, "upgrade pynomaly-core")


def test_a_path_out_of_the_archive_is_refused_and_nothing_written(model_file, tmp_path):
    contents = members(model_file) | {"../evil.txt": b"evil"}
    refuse(written(tmp_path / "traversal.pynomaly", contents), "missing or was added")
    assert not (tmp_path.parent / "evil.txt").exists()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(model_file, tmp_path):
    contents = members(model_file) | {"bomb.npy": bytes(50_000_000)}
    bomb = written(tmp_path / "bomb.pynomaly", contents, zipfile.ZIP_DEFLATED)
    refuse(bomb, "compressed")


def replace_array(manifest, contents, array_bytes):
    import hashlib

    name = next(name for name in contents if name.endswith(".npy"))
    contents[name] = array_bytes
    digest = hashlib.sha256(array_bytes).hexdigest()
    manifest["members"][name] = {"bytes": len(array_bytes), "sha256": digest}


def test_an_array_of_objects_is_refused_and_not_unpickled(model_file, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb()], dtype=object), allow_pickle=True)
    hostile = with_manifest(
        tmp_path / "objects.pynomaly",
        model_file,
        lambda manifest, contents: replace_array(manifest, contents, buffer.getvalue()),
    )
    refuse(hostile, "not allowed")
    assert not (tmp_path / "exploded").exists()


def test_a_header_that_claims_a_huge_array_is_refused(model_file, tmp_path):
    buffer = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (2**40,)}
    np.lib.format.write_array_header_1_0(buffer, header)
    hostile = with_manifest(
        tmp_path / "huge.pynomaly",
        model_file,
        lambda manifest, contents: replace_array(manifest, contents, buffer.getvalue()),
    )
    refuse(hostile, "header says")


def test_contents_that_do_not_fit_together_are_refused(model_file, tmp_path):
    def forget(manifest, _):
        del manifest["model"]["features"]["scale"]

    refuse(with_manifest(tmp_path / "less.pynomaly", model_file, forget), "do not fit together")


def test_a_member_twice_is_refused(model_file, tmp_path):
    path = tmp_path / "twice.pynomaly"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members(model_file).items():
            archive.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("manifest.json", b"{}")
    refuse(path, "twice")


def test_a_model_of_a_plugin_that_is_not_installed_names_it(model_file, tmp_path):
    def rename(manifest, _):
        manifest["model"]["detector"] = "absent.detector"

    foreign = with_manifest(tmp_path / "foreign.pynomaly", model_file, rename)
    with pytest.raises((UnknownId, MissingRequirement), match=r"absent\.detector"):
        pynomaly.load_model(foreign)


def test_an_unwritable_place_is_an_error_and_leaves_nothing(tmp_path):
    model = pynomaly.fit(data, "fast.iforest", {"n_estimators": 5})
    with pytest.raises(OutputError, match="cannot write"):
        model.save(tmp_path / "no" / "m.pynomaly")
    assert list(tmp_path.iterdir()) == []


def test_saving_over_a_model_replaces_it_whole(tmp_path):
    path = tmp_path / "m.pynomaly"
    path.write_bytes(b"old")
    pynomaly.fit(data, "fast.iforest", {"n_estimators": 5}).save(path)
    assert pynomaly.load_model(path).score(data).scores.shape == (300,)
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.pynomaly"]
