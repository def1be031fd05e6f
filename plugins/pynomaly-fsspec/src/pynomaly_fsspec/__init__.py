"""Files on the web, in object stores and wherever fsspec reaches, as a source of Pynomaly."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from pynomaly.ports.hookspecs import hookimpl
from pynomaly.ports.specs import LoaderSpec

__all__ = ["pynomaly_loaders"]


@attrs.frozen
class _Place:
    """Where files lie: the driver that fsspec needs, and how it is installed."""

    name: str
    title: str
    schemes: tuple[str, ...]
    driver: str = ""
    install: str = ""


_PLACES = (
    _Place("http", "The web", ("https", "http"), "aiohttp", "'pynomaly-fsspec[http]'"),
    _Place("s3", "Amazon S3", ("s3", "s3a"), "s3fs", "'pynomaly-fsspec[s3]'"),
    _Place("gcs", "Google Cloud Storage", ("gs", "gcs"), "gcsfs", "'pynomaly-fsspec[gcs]'"),
    _Place("azure", "Azure Storage", ("az", "abfs"), "adlfs", "'pynomaly-fsspec[azure]'"),
    _Place("sftp", "SFTP", ("sftp", "ssh"), "paramiko", "'pynomaly-fsspec[sftp]'"),
    _Place("smb", "Windows shares", ("smb",), "smbprotocol", "smbprotocol"),
    _Place("hf", "Hugging Face", ("hf",), "huggingface_hub", "huggingface_hub"),
    _Place("webhdfs", "WebHDFS", ("webhdfs",), "requests", "requests"),
    _Place("hdfs", "HDFS", ("hdfs",), "pyarrow", "pyarrow"),
    _Place("archive", "Archives", ("zip", "tar")),
    _Place("any", "Whatever fsspec knows", ("fsspec", "ftp", "memory")),
)


@hookimpl
def pynomaly_loaders() -> Iterable[LoaderSpec]:
    """One loader for each kind of place, so that a listing says what each lacks."""
    for place in _PLACES:
        yield LoaderSpec(
            id=f"fsspec.{place.name}",
            title=place.title,
            summary=f"Files at {':, '.join(place.schemes)}: in any format that is read by suffix.",
            factory="pynomaly_fsspec.loading:load",
            schemes=place.schemes,
            requires=(place.driver,) if place.driver else (),
            install=f"pip install {place.install}" if place.install else "",
            docs="https://filesystem-spec.readthedocs.io/en/latest/api.html#built-in-implementations",
        )
