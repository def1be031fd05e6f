"""`pynomaly plugins`: what is installed, what is wrong with it, and how to add to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pynomaly.cli import echo_problems, load_registry
from pynomaly.cli.tables import table

if TYPE_CHECKING:
    from pynomaly.infrastructure.registry import Plugin, Registry
    from pynomaly.testing import Depth, Outcome


@click.group(name="plugins", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the installed plugins; or check, write or install one."""
    if ctx.invoked_subcommand:
        return
    registry = load_registry(ctx)
    if as_json:
        _echo_json(registry)
        return
    rows = [(p.name, p.version, p.distribution, _offer(p), p.origin) for p in registry.plugins]
    rows += [(name, "", "", "disabled", "") for name in registry.disabled]
    click.echo(table(("NAME", "VERSION", "DISTRIBUTION", "OFFERS", "FROM"), rows))
    echo_problems(registry)


def _offer(plugin: Plugin) -> str:
    counts = [
        f"{count} {kind if count > 1 else kind.removesuffix('s')}"
        for kind, count in plugin.counts.items()
    ]
    return ", ".join(counts) or "nothing"


def _echo_json(registry: Registry) -> None:
    import json

    import attrs

    data: dict[str, Any] = {
        "plugins": [
            {
                "name": plugin.name,
                "version": plugin.version,
                "distribution": plugin.distribution,
                "module": plugin.module,
                "origin": plugin.origin,
                "counts": plugin.counts,
            }
            for plugin in registry.plugins
        ],
        "disabled": list(registry.disabled),
        "problems": [attrs.asdict(problem) for problem in registry.problems],
    }
    click.echo(json.dumps(data, indent=2))


@command.command()
@click.argument("name")
@click.option("--imports", is_flag=True, help="Also check that every import string resolves.")
@click.option("--all", "behaviour", is_flag=True, help="Run the whole conformance kit.")
@click.option("--isolated", is_flag=True, help="Run its detectors in processes of their own.")
@click.option("-v", "--verbose", is_flag=True, help="Show what passes, too.")
@click.pass_context
def check(
    ctx: click.Context, name: str, imports: bool, behaviour: bool, isolated: bool, verbose: bool
) -> None:
    """Check the installed plugin NAME; exit code 1 if it fails.

    Checks that it loads, that listing it imports nothing heavy, and that its specs and
    parameters are sound.
    """
    from pynomaly.testing import Status, run_checks

    package = _package(load_registry(ctx), name, isolated)
    depth: Depth = "behaviour" if behaviour else "imports" if imports else "specs"
    counts = dict.fromkeys(Status, 0)
    for outcome in run_checks(package, depth=depth):
        counts[outcome.status] += 1
        if verbose or outcome.status is Status.FAILED:
            click.echo(_line(outcome))
    click.echo(", ".join(f"{count} {status}" for status, count in counts.items() if count))
    if counts[Status.FAILED]:
        ctx.exit(1)


def _line(outcome: Outcome) -> str:
    reason = f": {outcome.reason}" if outcome.reason else ""
    return f"{outcome.status.upper()} {outcome.subject} {outcome.check}{reason}"


def _package(registry: Registry, name: str, isolated: bool) -> Any:
    from pynomaly.domain.errors import PluginFailed, UsageError
    from pynomaly.testing import Package
    from pynomaly.testing.kit import isolation_of

    names = {name, name.removeprefix("pynomaly-")}
    problems = tuple(p for p in registry.problems if p.plugin in names)
    for plugin in registry.plugins:
        if {plugin.name, plugin.distribution} & names:
            isolation = isolation_of(plugin.name, isolated)
            return Package(plugin.module, plugin, problems, isolation=isolation)
    for problem in problems:
        raise PluginFailed(problem.plugin, problem.stage, problem.error)
    known = ", ".join(plugin.name for plugin in registry.plugins)
    raise UsageError(f"no plugin called {name!r} is installed; there are {known}")


@command.command()
@click.argument("name")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write it; default: ./pynomaly-NAME.",
)
def new(name: str, directory: Path | None) -> None:
    """Write a new plugin package called pynomaly-NAME, ready to install and to test."""
    from pynomaly.infrastructure.scaffold import write_plugin

    written = write_plugin(name, directory)
    click.echo(f"Wrote {written}. Next:")
    click.echo(f'  pynomaly plugins install "{_as_path(written)}[test]"')
    click.echo(f"  pytest {written}")
    click.echo("  pynomaly plugins")


def _as_path(folder: Path) -> str:
    """Not to be taken for a name."""
    return str(folder) if folder.is_absolute() else f"./{folder.as_posix()}"


@command.command()
@click.argument("names", nargs=-1, required=True)
@click.pass_context
def install(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Install plugins into this environment: pynomaly-NAME by NAME, or a folder by its path."""
    from pynomaly.infrastructure.installing import install_plugins

    code = install_plugins(names)
    if code:
        click.echo("Error: the installer failed; its own message is above", err=True)
        ctx.exit(1)
    click.echo("Installed. `pynomaly plugins` shows what they offer.")
