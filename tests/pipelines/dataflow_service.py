"""A Dataflow service on loopback that takes jobs and ends them as cancelled: nothing behind it would run them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_JOBS = re.compile(
    r"/v1b3/projects/(?P<project>[^/]+)/locations/(?P<region>[^/]+)/jobs(?P<job>/[^/?]+)?(?P<rest>/\w+)?"
)


class DataflowService(ThreadingHTTPServer):
    """Keeps the jobs that were submitted, as JSON of the Dataflow API."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.jobs: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}"


@contextmanager
def dataflow_service() -> Iterator[DataflowService]:
    with DataflowService() as service:
        thread = threading.Thread(target=service.serve_forever, daemon=True)
        thread.start()
        yield service
        service.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: DataflowService

    def log_message(self, format: str, *arguments: object) -> None:
        return

    def do_POST(self) -> None:
        job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.jobs.append(job)
        self._answer(job, "JOB_STATE_PENDING")

    def do_GET(self) -> None:
        asked = _JOBS.match(self.path)
        if not asked or not self.server.jobs:
            self.send_error(404)
        elif asked["rest"]:
            self._send({})
        else:
            self._answer(self.server.jobs[-1], "JOB_STATE_CANCELLED")

    def _answer(self, job: dict[str, Any], state: str) -> None:
        known = {"name": job["name"], "clientRequestId": job["clientRequestId"]}
        self._send(known | {"id": "2026-job", "projectId": "test", "currentState": state})

    def _send(self, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
