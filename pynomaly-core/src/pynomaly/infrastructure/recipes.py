"""From options to a recipe: the detector, its parameters, and the limits of its fit."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pynomaly.application.recipe import Limits, Recipe, no_limits
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
    window: int | None = None,
    season: int | None = None,
    stop_process: Callable[[LimitExceeded], None] | None = None,
) -> Recipe:
    """What to fit, checked before any data is read."""
    kind = _kind(roles)
    chosen = detector
    if chosen is None:
        chosen = settings.detector or default_detector(registry, kind)
    seed = settings.seed if seed is None else seed
    if not isinstance(seed, numbers.Integral) or not 0 <= seed < _SEEDS:
        raise UsageError(f"the seed must be a whole number from 0 to {_SEEDS - 1}, not {seed!r}")
    seed = int(seed)
    spec, values, _ = registry.create_detector(chosen, params, seed)
    if Modality.TABULAR not in spec.modalities and Modality.SERIES in spec.modalities:
        kind = Modality.SERIES  # without times, rows are steps as they come
    _check_kind(spec, kind)
    _check_steps(kind, window=window, season=season)

    def make() -> Detector:
        return registry.create_detector(chosen, params, seed)[2]

    limited = _limits(settings, stop_process)
    return Recipe(
        *(kind, spec, values, make, roles, seed, settings.contract, clean, limited),
        window=window,
        season=season,
    )


def _kind(roles: Roles) -> Modality:
    """Kind of the data, from what the user said about its columns."""
    if roles.time is not None or roles.series is not None:
        return Modality.SERIES
    return Modality.TABULAR


def _check_kind(spec: DetectorSpec, kind: Modality) -> None:
    if not spec.modalities & {kind, Modality.TABULAR}:
        kinds = " and ".join(sorted(spec.modalities))
        raise UsageError(f"{spec.id} takes {kinds} data, and this is {kind}: choose another")


def _check_steps(kind: Modality, **given: int | None) -> None:
    for name, value in given.items():
        if value is None:
            continue
        if kind is not Modality.SERIES:
            raise UsageError(f"--{name} is for series: name the column of times with --time")
        if not isinstance(value, numbers.Integral) or value < 2:
            raise UsageError(f"--{name} must be a whole number of steps, at least 2, not {value!r}")


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


def default_detector(registry: Registry, kind: Modality) -> str:
    """Id of the detector that offers to be the default for data of `kind`.

    Raises:
        UsageError: If none offers it, or several do.
    """
    offers = [
        spec.id
        for spec in registry.specs("detectors")
        if isinstance(spec, DetectorSpec) and kind in spec.default_for
    ]
    if not offers:
        raise UsageError(
            f"no installed plugin offers a default detector for {kind} data: install one, such as"
            " `pip install pynomaly-fast`, or choose one with --detector"
        )
    if len(offers) > 1:
        raise UsageError(
            f"{' and '.join(offers)} all offer to be the default detector for {kind} data: choose"
            " one with --detector, or set PYNOMALY_DETECTOR"
        )
    return offers[0]
