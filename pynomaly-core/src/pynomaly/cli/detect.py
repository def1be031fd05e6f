"""`pynomaly detect`."""

from __future__ import annotations

from typing import Any

import click

from pynomaly.cli.options import (
    decision_options,
    detector_options,
    output_options,
    read_option,
    reference_read_option,
    role_options,
)


@click.command("detect")
@click.argument("source")
@detector_options
@click.option("--reference", metavar="SOURCE", help="Learn from this; alarms then hold their rate.")
@decision_options
@role_options
@read_option
@reference_read_option
@output_options
@click.pass_context
def command(ctx: click.Context, /, source: str, reference: str | None, **given: Any) -> None:
    """Find what is anomalous in SOURCE: a file, folder, glob, URI, or - for stdin.

    Without --reference the rows are ranked among themselves. With it p-values are calibrated on
    rows that the detector did not see, and at most about a share ALPHA of normal rows alarm.
    """
    from pynomaly.cli.outputs import check_joins_no_source
    from pynomaly.cli.running import run_detect

    outputs = (*given["outputs"], given["events"], given["edges"])
    check_joins_no_source(outputs, (source, reference, given["nodes"]))
    run_detect(ctx, source, reference, given)
