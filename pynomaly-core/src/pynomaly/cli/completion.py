"""`pynomaly completion`: the script that makes a shell complete commands, options and ids."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from pynomaly.cli import root

SHELLS = ("bash", "zsh", "fish")


_HELP = """Print the completion script of SHELL.

\b
bash:  echo 'eval "$(pynomaly completion bash)"' >> ~/.bashrc
zsh:   echo 'eval "$(pynomaly completion zsh)"' >> ~/.zshrc
fish:  pynomaly completion fish > ~/.config/fish/completions/pynomaly.fish
"""


@click.command(name="completion", help=_HELP)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion script."""
    complete = get_completion_class(shell)
    if complete is None:  # pragma: no cover
        raise click.UsageError(f"no completion for {shell}")
    click.echo(complete(root, {}, "pynomaly", "_PYNOMALY_COMPLETE").source())
