"""The review page, served as its command serves it, and asked without a browser."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.review_output import Catalogue, ReviewServer
from hushbeam.transforms.review_output.server import listen


class Served:
    """A page on a free port, and its address with the token."""

    def __init__(
        self, output: Path, cache: Path, *, sample: int | None = None, seed: int = 0, reviewer: str | None = "anna"
    ) -> None:
        catalogue = Catalogue(str(output), sample, seed)
        catalogue.load()
        server = ReviewServer(str(output), catalogue, cache, MediaLimits(), reviewer)
        self._socket = listen(0)
        self.address = server.address(self._socket.getsockname()[1])
        self.base = f"http://{urlsplit(self.address).netloc}"
        token = urlsplit(self.address).query.removeprefix("token=")
        self.cookie = f"hushbeam-review-{urlsplit(self.address).port}={token}"
        self._application = server.application()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Served:
        self._thread.start()
        self._runner = web.AppRunner(self._application)
        self._await(self._runner.setup())
        self._await(web.SockSite(self._runner, self._socket).start())
        return self

    def __exit__(self, *_: object) -> None:
        self._await(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _await(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def ask(self, path: str, *, body: object = None, cookie: bool = True, host: str | None = None) -> tuple[int, bytes]:
        request = urllib.request.Request(self.base + path, method="GET" if body is None else "PUT")
        if body is not None:
            request.data = json.dumps(body).encode()
        if cookie:
            request.add_header("Cookie", self.cookie)
        if host:
            request.add_header("Host", host)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
