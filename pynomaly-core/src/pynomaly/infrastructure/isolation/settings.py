"""What a user can set about isolated detectors."""

from __future__ import annotations

import attrs
from attrs.validators import ge


@attrs.frozen
class IsolationSettings:
    """Which plugins run in processes of their own, and within which limits.

    Attributes:
        plugins: Plugins whose detectors do, or detectors that do.
        workers: Most processes of one plugin or environment at a time.
        memory_mib: Most address space of such a process in MiB; 0 for no limit.
        call_seconds: A call that takes longer is ended with its process; 0 for no limit.
    """

    plugins: list[str] = attrs.field(factory=list)
    workers: int = attrs.field(default=2, validator=ge(1))
    memory_mib: int = attrs.field(default=0, validator=ge(0))
    call_seconds: float = attrs.field(default=0.0, validator=ge(0))
