"""A PostgreSQL cluster of its own, where the programs for it are installed."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from urllib.parse import quote

import adbc_driver_postgresql.dbapi
import pytest

PASSWORD = f"{secrets.token_hex(6)} /@:?%"
"""All that makes trouble in a URI."""


class Cluster:
    """A server on a free port, with a user ``ann`` who needs a password.

    A server refuses to run as root: then another user runs it.
    """

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="pynomaly-pg-"))
        self.owner = None if os.geteuid() else self._other_user()
        if self.owner:
            shutil.chown(self.folder, self.owner)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        if self.owner:
            shutil.chown(secret, self.owner)
        options = ["--auth=scram-sha-256", "--username=ann", f"--pwfile={secret}"]
        self._run("initdb", "--no-sync", "--encoding=UTF8", "--locale=C", *options)
        self.start()

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -k {self.folder} -F"
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "--wait", f"--options={options}", f"--log={log}")

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def uri(self, *, password: str = PASSWORD, database: str = "postgres") -> str:
        return f"postgresql://ann:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str) -> None:
        with adbc_driver_postgresql.dbapi.connect(self.uri(), autocommit=True) as connection:
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)

    def _run(self, program: str, *options: str) -> None:
        command = [str(self.programs / program), f"--pgdata={self.folder / 'data'}", *options]
        groups = {} if self.owner is None else {"group": self.owner, "extra_groups": []}
        subprocess.run(
            command,
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            user=self.owner,
            **groups,
        )

    @staticmethod
    def _other_user() -> str:
        users = {user.pw_name for user in pwd.getpwall()}
        return next(name for name in ("postgres", "nobody") if name in users)


def _programs() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "pg_ctl").exists()), None)


@cache
def running() -> Cluster:
    """The cluster, started at the first call; the test is skipped where there is none."""
    programs = _programs()
    if programs is None:
        pytest.skip("needs PostgreSQL's initdb and pg_ctl")
    return Cluster(programs)
