"""Runs detectors in a process of their own: started by its path, and imported by nobody.

It needs Python 3.6 and NumPy, and is installed into no environment. On standard input come
requests, on what was standard output replies go back. Each is a frame: two lengths, a header and
a body, both JSON, then the arrays and bytes that were pulled out of the body. Large ones lie in
shared memory instead. A graph comes as its arrays. Whatever a library prints goes to standard error.
"""

import importlib
import importlib.util
import json
import mmap
import os
import signal
import struct
import sys
import threading
import time
import traceback
from typing import Any, BinaryIO, Callable, Dict, List, Optional

FRAME = struct.Struct(">IQ")
"""Bytes of the header, and of the body."""
MARK = "$member"
ARRAY_KINDS = "biufUS"
SHARED_BYTES = 2**20
"""Results of so many bytes go by shared memory, where the host gave some."""
ERROR_CHARACTERS = 2**16
WATCH_SECONDS = 0.5
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
        self.loan = 0
        self.lent: Any = None

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
        header, args = message
        for handle in header.get("forget", ()):
            detectors.pop(handle, None)
        buffers: List[Any] = []
        try:
            answer = _pack(OPERATIONS[header["op"]](detectors, header, args), "result", buffers)
            reply = {"id": header["id"], "ok": True}
        except BaseException as error:  # noqa: BLE001 - SystemExit, too, is an answer
            del buffers[:]
            answer = _describe(error)
            reply = {"id": header["id"], "ok": False}
        reply["buffers"], pieces = _place(channel.results, buffers)
        del args, buffers, message
        reply["kept"] = channel.keeps()
        _send(channel.replies, reply, answer, pieces)


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
    """Header and body of the next request; None when there are no more."""
    stream = channel.requests
    lengths = stream.read(FRAME.size)
    if len(lengths) < FRAME.size:
        return None
    header_bytes, body_bytes = FRAME.unpack(lengths)
    header = json.loads(stream.read(header_bytes).decode("utf-8"))
    body = json.loads(stream.read(body_bytes).decode("utf-8"))
    if header["shared"] is not None:
        channel.map(header["shared"])
    buffers = [_take(channel, facts) for facts in header["buffers"]]
    return header, _unpack(body, buffers)


def _take(channel: Channel, facts: Dict[str, Any]) -> Any:
    """An array or bytes, as `facts` say; arrays cannot be written to."""
    size, offset = facts["bytes"], facts["offset"]
    if facts["dtype"] is None:
        if offset is None:
            return channel.requests.read(size)
        return channel.lent[offset : offset + size].tobytes()
    import numpy as np

    if offset is None:
        raw = np.empty(size, np.uint8)
        if size:
            channel.requests.readinto(raw.data)  # type: ignore[attr-defined]
    else:
        raw = channel.lent[offset : offset + size]
    array = raw.view(np.dtype(facts["dtype"])).reshape(facts["shape"])
    array.flags.writeable = False
    return array


def _send(replies: int, header: Dict[str, Any], body: Any, pieces: List[bytes]) -> None:
    start = json.dumps(header).encode("utf-8")
    rest = json.dumps(body).encode("utf-8")
    view = memoryview(b"".join([FRAME.pack(len(start), len(rest)), start, rest, *pieces]))
    while view:
        view = view[os.write(replies, view) :]


def _place(results: Optional[int], buffers: List[Any]) -> Any:
    """What to say of each buffer, and those that go through the pipe."""
    facts, pieces = [], []
    end = 0
    for buffer in buffers:
        raw: Any = buffer
        dtype, shape = None, None
        if not isinstance(buffer, bytes):
            import numpy as np

            dtype, shape = buffer.dtype.str, list(buffer.shape)
            raw = np.ascontiguousarray(buffer).reshape(-1).view(np.uint8).data
        offset = None
        if results is not None and len(raw) >= SHARED_BYTES:
            offset = end
            _write_at(results, memoryview(raw), offset)
            end += -(-len(raw) // ALIGNMENT) * ALIGNMENT
        else:
            pieces.append(bytes(raw))
        facts.append({"dtype": dtype, "shape": shape, "bytes": len(raw), "offset": offset})
    return facts, pieces


def _write_at(descriptor: int, view: memoryview, offset: int) -> None:
    while view:
        count = os.pwrite(descriptor, view, offset)
        view = view[count:]
        offset += count


def _pack(value: Any, name: str, buffers: List[Any]) -> Any:
    """`value` as JSON; arrays and bytes go to `buffers`, their numbers stand in their place."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, bytes):
        buffers.append(value)
        return {MARK: len(buffers) - 1}
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str) or key == MARK:
                raise TypeError(f"{name}: key {key!r} cannot be sent")
        return {key: _pack(item, f"{name}/{key}", buffers) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(item, f"{name}/{i}", buffers) for i, item in enumerate(value)]
    import numpy as np

    if isinstance(value, np.generic):
        return value.item()
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
