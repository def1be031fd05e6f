"""`pynomaly inspect`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from pynomaly.cli.cells import cut, pad, visible, width
from pynomaly.cli.options import read_option

if TYPE_CHECKING:
    from pynomaly.application.inspect import Inspection

_ROOM = {"low": 40, "high": 40}
"""Columns that may be wider than others, as moments are."""


@click.command("inspect")
@click.argument("source")
@read_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(ctx: click.Context, source: str, read_options: dict[str, Any], as_json: bool) -> None:
    """Tell what is in SOURCE and what is wrong with it, before any fit."""
    from pynomaly.application.inspect import inspect_table
    from pynomaly.cli.progress import show_progress
    from pynomaly.cli.running import open_services
    from pynomaly.domain.datasets import read_whole
    from pynomaly.sources import open_table

    registry = open_services(ctx)[0]
    table = open_table(source, registry, read_options)
    with show_progress() as progress:
        found = read_whole(table, lambda t: inspect_table(t, progress))
    if as_json:
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False))
    else:
        _echo(found)


def _echo(found: Inspection) -> None:
    sampled = (
        "" if found.looked_at == found.rows else f" (figures from {found.looked_at:,} of them)"
    )
    click.echo(
        f"{found.source}: {_count(found.rows, 'row')}{sampled}, {_count(len(found.columns), 'column')}"
    )
    header = ("column", "kind", "type", "used", "missing", "distinct", "low", "high", "to note")
    rows = [
        (
            visible(" ".join(column.name.split())) or repr(column.name),
            column.kind,
            column.dtype.partition("(")[0],
            "yes" if column.used else "no",
            f"{column.missing:.1%}" if column.missing else "",
            f"{column.distinct:,}",
            column.low,
            column.high,
            visible("; ".join(column.findings)),
        )
        for column in found.columns
    ]
    told = [i for i in range(len(header)) if any(row[i] for row in rows)]
    widths = {
        i: min(_ROOM.get(header[i], 28), max(width(row[i]) for row in (header, *rows)))
        for i in told
    }
    for row in (header, *rows):
        click.echo("  ".join(_fit(row[i], widths[i], i == len(header) - 1) for i in told).rstrip())
    for finding in found.findings:
        click.echo(f"Note: {visible(finding)}")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _fit(cell: str, size: int, last: bool) -> str:
    return cell if last else pad(cut(cell, size), size)
