"""`pynomaly fit`."""

from __future__ import annotations

from typing import Any

import click

from pynomaly.cli.options import detector_options, read_option, role_options


@click.command("fit")
@click.argument("source")
@click.option(
    "-o", "--output", "model", metavar="MODEL", required=True, help="Model file to write."
)
@detector_options
@role_options
@read_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(ctx: click.Context, /, source: str, model: str, **given: Any) -> None:
    """Learn a calibrated model from SOURCE and write it to MODEL.

    The model carries its input contract; reading it executes nothing.
    """
    from pynomaly.cli.outputs import check_joins_no_source
    from pynomaly.cli.running import run_fit

    check_joins_no_source([model], [source, given["nodes"]])
    run_fit(ctx, source, model, given)
