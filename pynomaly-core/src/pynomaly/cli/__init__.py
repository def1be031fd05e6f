"""The command line: a group that imports a command only when it is run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import attrs
import click

from pynomaly import __version__
from pynomaly.cli import interrupts
from pynomaly.domain.errors import PynomalyError

if TYPE_CHECKING:
    from pynomaly.infrastructure.isolation import IsolationSettings
    from pynomaly.infrastructure.registry import Registry

COMMANDS: Mapping[str, tuple[str, str]] = {
    "detect": ("pynomaly.cli.detect:command", "Find what is anomalous in a source."),
    "fit": ("pynomaly.cli.fit:command", "Learn a model from a source."),
    "score": ("pynomaly.cli.score:command", "Score a source with a model."),
    "inspect": (
        "pynomaly.cli.inspect:command",
        "Tell what is in a source, and what is wrong.",
    ),
    "detectors": ("pynomaly.cli.listing:detectors", "List the detectors, or show one."),
    "transformers": (
        "pynomaly.cli.listing:transformers",
        "List what turns texts and graphs into numbers, or show one.",
    ),
    "loaders": ("pynomaly.cli.listing:loaders", "List what can be read, or show one."),
    "explainers": (
        "pynomaly.cli.listing:explainers",
        "List the explainers, or show one.",
    ),
    "publishers": (
        "pynomaly.cli.listing:publishers",
        "List what can be written, or show one.",
    ),
    "environments": (
        "pynomaly.cli.listing:environments",
        "List the environments of isolated detectors, or show one.",
    ),
    "env": (
        "pynomaly.cli.env:command",
        "Build, check and remove the environments.",
    ),
    "plugins": (
        "pynomaly.cli.plugins:command",
        "List, check, write and install plugins.",
    ),
    "completion": (
        "pynomaly.cli.completion:command",
        "Print the shell completion script.",
    ),
}
"""Name to the import string of the command, and its line in `--help`, which imports none."""


@attrs.frozen
class Globals:
    """Options that stand before the command; commands find them in `ctx.obj`.

    Attributes:
        debug: Show tracebacks.
        strict_plugins: End with exit code 1 if any plugin has a problem.
        log_level: Lowest level that is logged; None for what the settings say.
        log_json: Whether to log as JSON; None for what the settings say.
    """

    debug: bool = False
    strict_plugins: bool = False
    log_level: str | None = None
    log_json: bool | None = None


class LazyGroup(click.Group):
    """A group whose commands are named in `COMMANDS`; the one place that handles errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one gets close matches."""
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(args[0], possibilities=list(COMMANDS), ctx=ctx)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        return cast("click.Command", getattr(import_module(module), name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table into `--help`, importing no command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """The commands that begin so, importing none."""
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=summary)
            for name, (_, summary) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error becomes one message and an exit code."""
        try:
            return super().invoke(ctx)
        except (
            click.ClickException,
            click.exceptions.Exit,
            click.Abort,
            BrokenPipeError,
        ):
            raise
        except Exception as error:
            if interrupts.received() is not None:  # what foreign code made of the signal
                raise click.Abort from error
            raise click.exceptions.Exit(_explain(error, debug=ctx.params["debug"])) from error


def _explain(error: Exception, *, debug: bool) -> int:
    """Say what is wrong, in one message, and give the exit code."""
    if debug:
        _print_traceback()
    if isinstance(error, PynomalyError):
        click.echo(f"Error: {error}", err=True)
        return 2
    if isinstance(error, OSError):
        place = error.filename or "standard output"
        click.echo(f"Error: {place}: {error.strerror or error}", err=True)
        return 2
    if not debug:
        _report_fault(error)
    return 1


def _print_traceback() -> None:
    import traceback

    traceback.print_exc()


def _report_fault(error: Exception) -> None:
    """Say that this is our fault, not the user's."""
    if isinstance(error, MemoryError):
        click.echo("Error: out of memory: use fewer columns or rows", err=True)
        return
    text = " ".join(str(error).split()) or "no message"
    click.echo(
        f"Error: a fault in Pynomaly, not in what you did: {type(error).__name__}: {text}\n"
        "Please report it with the output of the same command after `pynomaly --debug`.",
        err=True,
    )


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, envvar="PYNOMALY_DEBUG", help="Show tracebacks.")
@click.option("--strict-plugins", is_flag=True, help="Fail if any plugin has a problem.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="Lowest level that is logged to stderr.",
)
@click.option("--log-json/--log-text", default=None, help="Log as JSON, or as text.")
@click.version_option(__version__, prog_name="pynomaly")
@click.pass_context
def root(
    ctx: click.Context,
    debug: bool,
    strict_plugins: bool,
    log_level: str | None,
    log_json: bool | None,
) -> None:
    """Find what is anomalous in tables, series and streams, at a stated false-alarm rate."""
    ctx.obj = Globals(debug, strict_plugins, log_level, log_json)


def load_registry(ctx: click.Context, isolation: IsolationSettings | None = None) -> Registry:
    """The installed plugins; under `--strict-plugins` a problem of any ends with exit code 1."""
    from pynomaly.infrastructure.plugins import disabled_in_files
    from pynomaly.infrastructure.registry import discover

    registry = discover(disable=disabled_in_files(), isolation=isolation)
    if registry.problems and ctx.ensure_object(Globals).strict_plugins:
        echo_problems(registry)
        ctx.exit(1)
    return registry


def echo_problems(registry: Registry) -> None:
    """One line on stderr for each problem of a plugin."""
    for problem in registry.problems:
        click.echo(f"Warning: {problem}", err=True)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line. Exits 2 for the user's mistakes, 1 for ours, 130 on Ctrl-C."""
    try:
        with interrupts.raised_until_unwound():
            code = root.main(args, prog_name="pynomaly", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, interrupts.Interrupted):
        code = 128 + (interrupts.received() or signal.SIGINT)
    sys.exit(code if isinstance(code, int) else 0)
