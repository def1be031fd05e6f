"""The archive of a model file: one zip of a JSON manifest, arrays and blobs.

Members are stored, not compressed, each listed in the manifest with its size and digest, and
read into memory only: no path of the archive is ever used on disk.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from pynomaly.domain.errors import ModelFileError
from pynomaly.infrastructure.packing import ARRAY_KINDS, pack, unpack

FORMAT = "pynomaly-model"
VERSION = 1
_MANIFEST = "manifest.json"
_MANIFEST_BYTES = 64 * 2**20
_MEMBERS = 10_000


def pack_value(value: Any, name: str, members: dict[str, bytes]) -> Any:
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


def write_archive(file: IO[bytes], body: Mapping[str, Any], members: Mapping[str, bytes]) -> None:
    """Write `body`, in which `pack_value` put names of `members`.

    Raises:
        OSError: If it cannot be written.
    """
    listing = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in members.items()
    }
    manifest = {"format": FORMAT, "version": VERSION, "model": body, "members": listing}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        for member, data in members.items():
            archive.writestr(member, data)


def read_archive(name: str, file: IO[bytes]) -> dict[str, Any]:
    """The body that `write_archive` wrote, with its arrays and bytes in their places.

    Raises:
        ModelFileError: If it is damaged, foreign, newer than this version, or not safe.
    """
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
