"""Every error that Pynomaly raises on purpose: few, typed, with data, saying the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

FAILURES = (Exception, SystemExit)
"""What a plugin's code may raise without ending the program."""


class PynomalyError(Exception):
    """Base of all errors whose cause the user or a plugin can mend."""


class UsageError(PynomalyError):
    """Options that contradict each other or make no sense here."""


class InvalidParams(PynomalyError):
    """Parameters that are unknown, of the wrong type or out of bounds.

    Attributes:
        owner: Id of the detector or loader whose parameters were given.
        errors: One ``(parameter, message)`` per fault; all of them, not just the first.
    """

    def __init__(
        self, owner: str, errors: Sequence[tuple[str, str]], *, kind: str = "detectors"
    ) -> None:
        self.owner = owner
        self.errors = tuple(errors)
        faults = "; ".join(f"{name}: {message}" for name, message in self.errors)
        super().__init__(
            f"invalid parameters for {owner}: {faults}"
            f" (see `pynomaly {kind} show {owner}` for what it takes)"
        )


class UnknownId(PynomalyError):
    """An id that no installed plugin declares.

    Attributes:
        kind: Plural name of the kind, such as ``"detectors"``.
        id: What was asked for.
        suggestions: Ids that look like it, nearest first.
    """

    def __init__(self, kind: str, id: str, suggestions: Sequence[str]) -> None:
        self.kind = kind
        self.id = id
        self.suggestions = tuple(suggestions)
        hint = f"did you mean {' or '.join(self.suggestions)}? " if self.suggestions else ""
        super().__init__(
            f"no {kind.removesuffix('s')} is called {id!r}: {hint}`pynomaly {kind}` lists them all"
        )


class MissingRequirement(PynomalyError):
    """A package that a plugin's implementation needs is not installed.

    Attributes:
        id: Id of the spec that needs it.
        packages: Import names that are missing.
        hint: The command that installs them.
    """

    def __init__(self, id: str, packages: Sequence[str], hint: str) -> None:
        self.id = id
        self.packages = tuple(packages)
        self.hint = hint
        super().__init__(
            f"{id} needs {', '.join(self.packages)}, which is not installed: run `{hint}`"
        )


class DeviceUnavailable(PynomalyError):
    """A device that was asked for and cannot be used.

    Attributes:
        id: Id of the spec that was to compute there.
        device: What was asked for, such as ``"cuda:1"``.
    """

    def __init__(self, id: str, device: str, reason: str) -> None:
        self.id = id
        self.device = device
        super().__init__(f"{id} cannot compute on {device}: {reason}")


class PluginFailed(PynomalyError):
    """A plugin's code raised, or broke the contract, while it worked for us.

    Attributes:
        id: Id of the spec whose code failed.
        stage: What it was doing: ``"fit"``, ``"score"``, ``"load"``, ...
    """

    def __init__(self, id: str, stage: str, reason: str) -> None:
        self.id = id
        self.stage = stage
        super().__init__(f"{id} failed to {stage}: {reason}")


class DataError(PynomalyError):
    """Input data that cannot be read or used as it is.

    Attributes:
        source: File or object the data came from; ``""`` where there is none.
        columns: Names of the columns at fault, if any.
    """

    def __init__(self, message: str, *, source: str = "", columns: Sequence[str] = ()) -> None:
        self.source = source
        self.columns = tuple(columns)
        super().__init__(f"{source}: {message}" if source else message)


class OutputError(PynomalyError):
    """An output that cannot be written; nothing of it was left behind.

    Attributes:
        target: The path or URI that was asked for.
    """

    def __init__(self, target: str, message: str) -> None:
        self.target = target
        super().__init__(f"cannot write {target}: {message}")


class ContractViolation(PynomalyError):
    """Data that does not fit the input contract its model carries.

    Attributes:
        columns: Column name to what is wrong with it; every column at fault.
    """

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.columns = dict(columns)
        by_fault: dict[str, list[str]] = {}
        for name, fault in self.columns.items():
            by_fault.setdefault(fault, []).append(repr(name))
        faults = "; ".join(
            f"column{'s' if len(names) > 1 else ''} {', '.join(names)}: {fault}"
            for fault, names in by_fault.items()
        )
        super().__init__(f"the data does not fit the model's input contract: {faults}")


class ModelFileError(PynomalyError):
    """A model file that is damaged, foreign, too new, or not safe to read.

    Attributes:
        path: The file.
    """

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(f"cannot read model {path}: {reason}")


class LimitExceeded(PynomalyError):
    """A fit that ran over its time or memory limit and was stopped.

    Attributes:
        limit: ``"time"`` or ``"memory"``.
    """

    def __init__(self, limit: str, message: str) -> None:
        self.limit = limit
        super().__init__(message)


class WorkerFailed(PynomalyError):
    """The process of an isolated detector failed and was ended; the next call gets a fresh one.

    Attributes:
        id: Id of the detector.
        stage: What it was doing: ``"fit"``, ``"score"``, ...
        last_words: The end of what it wrote to standard error.
    """

    def __init__(self, id: str, stage: str, reason: str, last_words: str = "") -> None:
        self.id = id
        self.stage = stage
        self.last_words = last_words
        lines = last_words.strip().splitlines()
        said = f"; its last words: {lines[-1].strip()[:200]}" if lines else ""
        super().__init__(f"{id} failed to {stage}: {reason}{said}")


class WorkerDied(WorkerFailed):
    """The process ended: it crashed, or was killed."""


class WorkerTimeout(WorkerFailed):
    """The process took longer than it may, to answer or to take a request."""


class WorkerLied(WorkerFailed):
    """The process sent something that is not a reply."""


class StateLost(WorkerFailed):
    """What a detector had learnt was lost with its process: it must be fitted again."""


class EnvironmentFailed(PynomalyError):
    """An environment of isolated detectors that cannot be built or does not work.

    Attributes:
        id: Id of the environment.
    """

    def __init__(self, id: str, reason: str) -> None:
        self.id = id
        super().__init__(f"environment {id}: {reason}")
