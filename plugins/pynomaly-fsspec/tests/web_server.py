"""A web server on this machine, well-behaved and otherwise."""

from __future__ import annotations

import base64
import socket
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

PASSWORD = "s3cr3t /@:"  # noqa: S105, of this server alone


class Handler(BaseHTTPRequestHandler):
    """Serves `Web.files`; the first part of a path says what goes wrong."""

    protocol_version = "HTTP/1.1"
    server: Web

    def do_GET(self):
        self.server.asked.append(self.path)
        trouble, _, name = self.path.partition("?")[0].lstrip("/").rpartition("/")
        body = self.server.files.get(name)
        if body is None:
            self.answer(404, b"not here")
        elif trouble.isdecimal():
            self.answer(int(trouble), b"no")
        elif trouble == "moved":
            self.answer(302, b"", Location=f"/{name}")
        elif trouble == "auth":
            user = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
            known = self.headers.get("Authorization") == f"Basic {user}"
            self.answer(200 if known else 401, body if known else b"who are you?")
        elif trouble == "cut":
            self.answer(200, body[: len(body) // 2], **{"Content-Length": str(len(body))})
            self.hang_up()
        elif trouble == "chunks":
            self.answer(
                200, b"%x\r\n%b\r\n" % (len(body), body), **{"Transfer-Encoding": "chunked"}
            )
            self.hang_up()
        elif trouble in {"silent", "slow"}:
            if trouble == "slow":
                self.answer(200, body[:10], **{"Content-Length": str(len(body))})
            self.server.waiting.set()
            self.server.closing.wait()
        else:
            self.answer(200, body)

    def answer(self, code, body, **headers):
        self.send_response(code)
        if "Transfer-Encoding" not in headers:
            headers.setdefault("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self):
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Web(ThreadingHTTPServer):
    """Files by name, and what was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.waiting, self.closing = threading.Event(), threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def uri(self, path: str) -> str:
        return f"http://{self.address}/{path}"

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


@cache
def running() -> Web:
    """The server, started at the first call; the test is skipped without what reads the web."""
    pytest.importorskip("aiohttp")
    return Web()
