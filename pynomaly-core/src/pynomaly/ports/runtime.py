"""Where a detector computes, and within which limits."""

from __future__ import annotations

import re
from typing import Literal

import attrs

AUTO, CPU = "auto", "cpu"
_DEVICE = re.compile(r"(?!(auto|cpu):)[a-z]+(:\d+)?")


def valid_device(_: object, attribute: attrs.Attribute[str], value: object) -> None:
    """Refuse what cannot name a device, as a validator of attrs.

    Raises:
        ValueError: Saying what can.
    """
    if not (isinstance(value, str) and _DEVICE.fullmatch(value)):
        raise ValueError(
            f"{attribute.name} {value!r} is none: give auto, cpu, cuda, or one of several GPUs as"
            " cuda:1"
        )


@attrs.frozen
class Runtime:
    """What the factory of a detector with the capability ``gpu`` is told.

    Attributes:
        device: ``"auto"``: a GPU where one can be used, else the processor; ``"cpu"``; a kind of
            GPU such as ``"cuda"``, or one of several such as ``"cuda:1"``. Only ``"auto"`` may
            fall back.
        memory_mib: What its work may take of the device's memory at a time, in MiB; 0 where the
            detector decides.
        stream: ``"current"``: work goes to the stream that the calling thread has chosen, which
            by default all threads share; ``"per_thread"``: each thread has its own, so that
            calls overlap.
    """

    device: str = attrs.field(default=AUTO, validator=valid_device)
    memory_mib: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    stream: Literal["current", "per_thread"] = attrs.field(
        default="current", validator=attrs.validators.in_(("current", "per_thread"))
    )
