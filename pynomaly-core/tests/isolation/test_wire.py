"""What goes over comes back the same, and nothing that a worker says is believed unchecked."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from pynomaly.domain.errors import (
    PluginFailed,
    WorkerDied,
    WorkerLied,
    WorkerTimeout,
)
from pynomaly.infrastructure.isolation import process, sharing, wire
from pynomaly.infrastructure.isolation.launching import Launch
from pynomaly.infrastructure.isolation.process import Asked
from pynomaly.infrastructure.isolation.proxy import Recipe, isolate
from pynomaly.infrastructure.isolation.room import Room
from pynomaly.infrastructure.isolation.transport import BlockingPipes

HERE = Path(__file__).parent
LIES = re.findall(r'^    "(.+?)": ', (HERE / "lying.py").read_text("utf-8"), re.MULTILINE)
NO_LIES = {"no result", "another thing", "an error that is none"}
"""A reply all right, but not one that a detector gives."""

ECHO = """
class Echo:
    def fit(self, *args):
        self.args = args

    def score(self, *args):
        return list(args)

def create(id, params, seed):
    return Echo()
"""


COUNTS = """
import numpy as np

class Count:
    def score(self, X):
        return [np.int64(len(X)), X.sum(), {np.str_("a"): np.str_(X.dtype)}, np.bool_(True)]

create = Count
"""


class Letter(StrEnum):
    A = "a"


def factory(path):
    return {"module": path.stem, "path": str(path), "name": "create"}


@pytest.fixture(scope="module", params=["polled", "blocking", "by files"])
def echo(request, tmp_path_factory):
    """An echo over each way that bytes can go."""
    path = tmp_path_factory.mktemp("echo") / "echoing.py"
    path.write_text(ECHO)
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "blocking":
            patch.setattr(process, "PolledPipes", lambda a, b: BlockingPipes(a, b, None))
        if request.param == "by files":
            patch.setattr(sharing, "_NAMELESS", False)
        room = Room(Launch(), 1)
        detector = isolate(room, Recipe("an.echo", factory(path), ("an.echo", {}, 0)))
    yield detector
    room.close()


def equal(a, b):
    if isinstance(a, np.ndarray):
        same = a.dtype == b.dtype and a.shape == b.shape
        return same and a.tobytes() == b.tobytes()
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(equal, a.values(), b.values()))
    return type(a) is type(b) and a == b


arrays = npst.arrays(
    st.one_of(
        npst.floating_dtypes(endianness="?"),
        npst.integer_dtypes(endianness="?"),
        npst.unsigned_integer_dtypes(),
        npst.boolean_dtypes(),
        npst.unicode_string_dtypes(max_len=5),
        npst.byte_string_dtypes(max_len=5),
    ).filter(lambda dtype: dtype.itemsize > 0),
    npst.array_shapes(min_dims=0, max_dims=3, min_side=0),
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | arrays
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text().filter(lambda k: k[:1] != "$"), inner)
    ),
    max_leaves=10,
)


@settings(max_examples=60)
@given(values)
def test_any_value_comes_back_the_same(echo, value):
    assert equal([value], echo.score(value))


@pytest.mark.parametrize(
    "value",
    [
        np.random.default_rng(0).standard_normal((200_000, 3)),
        np.arange(600_000, dtype=">i4").reshape(2, 300_000).T,
        ["a text of some length, in German: Größe"] * 100_000,
        {"edges": np.arange(2_000_000).reshape(2, -1), "names": ["a", "b"], "blob": b"\0" * 2**21},
        [np.zeros((0, 3)), np.zeros(2**20), np.zeros(2**17), np.zeros(())],
    ],
    ids=["matrix", "big-endian and turned", "texts", "graph", "several"],
)
def test_large_values_come_back_the_same(echo, value):
    for _ in range(2):
        assert equal([value], echo.score(value))


@pytest.mark.parametrize(
    "values",
    [
        (1, True, 1.0, np.float64(1), np.int8(1), np.bool_(True)),
        (0.0, -0.0),
        ("a", np.str_("a"), b"a", Letter.A),
        ([], {}),
        (np.zeros(1), np.zeros((1, 1))),
    ],
    ids=["one", "zero", "text", "nothing", "array"],
)
def test_a_value_like_the_one_before_comes_back_as_itself(echo, values):
    for value in values * 2:
        (back,) = echo.score(value)
        plain = value.item() if isinstance(value, np.generic) else value
        assert repr(back) == repr(plain.value if plain is Letter.A else plain)


def test_a_key_of_numpy_s_text_comes_back_as_text(echo):
    for _ in range(2):
        assert repr(echo.score({np.str_("a"): 1})) == "[{'a': 1}]"


def test_what_cannot_be_sent_is_named_and_ends_no_process(echo):
    before = echo.remote.room.pids
    for value in (np.datetime64("2024-01-01"), np.longdouble(1), object()):
        with pytest.raises(TypeError, match=r"^arguments/0: .* cannot be saved$"):
            echo.score(value)
    assert echo.remote.room.pids == before


def test_a_number_of_numpy_comes_back_as_a_number(tmp_path):
    path = tmp_path / "counting.py"
    path.write_text(COUNTS)
    room = Room(Launch(), 1)
    detector = isolate(room, Recipe("a.count", factory(path), ()))
    assert repr(detector.score(np.zeros((2, 3)))) == "[2, 0.0, {'a': 'float64'}, True]"
    room.close()


@pytest.mark.skipif(not sharing._NAMELESS, reason="memory has a name here")
def test_a_worker_cannot_make_lent_memory_shorter():
    memory = sharing.SharedMemory()
    told, (start,) = memory.lend([memoryview(b"a" * 2**20)])
    with Path(told["path"]).open("r+b") as file, pytest.raises(PermissionError):
        file.truncate(0)
    assert start == 0
    memory.close()


def test_no_file_is_left_where_memory_has_no_name(tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "_NAMELESS", False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = tmp_path / "echoing.py"
    path.write_text(ECHO)
    room = Room(Launch(), 1)
    detector = isolate(room, Recipe("an.echo", factory(path), ("an.echo", {}, 0)))
    detector.score(np.zeros(2**20))
    room.close()
    assert list(tmp_path.glob("pynomaly-*")) == []


@pytest.fixture
def lying(monkeypatch):
    rooms = []

    def start(lie, **how):
        monkeypatch.setenv("LIE", lie)
        rooms.append(Room(Launch(script=HERE / "lying.py", **how), 1))
        recipe = Recipe("a.liar", {}, ())
        return isolate(rooms[-1], recipe), rooms[-1]

    yield start
    for room in rooms:
        room.close()


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_typed_error_and_ends_the_process(lying, lie):
    detector, room = lying(lie, call_seconds=20)
    with pytest.raises(PluginFailed if lie in NO_LIES else WorkerLied, match=r"^a\.liar failed to"):
        detector.score(np.zeros((2, 1)))
    assert bool(room.pids) == (lie in NO_LIES)


def test_half_a_reply_is_a_dead_worker(lying):
    detector, _ = lying("half a reply")
    with pytest.raises(WorkerDied):
        detector.score(np.zeros((2, 1)))


def test_a_reply_that_does_not_go_on_is_a_slow_worker(lying):
    detector, _ = lying("half a reply, and then nothing", call_seconds=0.5)
    with pytest.raises(WorkerTimeout):
        detector.score(np.zeros((2, 1)))


def test_a_reply_too_many_is_found_at_the_next_call(lying):
    detector, room = lying("one reply too many")
    assert np.array_equal(detector.score(np.zeros((2, 1))), [0, 0])
    with pytest.raises(WorkerLied, match="another request"):
        detector.score(np.zeros((2, 1)))
    assert room.pids == ()


@pytest.mark.parametrize("pipes", ["polled", "blocking"])
def test_a_worker_that_stops_reading_is_a_slow_worker(lying, monkeypatch, pipes):
    if pipes == "blocking":
        monkeypatch.setattr(process, "_connect", blocking)
    monkeypatch.setattr(wire, "SHARED_BYTES", 2**60)
    detector, _ = lying("it stops reading", call_seconds=1)
    detector.score(np.zeros((2, 1)))
    with pytest.raises(WorkerTimeout, match=r"longer than 1 s"):
        detector.score(np.zeros(2**22))


def blocking(launched, kill):
    pipes = launched.process
    return BlockingPipes(pipes.stdout.fileno(), pipes.stdin.fileno(), kill)


def test_a_slow_worker_behind_blocking_pipes_is_ended_too(lying, monkeypatch):
    monkeypatch.setattr(process, "_connect", blocking)
    detector, _ = lying("half a reply, and then nothing", call_seconds=0.5)
    with pytest.raises(WorkerTimeout):
        detector.score(np.zeros((2, 1)))
    detector, _ = lying("half a reply")
    with pytest.raises(WorkerDied):
        detector.score(np.zeros((2, 1)))


def test_a_request_to_a_worker_that_is_gone_says_so(lying):
    asked = Asked("a.liar", "test")
    _, room = lying("no json")
    with room.lend(asked) as worker:
        worker.end()
        with pytest.raises(WorkerDied, match="its process is gone"):
            worker.request({"op": "ping"}, (), asked)
