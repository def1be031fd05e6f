"""From options to a recipe: the detector, its parameters, and the limits of its fit."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from pynomaly.application.recipe import ChosenTransformer, Limits, Recipe, no_limits
from pynomaly.domain.datasets import Table
from pynomaly.domain.errors import LimitExceeded, UsageError
from pynomaly.domain.graphs import Graph
from pynomaly.domain.schema import Roles
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.settings import Settings
from pynomaly.ports.protocols import Detector, Transformer
from pynomaly.ports.specs import DetectorSpec, Modality, TransformerSpec

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
    data: Table | Graph,
    features: str | None = None,
    feature_params: Mapping[str, Any] | None = None,
    clean: bool = False,
    window: int | None = None,
    season: int | None = None,
    stop_process: Callable[[LimitExceeded], None] | None = None,
) -> Recipe:
    """What to fit, checked before any data is read.

    Args:
        registry: Where detectors and transformers are found.
        settings: What counts where nothing is given.
        detector: Id; None for the default for this kind of data.
        params: Of the detector.
        roles: What the user said about columns.
        seed: None for that of the settings.
        data: What is fitted.
        features: Id of a transformer of texts or graphs; None for what is usual.
        feature_params: Of the transformer.
        clean: Whether the user declares the data free of anomalies.
        window, season: Of series, in steps.
        stop_process: Ends a fit that does not return to Python.

    Raises:
        UsageError: If options make no sense together, or for this kind of data.
        UnknownId, InvalidParams, MissingRequirement, PluginFailed: As their names say.
    """
    if isinstance(data, Table):
        roles = roles.or_usual(data.roles)
    kind = kind_of(data, roles)
    chosen = detector
    if chosen is None:
        chosen = settings.detector or default_detector(registry, kind)
    seed = settings.seed if seed is None else seed
    if not isinstance(seed, numbers.Integral) or not 0 <= seed < _SEEDS:
        raise UsageError(f"the seed must be a whole number from 0 to {_SEEDS - 1}, not {seed!r}")
    seed = int(seed)
    spec, values, _ = registry.create_detector(chosen, params, seed, settings.runtime)
    if Modality.TABULAR not in spec.modalities and Modality.SERIES in spec.modalities:
        kind = Modality.SERIES  # without times, rows are steps as they come
    _check_kind(spec, kind)
    _check_steps(kind, window=window, season=season)

    def make() -> Detector:
        return registry.create_detector(chosen, params, seed, settings.runtime)[2]

    limited = _limits(settings, stop_process)
    return Recipe(
        *(kind, spec, values, make, roles, seed, settings.contract, clean, limited),
        transformer=_transformer(registry, kind, spec, features, feature_params, seed),
        window=window,
        season=season,
    )


def _transformer(
    registry: Registry,
    kind: Modality,
    detector: DetectorSpec,
    given: str | None,
    params: Mapping[str, Any] | None,
    seed: int,
) -> ChosenTransformer | None:
    """The transformer that is asked for, or that is needed for this kind of data."""
    if given is None:
        if params:
            raise UsageError("--feature-param needs --features, whose parameter it is")
        if kind is not Modality.GRAPH or Modality.GRAPH in detector.modalities:
            return None
    chosen = given or _default(registry, "transformers", kind, "--features")
    spec, values, made = registry.create_transformer(chosen, params, seed)
    wanted = Modality.TEXT if kind is Modality.TABULAR else kind
    if wanted not in spec.modalities:
        kinds = " and ".join(sorted(spec.modalities))
        raise UsageError(f"{spec.id} takes {kinds} data, and this is {kind}: choose another")

    def make() -> Transformer:
        return made if spec.pretrained else registry.create_transformer(chosen, params, seed)[2]

    return ChosenTransformer(spec, values, make)


def kind_of(data: Table | Graph, roles: Roles) -> Modality:
    """Kind of the data, from what it is and what the user said about its columns."""
    if isinstance(data, Graph):
        return Modality.GRAPH
    if roles.text is not None and roles.columns is None:
        return Modality.TEXT
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
    return _default(registry, "detectors", kind, "--detector")


def _default(registry: Registry, plural: str, kind: Modality, option: str) -> str:
    offers = [
        spec.id
        for spec in registry.specs(plural)
        if kind in cast("DetectorSpec | TransformerSpec", spec).default_for
    ]
    one = plural.removesuffix("s")
    if not offers:
        raise UsageError(
            f"no installed plugin offers a default {one} for {kind} data: install one, or choose"
            f" one with {option}; `pynomaly {plural} --modality {kind}` lists them"
        )
    if len(offers) > 1:
        raise UsageError(
            f"{' and '.join(offers)} all offer to be the default {one} for {kind} data: choose one"
            f" with {option}"
        )
    return offers[0]
