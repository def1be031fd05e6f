"""`pynomaly detectors|transformers|loaders|...`: what the plugins offer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

import click

from pynomaly.cli import echo_problems, load_registry
from pynomaly.cli.tables import table
from pynomaly.ports.specs import (
    KINDS,
    Capability,
    DetectorSpec,
    EnvironmentSpec,
    ExplainerSpec,
    LoaderSpec,
    Modality,
    PublisherSpec,
    Spec,
    TransformerSpec,
    spec_to_dict,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from pynomaly.infrastructure.registry import Registry


class SpecId(click.ParamType[str]):
    """The id of a spec; a shell completes it."""

    name = "id"

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Ids that begin so, with their titles."""
        from click.shell_completion import CompletionItem

        from pynomaly.infrastructure.registry import discover

        return [
            CompletionItem(spec.id, help=spec.title)
            for spec in discover().specs(self.kind)
            if spec.id.startswith(incomplete)
        ]


_FORMATS_WIDTH = 60
"""Letters that the formats of a loader take in a table; `show` tells all."""


def _formats(spec: LoaderSpec | PublisherSpec) -> str:
    schemes = [scheme if scheme == "-" else f"{scheme}:" for scheme in spec.schemes]
    names = [*spec.suffixes, *schemes]
    ends = accumulate(len(name) + 1 for name in names)
    fitting = sum(end <= _FORMATS_WIDTH for end in ends)
    more = f" and {len(names) - fitting} more" if fitting < len(names) else ""
    return " ".join(names[:fitting]) + more


def _words(values: frozenset[Any]) -> str:
    return " ".join(sorted(values))


_COLUMNS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "detectors": ("DATA", lambda spec: _words(cast("DetectorSpec", spec).modalities)),
    "transformers": ("DATA", lambda spec: _words(cast("TransformerSpec", spec).modalities)),
    "loaders": ("READS", _formats),
    "explainers": ("NEEDS", lambda spec: _words(cast("ExplainerSpec", spec).needs)),
    "publishers": ("WRITES", _formats),
    "environments": ("PYTHON", lambda spec: cast("EnvironmentSpec", spec).python or "any"),
}
"""Kind to the heading and the cells of the column that is its own."""


def _passes(
    spec: Spec,
    registry: Registry,
    modality: str | None,
    can: tuple[str, ...],
    available: bool,
) -> bool:
    kinds: frozenset[str] = getattr(spec, "modalities", frozenset())
    capabilities: frozenset[str] = getattr(spec, "capabilities", frozenset())
    return (
        (modality is None or modality in kinds)
        and capabilities.issuperset(can)
        and not (available and registry.missing(spec))
    )


def _entry(spec: Spec, registry: Registry) -> dict[str, Any]:
    missing = registry.missing(spec)
    return {**spec_to_dict(spec), "available": not missing, "missing": list(missing)}


def _echo_json(kind: str, specs: list[Spec], registry: Registry) -> None:
    import json

    import attrs

    entries = [_entry(spec, registry) for spec in specs]
    problems = [attrs.asdict(problem) for problem in registry.problems]
    click.echo(json.dumps({kind: entries, "problems": problems}, indent=2))


def _echo_table(kind: str, specs: list[Spec], registry: Registry) -> None:
    heading, own = _COLUMNS[kind]
    rows = [(spec.id, own(spec), " ".join(registry.missing(spec)), spec.summary) for spec in specs]
    if rows:
        click.echo(table(("ID", heading, "MISSING", "SUMMARY"), rows))
    else:
        click.echo(f"No {kind}.", err=True)
    if any(missing for _, _, missing, _ in rows):
        click.echo(f"`pynomaly {kind} show ID` says how to install what is missing.", err=True)


def _options(kind: str) -> list[Callable[[Any], Any]]:
    """The filters that make sense for a kind."""
    modality = click.option(
        "--modality",
        type=click.Choice([str(modality) for modality in Modality]),
        help="Only those for this kind of data.",
    )
    can = click.option(
        "--can",
        multiple=True,
        type=click.Choice([str(capability) for capability in Capability]),
        help="Only those with this capability; repeat it for several.",
    )
    return {"detectors": [modality, can], "publishers": [], "environments": []}.get(
        kind, [modality]
    )


def _listing(kind: str) -> click.Group:
    @click.group(name=kind, invoke_without_command=True, help=f"List the {kind}, or show one.")
    @click.option("--available", is_flag=True, help="Only those that lack no requirement.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @click.pass_context
    def group(
        ctx: click.Context,
        available: bool,
        as_json: bool,
        modality: str | None = None,
        can: tuple[str, ...] = (),
    ) -> None:
        if ctx.invoked_subcommand:
            return
        registry = load_registry(ctx)
        specs = [
            spec
            for spec in registry.specs(kind)
            if _passes(spec, registry, modality, can, available)
        ]
        if as_json:
            _echo_json(kind, specs, registry)
        else:
            _echo_table(kind, specs, registry)
            echo_problems(registry)

    for option in reversed(_options(kind)):
        group = option(group)
    group.add_command(_show(kind))
    return group


def _show(kind: str) -> click.Command:
    @click.command(name="show", help=f"Show all about one of the {kind}.")
    @click.argument("id", type=SpecId(kind))
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, with a JSON Schema.")
    @click.pass_context
    def show(ctx: click.Context, id: str, as_json: bool) -> None:
        from pynomaly.cli.show import describe_spec, spec_as_json

        registry = load_registry(ctx)
        spec = registry.get(kind, id)
        render = spec_as_json if as_json else describe_spec
        click.echo(render(kind, spec, registry))

    return show


_LISTINGS = {kind.name: _listing(kind.name) for kind in KINDS}

detectors = _LISTINGS["detectors"]
transformers = _LISTINGS["transformers"]
loaders = _LISTINGS["loaders"]
explainers = _LISTINGS["explainers"]
publishers = _LISTINGS["publishers"]
environments = _LISTINGS["environments"]
