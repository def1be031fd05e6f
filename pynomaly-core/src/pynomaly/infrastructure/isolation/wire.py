"""The protocol, as the host speaks it: requests out, replies in, and nothing believed of a reply.

A frame is two lengths, a header and a body, both JSON, then the arrays and bytes that were pulled
out of the body. A graph goes as its arrays. `worker.py` holds the other side.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import attrs
import numpy as np
import psutil

from pynomaly.domain.graphs import GraphArrays
from pynomaly.infrastructure.isolation.sharing import SharedMemory
from pynomaly.infrastructure.isolation.transport import Transport
from pynomaly.infrastructure.packing import ARRAY_KINDS, MARK, Put, pack, unpack

FRAME = struct.Struct(">IQ")
"""Bytes of the header, and of the body."""
SHARED_BYTES = 2**20
"""Arguments of so many bytes go by shared memory: below, a pipe is faster."""

_HEADER_BYTES = 16 * 2**20
_DIMENSIONS = 32
_NAME_LENGTH = 16
_PLAUSIBLE = 2**26

Buffer = np.ndarray[Any, Any] | bytes


class ProtocolError(Exception):
    """A reply that is not what it says, or not what it should be."""


@attrs.frozen
class Parcel:
    """A value, ready to be sent.

    Attributes:
        body: The value as JSON text, with numbers in place of its arrays and bytes.
        facts: What the worker must know of each of those.
        raw: Their bytes.
    """

    body: bytes
    facts: tuple[dict[str, Any], ...]
    raw: tuple[memoryview, ...]


def pack_parcel(args: Sequence[Any]) -> Parcel:
    """Arguments ready to be sent: what a state may hold, and graphs.

    Raises:
        TypeError: Naming the place of what cannot be sent.
    """
    facts: list[dict[str, Any]] = []
    raw: list[memoryview] = []

    def put(_: str, item: Buffer) -> int:
        dtype, shape = None, None
        if isinstance(item, bytes):
            raw.append(memoryview(item))
        else:
            dtype, shape = item.dtype.str, item.shape
            raw.append(np.ascontiguousarray(item).reshape(-1).view(np.uint8).data)
        facts.append({"dtype": dtype, "shape": shape, "bytes": len(raw[-1]), "offset": None})
        return len(raw) - 1

    body = json.dumps([_packed(each, f"arguments/{i}", put) for i, each in enumerate(args)])
    return Parcel(body.encode(), tuple(facts), tuple(raw))


def _packed(value: Any, name: str, put: Put) -> Any:
    if isinstance(value, GraphArrays):
        parts = {"features": value.features, "edges": value.edges, "directed": value.directed}
        return {MARK: pack(parts, name, put)}
    return pack(value, name, put)


@attrs.frozen
class Reply:
    """What came back.

    Attributes:
        ok: Whether it is a result; otherwise it describes an error.
        value: The result, or the description.
    """

    ok: bool
    value: Any


def exchange(
    transport: Transport,
    header: dict[str, Any],
    parcel: Parcel,
    memory: SharedMemory,
    deadline: float,
) -> Reply:
    """Send a request and wait for its reply.

    Args:
        transport: The way to the worker.
        header: What to do, and the request's number, ``"id"``.
        parcel: The arguments.
        memory: What is shared with the worker.
        deadline: When to give up, in seconds of the monotonic clock.

    Raises:
        TimeoutError, BrokenPipeError, EOFError: As the transport does.
        ProtocolError: If the reply cannot be believed.
    """
    large = [i for i, piece in enumerate(parcel.raw) if len(piece) >= SHARED_BYTES]
    shared, offsets = memory.lend([parcel.raw[i] for i in large])
    facts = list(parcel.facts)
    for i, offset in zip(large, offsets, strict=True):
        facts[i] = facts[i] | {"offset": offset}
    start = json.dumps(header | {"shared": shared, "buffers": facts}).encode()
    lengths = FRAME.pack(len(start), len(parcel.body))
    small = [piece for piece in parcel.raw if len(piece) < SHARED_BYTES]
    transport.write(b"".join([lengths, start, parcel.body, *small]), deadline)
    reply, kept = _receive(transport, header["id"], memory, deadline)
    memory.take_back(kept=kept)
    return reply


def _receive(
    transport: Transport, id: int, memory: SharedMemory, deadline: float
) -> tuple[Reply, bool]:
    """The reply, and whether the worker keeps arrays in the memory that it was lent."""
    header_bytes, body_bytes = FRAME.unpack(_read(transport, FRAME.size, deadline))
    if header_bytes > _HEADER_BYTES:
        raise ProtocolError(f"its header has {header_bytes:,} bytes")
    _check_size(body_bytes)
    header = _json(_read(transport, header_bytes, deadline))
    if not isinstance(header, dict) or header.get("id") != id:
        raise ProtocolError("it answers another request than was asked")
    ok, kept, facts = header.get("ok"), header.get("kept"), header.get("buffers")
    if not isinstance(ok, bool) or not isinstance(kept, bool) or not isinstance(facts, list):
        raise ProtocolError("its header lacks what a header has")
    wanted = [_check_buffer(each) for each in facts]
    _check_size(sum(buffer.size for buffer in wanted))
    body = _json(_read(transport, body_bytes, deadline))
    buffers = [_take(transport, memory, buffer, deadline) for buffer in wanted]
    try:
        return Reply(ok, unpack(body, lambda number: _pick(buffers, number))), kept
    except RecursionError as error:
        raise ProtocolError("its body is nested too deeply") from error


class _Wanted(NamedTuple):
    """A buffer that is announced, and can be what it says."""

    dtype: np.dtype[Any] | None
    shape: tuple[int, ...]
    size: int
    offset: int | None


def _check_buffer(facts: Any) -> _Wanted:
    if not isinstance(facts, dict) or not facts.keys() >= {"dtype", "shape", "bytes", "offset"}:
        raise ProtocolError("it announces something that is neither an array nor bytes")
    name, size, offset = facts["dtype"], facts["bytes"], facts["offset"]
    if type(size) is not int or size < 0:
        raise ProtocolError("it announces something without a size")
    if offset is not None and (type(offset) is not int or offset < 0):
        raise ProtocolError("it points to shared memory that is not there")
    if name is None:
        return _Wanted(None, (), size, offset)
    dtype, shape = _dtype(name), _shape(facts["shape"])
    if size != math.prod(shape) * dtype.itemsize:
        raise ProtocolError(f"it announces {size} bytes for {dtype} of {shape}")
    return _Wanted(dtype, shape, size, offset)


def _dtype(name: Any) -> np.dtype[Any]:
    text = str(name)[:_NAME_LENGTH]
    try:
        dtype = np.dtype(text)
    except (TypeError, ValueError, SyntaxError) as error:
        raise ProtocolError(f"there is no type {text!r}") from error
    if dtype.kind not in ARRAY_KINDS or not dtype.itemsize or dtype.str != name:
        raise ProtocolError(f"arrays of type {text!r} are not taken")
    return dtype


def _shape(lengths: Any) -> tuple[int, ...]:
    if not isinstance(lengths, list) or len(lengths) > _DIMENSIONS:
        raise ProtocolError("an array's shape is no list of lengths")
    for length in lengths:
        if type(length) is not int or length < 0:
            raise ProtocolError("an array's shape is no list of lengths")
    return tuple(lengths)


def _check_size(size: int) -> None:
    """A worker that says more than there is of memory lies; nothing was allocated yet."""
    if size > _PLAUSIBLE and size > psutil.virtual_memory().total:
        raise ProtocolError(f"it announces {size:,} bytes, more than this machine's memory")


def _take(transport: Transport, memory: SharedMemory, wanted: _Wanted, deadline: float) -> Buffer:
    if wanted.offset is not None:
        try:
            raw = memory.take(wanted.offset, wanted.size)
        except (EOFError, OSError) as error:
            raise ProtocolError("its shared memory ends before its result does") from error
    else:
        raw = np.empty(wanted.size, np.uint8)
        transport.read_into(raw.data, deadline)
    if wanted.dtype is None:
        return raw.tobytes()
    return raw.view(wanted.dtype).reshape(wanted.shape)


def _read(transport: Transport, size: int, deadline: float) -> bytearray:
    data = bytearray(size)
    transport.read_into(memoryview(data), deadline)
    return data


def _json(data: bytearray) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("it is not JSON") from error


def _pick(buffers: list[Buffer], number: Any) -> Buffer:
    if type(number) is not int or not 0 <= number < len(buffers):
        raise ProtocolError("it refers to a result that is not there")
    return buffers[number]
