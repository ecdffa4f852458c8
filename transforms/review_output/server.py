"""Server of the review page: for one person, on this machine, while the command runs.

It listens on loopback only. The URL that the command prints contains a token, new at every start. The browser keeps it
as a cookie that requests from other sites do not carry, named after the port: browsers send a cookie to all ports of a
host, and several pages may be open. Requests for another host name are refused, against DNS rebinding.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import shlex
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from aiohttp import web

from hushbeam.schemas.correction import REVIEWER
from hushbeam.schemas.errors import ConfigurationError, RecordingError
from hushbeam.schemas.policies import CATALOGUE
from hushbeam.schemas.redacted import spaced_words
from hushbeam.schemas.spans import Place, TimeSpan
from hushbeam.transforms.archive.ledger import Status, published_audio, read_status, read_statuses
from hushbeam.transforms.archive.reviews import (
    NotedSpan,
    Review,
    Reviewed,
    ReviewError,
    ShownFinding,
    combined,
    disagreements,
    is_same,
    read_all_reviews,
    read_reviews_of,
    write_review,
)
from hushbeam.transforms.archive.runs.private_roots import recorded_private_roots
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.correct_findings.state import correction_of, state_of
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.review_output.catalogue import UNCERTAIN, Catalogue, Entry
from hushbeam.transforms.review_output.peaks import PeakStore
from hushbeam.transforms.storage import files

LOOPBACK = "127.0.0.1"

_STATIC = package_files("hushbeam.transforms.review_output") / "static"
_BASE = package_files("hushbeam.transforms.base.pages") / "base.css"
"""The style sheet of all pages."""
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_DAY_S = 24 * 3600
"""A browser has a cookie of each start: they must go, for all together may have 8 KB."""
_LARGEST_REVIEW_BYTES = 1 << 20
_OF_OTHERS = {"reviewer", "decision", "reviewed_at", "missed", "false_positives"}
_ROUNDED_S = 0.001
"""Times of findings are published to the millisecond."""


def listen(port: int) -> socket.socket:
    """A socket on loopback.

    Raises:
      ConfigurationError: The port is taken, or this user may not open it.
    """
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.bind((LOOPBACK, port))
    except PermissionError:
        opened.close()
        raise ConfigurationError(
            f"--port: this user may not open port {port}; choose 1024 or higher, or 0 for a free one"
        ) from None
    except OSError:
        opened.close()
        raise ConfigurationError("--port: it is in use; 0 chooses a free port") from None
    return opened


class ReviewServer:
    """Serves the page for one output root.

    Args:
      output: The normalised output root.
      catalogue: Already loaded.
      cache: Folder for peaks.
      limits: Limits of the decoder.
      reviewer: Name of the person who reviews; None if the page asks for it.
    """

    def __init__(
        self, output: str, catalogue: Catalogue, cache: Path, limits: MediaLimits, reviewer: str | None = None
    ) -> None:
        self._output = output
        self._catalogue = catalogue
        self._reviewer = reviewer
        self._peaks = PeakStore(cache, limits)
        self._token = secrets.token_urlsafe(32)
        self._copies = TemporaryFolder()
        self._fetched: dict[str, Path] = {}

    def application(self) -> web.Application:
        """The application: its routes require the token."""
        application = web.Application(middlewares=[self._guard], client_max_size=_LARGEST_REVIEW_BYTES)
        application.add_routes(
            [
                web.get("/", self._page),
                web.get("/static/{name:[a-z_/.]+}", self._asset),
                web.get("/api/recordings", self._list),
                web.get("/api/recordings/{id}", self._detail),
                web.get("/api/recordings/{id}/peaks", self._peaks_of),
                web.get("/api/recordings/{id}/audio", self._audio),
                web.put("/api/recordings/{id}/review", self._review),
            ]
        )
        application.cleanup_ctx.append(self._prepare_peaks)
        application.on_cleanup.append(self._remove_copies)
        return application

    def address(self, port: int) -> str:
        """The URL to open in a browser."""
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
            entrance.set_cookie(_cookie_of(request), self._token, max_age=_DAY_S, httponly=True, samesite="Strict")
            raise entrance
        if not self._is_token(request.cookies.get(_cookie_of(request), "")):
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
        asset = _BASE if parts == [_BASE.name] else _STATIC.joinpath(*parts)
        if ".." in parts or not asset.is_file() or (kind := _TYPES.get(Path(parts[-1]).suffix)) is None:
            raise web.HTTPNotFound
        return web.Response(body=asset.read_bytes(), content_type=kind, charset="utf-8")

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response(await asyncio.to_thread(self._read_list, self._name_in(request)))

    def _read_list(self, reviewer: str) -> dict[str, object]:
        reviews = read_all_reviews(self._output)
        statuses = read_statuses(self._output, list(reviews))
        if any((entry := self._catalogue.entry(one)) and entry.run_id != statuses[one].run_id for one in statuses):
            self._catalogue.load()  # corrections were rendered since, which changes the numbers of findings
        reviewed = {one: _decided(own, statuses[one], reviewer) for one, own in reviews.items() if one in statuses}
        return {
            "recordings": [
                entry.to_json() | reviewed.get(entry.recording_id, _UNDECIDED) for entry in self._catalogue.entries()
            ],
            "policies": sorted(CATALOGUE),
            "uncertain": UNCERTAIN,
            "reviewer": self._reviewer,
            "output": hashlib.sha256(self._output.encode()).hexdigest()[:16],
            "command": f"hushbeam rerender --output {shlex.quote(self._output)} --corrections",
            "has_store": "--store" in recorded_private_roots(self._output),
        }

    async def _detail(self, request: web.Request) -> web.Response:
        work = asyncio.to_thread(self._read_detail, self._entry(request), self._name_in(request))
        return web.json_response(await work)

    def _read_detail(self, entry: Entry, reviewer: str) -> dict[str, object]:
        row, findings = self._rows(entry)
        status = self._status(entry)
        audio = status.certificate.get("audio") or {}
        channels = audio.get("channels", entry.channels)
        reviews = read_reviews_of(self._output, entry.recording_id)
        own = next((review for review in reviews if review.reviewer == reviewer), None)
        # Before a decision, others' are not told: two reviewers must not influence each other.
        others = [review for review in reviews if own and review is not own]
        return {
            "recording_id": entry.recording_id,
            "output_identity": status.output_identity,
            "state": state_of(status, combined(reviews).corrections) if reviews else "",
            "channels": channels,
            "mixed": entry.channels < channels,
            "utterances": [_with_spaces(utterance) for utterance in row["utterances"]],
            "findings": [
                {name: finding[name] for name in ("policy", "channel", "start_s", "end_s", "score", "detector")}
                for finding in findings
            ],
            "muted": audio.get("muted", []),
            "review": own.model_dump(mode="json", include={"decision", "missed", "false_positives"}) if own else None,
            "others": [review.model_dump(mode="json", include=_OF_OTHERS) for review in others],
            "disagreements": [asdict(one) for one in disagreements(reviews)] if others else [],
        }

    def _reviewed(self, entry: Entry, status: Status, reviewer: str) -> Reviewed:
        """The reviewed output, with the findings that the run had before any correction."""
        row, findings = self._rows(entry)
        reviews = read_reviews_of(self._output, entry.recording_id)
        earlier = combined(reviews) if reviews and correction_of(status) else None
        audio = status.certificate["audio"] or {}
        channels = audio.get("channels", entry.channels)
        samples = status.certificate["samples"]["sha256"]
        of_these_samples = [review for review in reviews if review.reviewed.samples == samples]
        return Reviewed(
            recording_id=entry.recording_id,
            output_identity=status.output_identity,
            samples=samples,
            configuration_id=status.certificate["configuration_id"],
            channels=channels,
            mixed=entry.channels < channels,
            duration_s=entry.duration_s,
            words=sum(len(utterance["words"]) for utterance in row["utterances"]),
            policies=tuple(status.certificate["policies"]),
            found=earlier.reviewed.found
            if earlier
            else tuple(_shown(finding, row) for finding in findings if finding["detector"] != REVIEWER),
            **_shown_of_others(of_these_samples, reviewer, [TimeSpan(*span) for span in audio.get("muted", [])]),
        )

    async def _peaks_of(self, request: web.Request) -> web.Response:
        entry = self._entry(request)
        try:
            body = await asyncio.to_thread(self._outline, entry)
        except MediaError as error:
            raise web.HTTPConflict(text=f"the recording cannot be decoded: {error}") from None
        return web.Response(body=body, content_type="application/json")

    async def _audio(self, request: web.Request) -> web.StreamResponse:
        # A file response supports ranges, so the browser can seek without loading the whole recording.
        url = await asyncio.to_thread(self._audio_url, self._entry(request))
        if url not in self._fetched:
            self._fetched[url] = await asyncio.to_thread(files.fetch, url, self._copies.name)
        return web.FileResponse(self._fetched[url])

    async def _review(self, request: web.Request) -> web.Response:
        entry = self._entry(request)
        reviewer = self._name_in(request)
        work = asyncio.to_thread(self._keep_review, entry, await request.text(), reviewer)
        return web.json_response(await work)

    def _keep_review(self, entry: Entry, body: str, reviewer: str) -> dict[str, object]:
        status = self._status(entry)
        try:
            review = Review.from_request(body, self._reviewed(entry, status, reviewer), reviewer)
        except ReviewError as error:
            raise web.HTTPUnprocessableEntity(text=str(error)) from None
        write_review(self._output, review)
        others = [
            earlier for earlier in read_reviews_of(self._output, entry.recording_id) if earlier.reviewer != reviewer
        ]
        return _decided([*others, review], status, reviewer)

    def _name_in(self, request: web.Request) -> str:
        return self._reviewer or request.query.get("reviewer", "")

    def _entry(self, request: web.Request) -> Entry:
        entry = self._catalogue.entry(request.match_info["id"])
        if entry is None:
            raise web.HTTPNotFound
        return entry

    def _outline(self, entry: Entry) -> bytes:
        return self._peaks.peaks(self._audio_url(entry))

    def _rows(self, entry: Entry) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        try:
            return self._catalogue.rows(entry.recording_id, self._status(entry).run_id)
        except ConfigurationError as error:
            raise web.HTTPConflict(text=str(error)) from None

    def _status(self, entry: Entry) -> Status:
        status = read_status(self._output, entry.recording_id)
        if status is None:
            raise web.HTTPNotFound(text="the recording was removed after the page was started")
        return status

    def _audio_url(self, entry: Entry) -> str:
        url = published_audio(self._output, self._status(entry))
        if url is None:
            raise web.HTTPNotFound(text="this output root has no redacted audio of the recording")
        return url

    async def _prepare_peaks(self, application: web.Application) -> AsyncIterator[None]:
        """Computes the peaks of all recordings in the background, in the order of the list."""
        task = asyncio.create_task(self._prepare())
        yield
        task.cancel()

    async def _prepare(self) -> None:
        for entry in self._catalogue.entries():
            if entry.audible:
                try:
                    await asyncio.to_thread(self._outline, entry)
                except (RecordingError, web.HTTPNotFound):
                    continue  # the page shows the error when the recording is opened

    async def _remove_copies(self, application: web.Application) -> None:
        self._copies.cleanup()


def _cookie_of(request: web.Request) -> str:
    return f"hushbeam-review-{request.host.rpartition(':')[2]}"


_UNDECIDED: dict[str, object] = {"decision": "", "state": "", "reviewers": [], "disagreements": 0}


def _decided(reviews: Sequence[Review], status: Status, reviewer: str) -> dict[str, object]:
    """What the list shows of a recording's reviews: the reviewer's own decision, and what runs make of all."""
    own = next((review.decision for review in reviews if review.reviewer == reviewer), "")
    return {
        "decision": own,
        "state": state_of(status, combined(reviews).corrections),
        "reviewers": sorted(review.reviewer for review in reviews),
        "disagreements": len(disagreements(reviews)) if own else 0,
    }


def _shown_of_others(
    reviews: Sequence[Review], reviewer: str, muted: Sequence[TimeSpan]
) -> dict[str, tuple[NotedSpan, ...]]:
    """Which decisions of others this output followed already, so that the reviewer could not take them again."""
    others = [review for review in reviews if review.reviewer != reviewer]
    before = [review for review in reviews if review.reviewer == reviewer]
    own = {span for review in before for span in review.false_positives}
    # What this reviewer marked is theirs to take back. What somebody left muted before stays so, whoever marked it.
    own_marks = [mark for review in before for mark in review.missed]
    marks = (
        *(mark for review in others for mark in review.missed),
        *(mark for review in reviews for mark in review.reviewed.muted_for_others),
    )
    restored = dict.fromkeys(span for review in others for span in review.false_positives if span not in own)
    return {
        "muted_for_others": tuple(
            mark
            for mark in dict.fromkeys(marks)
            if _is_muted(mark, muted) and not any(is_same(mark, one) for one in own_marks)
        ),
        "restored_for_others": tuple(span for span in restored if not _is_muted(span, muted)),
    }


def _is_muted(span: Place, muted: Sequence[TimeSpan]) -> bool:
    shared_s = sum(
        max(0.0, min(span.end_s, one.end_s) - max(span.start_s, one.start_s))
        for one in muted
        if one.channel == span.channel
    )
    return shared_s >= (span.end_s - span.start_s) / 2


def _with_spaces(utterance: Mapping[str, Any]) -> dict[str, Any]:
    """An utterance of a row, whose words the page joins without adding spaces."""
    texts = spaced_words(utterance)
    return {**utterance, "words": [word | {"text": text} for word, text in zip(utterance["words"], texts, strict=True)]}


def _shown(finding: Mapping[str, Any], row: Mapping[str, Any]) -> ShownFinding:
    words = sum(
        word["redacted"]
        and word["start_s"] >= finding["start_s"] - _ROUNDED_S
        and word["end_s"] <= finding["end_s"] + _ROUNDED_S
        for utterance in row["utterances"]
        if utterance["channel"] == finding["channel"]
        for word in utterance["words"]
    )
    names = ("policy", "channel", "start_s", "end_s", "score", "detector")
    return ShownFinding(words=words, **{name: finding[name] for name in names})
