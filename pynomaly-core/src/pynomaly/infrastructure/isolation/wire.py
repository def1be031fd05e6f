"""The protocol, as the host speaks it: requests out, replies in, and nothing believed of a reply.

A frame is a number and a length, a text in JSON, then the arrays and bytes that were pulled out of
the value in it. The number is the request's, and that of its reply: so the text of one call is that
of the next like it, and is read once. A graph goes as its arrays. `worker.py` holds the other side.
"""

from __future__ import annotations

import json
import marshal
import math
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import attrs
import numpy as np
import psutil

from pynomaly.domain.graphs import GraphArrays
from pynomaly.infrastructure.isolation.sharing import SharedMemory
from pynomaly.infrastructure.isolation.transport import Transport
from pynomaly.infrastructure.packing import ARRAY_KINDS, MARK, Put, pack, unpack

FRAME = struct.Struct(">QQ")
"""Number of the request, and bytes of the text."""
SHARED_BYTES = 2**20
"""Arguments of so many bytes go by shared memory: below, a pipe is faster."""

_DIMENSIONS = 32
_NAME_LENGTH = 16
_PLAUSIBLE = 2**26
_REMEMBERED_BYTES = 2**11

Buffer = np.ndarray[Any, Any] | bytes


class ProtocolError(Exception):
    """A reply that is not what it says, or not what it should be."""


@attrs.frozen
class Parcel:
    """A value, ready to be sent.

    Attributes:
        value: JSON, with numbers in place of its arrays and bytes.
        facts: What the worker must know of each of those.
        small: Bytes of those that go by the pipe.
        large: Bytes of those that go by shared memory, by their number.
    """

    value: Any
    facts: list[dict[str, Any]]
    small: list[bytes]
    large: dict[int, memoryview]


def pack_parcel(args: Sequence[Any]) -> Parcel:
    """Arguments ready to be sent: what a state may hold, and graphs.

    Raises:
        TypeError: Naming the place of what cannot be sent.
    """
    facts: list[dict[str, Any]] = []
    small: list[bytes] = []
    large: dict[int, memoryview] = {}

    def put(_: str, item: Buffer) -> int:
        number = len(facts)
        if isinstance(item, bytes):
            dtype, shape, size = None, None, len(item)
        else:
            dtype, shape, size = item.dtype.str, list(item.shape), item.nbytes
        if size >= SHARED_BYTES:
            large[number] = _bytes_of(item)
        else:
            small.append(item if isinstance(item, bytes) else item.tobytes())
        facts.append({"dtype": dtype, "shape": shape, "bytes": size, "offset": None})
        return number

    value = [_packed(each, f"arguments/{i}", put) for i, each in enumerate(args)]
    return Parcel(value, facts, small, large)


def _bytes_of(item: Buffer) -> memoryview:
    if isinstance(item, bytes):
        return memoryview(item)
    return np.ascontiguousarray(item).reshape(-1).view(np.uint8).data


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
    number: int,
    header: dict[str, Any],
    parcel: Parcel,
    memory: SharedMemory,
    deadline: float,
) -> Reply:
    """Send a request and wait for its reply.

    Args:
        transport: The way to the worker.
        number: The request's.
        header: What to do.
        parcel: The arguments.
        memory: What is shared with the worker.
        deadline: When to give up, in seconds of the monotonic clock.

    Raises:
        TimeoutError, BrokenPipeError, EOFError: As the transport does.
        ProtocolError: If the reply cannot be believed.
    """
    shared, offsets = memory.lend(list(parcel.large.values()))
    for place, offset in zip(parcel.large, offsets, strict=True):
        parcel.facts[place]["offset"] = offset
    text = _text({**header, "shared": shared, "buffers": parcel.facts, "value": parcel.value})
    transport.write(b"".join([FRAME.pack(number, len(text)), text, *parcel.small]), deadline)
    reply, kept = _receive(transport, number, memory, deadline)
    memory.take_back(kept=kept)
    return reply


def _text(message: dict[str, Any]) -> bytes:
    """A message in JSON. That of a small one is remembered: `marshal` gives a key, and quickly."""
    try:
        key = marshal.dumps(message, 2)
    except ValueError:  # a type derived from those of JSON
        return json.dumps(message).encode()
    return _remembered_text(key) if len(key) <= _REMEMBERED_BYTES else json.dumps(message).encode()


@lru_cache(256)
def _remembered_text(key: bytes) -> bytes:
    return json.dumps(marshal.loads(key)).encode()  # noqa: S302 - made above


def _receive(
    transport: Transport, number: int, memory: SharedMemory, deadline: float
) -> tuple[Reply, bool]:
    """The reply, and whether the worker keeps arrays in the memory that it was lent."""
    answered, size = FRAME.unpack(transport.read(FRAME.size, deadline))
    if answered != number:
        raise ProtocolError("it answers another request than was asked")
    _check_size(size)
    text = bytes(transport.read(size, deadline))
    told = _remember(text) if size <= _REMEMBERED_BYTES else _told(text)
    buffers = [_take(transport, memory, buffer, deadline) for buffer in told.buffers]
    try:
        value = unpack(told.value, lambda reference: _pick(buffers, reference))
    except RecursionError as error:
        raise ProtocolError("its result is nested too deeply") from error
    return Reply(told.ok, value), told.kept


class _Told(NamedTuple):
    """What a reply says, found to be possible."""

    ok: bool
    kept: bool
    buffers: tuple[_Wanted, ...]
    value: Any


def _told(text: bytes) -> _Told:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("it is not JSON") from error
    match message:
        case {"ok": bool(ok), "kept": bool(kept), "buffers": [*facts], "value": value}:
            buffers = tuple(_check_buffer(each) for each in facts)
            _check_size(sum(buffer.size for buffer in buffers))
            return _Told(ok, kept, buffers, value)
    raise ProtocolError("it lacks what a reply has")


_remember = lru_cache(256)(_told)


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
    if wanted.offset is None:
        raw = transport.read(wanted.size, deadline)
    else:
        try:
            raw = memory.take(wanted.offset, wanted.size)
        except (EOFError, OSError) as error:
            raise ProtocolError("its shared memory ends before its result does") from error
    if wanted.dtype is None:
        return bytes(raw)
    return np.ndarray(wanted.shape, wanted.dtype, raw)


def _pick(buffers: list[Buffer], number: Any) -> Buffer:
    if type(number) is not int or not 0 <= number < len(buffers):
        raise ProtocolError("it refers to a result that is not there")
    return buffers[number]
