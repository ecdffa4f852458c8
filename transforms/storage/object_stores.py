"""The object stores: the one place that says with which credentials, time-outs and retries they are asked.

Credentials are those of the platform: Google's application default credentials, AWS's chain. `STORAGE_EMULATOR_HOST`
names a stand-in for Google's store, `AWS_ENDPOINT_URL_S3` any other store that speaks S3. What else fsspec can be
told (requester pays, a proxy) it reads itself from `FSSPEC_GS_…` and `FSSPEC_S3_…` variables.

Both libraries wait out overload (429, 5xx) and broken connections for about half a minute. What they do not try again
(their own time-outs, answers cut short, checksums that disagree, a write that met another one) is tried again by
`file_systems.request`. So is a connection that does not come about: for seconds, and then not for a while.
"""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from typing import Any

import fsspec

from hushbeam.schemas.errors import ConfigurationError

_CONNECT_S, _SILENCE_S = 10, 60
_ATTEMPTS = 7
_CONNECTIONS = 64


class UnreachableStoreError(Exception):
    """No connection to the store came about. `str()` holds nothing."""


def object_store(scheme: str) -> Any:
    """The fsspec file system for `gs`, `s3` or `memory`, without listing caches: others' writes must be seen.

    Raises:
      ConfigurationError: The package that knows the store is not installed.
    """
    _keep_names_out_of_logs()
    match scheme:
        case "gs":
            return _google_store()
        case "s3":
            return _s3_store()
        case _:
            return fsspec.filesystem(scheme, use_listings_cache=False)


def _google_store() -> Any:
    # The base class, not the one that fsspec picks: that one asks a second service (gRPC) about every bucket's type,
    # for up to a minute where it does not answer. Imported late: it costs a second that a local run should not pay.
    import aiohttp  # noqa: PLC0415
    from gcsfs.core import GCSFileSystem  # noqa: PLC0415

    options: dict[str, Any] = {
        "use_listings_cache": False,
        "session_kwargs": {"trace_configs": [_giving_up_at_once()]},
        # Not the default of five minutes for a request as a whole, which a long recording takes.
        "requests_timeout": aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S),
    }
    emulator = os.environ.get("STORAGE_EMULATOR_HOST")
    if emulator:
        options |= {"token": "anon", "endpoint_url": emulator if "://" in emulator else f"http://{emulator}"}
    return GCSFileSystem(**options)


@lru_cache(maxsize=1)  # fsspec keeps one file system for equal arguments
def _giving_up_at_once() -> Any:
    """Has the library not repeat for half a minute what `file_systems.request` repeats for seconds: to connect."""
    import aiohttp  # noqa: PLC0415

    async def failed(_: Any, __: Any, request: aiohttp.TraceRequestExceptionParams) -> None:
        if isinstance(request.exception, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            raise UnreachableStoreError from None

    tracing = aiohttp.TraceConfig()
    tracing.on_request_exception.append(failed)
    return tracing


@lru_cache(maxsize=1)
def _session_that_gives_up() -> Any:
    """The same for S3's client."""
    from aiobotocore.httpsession import AIOHTTPSession  # type: ignore[import-untyped]  # noqa: PLC0415
    from botocore.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415
        ConnectTimeoutError,
        EndpointConnectionError,
    )

    class Session(AIOHTTPSession):
        async def send(self, request: Any) -> Any:
            try:
                return await super().send(request)
            except (ConnectTimeoutError, EndpointConnectionError):
                raise UnreachableStoreError from None

    return Session


def _s3_store() -> Any:
    try:
        from s3fs import S3FileSystem  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError("s3:// needs another package: pip install 'hushbeam[s3]'") from None
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    store = S3FileSystem(
        **({"endpoint_url": endpoint} if endpoint else {}),  # fsspec keeps one file system for equal arguments
        use_listings_cache=False,
        # Parts of one file one after the other: many recordings are under way at once as it is, and with more than
        # one s3fs asks for the size before every read.
        max_concurrency=1,
        config_kwargs={
            "connect_timeout": _CONNECT_S,
            "read_timeout": _SILENCE_S,
            "max_pool_connections": _CONNECTIONS,
            "http_session_cls": _session_that_gives_up(),
            "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
        },
    )
    store.retries = 2  # its own come on top of the client's, and wait for a tenth of a second
    return store


@lru_cache(maxsize=1)
def _keep_names_out_of_logs() -> None:
    # They log object names with every request and every error; our own errors say what matters.
    for name in ("gcsfs", "fsspec", "s3fs", "aiobotocore", "botocore", "google.auth", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
