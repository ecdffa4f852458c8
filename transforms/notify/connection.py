"""HTTP POST to a checked address.

httpcore implements HTTP and TLS; this module opens its connections. The name is resolved once, when connecting, all
its addresses are checked, and the connection goes to one of them, so a second resolution cannot differ. Redirects are
not followed, and proxies of the environment are not used. The certificate is checked against the name.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore

from hushbeam.transforms.notify.addresses import Endpoint, Network, RefusedAddressError, check_addresses

Resolver = Callable[[str, int], Sequence[str]]
"""Returns all addresses of a host as text. Raises `OSError`."""


class DeliveryError(Exception):
    """The receiver did not answer. `str()` is one of a few fixed reasons."""


@dataclass(frozen=True)
class Answer:
    """The answer of a receiver. Its body is not read.

    Attributes:
      status: HTTP status.
      retry_after: The header `Retry-After` as sent; None without one.
    """

    status: int
    retry_after: str | None


def resolve(host: str, port: int) -> list[str]:
    """Asks the system's resolver, which also understands addresses such as `0x7f000001` and `127.1`."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def post(
    endpoint: Endpoint,
    headers: Mapping[str, str],
    body: bytes,
    *,
    timeout_s: float,
    allowed_networks: Sequence[Network] = (),
    resolver: Resolver = resolve,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Sends one POST.

    Args:
      timeout_s: Limit from connecting to the last header of the answer. The system's resolver has its own limit.
      tls: For tests and private certificate authorities. The default trusts the system's authorities.

    Raises:
      RefusedAddressError: The host is not allowed; nothing was sent.
      DeliveryError: No HTTP answer came in time.
    """
    backend = _CheckedBackend(resolver, allowed_networks, time.monotonic() + timeout_s)
    request = httpcore.Request(
        "POST",
        httpcore.URL(
            scheme=endpoint.scheme.encode(),
            host=endpoint.host.encode(),
            port=endpoint.port,
            target=endpoint.target.encode(),
        ),
        headers=[
            ("Host", endpoint.authority),
            *headers.items(),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ],
        content=body,
        extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout_s)},
    )
    try:
        with httpcore.ConnectionPool(ssl_context=tls or ssl.create_default_context(), network_backend=backend) as pool:
            response = pool.handle_request(request)
            response.close()
    except (httpcore.TimeoutException, TimeoutError):
        raise DeliveryError("no answer in time") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise DeliveryError(_reason(error)) from None
    retry_after = next((value for name, value in response.headers if name.lower() == b"retry-after"), None)
    return Answer(response.status, None if retry_after is None else retry_after.decode("ascii", "replace"))


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses, with a deadline."""

    def __init__(self, resolver: Resolver, allowed_networks: Sequence[Network], deadline: float) -> None:
        self._resolver = resolver
        self._allowed_networks = allowed_networks
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
        for address in check_addresses(addresses, self._allowed_networks):
            try:
                stream = self._sockets.connect_tcp(str(address), port, _remaining(self._deadline), local_address, None)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
            else:
                return _DeadlineStream(stream, self._deadline)
        raise error


class _DeadlineStream(httpcore.NetworkStream):
    """A stream with one deadline for all reads and writes, however slowly bytes arrive."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _remaining(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _remaining(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _remaining(self._deadline))
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise httpcore.ReadTimeout
    return remaining


def _reason(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "the certificate is not valid for the host"
    if isinstance(error, httpcore.ConnectError):
        return "the host cannot be reached"
    return "the connection broke" if isinstance(error, httpcore.NetworkError | OSError) else "the answer is not HTTP"
