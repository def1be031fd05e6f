"""Settings: one tree, read from ``PYNOMALY_*``, ``pynomaly.toml`` or ``[tool.pynomaly]``."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import attrs
from attrs.validators import ge, gt, lt

from pynomaly.application.contract import ContractPolicy
from pynomaly.domain.errors import UsageError
from pynomaly.infrastructure.isolation import IsolationSettings
from pynomaly.ports.runtime import AUTO, Runtime, valid_device

_FILES = ("pynomaly.toml", "pyproject.toml")
_PREFIX = "PYNOMALY_"
_CONVERTING = re.compile(r"^Could not convert loaded settings: - \w+: ")
_NOT_SETTINGS = frozenset({"PYNOMALY_DEBUG", "PYNOMALY_PLUGINS", "PYNOMALY_DISABLE"})


@attrs.frozen
class LogSettings:
    """What is logged, to stderr.

    Attributes:
        level: Lowest level: debug, info, warning or error.
        json: Whether each line is a JSON object.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"
    json: bool = False


@attrs.frozen
class Settings:
    """Everything that can be set, with its default.

    Attributes:
        detector: Detector to use where none is given; ``""`` for the installed default.
        alpha: False-alarm rate where no decision is given.
        seed: Seed where none is given.
        disable: Plugins that are not loaded.
        in_memory_mib: Sources up to this size are read into memory once rather than streamed
            several times.
        fit_seconds: A fit that takes longer is stopped; 0 for no limit.
        fit_mib: A fit that takes more memory is stopped; 0 for no limit.
        device: Where detectors compute that can choose: auto, cpu, cuda, cuda:1, ...
        device_mib: What a detector's work may take of the device's memory at a time; 0 where the
            detector decides.
        device_stream: Whether work goes to the device's current stream, or to one per thread.
        contract: What happens to data that differs from what a model was fitted on.
        isolation: Which plugins run in processes of their own, and within which limits.
        log: What is logged.
    """

    detector: str = ""
    alpha: float = attrs.field(default=0.01, validator=[gt(0), lt(1)])
    seed: int = attrs.field(default=0, validator=ge(0))
    disable: list[str] = attrs.field(factory=list)
    in_memory_mib: int = attrs.field(default=512, validator=ge(0))
    fit_seconds: float = attrs.field(default=0.0, validator=ge(0))
    fit_mib: int = attrs.field(default=0, validator=ge(0))
    device: str = attrs.field(default=AUTO, validator=valid_device)
    device_mib: int = attrs.field(default=0, validator=ge(0))
    device_stream: Literal["current", "per_thread"] = "current"
    contract: ContractPolicy = attrs.field(factory=ContractPolicy)
    isolation: IsolationSettings = attrs.field(factory=IsolationSettings)
    log: LogSettings = attrs.field(factory=LogSettings)

    @property
    def runtime(self) -> Runtime:
        """What a detector is told that can choose where it computes."""
        return Runtime(self.device, self.device_mib, self.device_stream)


def override(settings: Settings, **given: Any) -> Settings:
    """The settings, but for what options or arguments give that is not None.

    Raises:
        UsageError: If one is out of its bounds.
    """
    try:
        return attrs.evolve(settings, **{k: v for k, v in given.items() if v is not None})
    except ValueError as error:
        raise UsageError(str(error)) from error


def load_settings(folder: Path | None = None) -> Settings:
    """The settings that hold in `folder` (default: the working directory).

    Raises:
        UsageError: If a file or variable holds something else than it should.
    """
    files = [path for name in _FILES if (path := (folder or Path.cwd()) / name).is_file()]
    named = any(name.startswith(_PREFIX) and name not in _NOT_SETTINGS for name in os.environ)
    if not named and not any(_mentions_us(path) for path in files):
        return Settings()
    return _load(files)


def unknown_variables() -> list[str]:
    """A sentence for each variable ``PYNOMALY_*`` that is no setting, so that none is misspelt."""
    given = sorted(name for name in os.environ if name.startswith(_PREFIX))
    known = [*_NOT_SETTINGS, *_variables(Settings, _PREFIX)] if given else []
    found = []
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f": did you mean {near[0]}?" if near else ""
            found.append(f"the variable {name} is no setting and has no effect{hint}")
    return found


def _variables(cls: type, prefix: str) -> Iterator[str]:
    for field in attrs.fields(attrs.resolve_types(cls)):
        name = f"{prefix}{field.name.upper()}"
        if isinstance(field.type, type) and attrs.has(field.type):
            yield from _variables(field.type, f"{name}_")
        else:
            yield name


def _mentions_us(path: Path) -> bool:
    return path.name != "pyproject.toml" or b"tool.pynomaly" in path.read_bytes()


def _load(files: Iterable[Path]) -> Settings:
    import typed_settings as ts

    ours = [path for path in files if _mentions_us(path)]
    loaders: list[ts.loaders.Loader] = [
        ts.FileLoader(files=[path], formats={path.name: ts.TomlFormat(_section(path))})
        for path in ours
    ]
    loaders.append(ts.EnvLoader(_PREFIX))
    converter = ts.converters.get_default_cattrs_converter()
    ts.converters.register_strlist_hook(converter, fn=_names)
    try:
        return ts.load_settings(Settings, loaders, converter=converter)
    except Exception as error:
        places = ", ".join([*(path.name for path in ours), f"{_PREFIX}*"])
        reasons = "; ".join(_reasons(error))
        raise UsageError(f"settings cannot be read (from {places}): {reasons}") from error


def _names(text: str) -> list[str]:
    """Names in a variable, separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _reasons(error: BaseException) -> Iterator[str]:
    """What is wrong, from the leaves of a group of errors."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _reasons(each)
    else:
        yield _CONVERTING.sub("", " ".join(str(error).split()))


def _section(path: Path) -> str | None:
    return "tool.pynomaly" if path.name == "pyproject.toml" else None
