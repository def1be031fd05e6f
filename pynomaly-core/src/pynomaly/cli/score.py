"""`pynomaly score`."""

from __future__ import annotations

from typing import Any

import click

from pynomaly.cli.options import decision_options, device_option, output_options, read_option


@click.command("score")
@click.argument("model")
@click.argument("source")
@decision_options
@click.option(
    "--label", metavar="COL", help="Column with the truth, to report how good scores are."
)
@device_option
@click.option("--nodes", metavar="SOURCE", help="A table of the nodes, for a model of edges.")
@read_option
@output_options
@click.pass_context
def command(ctx: click.Context, /, model: str, source: str, **given: Any) -> None:
    """Score SOURCE with MODEL, batch by batch: memory does not grow with the rows."""
    from pynomaly.cli.outputs import check_joins_no_source
    from pynomaly.cli.running import run_score

    outputs = (*given["outputs"], given["events"], given["edges"])
    check_joins_no_source(outputs, (source, given["nodes"]))
    run_score(ctx, model, source, given)
