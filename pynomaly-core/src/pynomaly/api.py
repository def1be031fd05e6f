"""The Python door: `detect`, `fit`, `load_model`, `inspect`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from pynomaly.application.detect import detect as detect_in
from pynomaly.application.detect import held_in_memory
from pynomaly.application.fit import fit as fit_on
from pynomaly.application.fused import detect_parts, fit_parts
from pynomaly.application.inspect import Inspection, inspect_table
from pynomaly.domain.datasets import Table, read_whole
from pynomaly.domain.decisions import choose_decision
from pynomaly.domain.graphs import Graph
from pynomaly.domain.schema import Roles
from pynomaly.infrastructure.composition import services
from pynomaly.infrastructure.modelfile import load_model as read_model
from pynomaly.infrastructure.recipes import make_recipe
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.settings import Settings
from pynomaly.infrastructure.spool import partition_within
from pynomaly.items import items_in, items_like, open_items, refuse_options
from pynomaly.ports.protocols import Detector
from pynomaly.ports.specs import DetectorSpec
from pynomaly.results import Model, Result, collect_result
from pynomaly.sources import names_of, open_data, open_table


def detect(
    data: Any,
    detector: str | None = None,
    params: Mapping[str, Any] | None = None,
    *,
    reference: Any = None,
    clean: bool = False,
    alpha: float | None = None,
    top: int | None = None,
    fdr: float | None = None,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    id: str | None = None,
    label: str | None = None,
    time: str | None = None,
    series: str | None = None,
    text: str | None = None,
    source: str | None = None,
    target: str | None = None,
    nodes: Any = None,
    directed: bool = False,
    features: str | None = None,
    feature_params: Mapping[str, Any] | None = None,
    window: int | None = None,
    season: int | None = None,
    seed: int | None = None,
) -> Result:
    """Find what is anomalous in `data`.

    Args:
        data: A path, URI, frame, array, list of rows, `Table`, `Graph` or `Items`.
        detector: Id such as ``"fast.iforest"``; None for the installed default.
        params: Its parameters.
        reference: Data of the same form to learn from; then alarms hold their rate. Without it
            rows are ranked among themselves.
        clean: Declares that the reference holds no anomalies, as `fdr` needs.
        alpha: Alarm where the p-value is at most this; the default, at .01.
        top: Alarm for so many highest scores instead.
        fdr: Alarm by Benjamini-Hochberg at this false discovery rate instead.
        columns: The only columns to use.
        exclude: Columns not to use.
        id: Column that names a row; not used.
        label: Column with the truth; not used, but for metrics, and to clean a reference.
        time: Column of times: the rows are a series, and each is seen among those around it.
        series: Column that names a row's series; each is looked at by itself.
        text: Column of free text: the rows are texts. Other columns are only used if `columns`
            names them.
        source, target: Columns that name the nodes at an edge's ends: the rows are the edges of a
            graph, whose nodes are scored.
        nodes: A table with one row for each node, named by `id`, for such edges.
        directed: Whether an edge points from its source to its target.
        features: Id of a transformer, which makes numbers of texts or of a graph's nodes.
        feature_params: Its parameters.
        window: Steps of a series that are seen together; None for a number that suits it.
        season: Steps of a season of a series: what is usual at each of its places is taken off.
        seed: For everything that draws at random; the settings' (0) where None.

    Raises:
        PynomalyError: A subclass that says what to do.
    """
    settings = services().get(Settings)
    registry = services().get(Registry)
    roles = _roles(columns, exclude, id, label, time, series, text, source, target)
    decision = choose_decision(*_budget(settings, alpha, top, fdr))
    if (items := items_in(data)) is not None:
        given = {"detector": detector, "params": params, "nodes": nodes, "directed": directed}
        given |= {"features": features, "feature_params": feature_params}
        refuse_options(items, given | {"window": window, "season": season}, roles)
        parts = open_items(items, registry, settings, seed)
        against = reference and open_items(
            items_like(reference, items), registry, settings, seed, clean=clean
        )
        return collect_result(detect_parts(parts, decision, reference=against or None))
    opened = open_data(data, registry, roles, nodes=nodes, directed=directed)
    if reference is not None:
        reference = open_data(reference, registry, roles, nodes=nodes, directed=directed)
    recipe = make_recipe(
        *(registry, settings, detector, params, roles, seed),
        data=opened,
        features=features,
        feature_params=feature_params,
        clean=clean,
        window=window,
        season=season,
    )

    limit = settings.in_memory_mib * 2**20

    def run(data: Table | Graph) -> Result:
        held = held_in_memory(data, limit)
        scoring = detect_in(
            *(held, recipe, decision), reference=reference, partition=partition_within(limit)
        )
        return collect_result(scoring)

    return read_whole(opened, run)


def fit(
    data: Any,
    detector: str | None = None,
    params: Mapping[str, Any] | None = None,
    *,
    clean: bool = False,
    columns: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    id: str | None = None,
    label: str | None = None,
    time: str | None = None,
    series: str | None = None,
    text: str | None = None,
    source: str | None = None,
    target: str | None = None,
    nodes: Any = None,
    directed: bool = False,
    features: str | None = None,
    feature_params: Mapping[str, Any] | None = None,
    window: int | None = None,
    season: int | None = None,
    seed: int | None = None,
) -> Model:
    """Learn a calibrated model from `data`; the arguments are those of `detect`.

    Rows that `label` marks as anomalies are left out, and the reference then counts as clean.

    Raises:
        PynomalyError: A subclass that says what to do.
    """
    settings = services().get(Settings)
    registry = services().get(Registry)
    roles = _roles(columns, exclude, id, label, time, series, text, source, target)
    if (items := items_in(data)) is not None:
        given = {"detector": detector, "params": params, "nodes": nodes, "directed": directed}
        given |= {"features": features, "feature_params": feature_params}
        refuse_options(items, given | {"window": window, "season": season}, roles)
        return Model(fit_parts(open_items(items, registry, settings, seed, clean=clean)))
    opened = open_data(data, registry, roles, nodes=nodes, directed=directed)
    recipe = make_recipe(
        *(registry, settings, detector, params, roles, seed),
        data=opened,
        features=features,
        feature_params=feature_params,
        clean=clean,
        window=window,
        season=season,
    )
    partition = partition_within(settings.in_memory_mib * 2**20)
    return Model(read_whole(opened, lambda each: fit_on(each, recipe, partition=partition)))


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file; nothing in it is executed.

    Raises:
        ModelFileError: If it is damaged, foreign, newer, or not safe.
    """
    return Model(read_model(path, services().get(Registry)))


def inspect(data: Any) -> Inspection:
    """What is in `data` and what is wrong with it, before any fit.

    Raises:
        DataError: If it cannot be read.
    """
    return read_whole(open_table(data, services().get(Registry)), inspect_table)


def detectors() -> tuple[DetectorSpec, ...]:
    """Specs of all installed detectors, sorted by id."""
    specs = services().get(Registry).specs("detectors")
    return tuple(spec for spec in specs if isinstance(spec, DetectorSpec))


def create_detector(id: str, params: Mapping[str, Any] | None = None, seed: int = 0) -> Detector:
    """An unfitted detector of any plugin, for a float matrix.

    Raises:
        UnknownId, InvalidParams, MissingRequirement, PluginFailed: As their names say.
    """
    return services().get(Registry).create_detector(id, params, seed)[2]


def _budget(
    settings: Settings, alpha: float | None, top: int | None, fdr: float | None
) -> tuple[float | None, int | None, float | None]:
    silent = alpha is None and top is None and fdr is None
    return (settings.alpha if silent else alpha, top, fdr)


def _roles(
    columns: Sequence[str] | None,
    exclude: Sequence[str],
    id: str | None,
    label: str | None,
    time: str | None,
    series: str | None,
    text: str | None,
    source: str | None,
    target: str | None,
) -> Roles:
    chosen = None if columns is None else names_of(columns)
    return Roles(chosen, names_of(exclude), id, label, time, series, text, source, target)
