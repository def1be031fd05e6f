"""A detector in another process, behind the contract of those in this one."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import attrs

from pynomaly.domain.errors import PluginFailed, StateLost
from pynomaly.infrastructure.isolation.process import Asked, Worker
from pynomaly.infrastructure.isolation.replies import result_of
from pynomaly.infrastructure.isolation.room import Room

_HANDLES = itertools.count()
_READING = frozenset({"score", "score_edges", "explain"})
"""Methods that leave a detector as it is: any copy of it will do, also several at once."""
_WHOLE = frozenset({"fit", "fit_score", "set_state"})
"""Methods after which nothing is left of what a detector was before."""
_SILENT = frozenset({"fit", "partial_fit", "set_state"})
"""Methods whose result nobody reads."""
_LOST = "what it had learnt was lost with its process, and it cannot be saved: fit it again"
_STAGES = {"fit_score": "fit", "partial_fit": "fit", "get_state": "save", "set_state": "load"}


@attrs.frozen
class Recipe:
    """How a worker makes the detector.

    Attributes:
        id: Id of the detector.
        factory: ``{"module": ..., "path": ..., "name": ...}``.
        args: What the factory takes.
    """

    id: str
    factory: Mapping[str, Any]
    args: tuple[Any, ...]


def isolate(room: Room, recipe: Recipe) -> IsolatedDetector:
    """A detector that works in `room`. It has the methods that the real one has, and no others.

    Raises:
        PynomalyError: What the factory raised, or how the worker failed.
    """
    remote = Remote(room, recipe)
    return _class_with(remote.methods)(remote)


class IsolatedDetector:
    """What stands here for a detector in another process.

    Attributes:
        remote: The way to it.
    """

    def __init__(self, remote: Remote) -> None:
        self.remote = remote


@cache
def _class_with(methods: tuple[str, ...]) -> type[IsolatedDetector]:
    return type("IsolatedDetector", (IsolatedDetector,), {n: _method(n) for n in methods})


def _method(name: str) -> Callable[..., Any]:
    if name == "get_state":
        return lambda self: self.remote.get_state()
    if name in _READING:
        return lambda self, *args: self.remote.read(name, *args)
    return lambda self, *args: self.remote.change(name, *args)


class Remote:
    """Calls a detector in a worker, and knows where it is.

    What the detector learnt stays in its worker. If it can be saved, a copy is kept here: so the
    detector survives its worker, and several workers can score at once.

    Attributes:
        room: Where it works.
        methods: What the real detector can do.
    """

    def __init__(self, room: Room, recipe: Recipe) -> None:
        """Make it in a worker.

        Raises:
            PynomalyError: What the factory raised, or how the worker failed.
        """
        self.room = room
        self._recipe = recipe
        self._changing = threading.RLock()
        self._books = threading.Lock()  # held for moments, and never while waiting
        self._places: dict[Worker, int] = {}
        self._state: Mapping[str, Any] | None = None
        self._learnt = False
        self._version = 0
        weakref.finalize(self, _forget, self._places).atexit = False
        asked = Asked(recipe.id, "start")
        with room.lend(asked) as worker:
            handle, names = self._make(worker, asked)
            self._places[worker] = handle
        self.methods = tuple(names)

    def read(self, name: str, *args: Any) -> Any:
        """What a method gives that leaves the detector as it is."""
        with self._copy(_asked(self._recipe.id, name)) as (worker, handle):
            return self._call(worker, handle, name, args)["result"]

    def change(self, name: str, *args: Any) -> Any:
        """What a method gives that may change the detector."""
        asked = _asked(self._recipe.id, name)
        with self._changing:
            place = self._anywhere(asked) if name in _WHOLE else self._copy(asked)
            with place as (worker, handle):
                self._begin_change(worker, handle)
                keep = "get_state" in self.methods and name in {"fit", "fit_score"}
                answer = self._call(worker, handle, name, args, keep=keep)
            with self._books:
                self._state = args[0] if name == "set_state" else answer.get("state")
        return answer.get("result")

    def _begin_change(self, worker: Worker, handle: int) -> None:
        """From here on the detector is what it is in this place, and nowhere else."""
        with self._books:
            self._version += 1
            self._learnt, self._state = True, None
            left = {w: h for w, h in self._places.items() if w is not worker}
            self._places.clear()
            self._places[worker] = handle
        _forget(left)

    def get_state(self) -> Any:
        """All that the detector needs in order to score."""
        with self._changing:
            if self._state is not None:
                return self._state
            with self._copy(_asked(self._recipe.id, "get_state")) as (worker, handle):
                state = self._call(worker, handle, "get_state", ())["result"]
            with self._books:
                self._state = state if self._learnt else None
            return state

    @contextmanager
    def _anywhere(self, asked: Asked) -> Iterator[tuple[Worker, int]]:
        """A worker with the detector, whatever it has learnt."""
        with self.room.lend(asked, tuple(self._places)) as worker:
            handle = self._places.get(worker)
            yield worker, self._make(worker, asked)[0] if handle is None else handle

    @contextmanager
    def _copy(self, asked: Asked) -> Iterator[tuple[Worker, int]]:
        """A worker with the detector as it is now: where it is already, or a copy.

        Raises:
            StateLost: If it was in one place only, and that is gone.
        """
        with self._books:
            places, state, version = self._places.copy(), self._state, self._version
            alone = self._learnt and state is None
        if alone:
            ((worker, handle),) = places.items()
            with self.room.lend_this(worker):
                if not worker.alive:
                    raise StateLost(asked.id, asked.stage, _LOST)
                yield worker, handle
            return
        with self.room.lend(asked, places) as worker:
            known = places.get(worker)
            if known is None:
                known = self._restore(worker, state, version, asked)
            yield worker, known

    def _restore(
        self, worker: Worker, state: Mapping[str, Any] | None, version: int, asked: Asked
    ) -> int:
        handle, _ = self._make(worker, asked)
        if state is not None:
            self._call(worker, handle, "set_state", (state,))
        with self._books:
            if version == self._version:
                self._places[worker] = handle
            else:  # it has learnt something else meanwhile: this copy serves one call
                worker.forget(handle)
        return handle

    def _make(self, worker: Worker, asked: Asked) -> tuple[int, list[str]]:
        handle = next(_HANDLES)
        request = {"op": "create", "handle": handle, "factory": self._recipe.factory}
        reply = worker.request(request, self._recipe.args, asked)
        names = result_of(reply, asked, self.room.how)
        if not isinstance(names, list) or not all(map(_is_method, names)):
            raise PluginFailed(asked.id, asked.stage, "its methods have no proper names")
        return handle, names

    def _call(
        self, worker: Worker, handle: int, name: str, args: tuple[Any, ...], *, keep: bool = False
    ) -> dict[str, Any]:
        asked = _asked(self._recipe.id, name)
        wanted = name not in _SILENT
        request = {
            "op": "call",
            "handle": handle,
            "method": name,
            "result": wanted,
            "state": keep,
        }
        answer = result_of(worker.request(request, args, asked), asked, self.room.how)
        if not isinstance(answer, dict) or (wanted and "result" not in answer):
            raise PluginFailed(asked.id, asked.stage, "its process gave no result")
        return answer


@cache
def _asked(id: str, method: str) -> Asked:
    return Asked(id, _STAGES.get(method, method))


def _is_method(name: object) -> bool:
    return isinstance(name, str) and name.isidentifier() and not name.startswith("_")


def _forget(places: Mapping[Worker, int]) -> None:
    for worker, handle in places.items():
        worker.forget(handle)
