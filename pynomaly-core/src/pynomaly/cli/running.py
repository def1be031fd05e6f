"""What the commands that fit and score do once their options are read."""

from __future__ import annotations

import json
import os
import time
import zipfile
from typing import Any

import attrs
import click

from pynomaly.application.detect import detect, held_in_memory, publish
from pynomaly.application.fit import Recipe, fit
from pynomaly.application.model import FittedModel
from pynomaly.application.score import Scoring
from pynomaly.cli import Globals, load_registry
from pynomaly.cli.display import TopRows, echo_fit, echo_scoring, echo_warnings
from pynomaly.cli.options import make_roles
from pynomaly.cli.outputs import STDOUT, check_target, open_outputs
from pynomaly.cli.progress import show_progress
from pynomaly.domain.datasets import Table, read_whole
from pynomaly.domain.decisions import Decision, choose_decision
from pynomaly.domain.errors import LimitExceeded, ModelFileError, UsageError
from pynomaly.infrastructure.modelfile import check_saves, load_model, save_model
from pynomaly.infrastructure.recipes import make_recipe
from pynomaly.infrastructure.registry import Registry
from pynomaly.infrastructure.settings import Settings, load_settings, unknown_variables
from pynomaly.logs import configure_logs
from pynomaly.sources import open_source

ALARMS_EXIT_CODE = 3
STDIN = "-"


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
    recipe = _recipe(registry, settings, given)
    if source == reference == STDIN:
        raise UsageError("the source and the reference are both standard input: name a file")
    table = open_source(source, registry, given["read_options"])
    against = None if reference is None else open_source(reference, registry, given["read_options"])

    with show_progress() as progress:

        def prepare(table: Table) -> Scoring:
            held = held_in_memory(table, settings.in_memory_mib * 2**20)
            return detect(
                held,
                recipe,
                decision,
                reference=against,
                explain=given["explain"] or 0,
                progress=progress,
            )

        _run(ctx, registry, [source, *filter(None, [reference])], table, prepare, given, started)


def run_score(ctx: click.Context, model: str, source: str, given: dict[str, Any]) -> None:
    """`pynomaly score`, end to end."""
    started = time.perf_counter()
    registry, settings = open_services(ctx)
    decision = _decision(settings, given)
    fitted = _load(model, source, registry)
    table = open_source(source, registry, given["read_options"])
    with show_progress() as progress:

        def prepare(table: Table) -> Scoring:
            return Scoring(
                fitted,
                table,
                decision,
                explain=given["explain"] or 0,
                label=given["label"],
                progress=progress,
            )

        _run(ctx, registry, [source, model], table, prepare, given, started)


def _load(model: str, source: str, registry: Registry) -> FittedModel:
    """The model; where the source looks more like one, a hint that they stand the wrong way."""
    try:
        return load_model(model, registry)
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
    recipe = _recipe(registry, settings, given)
    if model == STDOUT:
        raise UsageError("a model is one file, not a stream: give -o a name, such as m.pynomaly")
    check_saves(recipe.spec, model)
    check_target(model, source)
    table = open_source(source, registry, given["read_options"])
    with show_progress() as progress:
        fitted = read_whole(table, lambda t: fit(t, recipe, progress))
    save_model(fitted, model)
    calibration = fitted.calibration
    summary = {
        "detector": fitted.spec.id,
        "seed": fitted.seed,
        "rows": fitted.lineage["rows"],
        "fitted_rows": fitted.lineage["fitted_rows"],
        "calibration": calibration and calibration.summary(),
        "left_out": dict(fitted.features.left_out),
        "warnings": list(fitted.notes),
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


def _recipe(registry: Registry, settings: Settings, given: dict[str, Any]) -> Recipe:
    limits = {"fit_seconds": given["time_limit"], "fit_mib": given["memory_limit"]}
    chosen = {name: value for name, value in limits.items() if value is not None}
    return make_recipe(
        registry,
        attrs.evolve(settings, **chosen),
        given["detector"],
        given["params"],
        make_roles(given),
        given["seed"],
        clean=given["clean"],
        stop_process=_stop_process,
    )


def _stop_process(exceeded: LimitExceeded) -> None:
    """End at once: a fit is running that does not return to Python. Nothing was written yet."""
    click.echo(f"Error: {exceeded}", err=True)
    os._exit(2)


def _run(
    ctx: click.Context,
    registry: Registry,
    inputs: list[str],
    table: Table,
    prepare: Any,
    given: dict[str, Any],
    started: float,
) -> None:
    outputs = given["outputs"]
    destinations = open_outputs(registry, outputs, inputs, as_json=given["as_json"])
    quiet = given["as_json"] or STDOUT in outputs

    def score(table: Table) -> tuple[Scoring, TopRows | None]:
        scoring = prepare(table)
        top = None if quiet else TopRows()
        publish(scoring, destinations, only_anomalies=given["only_anomalies"], observe=top)
        return scoring, top

    scoring, top = read_whole(table, score)
    summary = scoring.summary() | {
        "outputs": list(outputs),
        "seconds": round(time.perf_counter() - started, 3),
    }
    if given["as_json"]:
        click.echo(json.dumps(summary, ensure_ascii=False))
    elif quiet:
        echo_warnings(summary["warnings"])
    else:
        echo_scoring(
            summary, top.frame if top else None, given.get("id_") or scoring.model.roles.id
        )
    if given["exit_code"] and scoring.alarms:
        ctx.exit(ALARMS_EXIT_CODE)
