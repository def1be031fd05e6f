"""The protocol, as the host speaks it: requests out, replies in, and nothing believed of a reply.

A frame is two lengths, a header and a body, both JSON, then the arrays and bytes that were pulled
out of the body. `worker.py` holds the other side.
"""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import attrs
import numpy as np
import psutil

from pynomaly.infrastructure.isolation.sharing import lend, take
from pynomaly.infrastructure.isolation.transport import Transport
from pynomaly.infrastructure.packing import ARRAY_KINDS, pack, unpack

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


def pack_parcel(value: Any) -> Parcel:
    """`value` ready to be sent.

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

    body = json.dumps(pack(value, "arguments", put)).encode()
    return Parcel(body, tuple(facts), tuple(raw))


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
    results: int | None,
    deadline: float,
) -> Reply:
    """Send a request and wait for its reply.

    Args:
        transport: The way to the worker.
        header: What to do, and the request's number, ``"id"``.
        parcel: The arguments.
        results: Descriptor of the memory that the worker may write large results to.
        deadline: When to give up, in seconds of the monotonic clock.

    Raises:
        TimeoutError, BrokenPipeError, EOFError: As the transport does.
        ProtocolError: If the reply cannot be believed.
    """
    large = [i for i, piece in enumerate(parcel.raw) if len(piece) >= SHARED_BYTES]
    with lend([parcel.raw[i] for i in large]) as (path, offsets):
        facts = list(parcel.facts)
        for i, offset in zip(large, offsets, strict=True):
            facts[i] = facts[i] | {"offset": offset}
        start = json.dumps(header | {"shared": path, "buffers": facts}).encode()
        lengths = FRAME.pack(len(start), len(parcel.body))
        small = [piece for piece in parcel.raw if len(piece) < SHARED_BYTES]
        transport.write(b"".join([lengths, start, parcel.body, *small]), deadline)
        return _receive(transport, header["id"], results, deadline)


def _receive(transport: Transport, id: int, results: int | None, deadline: float) -> Reply:
    header_bytes, body_bytes = FRAME.unpack(_read(transport, FRAME.size, deadline))
    if header_bytes > _HEADER_BYTES:
        raise ProtocolError(f"its header has {header_bytes:,} bytes")
    _check_size(body_bytes)
    header = _json(_read(transport, header_bytes, deadline))
    if not isinstance(header, dict) or header.get("id") != id:
        raise ProtocolError("it answers another request than was asked")
    ok, facts = header.get("ok"), header.get("buffers")
    if not isinstance(ok, bool) or not isinstance(facts, list):
        raise ProtocolError("its header lacks what a header has")
    wanted = [_check_buffer(each, results) for each in facts]
    _check_size(sum(buffer.size for buffer in wanted))
    body = _json(_read(transport, body_bytes, deadline))
    buffers = [_take(transport, results, buffer, deadline) for buffer in wanted]
    try:
        return Reply(ok, unpack(body, lambda number: _pick(buffers, number)))
    except RecursionError as error:
        raise ProtocolError("its body is nested too deeply") from error


@attrs.frozen
class _Wanted:
    """A buffer that is announced, and can be what it says."""

    dtype: np.dtype[Any] | None
    shape: tuple[int, ...]
    size: int
    offset: int | None

    @property
    def due(self) -> int:
        """Bytes that it must have."""
        if self.dtype is None:
            return max(self.size, 0)
        return math.prod(self.shape) * self.dtype.itemsize


def _check_buffer(facts: Any, results: int | None) -> _Wanted:
    match facts:
        case {"dtype": None, "shape": None, "bytes": int(size), "offset": offset}:
            wanted = _Wanted(None, (), size, offset)
        case {"dtype": str(name), "shape": [*lengths], "bytes": int(size), "offset": offset}:
            wanted = _Wanted(_dtype(name), _shape(lengths), size, offset)
        case _:
            raise ProtocolError("it announces something that is neither an array nor bytes")
    if wanted.size != wanted.due:
        raise ProtocolError(f"it announces {size} bytes for {wanted.dtype} of {wanted.shape}")
    if offset is not None and (type(offset) is not int or offset < 0 or results is None):
        raise ProtocolError("it points to shared memory that is not there")
    _check_size(size)
    return wanted


def _dtype(name: str) -> np.dtype[Any]:
    try:
        dtype = np.dtype(name[:_NAME_LENGTH])
    except (TypeError, ValueError, SyntaxError) as error:
        raise ProtocolError(f"there is no type {name[:_NAME_LENGTH]!r}") from error
    if dtype.kind not in ARRAY_KINDS or not dtype.itemsize or dtype.str != name:
        raise ProtocolError(f"arrays of type {name[:_NAME_LENGTH]!r} are not taken")
    return dtype


def _shape(lengths: list[Any]) -> tuple[int, ...]:
    if len(lengths) > _DIMENSIONS or not all(type(n) is int and n >= 0 for n in lengths):
        raise ProtocolError("an array's shape is no list of lengths")
    return tuple(lengths)


def _check_size(size: int) -> None:
    """A worker that says more than there is of memory lies; nothing was allocated yet."""
    if size > _PLAUSIBLE and size > psutil.virtual_memory().total:
        raise ProtocolError(f"it announces {size:,} bytes, more than this machine's memory")


def _take(transport: Transport, results: int | None, wanted: _Wanted, deadline: float) -> Buffer:
    if wanted.offset is not None and results is not None:
        try:
            raw = take(results, wanted.offset, wanted.size)
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
