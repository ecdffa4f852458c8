"""Files of a real web server on loopback, which refuses, breaks off, redirects and lies."""

from __future__ import annotations

import hashlib
import io
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.storage.errors import AccessDeniedError, MissingFileError, SourceChangedError, StorageError
from hushbeam.transforms.storage.web import client as module
from hushbeam.transforms.storage.web.addresses import Guard
from hushbeam.transforms.storage.web.client import NoRangesError, TooManyBytesError, Version, WebClient
from hushbeam.transforms.storage.web.connection import Resolver, resolve
from hushbeam.transforms.storage.web.patience import Patience
from tests.few_examples import few
from tests.transforms.notify.receiver import authority
from tests.web_server import MODIFIED, SIGNATURE, Handler, WebServer, answer, cut_after, redirect, serving, validators

CONTENT = random.Random(7).randbytes(3_000_000)
LOOPBACK = ("127.0.0.1",)
IMPATIENT = Patience(answer_s=2.0, silence_s=0.5, total_s=10.0, slow_s=0.3, first_wait_s=0.01, longest_wait_s=0.05)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebServer]:
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "a.wav").write_bytes(CONTENT)
    with serving(tmp_path / "calls") as server:
        yield server


@pytest.fixture(autouse=True)
def reachable() -> None:
    module._UNREACHABLE._until.clear()


def client(
    *allowed: str, allow_http: bool = True, patience: Patience = IMPATIENT, resolver: Resolver = resolve
) -> WebClient:
    guard = Guard.of("--allow_private_sources", allowed or LOOPBACK)
    return WebClient(guard, allow_http=allow_http, patience=patience, resolver=resolver)


def downloaded(url: str, most_bytes: int = 10**9, who: WebClient | None = None) -> bytes:
    target = io.BytesIO()
    content = (who or client()).download(url, target, most_bytes)
    assert content.sha256 == hashlib.sha256(target.getvalue()).hexdigest()
    assert content.size_bytes == len(target.getvalue())
    return target.getvalue()


def test_a_file_is_looked_up_without_head_and_downloaded_in_one_request(server: WebServer) -> None:
    server.needed = SIGNATURE
    version = client().look_up(server.url("a.wav"))
    assert (version.size_bytes, version.name) == (
        len(CONTENT),
        f"etag:{hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()}",
    )
    assert downloaded(server.url("a.wav")) == CONTENT
    assert [one.method for one in server.asked] == ["GET", "GET"]
    assert server.asked[1].headers["Accept-Encoding"] == "identity"


def test_look_ups_share_a_connection_and_a_lost_one_is_made_again(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "protocol_version", "HTTP/1.1")
    reader = client()
    for _ in range(5):
        assert reader.look_up(server.url("a.wav")).size_bytes == len(CONTENT)
    assert (server.connections, len(server.asked)) == (1, 5)

    def lost(handler: Handler, content: bytes) -> bool:
        handler.connection.close()
        return True

    server.behaviours = [lost]
    assert reader.look_up(server.url("a.wav")).size_bytes == len(CONTENT)
    assert server.connections == 2


@pytest.mark.parametrize("ranges", [True, False])
def test_a_server_without_entity_tags_is_told_apart_by_date_and_one_without_both_not_at_all(
    server: WebServer, ranges: bool
) -> None:
    server.ranges, server.etags = ranges, False
    assert client().look_up(server.url("a.wav")).name == f"modified:{MODIFIED}"
    server.dates = False
    version = client().look_up(server.url("a.wav"))
    assert (version.size_bytes, version.name) == (len(CONTENT), None)


@pytest.mark.parametrize("etags", [True, False], ids=["entity tag", "date"])
def test_a_broken_connection_is_resumed_where_it_broke(server: WebServer, etags: bool) -> None:
    server.etags = etags
    server.behaviours = [cut_after(1_000_000), cut_after(1_200_000)]
    assert downloaded(server.url("a.wav")) == CONTENT
    assert [one.headers.get("Range") for one in server.asked] == [None, "bytes=1000000-", "bytes=2200000-"]
    assert all(one.headers["If-Range"] for one in server.asked[1:])


def test_a_broken_connection_begins_anew_where_parts_or_versions_are_missing(server: WebServer) -> None:
    server.ranges = False
    server.behaviours = [cut_after(1_000_000)]
    assert downloaded(server.url("a.wav")) == CONTENT
    server.ranges, server.etags, server.dates = True, False, False
    server.behaviours = [cut_after(1_000_000)]
    assert downloaded(server.url("a.wav")) == CONTENT
    assert "Range" not in server.asked[-1].headers


def test_a_file_that_is_replaced_while_it_is_read_is_an_error_that_a_repetition_may_mend(
    server: WebServer, tmp_path: Path
) -> None:
    def replaced(handler: Handler, content: bytes) -> bool:
        (tmp_path / "calls" / "a.wav").write_bytes(CONTENT[::-1])
        return cut_after(1_000_000)(handler, content)

    server.behaviours = [replaced]
    with pytest.raises(SourceChangedError) as caught:
        downloaded(server.url("a.wav"))
    assert caught.value.retryable


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_says_that_the_url_may_have_expired_and_is_not_repeated(server: WebServer, status: int) -> None:
    server.behaviours = [answer(status)]
    with pytest.raises(AccessDeniedError, match=rf"refused \({status}\): a presigned URL may have expired") as caught:
        downloaded(server.url("a.wav"))
    assert not caught.value.retryable
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_file_is_not_repeated(server: WebServer, status: int) -> None:
    server.behaviours = [answer(status)]
    with pytest.raises(MissingFileError) as caught:
        downloaded(server.url("a.wav"))
    assert (caught.value.retryable, len(server.asked)) == (False, 1)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_an_overloaded_server_is_asked_again_and_not_for_ever(server: WebServer, status: int) -> None:
    server.behaviours = [answer(status), answer(status)]
    assert downloaded(server.url("a.wav")) == CONTENT
    server.behaviours = [answer(status)] * 9
    with pytest.raises(StorageError, match=str(status)) as caught:
        downloaded(server.url("a.wav"))
    assert caught.value.retryable
    assert len(server.behaviours) == 9 - IMPATIENT.attempts


def test_retry_after_is_waited_for_unless_it_is_too_long(server: WebServer) -> None:
    waits: list[float] = []
    patient = WebClient(Guard.of("-", LOOPBACK), allow_http=True, patience=Patience(), sleep=waits.append)
    server.behaviours = [answer(503, Retry_After="100")]
    assert downloaded(server.url("a.wav"), who=patient) == CONTENT
    assert waits == [100.0]
    server.behaviours = [answer(503, Retry_After="3600")]
    with pytest.raises(StorageError) as caught:
        downloaded(server.url("a.wav"), who=patient)
    assert caught.value.retryable
    assert waits == [100.0]


def test_a_host_that_cannot_be_reached_fails_at_once_for_the_next_recordings() -> None:
    url = "http://127.0.0.1:9/a.wav"
    with pytest.raises(StorageError, match="cannot be reached"):
        downloaded(url)
    slept: list[float] = []
    with pytest.raises(StorageError, match="cannot be reached") as caught:
        WebClient(Guard.of("-", LOOPBACK), allow_http=True, sleep=slept.append).look_up(url)
    assert (slept, caught.value.retryable) == ([], True)


def test_a_redirect_to_a_host_that_cannot_be_reached_blocks_only_that_host(server: WebServer) -> None:
    dead = "http://127.0.0.1:9/a.wav"
    server.behaviours = [redirect(dead)] * IMPATIENT.attempts
    with pytest.raises(StorageError, match="cannot be reached"):
        downloaded(server.url("moved.wav"))
    assert downloaded(server.url("a.wav")) == CONTENT
    server.behaviours = [redirect(dead)]
    slept: list[float] = []
    with pytest.raises(StorageError, match="cannot be reached"):
        WebClient(Guard.of("-", LOOPBACK), allow_http=True, sleep=slept.append).look_up(server.url("moved.wav"))
    assert slept == []


def test_a_rest_that_ends_early_is_not_taken_for_the_file(server: WebServer) -> None:
    def a_part_without_the_whole_length(handler: Handler, content: bytes) -> bool:
        first = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        last = first + 999
        stated = {"Content-Range": f"bytes {first}-{last}/*", "Content-Length": "1000"}
        handler.begin(206, validators(server, content) | stated)
        handler.wfile.write(content[first : last + 1])
        return True

    server.behaviours = [cut_after(1_500_000), a_part_without_the_whole_length]
    assert downloaded(server.url("a.wav")) == CONTENT


def test_a_file_that_is_larger_than_allowed_is_refused_before_it_is_read(server: WebServer) -> None:
    sent: list[int] = []

    def huge(handler: Handler, content: bytes) -> bool:
        handler.begin(200, {"Content-Length": str(1 << 50)})
        try:
            while True:
                sent.append(handler.wfile.write(content))
        except OSError:
            return True

    server.behaviours = [huge]
    with pytest.raises(TooManyBytesError):
        downloaded(server.url("a.wav"), most_bytes=10**8)
    assert sum(sent) < 2 * len(CONTENT) + 5_000_000


def test_a_file_without_a_length_is_refused_as_soon_as_it_is_too_large(server: WebServer) -> None:
    def endless(handler: Handler, content: bytes) -> bool:
        handler.begin(200, {})
        try:
            while True:
                handler.wfile.write(content)
        except OSError:
            return True

    server.behaviours = [endless]
    with pytest.raises(TooManyBytesError):
        downloaded(server.url("a.wav"), most_bytes=10**7)


def test_a_server_that_drips_or_falls_silent_is_left(server: WebServer) -> None:
    def dripping(handler: Handler, content: bytes) -> bool:
        handler.begin(200, {"Content-Length": str(len(content))})
        try:
            for byte in content[:200]:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass
        return True

    def dripping_headers(handler: Handler, content: bytes) -> bool:
        handler.send_response(200)
        handler.flush_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b"X-Wait: 1\r\n")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass
        return True

    def silent(handler: Handler, content: bytes) -> bool:
        time.sleep(2)
        return True

    for behaviour, message in ((dripping, "too slowly"), (dripping_headers, "in time"), (silent, "in time")):
        server.behaviours = [behaviour] * 9
        started = time.monotonic()
        patience = Patience(answer_s=0.4, silence_s=0.4, total_s=5, slow_s=0.3, first_wait_s=0.01, attempts=2)
        with pytest.raises(StorageError, match=message) as caught:
            downloaded(server.url("a.wav"), who=client(patience=patience))
        assert caught.value.retryable
        assert time.monotonic() - started < 4


def test_the_time_for_one_file_is_limited_over_all_attempts(server: WebServer) -> None:
    def slow(handler: Handler, content: bytes) -> bool:
        handler.begin(200, {"Content-Length": str(len(content)), "ETag": '"a"'})
        try:
            for start in range(0, len(content), 50_000):
                handler.wfile.write(content[start : start + 50_000])
                time.sleep(0.1)
        except OSError:
            pass
        return True

    server.behaviours = [slow] * 9
    started = time.monotonic()
    with pytest.raises(StorageError) as caught:
        downloaded(server.url("a.wav"), who=client(patience=Patience(total_s=1.0, first_wait_s=0.01)))
    assert caught.value.retryable
    assert time.monotonic() - started < 3


def test_a_compressed_answer_is_taken_as_it_is(server: WebServer) -> None:
    def compressed(handler: Handler, content: bytes) -> bool:
        handler.reply(200, {"Content-Encoding": "gzip", "ETag": '"a"'}, b"\x1f\x8b not really")
        return True

    server.behaviours = [compressed]
    assert downloaded(server.url("a.wav")) == b"\x1f\x8b not really"


def test_parts_are_read_of_one_version(server: WebServer, tmp_path: Path) -> None:
    url, reader = server.url("a.wav"), client()
    version = reader.look_up(url)
    assert reader.read_range(url, 1000, 2000, version) == CONTENT[1000:2000]
    assert reader.read_range(url, len(CONTENT) - 5, len(CONTENT) + 5, version) == CONTENT[-5:]
    assert reader.read_range(url, len(CONTENT) + 5, len(CONTENT) + 9, version) == b""
    (tmp_path / "calls" / "a.wav").write_bytes(CONTENT[::-1])
    with pytest.raises(SourceChangedError):
        reader.read_range(url, 1000, 2000, version)
    server.ranges = False
    version = reader.look_up(url)
    assert reader.read_range(url, 0, 1000, version) == CONTENT[::-1][:1000]
    with pytest.raises(NoRangesError):
        reader.read_range(url, 1000, 2000, version)


def test_redirects_are_followed_five_times_without_the_first_query(server: WebServer) -> None:
    server.behaviours = [redirect("/a.wav?hop=1"), redirect(server.url("a.wav", "hop=2"), 307), *[None] * 9]
    assert downloaded(server.url("first.wav")) == CONTENT
    server.behaviours = [redirect("/a.wav")] * 9
    with pytest.raises(StorageError, match="redirects more than 5 times"):
        downloaded(server.url("first.wav"))


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/a.wav",
        "http://[::1]:80/a.wav",
        "http://0x7f000002/a.wav",
        "http://user:secret@127.0.0.1/a.wav",
        "file:///etc/passwd",
        "http://[::1",
        "gopher://127.0.0.1/",
    ],
)
def test_a_redirect_to_an_address_that_is_not_allowed_is_refused(server: WebServer, target: str) -> None:
    server.behaviours = [redirect(target)]
    with pytest.raises(AccessDeniedError) as caught:
        downloaded(server.url("a.wav"))
    assert not caught.value.retryable
    assert "secret" not in str(caught.value)
    assert len(server.asked) == 1


def test_a_redirect_from_https_to_http_is_refused(server: WebServer, tmp_path: Path) -> None:
    tls, trusting = authority(tmp_path, "127.0.0.1")
    with serving(tmp_path / "calls", tls) as secure:
        reader = WebClient(Guard.of("-", LOOPBACK), allow_http=True, patience=IMPATIENT, tls=trusting)
        assert downloaded(secure.url("a.wav"), who=reader) == CONTENT
        secure.behaviours = [redirect(server.url("a.wav"))]
        with pytest.raises(AccessDeniedError, match="from https to another scheme"):
            downloaded(secure.url("a.wav"), who=reader)
        with pytest.raises(StorageError, match="the certificate is not valid"):
            downloaded(secure.url("a.wav"))
    assert server.asked == []


def test_http_needs_its_option_and_private_addresses_theirs(server: WebServer) -> None:
    with pytest.raises(AccessDeniedError, match="--allow_http"):
        downloaded(server.url("a.wav"), who=client(allow_http=False))
    with pytest.raises(AccessDeniedError, match="see --allow_private_sources"):
        downloaded(server.url("a.wav"), who=client("10.0.0.0/8"))
    with pytest.raises(AccessDeniedError, match="see --allow_private_sources"):
        downloaded(server.url("a.wav", host="localhost"), who=client("10.0.0.0/8"))
    assert server.asked == []
    assert downloaded(server.url("a.wav", host="localhost"), who=client("localhost")) == CONTENT


def test_a_name_that_changes_its_address_after_the_check_is_connected_to_the_checked_one(server: WebServer) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    reader = client(resolver=rebinding)
    assert downloaded(server.url("a.wav", host="rebind.example"), who=reader) == CONTENT
    assert asked == ["rebind.example"], "the name is resolved once for each connection"
    with pytest.raises(AccessDeniedError, match="not public"):
        downloaded(server.url("a.wav", host="rebind.example"), who=reader)


@pytest.mark.parametrize(
    "behaviour", [answer(403), answer(404), answer(418), answer(503), redirect("http://10.0.0.1/x")]
)
def test_no_error_names_the_url(server: WebServer, behaviour: object) -> None:
    server.behaviours = [behaviour] * 9  # type: ignore[list-item]
    with pytest.raises(StorageError) as caught:
        downloaded(server.url("maria-gonzalez.wav"))
    for secret in ("siskin", "maria", "127.0.0.1"):
        assert secret not in str(caught.value)
        assert secret not in repr(caught.value.__context__)


@given(answered=st.binary(max_size=200), starts_well=st.booleans())
@few(30)
def test_an_answer_of_any_bytes_is_read_or_is_an_error_of_the_recording(answered: bytes, starts_well: bool) -> None:
    sent = (b"HTTP/1.1 200 OK\r\n" if starts_well else b"") + answered
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_once() -> None:
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(sent)

        threading.Thread(target=answer_once, daemon=True).start()
        hasty = Patience(answer_s=1, silence_s=0.5, total_s=1, attempts=1)
        with suppress(StorageError, TooManyBytesError):
            downloaded(f"http://127.0.0.1:{server.getsockname()[1]}/a.wav", who=client(patience=hasty))


def test_what_a_server_puts_into_its_headers_beside_a_version_is_not_kept() -> None:
    for etag in ('"' + "maria gonzalez " * 20 + '"', '"caf\xe9 maria"'):
        name = Version(1, etag, None).name
        assert name is not None
        assert "maria" not in name
        assert len(name) < 100
        assert Version(1, name.removeprefix("etag:"), None).name == name
