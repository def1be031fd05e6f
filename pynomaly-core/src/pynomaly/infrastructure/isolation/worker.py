"""Runs detectors in a process of their own: started by its path, and imported by nobody.

It needs Python 3.6 and NumPy, and is installed into no environment. On standard input come
requests, on what was standard output replies go back. Each is a frame: the request's number and a
length, a text in JSON, then the arrays and bytes that were pulled out of the value in it. Large
ones lie in shared memory instead. A graph comes as its arrays. Whatever a library prints goes to standard error.
"""

import importlib
import importlib.util
import json
import marshal
import mmap
import os
import select
import signal
import struct
import sys
import threading
import time
import traceback
from functools import lru_cache
from typing import Any, BinaryIO, Callable, Dict, List, Optional

FRAME = struct.Struct(">QQ")
"""Number of the request, and bytes of the text."""
MARK = "$member"
ARRAY_KINDS = "biufUS"
SHARED_BYTES = 2**20
"""Results of so many bytes go by shared memory, where the host gave some."""
ERROR_CHARACTERS = 2**16
WATCH_SECONDS = 0.5
SPIN_SECONDS = 0.001
"""To look for the next request before falling asleep: to be woken takes longer than a small one."""
MOST_MISSES = 12
REMEMBERED_BYTES = 2**11
ALIGNMENT = 64


class Channel:
    """Where requests come from and replies go, and the memory that is shared with the host.

    Attributes:
        requests: Buffered, for reading.
        replies: A file descriptor.
        results: A file descriptor of memory for large results; None where there is none.
        loan: Number of the memory that arguments lie in.
        lent: That memory as an array of bytes; None where there is none.
    """

    def __init__(self, requests: BinaryIO, replies: int, results: Optional[int]) -> None:
        self.requests = requests
        self.replies = replies
        self.results = results
        self.misses = self.skip = 0
        self.poll = None
        if hasattr(select, "poll"):  # not on Windows
            self.poll = select.poll()
            self.poll.register(requests.fileno(), select.POLLIN)
        self.loan = 0
        self.lent: Any = None

    def wait(self) -> None:
        """Look for a request for a moment, so that one that comes soon is not kept waiting.

        After each time in vain there are more times without, as on the other side.
        """
        if self.poll is None or self.skip:
            self.skip = max(self.skip - 1, 0)
            return
        end = time.perf_counter() + SPIN_SECONDS
        while not self.poll.poll(0):
            if time.perf_counter() > end:
                self.misses = min(self.misses + 2, MOST_MISSES)
                self.skip = 2**self.misses
                return
        self.misses = max(self.misses - 1, 0)

    def map(self, loan: Dict[str, Any]) -> None:
        """Have `lent` be what the host lends now."""
        if self.lent is not None and self.loan == loan["number"]:
            return
        import numpy as np

        with open(loan["path"], "rb") as file:
            mapped = mmap.mmap(file.fileno(), loan["bytes"], access=mmap.ACCESS_READ)
        self.loan, self.lent = loan["number"], np.frombuffer(mapped, np.uint8)

    def keeps(self) -> bool:
        """Whether any array still lies in the lent memory; it is let go of then."""
        # One reference is this object's, the other the call's.
        kept = self.lent is not None and sys.getrefcount(self.lent) > 2
        if kept:
            self.lent = None
        return kept


def main() -> None:
    """Serve requests until there are no more."""
    config = json.loads(sys.argv[1])
    channel = _take_over(config)
    _end_with_the_host(config)
    _limit_memory(config["memory_mib"])
    sys.argv[1:] = []
    if config["path"] is not None:
        sys.path[:] = config["path"]
    serve(channel)


def _take_over(config: Dict[str, Any]) -> Channel:
    """Keep the pipes to the host for the protocol, and let nothing else reach them."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    for passed in (config["shared"], config["lifeline"]):
        if passed is not None:
            os.set_inheritable(passed, False)
    return Channel(os.fdopen(requests, "rb", 2**16), replies, config["shared"])


def _end_with_the_host(config: Dict[str, Any]) -> None:
    """End when the host does, whatever goes on here then.

    The end of the requests shows it to an idle worker. For a busy one the kernel sends a signal
    when the lifeline is closed, even where code in C holds the interpreter; and a thread sees
    it where another child of the host still holds the lifeline's other end.
    """
    if config["lifeline"] is not None and hasattr(os, "O_ASYNC"):
        import fcntl

        lifeline = config["lifeline"]
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)
    if hasattr(os, "getpgrp"):
        threading.Thread(target=_watch, args=(config["host"],), daemon=True).start()


def _watch(host: int) -> None:
    while os.getppid() == host:
        time.sleep(WATCH_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _limit_memory(mib: int) -> None:
    """Hold the address space of this process to `mib` MiB, where the system can."""
    if not mib:
        return
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (mib * 2**20, hard))


def serve(channel: Channel) -> None:
    """Answer each request; an error is an answer, too."""
    detectors: Dict[int, Any] = {}
    while True:
        message = _receive(channel)
        if message is None:
            return
        number, header, args = message
        for handle in header.get("forget", ()):
            detectors.pop(handle, None)
        buffers: List[Any] = []
        try:
            answer = _pack(OPERATIONS[header["op"]](detectors, header, args), "result", buffers)
            reply = {"ok": True, "value": answer}
        except BaseException as error:  # noqa: BLE001 - SystemExit, too, is an answer
            del buffers[:]
            reply = {"ok": False, "value": _describe(error)}
        reply["buffers"], pieces = _place(channel.results, buffers)
        del args, buffers, message
        reply["kept"] = channel.keeps()
        _send(channel.replies, number, reply, pieces)


def _ping(detectors: Dict[int, Any], header: Dict[str, Any], args: List[Any]) -> Any:
    import numpy as np

    version = "{}.{}.{}".format(*sys.version_info)
    return {"python": version, "numpy": np.__version__}


def _ready(detectors: Dict[int, Any], header: Dict[str, Any], args: List[Any]) -> Any:
    _load(header["factory"])()


def _create(detectors: Dict[int, Any], header: Dict[str, Any], args: List[Any]) -> Any:
    detector = _load(header["factory"])(*args)
    detectors[header["handle"]] = detector
    names = [name for name in dir(detector) if name[0] != "_"]
    return [name for name in names if callable(getattr(detector, name, None))]


def _call(detectors: Dict[int, Any], header: Dict[str, Any], args: List[Any]) -> Any:
    detector = detectors[header["handle"]]
    result = getattr(detector, header["method"])(*args)
    answer: Dict[str, Any] = {}
    if header["result"]:
        answer["result"] = result
    if header["state"]:
        answer["state"] = detector.get_state()
    return answer


OPERATIONS: Dict[str, Callable[[Dict[int, Any], Dict[str, Any], List[Any]], Any]] = {
    "ping": _ping,
    "ready": _ready,
    "create": _create,
    "call": _call,
}


def _load(factory: Dict[str, Any]) -> Any:
    """What a factory names: something in a file, or in a module that can be imported."""
    name, path = factory["module"], factory["path"]
    if path is None:
        module = importlib.import_module(name)
    elif name in sys.modules:
        module = sys.modules[name]
    else:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return getattr(module, factory["name"])


def _describe(error: BaseException) -> Any:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an error that cannot even say what it is
        text = ""
    kinds = [cls.__name__ for cls in type(error).__mro__]
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    cut = len(text) > ERROR_CHARACTERS or len(trace) > ERROR_CHARACTERS
    return {
        "kinds": kinds,
        "message": text[:ERROR_CHARACTERS],
        "traceback": trace[-ERROR_CHARACTERS:],
        "cut": cut,
    }


def _receive(channel: Channel) -> Any:
    """Number, header and arguments of the next request; None when there are no more."""
    stream = channel.requests
    channel.wait()
    lengths = stream.read(FRAME.size)
    if len(lengths) < FRAME.size:
        return None
    number, size = FRAME.unpack(lengths)
    text = stream.read(size)
    header = _remember(text) if size <= REMEMBERED_BYTES else _read(text)
    if header["shared"] is not None:
        channel.map(header["shared"])
    buffers = [_take(channel, facts) for facts in header["buffers"]]
    return number, header, _unpack(header["value"], buffers)


def _text(message: Dict[str, Any]) -> bytes:
    """A message in JSON. That of a small one is remembered: `marshal` gives a key, and quickly."""
    try:
        key = marshal.dumps(message, 2)
    except ValueError:  # a type derived from those of JSON
        return json.dumps(message).encode("utf-8")
    if len(key) > REMEMBERED_BYTES:
        return json.dumps(message).encode("utf-8")
    return _remembered_text(key)


@lru_cache(256)
def _remembered_text(key: bytes) -> bytes:
    return json.dumps(marshal.loads(key)).encode("utf-8")  # noqa: S302 - made above


def _read(text: bytes) -> Any:
    return json.loads(text.decode("utf-8"))


_remember = lru_cache(256)(_read)


def _take(channel: Channel, facts: Dict[str, Any]) -> Any:
    """An array or bytes, as `facts` say; arrays cannot be written to."""
    size, offset = facts["bytes"], facts["offset"]
    if facts["dtype"] is None:
        if offset is None:
            return channel.requests.read(size)
        return channel.lent[offset : offset + size].tobytes()
    import numpy as np

    dtype, shape = np.dtype(facts["dtype"]), facts["shape"]
    if offset is None:
        return np.ndarray(shape, dtype, channel.requests.read(size))
    array = channel.lent[offset : offset + size].view(dtype).reshape(shape)
    array.flags.writeable = False
    return array


def _send(replies: int, number: int, reply: Dict[str, Any], pieces: List[bytes]) -> None:
    text = _text(reply)
    view = memoryview(b"".join([FRAME.pack(number, len(text)), text, *pieces]))
    while view:
        view = view[os.write(replies, view) :]


def _place(results: Optional[int], buffers: List[Any]) -> Any:
    """What to say of each buffer, and those that go through the pipe."""
    facts, pieces = [], []
    end = 0
    for buffer in buffers:
        dtype, shape, offset = None, None, None
        if isinstance(buffer, bytes):
            size = len(buffer)
        else:
            dtype, shape, size = buffer.dtype.str, list(buffer.shape), buffer.nbytes
        if results is not None and size >= SHARED_BYTES:
            offset = end
            _write_at(results, _bytes_of(buffer), offset)
            end += -(-size // ALIGNMENT) * ALIGNMENT
        else:
            pieces.append(buffer if dtype is None else buffer.tobytes())
        facts.append({"dtype": dtype, "shape": shape, "bytes": size, "offset": offset})
    return facts, pieces


def _bytes_of(buffer: Any) -> memoryview:
    if isinstance(buffer, bytes):
        return memoryview(buffer)
    import numpy as np

    return np.ascontiguousarray(buffer).reshape(-1).view(np.uint8).data


def _write_at(descriptor: int, view: memoryview, offset: int) -> None:
    while view:
        count = os.pwrite(descriptor, view, offset)
        view = view[count:]
        offset += count


def _pack(value: Any, name: str, buffers: List[Any]) -> Any:
    """`value` as JSON; arrays and bytes go to `buffers`, their numbers stand in their place."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, bytes):
        buffers.append(value)
        return {MARK: len(buffers) - 1}
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or key == MARK:
                raise TypeError(f"{name}: key {key!r} cannot be sent")
        plain = str.__str__  # of NumPy's text, which `marshal` would take for bytes
        return {plain(key): _pack(item, f"{name}/{key}", buffers) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(item, f"{name}/{i}", buffers) for i, item in enumerate(value)]
    import numpy as np

    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in ARRAY_KINDS:
        buffers.append(value)
        return {MARK: len(buffers) - 1}
    kind = getattr(value, "dtype", type(value).__name__)
    raise TypeError(f"{name}: {kind} cannot be sent")


class GraphArrays:
    """A graph, where there is no Pynomaly to have a class for it.

    Attributes:
        features: Attributes of the nodes, standardised, shape (n, d), float64.
        edges: Positions of both ends of each edge, shape (2, m), int64.
        directed: Whether an edge's first end points to its second.
    """

    def __init__(self, features: Any, edges: Any, *, directed: bool) -> None:
        self.features = features
        self.edges = edges
        self.directed = directed

    def __len__(self) -> int:
        """Number of nodes."""
        return len(self.features)


def _graph(parts: Dict[str, Any]) -> Any:
    if "pynomaly" in sys.modules:  # an installed plugin: it may ask for the class
        ours = importlib.import_module("pynomaly.domain.graphs")
        return ours.GraphArrays(**parts)
    return GraphArrays(**parts)


def _unpack(value: Any, buffers: List[Any]) -> Any:
    if isinstance(value, dict):
        if MARK in value:
            marked = value[MARK]
            if isinstance(marked, dict):
                return _graph(_unpack(marked, buffers))
            return buffers[marked]
        return {key: _unpack(item, buffers) for key, item in value.items()}
    if isinstance(value, list):
        return [_unpack(item, buffers) for item in value]
    return value


if __name__ == "__main__":
    main()
