"""Deliveries to a real receiver on loopback, well behaved and hostile."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import pickle
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pydantic import ValidationError
from standardwebhooks import Webhook

from hushbeam.schemas.delivery import (
    DELIVERED,
    NOT_REQUESTED,
    NOTIFICATIONS_SCHEMA,
    REFUSED_ADDRESS,
    REFUSED_HEADER,
    REJECTED,
    UNDELIVERED,
    Delivery,
)
from hushbeam.schemas.delivery import Receiver as Asked
from hushbeam.transforms.notify.deliver import WebhookClient
from hushbeam.transforms.notify.message import ready_notification
from hushbeam.transforms.notify.settings import NotificationSettings
from hushbeam.transforms.storage.web.connection import retry_after_s
from tests.few_examples import few
from tests.transforms.notify.receiver import (
    Receiver,
    Reply,
    authority,
    dripping_headers,
    huge_body,
    invalid_reply,
    running,
)

_SECRET = "whsec_" + base64.b64encode(b"canary-of-the-signature-").decode()
_NOTIFICATION = ready_notification("call-1", "redacted_audio_ready", "gs://public/a.wav", "c0ffee" * 10 + "0123")
_LOOPBACK = ("127.0.0.0/8",)
PROCESSED_AT = "2026-11-29T02:00:00.123456+00:00"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running(Receiver()) as receiver:
        yield receiver


@pytest.fixture
def waits() -> list[float]:
    """Seconds that were slept, in order: nobody sleeps, the clock is put forward."""
    return []


@pytest.fixture
def courier(waits: list[float]) -> Callable[..., WebhookClient]:
    def make(**settings: Any) -> WebhookClient:
        values = {"allowed_networks": _LOOPBACK, "allow_http": True, "requests_per_second": 1e6, **settings}
        return WebhookClient(
            NotificationSettings(**values), sleep=waits.append, now=lambda: time.monotonic() + sum(waits)
        )

    return make


def _deliver(courier: WebhookClient, receiver: Receiver, asked: Asked | None = None) -> Delivery:
    url = f"http://127.0.0.1:{receiver.server_port}/hook?customer=7"
    return courier.deliver(_NOTIFICATION, asked or Asked(url), "run-1")


def test_a_notification_arrives_signed_with_its_auth_header(
    courier: Callable[..., WebhookClient], receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SIGNING", _SECRET + "\n")
    (tmp_path / "auth").write_text("Bearer 123\n")
    reference = f"file:{tmp_path}/auth@127.0.0.1:{receiver.server_port}"
    delivery = _deliver(
        courier(signing_secrets=("env:SIGNING",), auth_header_values=(reference,)),
        receiver,
        Asked(f"http://127.0.0.1:{receiver.server_port}/hook?customer=7", "X-Auth"),
    )
    assert delivery == Delivery(
        "call-1", _NOTIFICATION.notification_id, f"127.0.0.1:{receiver.server_port}", 1, 204, DELIVERED, "", "run-1"
    )
    (request,) = receiver.received
    assert (request.method, request.path) == ("POST", "/hook?customer=7")
    assert request.headers["X-Auth"] == "Bearer 123"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Host"] == f"127.0.0.1:{receiver.server_port}"
    assert Webhook(_SECRET).verify(request.body, dict(request.headers))["recording_id"] == "call-1"


def test_two_503_are_waited_out_with_the_same_id_and_body(
    courier: Callable[..., WebhookClient], receiver: Receiver, waits: list[float]
) -> None:
    receiver.replies = [Reply(503), Reply(503), Reply(200)]
    delivery = _deliver(courier(), receiver)
    assert (delivery.outcome, delivery.attempts, delivery.http_status) == (DELIVERED, 3, 200)
    assert len({(request.headers["webhook-id"], request.body) for request in receiver.received}) == 1
    assert len(receiver.received) == 3
    assert 1 <= waits[0] <= 2
    assert 2 <= waits[1] <= 3


def test_retry_after_is_honoured_as_seconds_and_as_a_date(
    courier: Callable[..., WebhookClient], receiver: Receiver, waits: list[float]
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    receiver.replies = [Reply(429, {"Retry-After": "7"}), Reply(503, {"Retry-After": date}), Reply(200)]
    assert _deliver(courier(), receiver).outcome == DELIVERED
    assert waits[0] == 7
    assert 25 < waits[1] <= 30


def test_a_wait_beyond_the_run_leaves_it_undelivered_at_once(
    courier: Callable[..., WebhookClient], receiver: Receiver, waits: list[float]
) -> None:
    receiver.replies = [Reply(429, {"Retry-After": "86400"})]
    delivery = _deliver(courier(), receiver)
    assert (delivery.outcome, delivery.attempts, delivery.http_status) == (UNDELIVERED, 1, 429)
    assert waits == []


@pytest.mark.parametrize(
    "header",
    [
        *("soon", "-5", "", "٣", "Wed, 99 Foo 2020"),
        *("Mon, 01 Jan 99999999999999 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 +99999999999999"),
        *("Mon, 01 Jan 2024 99:99:99 GMT", "," * 99),
    ],
)
def test_a_retry_after_that_makes_no_sense_is_ignored(
    courier: Callable[..., WebhookClient], receiver: Receiver, waits: list[float], header: str
) -> None:
    receiver.replies = [Reply(503, {"Retry-After": header.encode("utf-8").decode("latin-1")}), Reply(200)]
    assert _deliver(courier(), receiver).outcome == DELIVERED
    assert 1 <= waits[0] <= 2


@given(st.text(max_size=60) | st.builds("Mon, {} Jan {} {}:00:00 {}".format, *[st.integers()] * 4))
def test_any_retry_after_is_a_time_or_none(header: str) -> None:
    seconds = retry_after_s(header)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("header", ["9" * 400, "Mon, 01 Jan 9999 00:00:00 GMT"])
def test_a_retry_after_without_end_ends_the_attempts(
    courier: Callable[..., WebhookClient], receiver: Receiver, waits: list[float], header: str
) -> None:
    receiver.replies = [Reply(429, {"Retry-After": header})]
    assert _deliver(courier(), receiver).outcome == UNDELIVERED
    assert waits == []


class _AnyBytes(socketserver.BaseRequestHandler):
    """Answers each request with the server's bytes."""

    answer = b""

    def handle(self) -> None:
        self.request.settimeout(5)
        with contextlib.suppress(OSError):
            self.request.recv(65536)
            self.request.sendall(self.answer)


_HEADERS = st.lists(
    st.tuples(st.sampled_from([b"Retry-After", b"Content-Length", b"Transfer-Encoding", b"X"]), st.binary(max_size=30))
)
_ANSWERS = st.binary(max_size=200) | st.builds(
    lambda version, status, words, headers: (
        b"HTTP/"
        + version
        + b" "
        + status
        + b" "
        + words
        + b"\r\n"
        + b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        + b"\r\n"
    ),
    st.sampled_from([b"1.1", b"1.0", b"9.9", b""]) | st.binary(max_size=4),
    st.integers(-1, 10_000).map(lambda number: str(number).encode()) | st.binary(max_size=4),
    st.binary(max_size=9),
    _HEADERS,
)


@few(150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=_ANSWERS)
def test_whatever_a_receiver_answers_there_is_a_record_without_its_words(answer: bytes) -> None:
    handler = type("_Handler", (_AnyBytes,), {"answer": answer})
    with socketserver.TCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        asking = WebhookClient(
            NotificationSettings(allow_http=True, allowed_networks=_LOOPBACK, attempts=1, timeout_s=1.0),
            tls=ssl.create_default_context(),
        )
        delivery = asking.deliver(_NOTIFICATION, Asked(f"http://127.0.0.1:{server.server_address[1]}/"), "run-1")
        thread.join()
    assert delivery.outcome in {DELIVERED, REJECTED, UNDELIVERED}
    assert delivery.reason.isascii()


@pytest.mark.parametrize("kind", [RuntimeError, KeyError, UnicodeDecodeError, RecursionError])
def test_what_nobody_expected_ends_the_notification_alone(kind: type[Exception]) -> None:
    error = kind("idna", b"canary", 0, 1, "canary") if kind is UnicodeDecodeError else kind("canary")

    def breaks(host: str, port: int) -> Sequence[str]:
        raise error

    courier = WebhookClient(NotificationSettings(attempts=2), resolver=breaks, sleep=lambda _: None)
    delivery = courier.deliver(_NOTIFICATION, Asked("https://hook.example/"), "run-1")
    assert (delivery.outcome, delivery.attempts) == (UNDELIVERED, 2)
    assert "canary" not in delivery.reason


def test_attempts_end(courier: Callable[..., WebhookClient], receiver: Receiver, waits: list[float]) -> None:
    receiver.replies = [Reply(500)] * 9
    delivery = _deliver(courier(attempts=4), receiver)
    assert (delivery.outcome, delivery.attempts, delivery.http_status) == (UNDELIVERED, 4, 500)
    assert len(waits) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_a_receiver_that_says_no_is_not_asked_again(
    courier: Callable[..., WebhookClient], receiver: Receiver, status: int
) -> None:
    receiver.replies = [Reply(status)]
    delivery = _deliver(courier(), receiver)
    assert (delivery.outcome, delivery.attempts, delivery.http_status) == (REJECTED, 1, status)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(courier: Callable[..., WebhookClient], receiver: Receiver, status: int) -> None:
    with running(Receiver()) as elsewhere:
        target = f"http://127.0.0.1:{elsewhere.server_port}/latest/meta-data/"
        receiver.replies = [Reply(status, {"Location": target})]
        delivery = _deliver(courier(), receiver)
        assert (delivery.outcome, delivery.http_status) == (REJECTED, status)
        assert elsewhere.received == []


def test_a_huge_answer_is_not_read(courier: Callable[..., WebhookClient], receiver: Receiver) -> None:
    receiver.replies = [Reply(200, behaviour=huge_body)]
    started = time.monotonic()
    assert _deliver(courier(), receiver).outcome == DELIVERED
    assert time.monotonic() - started < 20, "the answer never ends"


def test_an_answer_that_drips_ends_with_the_attempt(courier: Callable[..., WebhookClient], receiver: Receiver) -> None:
    receiver.replies = [Reply(200, behaviour=dripping_headers)]
    started = time.monotonic()
    delivery = _deliver(courier(timeout_s=0.5, attempts=1), receiver)
    assert (delivery.outcome, delivery.http_status, delivery.reason) == (UNDELIVERED, None, "no answer in time")
    assert time.monotonic() - started < 20, "the answer never ends"


def test_a_receiver_that_does_not_speak_http_is_not_able(
    courier: Callable[..., WebhookClient], receiver: Receiver
) -> None:
    receiver.replies = [Reply(200, behaviour=invalid_reply)] * 2
    assert _deliver(courier(attempts=2), receiver).outcome == UNDELIVERED


def test_nobody_there_is_undelivered(courier: Callable[..., WebhookClient]) -> None:
    with running(Receiver()) as gone:
        url = f"http://127.0.0.1:{gone.server_port}/"
    delivery = courier(attempts=2).deliver(_NOTIFICATION, Asked(url), "run-1")
    assert (delivery.outcome, delivery.attempts, delivery.reason) == (UNDELIVERED, 2, "the host cannot be reached")


def test_without_a_url_there_is_a_record_alone(courier: Callable[..., WebhookClient]) -> None:
    delivery = courier().deliver(_NOTIFICATION, Asked(None), "run-1")
    assert (delivery.outcome, delivery.attempts, delivery.url_host) == (NOT_REQUESTED, 0, None)
    assert set(delivery.to_row(PROCESSED_AT)) == set(NOTIFICATIONS_SCHEMA.names)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::ffff:127.0.0.1]"]
)
def test_loopback_is_refused_in_every_spelling_unless_it_is_allowed(receiver: Receiver, host: str) -> None:
    refusing = WebhookClient(NotificationSettings(allow_http=True))
    delivery = refusing.deliver(_NOTIFICATION, Asked(f"http://{host}:{receiver.server_port}/"), "run-1")
    assert (delivery.outcome, delivery.attempts) == (REFUSED_ADDRESS, 0)
    assert receiver.received == []


def test_http_and_credentials_are_refused_by_default(receiver: Receiver) -> None:
    refusing = WebhookClient(NotificationSettings(allowed_networks=_LOOPBACK))
    for url in (f"http://127.0.0.1:{receiver.server_port}/", f"https://a:b@127.0.0.1:{receiver.server_port}/"):
        assert refusing.deliver(_NOTIFICATION, Asked(url), "run-1").outcome == REFUSED_ADDRESS
    assert receiver.received == []


def test_a_name_server_that_changes_its_answer_is_asked_once_for_each_attempt(receiver: Receiver) -> None:
    asked: list[str] = []

    def public_then_private(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    # 192.0.2.0/24 is nobody's: allowed here as the stand-in for a public address that does not answer.
    settings = NotificationSettings(allow_http=True, allowed_networks=("192.0.2.0/24",), timeout_s=0.3)
    hostile = WebhookClient(settings, resolver=public_then_private, sleep=lambda _: None)
    delivery = hostile.deliver(_NOTIFICATION, Asked(f"http://hook.example:{receiver.server_port}/"), "run-1")
    assert delivery.outcome == REFUSED_ADDRESS
    assert asked == ["hook.example", "hook.example"]
    assert receiver.received == []


def test_a_name_with_a_public_and_a_private_address_is_refused(receiver: Receiver) -> None:
    settings = NotificationSettings(allow_http=True, allowed_networks=("192.0.2.0/24",))
    hostile = WebhookClient(settings, resolver=lambda host, port: ["192.0.2.1", "127.0.0.1"])
    delivery = hostile.deliver(_NOTIFICATION, Asked(f"http://hook.example:{receiver.server_port}/"), "run-1")
    assert (delivery.outcome, delivery.attempts) == (REFUSED_ADDRESS, 0)


def test_a_name_that_does_not_resolve_is_undelivered_not_let_through() -> None:
    def broken(host: str, port: int) -> Sequence[str]:
        raise OSError("no name server")

    courier = WebhookClient(NotificationSettings(attempts=2), resolver=broken, sleep=lambda _: None)
    assert courier.deliver(_NOTIFICATION, Asked("https://hook.example/"), "run-1").outcome == UNDELIVERED


def _tls_courier(client: ssl.SSLContext) -> WebhookClient:
    return WebhookClient(
        NotificationSettings(allowed_networks=_LOOPBACK, attempts=1),
        resolver=lambda host, port: ["127.0.0.1"],
        tls=client,
    )


def test_the_certificate_is_checked_against_the_name_though_the_connection_goes_to_an_address(
    receiver: Receiver, tmp_path: Path
) -> None:
    server, client = authority(tmp_path, "hook.example")
    names: list[str | None] = []
    server.sni_callback = lambda connection, name, context: names.append(name)
    receiver.socket = server.wrap_socket(receiver.socket, server_side=True)
    courier = _tls_courier(client)
    port = receiver.server_port
    assert courier.deliver(_NOTIFICATION, Asked(f"https://hook.example:{port}/"), "run-1").outcome == DELIVERED
    assert receiver.received[0].headers["Host"] == f"hook.example:{port}"
    assert names == ["hook.example"]
    other = courier.deliver(_NOTIFICATION, Asked(f"https://other.example:{port}/"), "run-1")
    assert (other.outcome, other.reason) == (UNDELIVERED, "the certificate is not valid for the host")
    assert len(receiver.received) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(receiver: Receiver, tmp_path: Path) -> None:
    server, _ = authority(tmp_path, "hook.example")
    receiver.socket = server.wrap_socket(receiver.socket, server_side=True)
    courier = _tls_courier(ssl.create_default_context())
    delivery = courier.deliver(_NOTIFICATION, Asked(f"https://hook.example:{receiver.server_port}/"), "run-1")
    assert delivery.reason == "the certificate is not valid for the host"
    assert receiver.received == []


@pytest.mark.parametrize(
    ("binding", "own_host", "goes"),
    [
        ("", None, False),
        ("", "HOST", True),
        ("", "hooks.example.com", False),
        ("@HOST", None, True),
        ("@hooks.example.com,HOST", None, True),
        ("@hooks.example.com", "HOST", False),
        ("@127.0.0.1", None, False),
        ("@HOST", "hooks.example.com", True),
    ],
)
def test_a_secret_goes_to_its_own_hosts_alone(
    courier: Callable[..., WebhookClient],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    binding: str,
    own_host: str | None,
    goes: bool,
) -> None:
    monkeypatch.setenv("AUTH", "Bearer canary")
    host = f"127.0.0.1:{receiver.server_port}"
    sending = courier(
        auth_header_values=("env:AUTH" + binding.replace("HOST", host),),
        own_host=own_host and own_host.replace("HOST", host),
    )
    for value in (None, "env:AUTH"):
        delivery = _deliver(sending, receiver, Asked(f"http://{host}/", "X-Auth", value))
        assert delivery.outcome == (DELIVERED if goes else REFUSED_HEADER)
        assert goes or "not for this host: name the host in --webhook_auth_header_values, as in env:" in delivery.reason
        assert "canary" not in delivery.reason
    assert len(receiver.received) == (2 if goes else 0)


def test_a_line_that_names_no_secret_gets_the_first_for_its_host(
    courier: Callable[..., WebhookClient], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELSEWHERE", "Bearer 1")
    monkeypatch.setenv("HERE", "Bearer 2")
    host = f"127.0.0.1:{receiver.server_port}"
    sending = courier(auth_header_values=("env:ELSEWHERE@hooks.example.com", f"env:HERE@{host}"))
    assert _deliver(sending, receiver, Asked(f"http://{host}/", "X-Auth")).outcome == DELIVERED
    assert receiver.received[0].headers["X-Auth"] == "Bearer 2"


@pytest.mark.parametrize("name", ["", "Host", "content-length", "webhook-signature", "X Y", "X:", "X\r\nY", "ü"])
def test_a_header_name_that_is_not_free_is_refused(
    courier: Callable[..., WebhookClient], receiver: Receiver, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("AUTH", "Bearer 1")
    asked = Asked(f"http://127.0.0.1:{receiver.server_port}/", name)
    delivery = _deliver(courier(auth_header_values=("env:AUTH",)), receiver, asked)
    assert (delivery.outcome, delivery.attempts) == (REFUSED_HEADER, 0)
    assert receiver.received == []


def test_a_manifest_cannot_send_a_secret_that_the_options_do_not_allow(
    courier: Callable[..., WebhookClient], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH", "Bearer 1")
    monkeypatch.setenv("CLOUD_KEY", "canary")
    for allowed in ((), ("env:AUTH",)):
        asked = Asked(f"http://127.0.0.1:{receiver.server_port}/", "X-Auth", "env:CLOUD_KEY")
        assert _deliver(courier(auth_header_values=allowed), receiver, asked).outcome == REFUSED_HEADER
    assert receiver.received == []


def test_a_header_value_with_a_line_break_is_refused(
    courier: Callable[..., WebhookClient], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH", "Bearer 1\r\nX-Injected: 1")
    asked = Asked(f"http://127.0.0.1:{receiver.server_port}/", "X-Auth")
    bound = f"env:AUTH@127.0.0.1:{receiver.server_port}"
    delivery = _deliver(courier(auth_header_values=(bound,)), receiver, asked)
    assert (delivery.outcome, delivery.reason.split()[-1]) == (REFUSED_HEADER, "cannot")


def test_a_host_that_is_down_costs_the_run_its_budget_and_no_more(
    courier: Callable[..., WebhookClient], receiver: Receiver, waits: list[float]
) -> None:
    receiver.replies = [Reply(503, {"Retry-After": "40"})] * 99
    down = courier(budget_s=100)
    outcomes = [_deliver(down, receiver) for _ in range(5)]
    assert {delivery.outcome for delivery in outcomes} == {UNDELIVERED}
    assert sum(waits) <= 100
    assert len(receiver.received) < 10
    with running(Receiver()) as up:
        assert _deliver(down, up).outcome == DELIVERED


def test_many_hosts_that_are_down_cost_the_run_its_budget_and_no_more(
    courier: Callable[..., WebhookClient], receiver: Receiver, waits: list[float]
) -> None:
    receiver.replies = [Reply(503, {"Retry-After": "40"})] * 9
    down = courier(budget_in_all_s=60)
    assert _deliver(down, receiver).outcome == UNDELIVERED
    with running(Receiver()) as other:
        other.replies = [Reply(503, {"Retry-After": "40"})] * 9
        assert _deliver(down, other).outcome == UNDELIVERED
        assert len(other.received) == 1
    assert waits == [40]


def test_what_a_receiver_asks_once_holds_for_all_that_go_to_it(
    courier: Callable[..., WebhookClient], receiver: Receiver, waits: list[float]
) -> None:
    receiver.replies = [Reply(429, {"Retry-After": "9"})]
    sending = courier(attempts=1)
    assert _deliver(sending, receiver).outcome == UNDELIVERED
    assert _deliver(sending, receiver).outcome == DELIVERED
    assert sum(waits) == pytest.approx(9, abs=1)
    receiver.replies = [Reply(429, {"Retry-After": "86400"})]
    assert _deliver(sending, receiver).outcome == UNDELIVERED
    assert (_deliver(sending, receiver).outcome, len(receiver.received)) == (UNDELIVERED, 3)


def test_a_host_is_sent_so_many_requests_a_second_and_others_are_not_held_up(
    courier: Callable[..., WebhookClient], receiver: Receiver, waits: list[float]
) -> None:
    sending = courier(requests_per_second=0.5)
    for _ in range(4):
        assert _deliver(sending, receiver).outcome == DELIVERED
    assert waits == pytest.approx([2, 2, 2], abs=0.5)
    with running(Receiver()) as other:
        assert _deliver(sending, other).outcome == DELIVERED
    assert len(waits) == 3


def test_secrets_and_answers_are_in_no_log_repr_or_error(
    courier: Callable[..., WebhookClient],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("SIGNING", _SECRET)
    monkeypatch.setenv("AUTH", "Bearer canary-of-the-auth-header")
    caplog.set_level(logging.DEBUG)
    receiver.replies = [Reply(503, {"X-Echo": "canary-in-a-header"}), Reply(200, behaviour=huge_body)]
    bound = f"env:AUTH@127.0.0.1:{receiver.server_port}"
    made = courier(signing_secrets=("env:SIGNING",), auth_header_values=(bound,))
    asked = Asked(f"http://127.0.0.1:{receiver.server_port}/hook?token=canary-in-the-url", "X-Auth")
    delivery = _deliver(made, receiver, asked)
    assert delivery.outcome == DELIVERED
    settings = NotificationSettings(signing_secrets=("env:SIGNING",), auth_header_values=("env:AUTH",))
    everything = [caplog.text, repr(made), repr(asked), repr(delivery), json.dumps(delivery.to_row(PROCESSED_AT))]
    everything.append(repr(pickle.dumps(settings)))
    for text in everything:
        assert "canary" not in text
        assert _SECRET[6:] not in text


@pytest.mark.parametrize(
    "settings",
    [
        {"signing_secrets": ("whsec_abc",)},
        {"auth_header_values": ("Bearer canary",)},
        {"auth_header_values": ("canary@hooks.example.com",)},
        {"auth_header_values": ("env:C@",)},
        {"auth_header_values": ("env:C@hooks.example.com,",)},
        {"auth_header_values": ("env:C@a b",)},
        {"allowed_networks": ("10.0.0.1/8",)},
        {"allowed_networks": ("everything",)},
    ],
)
def test_settings_that_cannot_work_end_the_job_before_it_starts(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"_secrets|_values|_networks") as caught:
        NotificationSettings(**settings)
    assert "canary" not in str(caught.value)


def test_settings_that_can_work_pass() -> None:
    NotificationSettings(
        signing_secrets=("env:A", "file:/run/secrets/b"),
        auth_header_values=("env:C", "env:D@a.example,b.example:8443", "file:/a@b/c"),
        allowed_networks=("10.0.0.0/8", "fd00::/64"),
    )
