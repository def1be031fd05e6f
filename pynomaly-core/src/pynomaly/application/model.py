"""A fitted model: detectors, their features, their input contract and their calibration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from pynomaly.application.contract import ContractPolicy
from pynomaly.application.guard import check_explains, notes_of
from pynomaly.application.recipe import ChosenTransformer
from pynomaly.domain.calibration import Calibration
from pynomaly.domain.features import Features
from pynomaly.domain.schema import Roles
from pynomaly.ports.params import unstructure_params
from pynomaly.ports.protocols import Detector
from pynomaly.ports.specs import DetectorSpec, Modality

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]


@attrs.frozen(eq=False)
class Member:
    """A fitted detector with what belongs to it alone.

    Attributes:
        detector: Fitted.
        calibration: Held-out scores; None in a `detect` without reference, until all is scored.
        scaling: What one series is centred and divided by, and its seasonal profile; else empty.
    """

    detector: Detector
    calibration: Calibration | None = None
    scaling: Mapping[str, np.ndarray[Any, np.dtype[np.float64]]] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class HeldOut:
    """Rows that a detector was not fitted on when it scored them.

    Attributes:
        rows: Their positions in the data, shape (m,).
        scores: Their scores, shape (m,).
    """

    rows: np.ndarray[tuple[int], np.dtype[np.intp]]
    scores: Vector


@attrs.frozen(eq=False)
class FittedModel:
    """All that scoring needs.

    Attributes:
        kind: Kind of data that it takes.
        spec: The detector's spec.
        params: Its parameters, an instance of the class that the spec names.
        seed: Seed of the fit.
        members: The fitted detectors: one per series, by its name; elsewhere one, named ``""``.
        features: Fitted on the same rows.
        policy: What happens to data that differs.
        roles: What the user said about columns.
        columns: Names of all columns of the data it was fitted on, in order.
        lineage: Where it comes from: rows, source, versions, time; JSON-ready.
        notes: Warnings of the fit.
        window: Steps of the windows of a series where the detector is one for tables; else None.
        season: Steps of a season of a series; else None.
        transformer: Made rows of texts, or of a graph's nodes; else None.
        held_out: What it is calibrated on, right after a fit; never saved, nor known of series.
    """

    kind: Modality
    spec: DetectorSpec
    params: Any
    seed: int
    members: Mapping[str, Member]
    features: Features
    policy: ContractPolicy
    roles: Roles
    columns: tuple[str, ...]
    lineage: dict[str, Any]
    notes: tuple[str, ...] = ()
    window: int | None = None
    season: int | None = None
    transformer: ChosenTransformer | None = None
    held_out: HeldOut | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Notes of the fit, and what its detectors have to say where they run now."""
        said = [note for member in self.members.values() for note in notes_of(member.detector)]
        return tuple(dict.fromkeys([*self.notes, *said]))

    def about(self) -> dict[str, Any]:
        """What the summary of a scoring says of it, JSON-ready."""
        return {
            "kind": str(self.kind),
            "detector": self.spec.id,
            "params": unstructure_params(self.params),
            "features": self.transformer and self.transformer.spec.id,
            "seed": self.seed,
            "left_out": dict(self.features.left_out),
        }

    @property
    def specs(self) -> list[DetectorSpec]:
        """Of all detectors, which is one."""
        return [self.spec]

    def check_explains(self) -> None:
        """Refuse to explain where the detector cannot.

        Raises:
            DataError: Saying which can.
        """
        check_explains(self.spec)

    @property
    def detector(self) -> Detector:
        """The detector of a model that has a single one."""
        return self._only().detector

    @property
    def calibration(self) -> Calibration | None:
        """The calibration of a model that has a single detector."""
        return self._only().calibration

    @property
    def least_calibration(self) -> Calibration | None:
        """The calibration of fewest scores; of a single detector, its own."""
        known = [m.calibration for m in self.members.values() if m.calibration is not None]
        return min(known, key=lambda each: len(each.scores), default=None)

    def _only(self) -> Member:
        (member,) = self.members.values()
        return member

    def with_ranks(self, scores: Vector) -> FittedModel:
        """The model with ranks among `scores`, shape (n,), in place of p-values."""
        ranks = Calibration("ranks", np.sort(scores))
        members = {n: attrs.evolve(m, calibration=ranks) for n, m in self.members.items()}
        return attrs.evolve(self, members=members)
