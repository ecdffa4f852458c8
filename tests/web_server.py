"""A real web server on loopback for tests, with presigned URLs, that does what it is told."""

from __future__ import annotations

import email.utils
import hashlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SIGNATURE = "X-Amz-Signature=siskin-of-the-signature"
MODIFIED = email.utils.formatdate(1_700_000_000, usegmt=True)

Behaviour = Callable[["Handler", bytes], bool]
"""Answers a request, given the file's content. Returns False to leave it to the server."""


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]


class WebServer(ThreadingHTTPServer):
    """Serves the files of a folder as a store with presigned URLs does.

    Attributes:
      asked: All requests.
      connections: How many were made.
      behaviours: Functions that answer requests instead, one for each request, in turn; None is the usual answer.
      etags, dates, ranges: Whether answers have entity tags and dates, and whether parts are served.
      needed: The query that every URL must have; others are refused. None takes all.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.asked: list[Asked] = []
        self.behaviours: list[Behaviour | None] = []
        self.etags = self.dates = self.ranges = True
        self.needed: str | None = None
        self.scheme = "http"
        self.connections = 0
        self.lock = threading.Lock()

    def get_request(self) -> tuple[Any, Any]:
        self.connections += 1
        return super().get_request()

    def url(self, path: str, query: str = SIGNATURE, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.server_port}/{path}" + (f"?{query}" if query else "")

    def gets(self, path: str) -> list[Asked]:
        """Requests for a file as a whole, or for its rest."""
        return [one for one in self.asked if one.path == f"/{path}" and not one.headers.get("Range", "").endswith("-0")]

    def handle_error(self, request: object, client_address: object) -> None:
        return  # a client that hangs up on a hostile answer is what the tests want


class Handler(BaseHTTPRequestHandler):
    server: WebServer

    def log_message(self, format: str, *arguments: object) -> None:
        return

    def do_HEAD(self) -> None:
        self.server.asked.append(Asked("HEAD", self.path, {}))
        self.reply(403)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        server = self.server
        with server.lock:
            server.asked.append(Asked("GET", parts.path, dict(self.headers.items())))
            behaviour = server.behaviours.pop(0) if server.behaviours else None
        if server.needed is not None and parts.query != server.needed:
            self.reply(403, body=b"<Error><Message>Request has expired</Message></Error>")
            return
        file = server.folder / parts.path.lstrip("/")
        content = file.read_bytes() if file.is_file() else b""
        if behaviour is not None and behaviour(self, content):
            return
        if not file.is_file():
            self.reply(404)
            return
        self.serve(content)

    def serve(self, content: bytes) -> None:
        """Answers with the content, or the part of it that was asked for."""
        headers = validators(self.server, content)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        if wanted is None or not self.server.ranges or (condition and condition not in headers.values()):
            self.reply(200, headers, content)
            return
        first = int(wanted[1])
        last = min(int(wanted[2] or len(content)), len(content) - 1)
        if first >= len(content):
            self.reply(416, headers | {"Content-Range": f"bytes */{len(content)}"})
            return
        part = content[first : last + 1]
        self.reply(206, headers | {"Content-Range": f"bytes {first}-{last}/{len(content)}"}, part)

    def reply(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.begin(status, {"Content-Length": str(len(body)), **(headers or {})})
        self.wfile.write(body)

    def begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def validators(server: WebServer, content: bytes) -> dict[str, str]:
    found = {}
    if server.etags:
        found["ETag"] = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    if server.dates:
        found["Last-Modified"] = MODIFIED
    return found


@contextmanager
def serving(folder: Path, tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    """A server of a folder, over https if it gets a context."""
    server = WebServer(folder)
    if tls is not None:
        server.scheme = "https"
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def cut_after(count: int) -> Behaviour:
    """Breaks the connection after so many bytes of the body."""

    def behave(handler: Handler, content: bytes) -> bool:
        headers = validators(handler.server, content)
        first = int(re.fullmatch(r"bytes=(\d+)-\d*", handler.headers.get("Range", "bytes=0-"))[1])  # type: ignore[index]
        if first:
            headers |= {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}"}
        handler.begin(206 if first else 200, headers | {"Content-Length": str(len(content) - first)})
        handler.wfile.write(content[first : first + count])
        handler.wfile.flush()
        handler.connection.close()
        return True

    return behave


def answer(status: int, **headers: str) -> Behaviour:
    """Answers with a status; underscores in the names of headers are hyphens."""

    def behave(handler: Handler, content: bytes) -> bool:
        handler.reply(status, {name.replace("_", "-"): value for name, value in headers.items()})
        return True

    return behave


def redirect(url: str, status: int = 302) -> Behaviour:
    return answer(status, Location=url)
