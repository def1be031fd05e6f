"""From options to a recipe: the detector, its parameters, and the limits of its fit."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pynomaly.application.fit import Limits, Recipe, no_limits
from pynomaly.domain.errors import LimitExceeded, UsageError
from pynomaly.domain.schema import Roles
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.settings import Settings
from pynomaly.ports.protocols import Detector
from pynomaly.ports.specs import DetectorSpec, Modality

_SEEDS = 2**32
"""What every library takes."""


def make_recipe(
    registry: Registry,
    settings: Settings,
    detector: str | None,
    params: Mapping[str, Any] | None,
    roles: Roles,
    seed: int | None,
    *,
    clean: bool = False,
    stop_process: Callable[[LimitExceeded], None] | None = None,
) -> Recipe:
    """What to fit, checked before any data is read."""
    chosen = detector
    if chosen is None:
        chosen = settings.detector or default_detector(registry)
    seed = settings.seed if seed is None else seed
    if not isinstance(seed, numbers.Integral) or not 0 <= seed < _SEEDS:
        raise UsageError(f"the seed must be a whole number from 0 to {_SEEDS - 1}, not {seed!r}")
    seed = int(seed)
    spec, values, _ = registry.create_detector(chosen, params, seed, settings.runtime)
    if not spec.modalities & {Modality.TABULAR, Modality.SERIES}:
        kinds = " and ".join(sorted(spec.modalities))
        raise UsageError(f"{spec.id} takes {kinds} data, and this is a table: choose another")

    def make() -> Detector:
        return registry.create_detector(chosen, params, seed, settings.runtime)[2]

    limited = _limits(settings, stop_process)
    return Recipe(spec, values, make, roles, seed, settings.contract, clean, limited)


def _limits(settings: Settings, stop_process: Callable[[LimitExceeded], None] | None) -> Limits:
    if not settings.fit_seconds and not settings.fit_mib:
        return no_limits
    from pynomaly.infrastructure.limits import run_limited

    return partial(
        run_limited,
        seconds=settings.fit_seconds,
        mib=settings.fit_mib,
        stop_process=stop_process,
    )


def default_detector(registry: Registry) -> str:
    """Id of the detector that offers to be the default for tables.

    Raises:
        UsageError: If none offers it, or several do.
    """
    offers = [
        spec.id
        for spec in registry.specs("detectors")
        if isinstance(spec, DetectorSpec) and Modality.TABULAR in spec.default_for
    ]
    if not offers:
        raise UsageError(
            "no installed plugin offers a default detector for tables: install one, such as"
            " `pip install pynomaly-fast`, or choose one with --detector"
        )
    if len(offers) > 1:
        raise UsageError(
            f"{' and '.join(offers)} all offer to be the default detector: choose one with"
            " --detector, or set PYNOMALY_DETECTOR"
        )
    return offers[0]
