"""Webhook client: delivers a notification with attempts, waits and limits."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import tenacity

from hushbeam.schemas.delivery import (
    DELIVERED,
    NOT_REQUESTED,
    REFUSED_ADDRESS,
    REFUSED_HEADER,
    REJECTED,
    UNDELIVERED,
    Delivery,
    Receiver,
)
from hushbeam.transforms.base.secrets import read_secret
from hushbeam.transforms.base.unexpected import ends_the_run
from hushbeam.transforms.notify.connection import DeliveryError, post
from hushbeam.transforms.notify.header_secrets import HeaderSecret
from hushbeam.transforms.notify.limits import Budget, Pace
from hushbeam.transforms.notify.message import Notification, Signer
from hushbeam.transforms.notify.settings import NotificationSettings
from hushbeam.transforms.storage.web.addresses import Endpoint, Guard, RefusedAddressError
from hushbeam.transforms.storage.web.connection import Resolver, resolve, retry_after_s

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,4096}")
_RESERVED_HEADERS = frozenset(
    {"host", "content-length", "content-type", "connection", "transfer-encoding", "user-agent", "expect", "upgrade"}
)
_LATER_STATUSES = frozenset({408, 425, 429})


@cache
def _default_tls() -> ssl.SSLContext:
    """Made for the first notification: reading the certificates takes 0.1 s, and most runs notify nobody."""
    return ssl.create_default_context()


class RefusedHeaderError(Exception):
    """The auth header may not be sent. `str()` is one of a few fixed reasons."""


@dataclass(frozen=True)
class _Attempt:
    outcome: str
    reason: str = ""
    http_status: int | None = None
    wait_s: float | None = None


class WebhookClient:
    """Delivers notifications. It has the secrets, so it is created in the worker and never pickled."""

    def __init__(
        self,
        settings: NotificationSettings,
        *,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads the secrets.

        Raises:
          ConfigurationError: A secret cannot be read, or is too weak.
        """
        self._settings = settings
        self._resolver = resolver
        self._tls = tls
        self._sleep = sleep
        self._guard = Guard.of("--webhook_allowed_networks", settings.allowed_networks)
        self._signer = Signer([read_secret(secret, "--webhook_signing_secrets") for secret in settings.signing_secrets])
        self._auth_values = [
            (secret, read_secret(secret.reference, "--webhook_auth_header_values"))
            for secret in map(HeaderSecret.parse, settings.auth_header_values)
        ]
        self._budget = Budget(settings.budget_s, settings.budget_in_all_s)
        self._pace = Pace(settings.requests_per_second, now)

    def __repr__(self) -> str:
        return "WebhookClient()"

    def deliver(self, notification: Notification, receiver: Receiver, run_id: str) -> Delivery:
        """Sends a notification until it is delivered or retrying is useless. A receiver cannot make it raise."""
        if receiver.url is None:
            return _record(notification, run_id, _Attempt(NOT_REQUESTED))
        try:
            endpoint = Endpoint.parse(receiver.url, allow_http=self._settings.allow_http)
        except RefusedAddressError as error:
            return _record(notification, run_id, _Attempt(REFUSED_ADDRESS, str(error)))
        host = endpoint.authority
        try:
            auth = self._auth_header(receiver, endpoint)
        except RefusedHeaderError as error:
            return _record(notification, run_id, _Attempt(REFUSED_HEADER, str(error)), host)
        held_s = self._pace.held_s(host)
        if not self._budget.allows(host, held_s):
            reason = "the time budget of this host or of all hosts is used up"
            return _record(notification, run_id, _Attempt(UNDELIVERED, reason), host)
        self._budget.spend(host, held_s)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_result(lambda attempt: attempt.outcome == UNDELIVERED),
            wait=self._wait,
            stop=lambda state: state.attempt_number >= self._settings.attempts or not self._may_wait(host, state),
            sleep=lambda seconds: self._pause(host, seconds),
            retry_error_callback=_last,
        )
        attempt = retrying(self._attempt, notification, endpoint, auth)
        attempts = 0 if attempt.outcome == REFUSED_ADDRESS else retrying.statistics["attempt_number"]
        return _record(notification, run_id, attempt, host, attempts)

    def _attempt(self, notification: Notification, endpoint: Endpoint, auth: dict[str, str]) -> _Attempt:
        wait_s = self._pace.turn(endpoint.authority)
        if wait_s > 0:
            self._sleep(wait_s)
        started = time.monotonic()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "hushbeam",
            **self._signer.headers(notification, datetime.now(UTC)),
            **auth,
        }
        try:
            answer = post(
                endpoint,
                headers,
                notification.body,
                timeout_s=self._settings.timeout_s,
                guard=self._guard,
                resolver=self._resolver,
                tls=self._tls or _default_tls(),
            )
        except RefusedAddressError as error:
            return _Attempt(REFUSED_ADDRESS, str(error))
        except DeliveryError as error:
            attempt = _Attempt(UNDELIVERED, str(error))
        except Exception as error:
            if ends_the_run(error):
                raise
            # A library failed on the receiver's answer. The message may quote the answer or a secret.
            attempt = _Attempt(UNDELIVERED, f"the attempt failed ({type(error).__name__})")
        else:
            attempt = _judge(answer.status, retry_after_s(answer.retry_after))
        if attempt.outcome != DELIVERED:
            self._budget.spend(endpoint.authority, time.monotonic() - started)
        self._apply_retry_after(endpoint.authority, attempt.wait_s)
        return attempt

    def _apply_retry_after(self, host: str, asked_s: float | None) -> None:
        """A wait that a receiver asks for applies to all notifications to its host."""
        if asked_s is None:
            return
        if asked_s > self._settings.longest_wait_s:
            self._budget.close(host)
        else:
            self._pace.hold(host, asked_s)

    def _auth_header(self, receiver: Receiver, endpoint: Endpoint) -> dict[str, str]:
        name = receiver.auth_header_name
        if name is None:
            return {}
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _RESERVED_HEADERS or name.lower().startswith("webhook-"):
            raise RefusedHeaderError("the name of the auth header is not valid, or the job sets this header itself")
        wanted = receiver.auth_header_value
        named = [(secret, value) for secret, value in self._auth_values if wanted in (None, secret.reference)]
        if not named:
            raise RefusedHeaderError("the secret of the auth header is not in --webhook_auth_header_values")
        own_host = self._settings.own_host
        value = next((value for secret, value in named if secret.may_go_to(endpoint, own_host)), None)
        if value is None:
            raise RefusedHeaderError(
                "the secret of the auth header is not for this host: name the host in --webhook_auth_header_values, as "
                "in env:NAME@HOST"
            )
        if not _HEADER_VALUE.fullmatch(value):
            raise RefusedHeaderError("the secret of the auth header contains characters that a header cannot")
        return {name: value}

    def _wait(self, state: tenacity.RetryCallState) -> float:
        wanted = _last(state).wait_s
        if wanted is not None:
            return wanted
        backoff = tenacity.wait_exponential_jitter(
            initial=self._settings.first_wait_s,
            max=self._settings.longest_wait_s,
            jitter=self._settings.first_wait_s,
        )
        return backoff(state)

    def _may_wait(self, host: str, state: tenacity.RetryCallState) -> bool:
        wait_s = state.upcoming_sleep
        return wait_s <= self._settings.longest_wait_s and self._budget.allows(host, wait_s)

    def _pause(self, host: str, seconds: float) -> None:
        self._budget.spend(host, seconds)
        self._sleep(seconds)


def _judge(status: int, wait_s: float | None) -> _Attempt:
    if 200 <= status < 300:
        return _Attempt(DELIVERED, http_status=status)
    if 300 <= status < 400:
        return _Attempt(REJECTED, "redirects are not followed", status)
    if 400 <= status < 500 and status not in _LATER_STATUSES:
        return _Attempt(REJECTED, "the receiver rejected it", status)
    return _Attempt(UNDELIVERED, "the receiver cannot accept it now", status, wait_s)


def _last(state: tenacity.RetryCallState) -> _Attempt:
    assert state.outcome is not None
    attempt = state.outcome.result()
    assert isinstance(attempt, _Attempt)
    return attempt


def _record(
    notification: Notification, run_id: str, attempt: _Attempt, host: str | None = None, attempts: int = 0
) -> Delivery:
    return Delivery(
        recording_id=notification.recording_id,
        notification_id=notification.notification_id,
        url_host=host,
        attempts=attempts,
        http_status=attempt.http_status,
        outcome=attempt.outcome,
        reason=attempt.reason,
        run_id=run_id,
    )
