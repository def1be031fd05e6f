"""What to fit, and how; and whom to tell while it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import attrs

from pynomaly.application.contract import ContractPolicy
from pynomaly.domain.schema import Roles
from pynomaly.ports.protocols import Detector, Transformer
from pynomaly.ports.specs import DetectorSpec, Modality, TransformerSpec

T = TypeVar("T")

Progress = Callable[[str, int, int | None], None]
"""Called with a stage, the rows that it has done, and of how many if known."""


class Limits(Protocol):
    """What keeps a fit within a time and a memory limit."""

    def __call__(self, function: Callable[[], T], /) -> T:
        """What `function` gives; raises `LimitExceeded` where it takes too much."""


def no_progress(stage: str, done: int, total: int | None) -> None:
    """Tell nobody."""


def no_limits(function: Callable[[], T]) -> T:
    """What `function` gives, however long it takes."""
    return function()


@attrs.frozen(eq=False)
class ChosenTransformer:
    """A transformer that was chosen.

    Attributes:
        spec: Its spec.
        params: Its parameters, an instance of the class that the spec names.
        make: Gives one with these parameters.
    """

    spec: TransformerSpec
    params: Any
    make: Callable[[], Transformer]


@attrs.frozen
class Recipe:
    """What to fit, and how.

    Attributes:
        kind: Kind of data that is fitted.
        spec: The detector's spec.
        params: Its parameters.
        make: Gives an unfitted detector with these parameters and the seed.
        roles: What the user said about columns.
        seed: For everything that draws at random.
        policy: The contract's policy.
        clean: Whether the user declares the data free of anomalies.
        limited: Runs what fits, and stops it when that takes too much time or memory.
        transformer: Makes rows of texts, or of a graph's nodes; None where none is needed.
        window: Steps of a window of a series; None for a length that suits it.
        season: Steps of a season of a series, whose usual course is taken off; None for none.
    """

    kind: Modality
    spec: DetectorSpec
    params: Any
    make: Callable[[], Detector]
    roles: Roles = attrs.field(factory=Roles)
    seed: int = 0
    policy: ContractPolicy = attrs.field(factory=ContractPolicy)
    clean: bool = False
    limited: Limits = no_limits
    transformer: ChosenTransformer | None = None
    window: int | None = None
    season: int | None = None
