"""Object-store clients with their credentials, time-outs and retries.

Credentials are those of the platform: Google's application default credentials, AWS's chain, what `azure` says.
`STORAGE_EMULATOR_HOST` names an emulator of Google's store, `AWS_ENDPOINT_URL_S3` any other store with the S3
interface. fsspec reads its other settings (requester pays, a proxy) from `FSSPEC_GS_…` and `FSSPEC_S3_…` variables.

The libraries wait out overload (429, 5xx) and broken connections for about half a minute. `file_systems.request`
repeats what they do not repeat: their own time-outs, truncated answers, wrong checksums, conflicting writes. It repeats
failed connections for some seconds, and then not for a minute.
"""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from typing import Any

import fsspec

from hushbeam.schemas.errors import ConfigurationError, installs
from hushbeam.transforms.storage.azure import azure_store

_CONNECT_S, _SILENCE_S = 10, 60
_ATTEMPTS = 7
_CONNECTIONS = 64


class UnreachableStoreError(Exception):
    """A connection to the store could not be made. The message is empty."""


def object_store(scheme: str) -> Any:
    """The fsspec file system for `gs`, `s3`, `az` or `memory`, without listing caches, which would hide writes of other
    processes.

    Raises:
      ConfigurationError: The store's package is not installed.
    """
    _keep_names_out_of_logs()
    match scheme:
        case "gs":
            return _google_store()
        case "s3":
            return _s3_store()
        case "az":
            return azure_store()
        case _:
            return fsspec.filesystem(scheme, use_listings_cache=False)


def _google_store() -> Any:
    # The base class, not the one that fsspec picks: that one asks a second service (gRPC) for every bucket's type, for
    # up to a minute if it does not answer. Imported late: the import takes a second that a local run does not need.
    import aiohttp  # noqa: PLC0415
    from gcsfs.core import GCSFileSystem  # noqa: PLC0415

    options: dict[str, Any] = {
        "use_listings_cache": False,
        "session_kwargs": {"trace_configs": [_giving_up_at_once()]},
        # The default limits a whole request to five minutes, which a long recording takes.
        "requests_timeout": aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S),
    }
    if emulator := google_emulator():
        options |= {"token": "anon", "endpoint_url": emulator if "://" in emulator else f"http://{emulator}"}
    return GCSFileSystem(**options)


def google_emulator() -> str | None:
    """The server that takes the place of Google's store, and wants no credentials."""
    return os.environ.get("STORAGE_EMULATOR_HOST")


@lru_cache(maxsize=1)  # fsspec keeps one file system for equal arguments
def _giving_up_at_once() -> Any:
    """Stops the library from repeating failed connections: `file_systems.request` repeats them, and gives up sooner."""
    import aiohttp  # noqa: PLC0415

    async def failed(_: Any, __: Any, request: aiohttp.TraceRequestExceptionParams) -> None:
        if isinstance(request.exception, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            raise UnreachableStoreError from None

    tracing = aiohttp.TraceConfig()
    tracing.on_request_exception.append(failed)
    return tracing


@lru_cache(maxsize=1)
def _session_that_gives_up() -> Any:
    """The same as `_giving_up_at_once`, for S3's client."""
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
        raise ConfigurationError(f"s3:// needs another package: {installs('s3')}") from None
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    store = S3FileSystem(
        **({"endpoint_url": endpoint} if endpoint else {}),  # fsspec keeps one file system for equal arguments
        use_listings_cache=False,
        # One part of a file at a time: many recordings are processed at once anyway, and with more than one part s3fs
        # asks for the size before every read.
        max_concurrency=1,
        config_kwargs={
            "connect_timeout": _CONNECT_S,
            "read_timeout": _SILENCE_S,
            "max_pool_connections": _CONNECTIONS,
            "http_session_cls": _session_that_gives_up(),
            "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
        },
    )
    store.retries = 2  # s3fs's own, on top of the client's, after a tenth of a second
    return store


@lru_cache(maxsize=1)
def _keep_names_out_of_logs() -> None:
    # The libraries log object names with every request and error. Hushbeam's own errors are enough.
    for name in ("gcsfs", "fsspec", "s3fs", "aiobotocore", "botocore", "google.auth", "urllib3", "adlfs", "azure"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
