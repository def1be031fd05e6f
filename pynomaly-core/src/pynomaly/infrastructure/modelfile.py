"""Model files: one zip of a JSON manifest, arrays and blobs. Reading one executes nothing.

Members are stored, not compressed, each listed in the manifest with its size and digest, and
read into memory only: no path of the archive is ever used on disk.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import attrs
import numpy as np

from pynomaly.application.contract import ContractPolicy
from pynomaly.application.embedding import loaded_embedding
from pynomaly.application.items import FusedModel
from pynomaly.application.model import FittedModel, Member
from pynomaly.application.recipe import ChosenTransformer
from pynomaly.application.transformed import Transformed
from pynomaly.application.windowed import Windowed
from pynomaly.domain.calibration import Calibration
from pynomaly.domain.errors import ModelFileError, OutputError, PynomalyError
from pynomaly.domain.features import features_from_state, features_to_state
from pynomaly.domain.schema import Roles
from pynomaly.infrastructure.packing import ARRAY_KINDS, pack, unpack
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.targets import file_to_write
from pynomaly.ports.params import unstructure_params
from pynomaly.ports.protocols import Detector, Transformer
from pynomaly.ports.runtime import Runtime
from pynomaly.ports.specs import Capability, DetectorSpec, Modality

FORMAT = "pynomaly-model"
VERSION = 1
_MANIFEST = "manifest.json"
_MANIFEST_BYTES = 64 * 2**20
_MEMBERS = 10_000


def save_model(model: FittedModel | FusedModel, path: str | os.PathLike[str]) -> None:
    """Write `model` to `path`: whole, or not at all.

    Raises:
        OutputError: If the detector cannot be saved, or the file cannot be written.
    """
    check_saves(model.specs, path)
    target = file_to_write(os.fspath(path))
    members: dict[str, bytes] = {}
    manifest = _manifest(model, members)
    try:
        _write(target, manifest, members)
    except OSError as error:
        raise OutputError(str(target), error.strerror or str(error)) from error


def check_saves(specs: Sequence[DetectorSpec], path: str | os.PathLike[str]) -> None:
    """Refuse to save detectors that cannot be saved; costs nothing, so ask before a fit.

    Raises:
        OutputError: Saying which can.
    """
    for spec in specs:
        if Capability.SAVES not in spec.capabilities:
            raise OutputError(
                os.fspath(path),
                f"{spec.id} cannot be saved; `pynomaly detectors --can saves` lists those that can",
            )


def _manifest(model: FittedModel | FusedModel, members: dict[str, bytes]) -> dict[str, Any]:
    body = (
        _pack_fused(model, members)
        if isinstance(model, FusedModel)
        else _pack_model(model, "", members)
    )
    listing = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in members.items()
    }
    return {"format": FORMAT, "version": VERSION, "model": body, "members": listing}


def _pack_fused(model: FusedModel, members: dict[str, bytes]) -> dict[str, Any]:
    return {
        "kind": str(model.kind),
        "id": model.id,
        "reference": _pack(model.reference, "reference", members),
        "parts": [
            [name, _pack_model(part, f"part-{i}/", members)]
            for i, (name, part) in enumerate(model.members.items())
        ],
    }


def _pack_model(model: FittedModel, prefix: str, members: dict[str, bytes]) -> dict[str, Any]:
    return {
        "kind": str(model.kind),
        "detector": model.spec.id,
        "params": unstructure_params(model.params),
        "seed": model.seed,
        "transformer": model.transformer
        and {
            "id": model.transformer.spec.id,
            "params": unstructure_params(model.transformer.params),
        },
        "window": model.window,
        "season": model.season,
        "features": _pack(features_to_state(model.features), f"{prefix}features", members),
        "members": [
            [name, _pack_member(member, f"{prefix}member-{i}", members)]
            for i, (name, member) in enumerate(model.members.items())
        ],
        "policy": attrs.asdict(model.policy),
        "roles": attrs.asdict(model.roles),
        "columns": list(model.columns),
        "notes": list(model.notes),
        "lineage": model.lineage
        | {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": _versions(model),
        },
    }


def _pack_member(member: Member, name: str, members: dict[str, bytes]) -> dict[str, Any]:
    calibration = member.calibration
    return {
        "state": _pack(member.detector.get_state(), f"{name}/state", members),
        "scaling": _pack(member.scaling, f"{name}/scaling", members),
        "calibration": calibration
        and {
            "method": calibration.method,
            "clean": calibration.clean,
            "exchangeability": calibration.exchangeability,
            "scores": _pack(calibration.scores, f"{name}/calibration", members),
        },
    }


def _versions(model: FittedModel) -> dict[str, str]:
    names = ("pynomaly-core", f"pynomaly-{model.spec.plugin}", "numpy", "polars")
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _pack(value: Any, name: str, members: dict[str, bytes]) -> Any:
    """`value` as JSON; arrays and bytes go to `members`, their names stand in their place."""

    def put(name: str, item: np.ndarray[Any, Any] | bytes) -> str:
        if isinstance(item, bytes):
            member, data = f"{name}.bin", item
        else:
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(item), allow_pickle=False)
            member, data = f"{name}.npy", buffer.getvalue()
        members[member] = data
        return member

    return pack(value, name, put)


def _write(target: Path, manifest: Mapping[str, Any], members: Mapping[str, bytes]) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
                for member, data in members.items():
                    archive.writestr(member, data)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load_model(
    path: str | os.PathLike[str], registry: Registry, runtime: Runtime | None = None
) -> FittedModel | FusedModel:
    """Read a model file. Nothing in it is executed.

    Args:
        path: The file.
        registry: Where its detector is found.
        runtime: Where the detector computes, if it can choose; where it was fitted is no matter.

    Raises:
        ModelFileError: If it is damaged, foreign, newer than this version, or not safe.
        UnknownId, MissingRequirement: If its detector's plugin is not installed.
        DeviceUnavailable: If it cannot compute where `runtime` says.
    """
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            body = _read(name, file)
        if body["kind"] == Modality.MULTIMODAL:
            parts = {name: _model(part, registry, runtime) for name, part in body["parts"]}
            return FusedModel(body["id"], parts, body["reference"])
        return _model(body, registry, runtime)
    except FileNotFoundError as error:
        raise ModelFileError(name, "there is no such file") from error
    except OSError as error:
        raise ModelFileError(name, error.strerror or str(error)) from error
    except PynomalyError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reason = f"its contents do not fit together ({type(error).__name__}: {error})"
        raise ModelFileError(name, reason) from error


def _read(name: str, file: IO[bytes]) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _read_manifest(name, archive)
            members = _read_members(name, archive, manifest["members"])
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        reason = "it is not a model file, or it is truncated"
        raise ModelFileError(name, reason) from error
    body: dict[str, Any] = _unpack(manifest["model"], members)
    return body


def _read_manifest(name: str, archive: zipfile.ZipFile) -> dict[str, Any]:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if _MANIFEST not in names:
        raise ModelFileError(name, "it is a zip file, but not a model file")
    if len(names) > _MEMBERS or len(set(names)) != len(names):
        raise ModelFileError(name, "it has too many members, or one of them twice")
    for info in infos:
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise ModelFileError(name, f"member {info.filename!r} is compressed; ours never are")
    if archive.getinfo(_MANIFEST).file_size > _MANIFEST_BYTES:
        raise ModelFileError(name, "its manifest is too large")
    try:
        manifest = json.loads(archive.read(_MANIFEST))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(name, "its manifest is not JSON") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelFileError(name, "it is a zip file, but not a model file")
    version = manifest.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise ModelFileError(
            name,
            f"it has format version {version}, and this version reads up to {VERSION};"
            " upgrade pynomaly-core",
        )
    return manifest


def _read_members(
    name: str, archive: zipfile.ZipFile, listing: Mapping[str, Mapping[str, Any]]
) -> dict[str, bytes]:
    present = {info.filename for info in archive.infolist()} - {_MANIFEST}
    if present != set(listing):
        odd = min(present ^ set(listing))
        raise ModelFileError(name, f"member {odd!r} is missing or was added")
    members = {}
    for member, facts in listing.items():
        data = archive.read(member)
        if len(data) != facts["bytes"] or hashlib.sha256(data).hexdigest() != facts["sha256"]:
            raise ModelFileError(name, f"member {member!r} was changed or damaged")
        members[member] = data
    return members


def _unpack(value: Any, members: Mapping[str, bytes]) -> Any:
    def get(member: str) -> Any:
        data = members[member]
        return _read_array(member, data) if member.endswith(".npy") else data

    return unpack(value, get)


def _read_array(member: str, data: bytes) -> np.ndarray[Any, Any]:
    buffer = io.BytesIO(data)
    version = np.lib.format.read_magic(buffer)
    if version != (1, 0):
        raise ValueError(f"{member} has an array format of version {version}")
    shape, _, dtype = np.lib.format.read_array_header_1_0(buffer)
    rest = len(data) - buffer.tell()
    if dtype.kind not in ARRAY_KINDS or dtype.hasobject:
        raise ValueError(f"{member} holds {dtype}, which is not allowed")
    count = 1
    for length in shape:
        count *= length
    if count * dtype.itemsize != rest:
        raise ValueError(f"{member} does not hold what its header says")
    buffer.seek(0)
    array: np.ndarray[Any, Any] = np.lib.format.read_array(buffer, allow_pickle=False)
    return array


def _model(body: dict[str, Any], registry: Registry, runtime: Runtime | None) -> FittedModel:
    kind = Modality(body["kind"])
    members: dict[str, Member] = {}
    chosen = _transformer(body["transformer"], body["seed"], registry)
    given = body["detector"], body["params"], body["seed"], runtime
    spec, params, _ = registry.create_detector(*given)
    for name, each in body["members"]:
        detector: Detector = registry.create_detector(*given)[2]
        if kind is Modality.SERIES and Modality.SERIES not in spec.modalities:
            detector = Windowed(spec, detector, body["seed"])
        if chosen is not None and kind is Modality.GRAPH:
            detector = Transformed(spec, detector, chosen.spec, chosen.make())
        detector.set_state(each["state"])
        calibration = each["calibration"]
        members[name] = Member(
            detector, Calibration(**calibration) if calibration else None, each["scaling"]
        )
    embedding = None
    if chosen is not None and body["features"]["embedding"] is not None:
        state = body["features"]["embedding"]
        embedding = loaded_embedding(chosen.spec, chosen.make(), state)
    roles = body["roles"]
    sequences = {"exclude": tuple(roles["exclude"])}
    if roles["columns"] is not None:
        sequences["columns"] = tuple(roles["columns"])
    return FittedModel(
        kind,
        spec,
        params,
        body["seed"],
        members,
        features_from_state(body["features"], embedding),
        ContractPolicy(**body["policy"]),
        Roles(**{**roles, **sequences}),
        tuple(body["columns"]),
        body["lineage"],
        tuple(body["notes"]),
        body["window"],
        body["season"],
        chosen,
    )


def _transformer(
    given: dict[str, Any] | None, seed: int, registry: Registry
) -> ChosenTransformer | None:
    if given is None:
        return None
    spec, params, _ = registry.create_transformer(given["id"], given["params"], seed)

    def make() -> Transformer:
        return registry.create_transformer(given["id"], given["params"], seed)[2]

    return ChosenTransformer(spec, params, make)
