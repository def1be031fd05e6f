"""`pynomaly env`: which environments of isolated detectors are there, and how they come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from pynomaly.cli import echo_problems, load_registry
from pynomaly.cli.listing import SpecId
from pynomaly.cli.tables import table

if TYPE_CHECKING:
    from pynomaly.infrastructure.registry import Registry
    from pynomaly.ports.specs import EnvironmentSpec

_names = click.argument("names", nargs=-1, required=True, type=SpecId("environments"))


@click.group(name="env")
def command() -> None:
    """Build, check and remove the environments that isolated detectors run in.

    NAME is an environment's id, or a plugin's name for all that it has.
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the environments: which are built, of what, and where."""
    registry = load_registry(ctx)
    rows = [row for spec in _all(registry) for row in _builds(spec)]
    if as_json:
        import json

        click.echo(json.dumps({"environments": rows}, indent=2))
        return
    if rows:
        header = ("ID", "STATE", "PYTHON", "BUILT", "FOLDER")
        click.echo(table(header, [tuple(row.values()) for row in rows]))
    else:
        click.echo("No environments: no installed plugin needs one.", err=True)
    echo_problems(registry)


def _all(registry: Registry) -> list[EnvironmentSpec]:
    return [cast("EnvironmentSpec", spec) for spec in registry.specs("environments")]


def _builds(spec: EnvironmentSpec) -> list[dict[str, str]]:
    """One row for the build that counts, there or not, and one for each that nobody needs."""
    from pynomaly.infrastructure.isolation.environments import (
        builds_of,
        built_facts,
        environment_path,
    )

    wanted = environment_path(spec)
    rows = []
    for path in [wanted, *(path for path in builds_of(spec.id) if path != wanted)]:
        facts: dict[str, Any] | None = built_facts(path)
        state = "not built" if facts is None else "ready" if path == wanted else "outdated"
        if facts is None and path.exists():
            state = "damaged"
        facts = facts or {}
        python, built = str(facts.get("python", "")), str(facts.get("built", ""))
        rows.append(
            {"id": spec.id, "state": state, "python": python, "built": built, "folder": str(path)}
        )
    return rows


def _chosen(registry: Registry, names: tuple[str, ...]) -> list[EnvironmentSpec]:
    """What the names name: by id, or all of a plugin.

    Raises:
        UnknownId: If one names nothing.
    """
    found: dict[str, EnvironmentSpec] = {}
    for name in names:
        plugins = [spec for spec in _all(registry) if spec.plugin == name]
        for spec in plugins or [cast("EnvironmentSpec", registry.get("environments", name))]:
            found[spec.id] = spec
    return list(found.values())


@command.command()
@_names
@click.option("--python", metavar="PATH", help="The interpreter to build it with.")
@click.pass_context
def create(ctx: click.Context, names: tuple[str, ...], python: str | None) -> None:
    """Build the environments NAMES, unless they are there. Needs a network, as pip does."""
    from pynomaly.infrastructure.isolation.building import create_environment

    for spec in _chosen(load_registry(ctx), names):
        folder = create_environment(
            spec, python=python, say=lambda line: click.echo(line, err=True)
        )
        click.echo(f"{spec.id} is ready in {folder}")


@command.command()
@_names
@click.pass_context
def check(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Start a process in each of the environments NAMES, to see that they work."""
    from pynomaly.infrastructure.isolation.building import check_environment

    for spec in _chosen(load_registry(ctx), names):
        facts = check_environment(spec)
        click.echo(f"{spec.id} works: Python {facts['python']}, NumPy {facts['numpy']}")


@command.command()
@_names
@click.pass_context
def remove(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Remove all that was built for the environments NAMES."""
    from pynomaly.infrastructure.isolation.building import remove_environment

    for spec in _chosen(load_registry(ctx), names):
        removed = remove_environment(spec.id)
        for path in removed:
            click.echo(f"removed {path}")
        if not removed:
            click.echo(f"{spec.id} is not built", err=True)
