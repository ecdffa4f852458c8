"""HTTP POST to a checked address. Redirects are not followed."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpcore

from hushbeam.transforms.storage.web.addresses import Endpoint, Guard
from hushbeam.transforms.storage.web.connection import (
    Deadline,
    Resolver,
    connections,
    header,
    reason,
    request,
    resolve,
)


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


def post(
    endpoint: Endpoint,
    headers: Mapping[str, str],
    body: bytes,
    *,
    timeout_s: float,
    guard: Guard,
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
    sent = request("POST", endpoint, {**headers, "Content-Length": str(len(body))}, content=body)
    try:
        with connections(guard, Deadline(timeout_s), resolver, tls) as pool:
            response = pool.handle_request(sent)
            response.close()
    except (httpcore.TimeoutException, TimeoutError):
        raise DeliveryError("no answer in time") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        raise DeliveryError(reason(error)) from None
    return Answer(response.status, header(response, "Retry-After"))
