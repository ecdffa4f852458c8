"""The page's server: for one person, on this machine, for as long as the command runs.

Only loopback is listened on. A token, new at every start, is in the URL that the command prints; the browser gets it as
a cookie that no other site's page is sent with. Requests that name another host are refused, so that no name in
somebody's DNS can lead here.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.resources import files as package_files
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from schemas.failure import ConfigurationError, RecordingError
from schemas.policies import CATALOGUE
from transforms.commit.ledger import Status, read_status
from transforms.media.errors import MediaError
from transforms.review_output.catalogue import UNCERTAIN, Catalogue, Entry
from transforms.review_output.notes import Note, NoteError, read_notes, write_note
from transforms.review_output.peaks import PeakStore
from transforms.storage import files
from transforms.storage.urls import join

LOOPBACK = "127.0.0.1"

_COOKIE = "hushbeam-review"
_STATIC = package_files("transforms.review_output") / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_LARGEST_NOTE_BYTES = 1 << 20


def listen(port: int) -> socket.socket:
    """A socket on loopback.

    Raises:
      ConfigurationError: The port is taken.
    """
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.bind((LOOPBACK, port))
    except OSError:
        opened.close()
        raise ConfigurationError("--port: something else listens there; 0 takes a free port") from None
    return opened


class ReviewServer:
    """Serves the page for one output root.

    Args:
      output: Normalised root.
      catalogue: Loaded.
      cache: Folder for peaks.
    """

    def __init__(self, output: str, catalogue: Catalogue, cache: Path) -> None:
        self._output = output
        self._catalogue = catalogue
        self._peaks = PeakStore(cache)
        self._token = secrets.token_urlsafe(32)
        self._copies = TemporaryDirectory(prefix="hushbeam-")
        self._fetched: dict[str, Path] = {}

    def application(self) -> web.Application:
        """The routes, behind the token."""
        application = web.Application(middlewares=[self._guard], client_max_size=_LARGEST_NOTE_BYTES)
        application.add_routes(
            [
                web.get("/", self._page),
                web.get("/static/{name:[a-z/.]+}", self._asset),
                web.get("/api/recordings", self._list),
                web.get("/api/recordings/{id}", self._detail),
                web.get("/api/recordings/{id}/peaks", self._peaks_of),
                web.get("/api/recordings/{id}/audio", self._audio),
                web.put("/api/recordings/{id}/note", self._note),
            ]
        )
        application.cleanup_ctx.append(self._prepare_peaks)
        application.on_cleanup.append(self._remove_copies)
        return application

    def address(self, port: int) -> str:
        """What to open in a browser."""
        return f"http://{LOOPBACK}:{port}/?token={self._token}"

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        host = (request.host or "").rpartition(":")[0] or request.host
        if host not in (LOOPBACK, "localhost"):
            raise web.HTTPMisdirectedRequest
        if self._is_token(request.query.get("token", "")):
            entrance = web.HTTPSeeOther("/")
            entrance.set_cookie(_COOKIE, self._token, httponly=True, samesite="Strict")
            raise entrance
        if not self._is_token(request.cookies.get(_COOKIE, "")):
            raise web.HTTPForbidden(text="Open the address that the command printed.")
        answer = await handler(request)
        answer.headers.setdefault("Content-Security-Policy", "default-src 'none'")
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())

    async def _page(self, request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        page = (_STATIC / "index.html").read_text(encoding="utf-8").replace("NONCE", nonce)
        policy = (
            "default-src 'none'; script-src 'self'; connect-src 'self'; media-src 'self'; "
            f"style-src 'self' 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return web.Response(text=page, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def _asset(self, request: web.Request) -> web.Response:
        parts = request.match_info["name"].split("/")
        asset = _STATIC.joinpath(*parts)
        if ".." in parts or not asset.is_file() or (kind := _TYPES.get(Path(parts[-1]).suffix)) is None:
            raise web.HTTPNotFound
        return web.Response(body=asset.read_bytes(), content_type=kind, charset="utf-8")

    async def _list(self, request: web.Request) -> web.Response:
        notes = await asyncio.to_thread(read_notes, self._output)
        decisions = {recording_id: note.decision for recording_id, note in notes.items()}
        listed = [
            entry.to_json() | {"decision": decisions.get(entry.recording_id, "")} for entry in self._catalogue.entries()
        ]
        return web.json_response({"recordings": listed, "policies": sorted(CATALOGUE), "uncertain": UNCERTAIN})

    async def _detail(self, request: web.Request) -> web.Response:
        return web.json_response(await asyncio.to_thread(self._read_detail, self._entry(request)))

    def _read_detail(self, entry: Entry) -> dict[str, object]:
        recording_id = entry.recording_id
        row = self._catalogue.transcript(recording_id)
        audio = self._status(entry).certificate.get("audio")
        note = Note.read(self._output, recording_id)
        return {
            "recording_id": recording_id,
            "utterances": row["utterances"],
            "findings": [
                {name: finding[name] for name in ("policy", "channel", "start_s", "end_s", "score", "detector")}
                for finding in self._catalogue.findings(recording_id)
            ],
            "muted": audio["muted"] if audio else [],
            "note": note.model_dump(mode="json") if note else None,
        }

    async def _peaks_of(self, request: web.Request) -> web.Response:
        entry = self._entry(request)
        try:
            body = await asyncio.to_thread(self._outline, entry)
        except MediaError as error:
            raise web.HTTPConflict(text=f"the recording cannot be decoded: {error}") from None
        return web.Response(body=body, content_type="application/json")

    async def _audio(self, request: web.Request) -> web.StreamResponse:
        # A file answers requests for ranges, so the browser seeks in an hour without loading it.
        url = await asyncio.to_thread(self._audio_url, self._entry(request))
        if url not in self._fetched:
            self._fetched[url] = await asyncio.to_thread(files.fetch, url, self._copies.name)
        return web.FileResponse(self._fetched[url])

    async def _note(self, request: web.Request) -> web.Response:
        entry = self._entry(request)
        status = await asyncio.to_thread(self._status, entry)
        try:
            note = Note.from_request(await request.text(), entry, status.output_identity)
        except NoteError as error:
            raise web.HTTPUnprocessableEntity(text=str(error)) from None
        await asyncio.to_thread(write_note, self._output, note)
        return web.json_response({"decision": note.decision})

    def _entry(self, request: web.Request) -> Entry:
        entry = self._catalogue.entry(request.match_info["id"])
        if entry is None:
            raise web.HTTPNotFound
        return entry

    def _outline(self, entry: Entry) -> bytes:
        return self._peaks.peaks(self._audio_url(entry))

    def _status(self, entry: Entry) -> Status:
        status = read_status(self._output, entry.recording_id)
        if status is None:
            raise web.HTTPNotFound(text="the recording was removed since the page was started")
        return status

    def _audio_url(self, entry: Entry) -> str:
        url = self._status(entry).redacted_audio_url
        if url is None or not url.startswith(join(self._output, "audio") + "/"):
            raise web.HTTPNotFound(text="there is no redacted recording of it under this output root")
        return url

    async def _prepare_peaks(self, application: web.Application) -> AsyncIterator[None]:
        """Makes the outlines of all recordings beside the page, worst first, so that they are there when asked for."""
        task = asyncio.create_task(self._prepare())
        yield
        task.cancel()

    async def _prepare(self) -> None:
        for entry in self._catalogue.entries():
            if entry.audible:
                try:
                    await asyncio.to_thread(self._outline, entry)
                except (RecordingError, web.HTTPNotFound):
                    continue  # said when somebody opens it

    async def _remove_copies(self, application: web.Application) -> None:
        self._copies.cleanup()
