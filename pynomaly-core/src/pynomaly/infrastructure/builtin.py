"""The loaders and publishers that come with the core, declared like any plugin's."""

from __future__ import annotations

from collections.abc import Iterable

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import LoaderSpec, PublisherSpec

_LOADERS = "pynomaly.infrastructure.loaders"
_FILES = "pynomaly.infrastructure.publishers.files"


@hookimpl
def pynomaly_loaders() -> Iterable[LoaderSpec]:
    """Loaders of files and of standard input."""
    yield LoaderSpec(
        id="core.csv",
        title="CSV",
        summary="Text tables; delimiter, quotes, encoding, decimal comma and header are found.",
        factory=f"{_LOADERS}.csv:load",
        suffixes=_with_compressed(".csv", ".tsv", ".txt"),
    )
    yield LoaderSpec(
        id="core.parquet",
        title="Parquet",
        summary="Parquet: a file, a folder or a glob.",
        factory=f"{_LOADERS}.parquet:load",
        suffixes=(".parquet", ".pq"),
    )
    yield LoaderSpec(
        id="core.ipc",
        title="Arrow IPC",
        summary="Arrow IPC (Feather 2): a file, a folder or a glob; Arrow streams too.",
        factory=f"{_LOADERS}.ipc:load",
        suffixes=(".arrow", ".ipc", ".feather", ".arrows"),
    )
    yield LoaderSpec(
        id="core.jsonl",
        title="JSON lines",
        summary="One JSON object per line; its keys are the columns.",
        factory=f"{_LOADERS}.jsonl:load",
        suffixes=_with_compressed(".jsonl", ".ndjson"),
    )
    yield LoaderSpec(
        id="core.stdin",
        title="Standard input",
        summary="What is piped in: Parquet, Arrow, JSON lines or a text table.",
        factory=f"{_LOADERS}.stdin:load",
        schemes=("-",),
    )


@hookimpl
def pynomaly_publishers() -> Iterable[PublisherSpec]:
    """Publishers of files and of stdout."""
    yield PublisherSpec(
        id="core.csv",
        title="CSV",
        summary="Text with commas or tabs, also compressed; nested values as JSON.",
        factory=f"{_FILES}:open_csv",
        suffixes=_with_compressed(".csv", ".tsv"),
    )
    yield PublisherSpec(
        id="core.parquet",
        title="Parquet",
        summary="A Parquet file, compressed with snappy.",
        factory=f"{_FILES}:open_parquet",
        suffixes=(".parquet", ".pq"),
    )
    yield PublisherSpec(
        id="core.ipc",
        title="Arrow IPC",
        summary="An Arrow IPC (Feather 2) file.",
        factory=f"{_FILES}:open_ipc",
        suffixes=(".arrow", ".ipc", ".feather"),
    )
    yield PublisherSpec(
        id="core.jsonl",
        title="JSON lines",
        summary="One JSON object per row, also compressed.",
        factory=f"{_FILES}:open_jsonl",
        suffixes=_with_compressed(".jsonl", ".ndjson"),
    )
    yield PublisherSpec(
        id="core.stdout",
        title="Standard output",
        summary="One JSON object per row on stdout, for pipes.",
        factory="pynomaly.infrastructure.publishers.stdout:open_stdout",
        schemes=("-",),
    )


def _with_compressed(*suffixes: str) -> tuple[str, ...]:
    return tuple(suffix + packed for suffix in suffixes for packed in ("", ".gz", ".zst"))
