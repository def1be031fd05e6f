"""A fitted model: the detector, its features, its input contract and its calibration."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from pynomaly.application.contract import ContractPolicy
from pynomaly.application.guard import notes_of
from pynomaly.domain.calibration import Calibration
from pynomaly.domain.features import Features
from pynomaly.domain.schema import Roles
from pynomaly.ports.protocols import Detector
from pynomaly.ports.specs import DetectorSpec


@attrs.frozen(eq=False)
class FittedModel:
    """All that scoring needs.

    Attributes:
        spec: The detector's spec.
        params: Its parameters, an instance of the class that the spec names.
        seed: Seed of the fit.
        detector: The fitted detector.
        features: Fitted on the same rows.
        calibration: Held-out scores; None in a `detect` without reference, until all is scored.
        policy: What happens to data that differs.
        roles: What the user said about columns.
        columns: Names of all columns of the data it was fitted on, in order.
        lineage: Where it comes from: rows, source, versions, time; JSON-ready.
        notes: Warnings of the fit.
    """

    spec: DetectorSpec
    params: Any
    seed: int
    detector: Detector
    features: Features
    calibration: Calibration | None
    policy: ContractPolicy
    roles: Roles
    columns: tuple[str, ...]
    lineage: dict[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes of the fit, and what the detector has to say where it runs now."""
        return (*self.notes, *notes_of(self.detector))

    def with_ranks(self, scores: np.ndarray[tuple[int], np.dtype[np.float64]]) -> FittedModel:
        """The model with ranks among `scores`, shape (n,), in place of p-values."""
        time_ordered = self.roles.time is not None or self.roles.series is not None
        ranks = Calibration(
            "ranks", np.sort(scores), exchangeability="violated" if time_ordered else "assumed"
        )
        return attrs.evolve(self, calibration=ranks)
