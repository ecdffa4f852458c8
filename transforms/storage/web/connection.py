"""HTTP connections to checked addresses, with deadlines.

httpcore implements HTTP and TLS; this module opens its connections. The name is resolved once, when connecting, all
its addresses are checked, and the connection goes to one of them, so a second resolution cannot differ. Proxies of the
environment are not used. The certificate is checked against the name.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore

from hushbeam.transforms.storage.web.addresses import Endpoint, Guard, RefusedAddressError

_IDLE_S = 10.0

UNREACHED = "the host cannot be reached"

Resolver = Callable[[str, int], Sequence[str]]
"""Returns all addresses of a host as text. Raises `OSError`."""


def resolve(host: str, port: int) -> list[str]:
    """Asks the system's resolver, which also understands addresses such as `0x7f000001` and `127.1`."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Deadline:
    """A moment until which a connection may be used, and the longest silence on it.

    Args:
      within_s: Seconds from now.
      silence_s: For each read and write; None has only the moment.
    """

    def __init__(self, within_s: float, silence_s: float | None = None) -> None:
        self._silence_s = silence_s
        self.move(within_s)

    def move(self, within_s: float) -> None:
        """Sets the moment to so many seconds from now."""
        self._at = time.monotonic() + within_s

    def remaining_s(self) -> float:
        """For the next operation.

        Raises:
          httpcore.ReadTimeout: The moment has passed.
        """
        remaining = self._at - time.monotonic()
        if remaining <= 0:
            raise httpcore.ReadTimeout
        return remaining if self._silence_s is None else min(remaining, self._silence_s)


def connections(
    guard: Guard, deadline: Deadline, resolver: Resolver = resolve, tls: ssl.SSLContext | None = None
) -> httpcore.ConnectionPool:
    """Connections to checked addresses, as a context manager.

    Args:
      tls: For tests and private certificate authorities. The default trusts the system's authorities.
    """
    # At level DEBUG, httpcore logs requests with their queries, and every header of the answer.
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    return httpcore.ConnectionPool(
        ssl_context=tls or ssl.create_default_context(),
        network_backend=_CheckedBackend(resolver, guard, deadline),
        max_keepalive_connections=2,
        keepalive_expiry=_IDLE_S,
    )


def request(
    method: str,
    endpoint: Endpoint,
    headers: Mapping[str, str],
    *,
    content: bytes | None = None,
    keep: bool = False,
) -> httpcore.Request:
    """A request.

    Args:
      keep: Whether the connection is for further requests too.
    """
    return httpcore.Request(
        method,
        httpcore.URL(
            scheme=endpoint.scheme.encode(),
            host=endpoint.host.encode(),
            port=endpoint.port,
            target=endpoint.target.encode(),
        ),
        headers=[("Host", endpoint.authority), *headers.items(), *([] if keep else [("Connection", "close")])],
        content=content,
    )


def header(response: httpcore.Response, name: str) -> str | None:
    """A header of an answer; None without it."""
    found = next((value for key, value in response.headers if key.lower() == name.lower().encode()), None)
    return None if found is None else found.decode("latin-1").strip()


def retry_after_s(value: str | None) -> float | None:
    """Seconds to wait, from a Retry-After header with a number or a date; None if it is neither."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
    except Exception:  # noqa: BLE001 - the parser has raised five kinds of errors for invalid dates
        return None


def reason(error: Exception) -> str:
    """One of a few fixed reasons for an error of a connection."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "the certificate is not valid for the host"
    if isinstance(error, httpcore.ConnectError):
        return UNREACHED
    return "the connection broke" if isinstance(error, httpcore.NetworkError | OSError) else "the answer is not HTTP"


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses, with a deadline."""

    def __init__(self, resolver: Resolver, guard: Guard, deadline: Deadline) -> None:
        self._resolver = resolver
        self._guard = guard
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = self._resolver(host, port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the name cannot be resolved") from None
        error: Exception = RefusedAddressError("the host has no address")
        for address in self._guard.check(host, addresses):
            try:
                stream = self._sockets.connect_tcp(
                    str(address), port, self._deadline.remaining_s(), local_address, None
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
            else:
                return _DeadlineStream(stream, self._deadline)
        raise error


class _DeadlineStream(httpcore.NetworkStream):
    """A stream with one deadline for all reads and writes, however slowly bytes arrive."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.remaining_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.remaining_s())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.remaining_s())
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
