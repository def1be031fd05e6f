"""Options that several commands share, and what they mean together."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pynomaly.ports.params import Text

if TYPE_CHECKING:
    from pynomaly.domain.schema import Roles

F = TypeVar("F", bound=Callable[..., Any])


def complete_detectors(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Ids of installed detectors that begin so."""
    from pynomaly.infrastructure.registry import discover

    return [spec.id for spec in discover().specs("detectors") if spec.id.startswith(incomplete)]


def _split(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = next(csv.reader([value], skipinitialspace=True), [])
    return tuple(name.strip() for name in names if name.strip())


def _pairs(ctx: click.Context, param: click.Parameter, values: Sequence[str]) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for text in values:
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise click.BadParameter(f"{text!r} is not of the form name=value", ctx, param)
        if name.strip() in pairs:
            raise click.BadParameter(f"{name.strip()} is given twice", ctx, param)
        pairs[name.strip()] = Text(value)
    return pairs


class ColumnCount(click.ParamType[int]):
    """A number of columns; a source that stands in its place gets a hint."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, at least 1."""
        if not str(value).isdecimal():
            self.fail(
                f"{value!r} is not a number of columns: write --explain=3, or --explain at the end",
                param,
                ctx,
            )
        if int(value) < 1:
            self.fail("give a number of at least 1", param, ctx)
        return int(value)


def _stack(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


device_option = click.option(
    "--device",
    metavar="DEVICE",
    help="Where to compute: auto, cpu, cuda, or one of several GPUs as cuda:1.  [default: auto]",
)

detector_options = _stack(
    click.option(
        "-d",
        "--detector",
        metavar="ID",
        shell_complete=complete_detectors,
        help="Detector to use; `pynomaly detectors` lists them.",
    ),
    click.option(
        "-p",
        "--param",
        "params",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_pairs,
        help="A parameter of the detector; may be repeated.",
    ),
    click.option("--seed", type=int, help="Seed for all that is random.  [default: 0]"),
    click.option(
        "--clean", is_flag=True, help="Declare that what is learnt from holds no anomalies."
    ),
    click.option(
        "--time-limit",
        type=click.FloatRange(min=0),
        metavar="S",
        help="Stop a fit after S seconds.",
    ),
    click.option(
        "--memory-limit", type=click.IntRange(min=0), metavar="MIB", help="Stop a fit above MIB."
    ),
    device_option,
)

role_options = _stack(
    click.option(
        "--columns",
        metavar="A,B",
        callback=_split,
        help='Use these columns only; a name with a comma in it as "A,B".',
    ),
    click.option("--exclude", metavar="A,B", callback=_split, help="Do not use these columns."),
    click.option("--id", "id_", metavar="COL", help="Column that names a row; not used."),
    click.option(
        "--label",
        metavar="COL",
        help="Column with the truth (1 = anomaly); not used, but to report how good scores are.",
    ),
    click.option(
        "--time", metavar="COL", help="Column of times: the rows are a series, and seen in order."
    ),
    click.option(
        "--series", metavar="COL", help="Column that names a row's series, each seen by itself."
    ),
    click.option(
        "--window", type=int, metavar="STEPS", help="Steps of a series that are seen together."
    ),
    click.option(
        "--season",
        type=int,
        metavar="STEPS",
        help="Steps of a season of a series, whose usual course is taken off.",
    ),
    click.option("--text", metavar="COL", help="Column of free text: the rows are texts."),
    click.option(
        "--source",
        "source_column",
        metavar="COL",
        help="Column that names the node where an edge begins: the rows are edges of a graph.",
    ),
    click.option(
        "--target",
        "target_column",
        metavar="COL",
        help="Column that names the node where an edge ends.",
    ),
    click.option(
        "--nodes", metavar="SOURCE", help="A table of the nodes, named by --id, for such edges."
    ),
    click.option("--directed", is_flag=True, help="Edges point from their source to their target."),
    click.option(
        "-f",
        "--features",
        metavar="ID",
        help="What makes numbers of texts or nodes; `pynomaly transformers` lists it.",
    ),
    click.option(
        "-F",
        "--feature-param",
        "feature_params",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_pairs,
        help="A parameter of --features; may be repeated.",
    ),
)

decision_options = _stack(
    click.option(
        "--alpha",
        type=float,
        metavar="A",
        help="Alarm where the p-value is at most A: the rate of false alarms.  [default: 0.01]",
    ),
    click.option("--top", type=int, metavar="K", help="Alarm for the K highest scores."),
    click.option(
        "--fdr",
        type=float,
        metavar="Q",
        help="Alarm by Benjamini-Hochberg, a share Q of alarms being false; needs a clean reference.",
    ),
)

output_options = _stack(
    click.option(
        "-o",
        "--output",
        "outputs",
        metavar="URI",
        multiple=True,
        help="Where to write the scored rows, by suffix or scheme; - is JSONL on stdout;"
        " may be repeated.",
    ),
    click.option(
        "--events",
        metavar="URI",
        help="Where to write the events of series: stretches of alarms, with start, end and peak.",
    ),
    click.option(
        "--edges",
        metavar="URI",
        help="Where to write the edges of a graph with their scores, where the detector has any.",
    ),
    click.option("--only-anomalies", is_flag=True, help="Write the alarms alone."),
    click.option(
        "--explain",
        is_flag=False,
        flag_value=3,
        type=ColumnCount(),
        metavar="[N]",
        help="Say for each alarm which N columns made it one; 3 where no N is given.",
    ),
    click.option("--exit-code", is_flag=True, help="Exit with code 3 if there are alarms."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
)

read_option = click.option(
    "-r",
    "--read",
    "read_options",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_pairs,
    help="An option of the loader, such as delimiter=';'; may be repeated.",
)


reference_read_option = click.option(
    "--reference-read",
    "reference_options",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_pairs,
    help="An option of the reference's loader, where those of --read are not meant for it.",
)


def make_roles(given: dict[str, Any]) -> Roles:
    """The roles among a command's arguments."""
    from pynomaly.domain.schema import Roles

    return Roles(
        given["columns"],
        given["exclude"] or (),
        given["id_"],
        given["label"],
        given["time"],
        given["series"],
        given["text"],
        given["source_column"],
        given["target_column"],
    )
