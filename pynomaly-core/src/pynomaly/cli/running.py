"""What the commands that fit and score do once their options are read."""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import click
import polars as pl

from pynomaly.application.detect import Second, detect, held_in_memory, publish
from pynomaly.application.fit import fit
from pynomaly.application.fused import detect_parts, fit_parts, score_parts
from pynomaly.application.items import FusedModel, Parts
from pynomaly.application.model import FittedModel
from pynomaly.application.recipe import Recipe
from pynomaly.application.score import score
from pynomaly.application.score_graph import GraphJudge
from pynomaly.application.scoring import Judge, Scoring
from pynomaly.cli import Globals, load_registry
from pynomaly.cli.display import echo_fit, echo_scoring, echo_warnings
from pynomaly.cli.options import make_roles
from pynomaly.cli.outputs import STDOUT, check_is_no_input, check_target, open_outputs
from pynomaly.cli.progress import show_progress
from pynomaly.cli.rows import TopRows
from pynomaly.domain.datasets import Table, read_whole
from pynomaly.domain.decisions import Decision, choose_decision
from pynomaly.domain.errors import LimitExceeded, ModelFileError, UsageError
from pynomaly.domain.graphs import NODE, Graph
from pynomaly.infrastructure.modelfile import check_saves, load_model, save_model
from pynomaly.infrastructure.recipes import make_recipe
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.settings import Settings, load_settings, override, unknown_variables
from pynomaly.infrastructure.spool import partition_within
from pynomaly.items import items_in, open_items, open_to_score, refuse_options
from pynomaly.logs import configure_logs
from pynomaly.ports.runtime import Runtime
from pynomaly.ports.specs import Modality
from pynomaly.sources import open_data, rows_for

ALARMS_EXIT_CODE = 3
STDIN = "-"

Data = Table | Graph | Parts
_OF_PARTS = (
    *("detector", "params", "nodes", "directed", "features", "feature_params"),
    *("window", "season", "read_options"),
)
"""Options that each part of items has for itself."""


def open_services(ctx: click.Context) -> tuple[Registry, Settings]:
    """The plugins and settings that hold here; logs as the options or the settings say."""
    settings = load_settings()
    echo_warnings(unknown_variables())
    given = ctx.ensure_object(Globals)
    configure_logs(
        given.log_level or settings.log.level,
        as_json=settings.log.json if given.log_json is None else given.log_json,
    )
    return load_registry(ctx, settings.isolation), settings


def run_detect(
    ctx: click.Context, source: str, reference: str | None, given: dict[str, Any]
) -> None:
    """`pynomaly detect`, end to end."""
    started = time.perf_counter()
    registry, settings = open_services(ctx)
    decision = _decision(settings, given)
    if source == reference == STDIN:
        raise UsageError("the source and the reference are both standard input: name a file")
    data = _open(registry, settings, source, given, given["read_options"])
    against = _open_reference(registry, settings, reference, given)
    if against is not None and isinstance(data, Parts) != isinstance(against, Parts):
        raise UsageError(f"{source} and {reference}: one describes items, the other does not")
    recipe = None if isinstance(data, Parts) else _recipe(registry, settings, data, given)
    limit = settings.in_memory_mib * 2**20
    with show_progress() as progress:
        options: dict[str, Any] = {
            "reference": against,
            "explain": given["explain"] or 0,
            "progress": progress,
        }

        def prepare(data: Data) -> Scoring:
            if isinstance(data, Parts) or recipe is None:
                return detect_parts(cast("Parts", data), decision, **options)
            held = held_in_memory(data, limit)
            return detect(held, recipe, decision, partition=partition_within(limit), **options)

        inputs = [*data.files, *(against.files if against else ())]
        _run(ctx, registry, inputs, data, prepare, given, started)


def _open_reference(
    registry: Registry, settings: Settings, reference: str | None, given: dict[str, Any]
) -> Data | None:
    options = given["reference_options"]
    if reference is None:
        if options:
            raise UsageError("--reference-read is for a reference: give --reference, too")
        return None
    return _open(registry, settings, reference, given, options or given["read_options"])


def run_score(ctx: click.Context, model: str, source: str, given: dict[str, Any]) -> None:
    """`pynomaly score`, end to end."""
    started = time.perf_counter()
    registry, settings = open_services(ctx)
    decision = _decision(settings, given)
    runtime = override(settings, device=given["device"]).runtime
    fitted = _load(model, source, registry, runtime)
    data: Data
    if isinstance(fitted, FusedModel):
        refused = {name: given[name] for name in ("nodes", "read_options")}
        data = open_to_score(source, fitted, registry, refused, given["label"])
    else:
        data = rows_for(source, fitted, registry, given["read_options"], nodes=given["nodes"])
    with show_progress() as progress:
        options: dict[str, Any] = {"explain": given["explain"] or 0, "progress": progress}

        def prepare(data: Data) -> Scoring:
            if isinstance(fitted, FusedModel) or isinstance(data, Parts):
                return score_parts(
                    cast("FusedModel", fitted), cast("Parts", data), decision, **options
                )
            partition = partition_within(settings.in_memory_mib * 2**20)
            label = given["label"]
            return score(fitted, data, decision, label=label, partition=partition, **options)

        inputs = [*data.files, Path(model)]
        _run(ctx, registry, inputs, data, prepare, given, started)


def _load(
    model: str, source: str, registry: Registry, runtime: Runtime
) -> FittedModel | FusedModel:
    """The model; where the source looks more like one, a hint that they stand the wrong way."""
    try:
        return load_model(model, registry, runtime)
    except ModelFileError as error:
        if model != source and zipfile.is_zipfile(source):
            raise UsageError(
                f"{error}; the model comes first: `pynomaly score {source} {model}`"
            ) from error
        raise


def run_fit(ctx: click.Context, source: str, model: str, given: dict[str, Any]) -> None:
    """`pynomaly fit`, end to end."""
    started = time.perf_counter()
    registry, settings = open_services(ctx)
    data = _open(registry, settings, source, given, given["read_options"])
    recipe = None if isinstance(data, Parts) else _recipe(registry, settings, data, given)
    if model == STDOUT:
        raise UsageError("a model is one file, not a stream: give -o a name, such as m.pynomaly")
    specs = [part.recipe.spec for part in data.parts.values()] if isinstance(data, Parts) else []
    check_saves([recipe.spec] if recipe else specs, model)
    check_target(model)
    check_is_no_input(model, data.files)
    with show_progress() as progress:
        partition = partition_within(settings.in_memory_mib * 2**20)

        def learn(data: Data) -> FittedModel | FusedModel:
            if isinstance(data, Parts) or recipe is None:
                return fit_parts(cast("Parts", data), progress)
            return fit(data, recipe, progress, partition)

        fitted = read_whole(data, learn)
    save_model(fitted, model)
    calibration = fitted.least_calibration
    summary = fitted.about() | {
        "members": len(fitted.members),
        "rows": fitted.lineage["rows"],
        "fitted_rows": fitted.lineage["fitted_rows"],
        "calibration": calibration and calibration.summary(),
        "warnings": list(fitted.warnings),
        "outputs": [model],
        "seconds": round(time.perf_counter() - started, 3),
    }
    if given["as_json"]:
        click.echo(json.dumps(summary, ensure_ascii=False))
        return
    echo_fit(summary)


def _decision(settings: Settings, given: dict[str, Any]) -> Decision:
    alpha, top, fdr = given["alpha"], given["top"], given["fdr"]
    silent = alpha is None and top is None and fdr is None
    return choose_decision(settings.alpha if silent else alpha, top, fdr)


def _open(
    registry: Registry,
    settings: Settings,
    source: str,
    given: dict[str, Any],
    options: Mapping[str, Any],
) -> Data:
    roles = make_roles(given)
    items = items_in(source)
    if items is None:
        return open_data(
            *(source, registry, roles, options),
            nodes=given["nodes"],
            directed=given["directed"],
        )
    refused = {name: given[name] for name in _OF_PARTS} | {"read_options": options}
    refuse_options(items, refused, roles)
    return open_items(
        *(items, registry, _limited(settings, given), given["seed"]),
        clean=given["clean"],
        stop_process=_stop_process,
    )


def _limited(settings: Settings, given: dict[str, Any]) -> Settings:
    return override(
        settings,
        fit_seconds=given["time_limit"],
        fit_mib=given["memory_limit"],
        device=given["device"],
    )


def _recipe(
    registry: Registry, settings: Settings, data: Table | Graph, given: dict[str, Any]
) -> Recipe:
    return make_recipe(
        registry,
        _limited(settings, given),
        given["detector"],
        given["params"],
        make_roles(given),
        given["seed"],
        data=data,
        features=given["features"],
        feature_params=given["feature_params"],
        clean=given["clean"],
        window=given["window"],
        season=given["season"],
        stop_process=_stop_process,
    )


def _stop_process(exceeded: LimitExceeded) -> None:
    """End at once: a fit is running that does not return to Python. Nothing was written yet."""
    click.echo(f"Error: {exceeded}", err=True)
    os._exit(2)


def _run(
    ctx: click.Context,
    registry: Registry,
    inputs: Sequence[Path],
    data: Data,
    prepare: Callable[[Data], Scoring],
    given: dict[str, Any],
    started: float,
) -> None:
    seconds = {uri: found for name, found in _SECOND.items() if (uri := given[name]) is not None}
    outputs = [*given["outputs"], *seconds]
    opened = open_outputs(registry, outputs, inputs, as_json=given["as_json"])
    count = len(given["outputs"])
    quiet = given["as_json"] or STDOUT in outputs

    def run(data: Data) -> tuple[Scoring, TopRows | None]:
        scoring = prepare(data)
        top = None if quiet else TopRows()
        publish(
            *(scoring, opened[:count]),
            only_anomalies=given["only_anomalies"],
            observe=top,
            seconds=list(zip(opened[count:], seconds.values(), strict=True)),
        )
        return scoring, top

    scoring, top = read_whole(data, run)
    summary = scoring.summary() | {
        "outputs": outputs,
        "seconds": round(time.perf_counter() - started, 3),
    }
    if given["as_json"]:
        click.echo(json.dumps(summary, ensure_ascii=False))
    elif quiet:
        echo_warnings(summary["warnings"])
    else:
        roles = scoring.model.roles
        named_by = NODE if scoring.model.kind is Modality.GRAPH else None
        echo_scoring(
            *(summary, top.frame if top else None),
            id=given.get("id_") or roles.id or named_by,
            label=given.get("label") or roles.label,
            text=roles.text,
        )
    if given["exit_code"] and scoring.alarms:
        ctx.exit(ALARMS_EXIT_CODE)


def _events(judge: Judge) -> pl.DataFrame:
    if judge.model.kind is not Modality.SERIES:
        raise UsageError("--events is for series: name the column of times with --time")
    return judge.events


def _edges(judge: Judge) -> pl.DataFrame:
    if not isinstance(judge, GraphJudge):
        raise UsageError("--edges is for graphs: name the columns of edges' ends with --source")
    return judge.edge_scores()


_SECOND: dict[str, Second] = {"events": _events, "edges": _edges}
"""Options for a second result, and where it comes from."""
