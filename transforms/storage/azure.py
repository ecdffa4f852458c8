"""Azure Blob Storage: what adlfs does not offer, or not with bounded waits and memory.

adlfs reads the account and its credentials from `AZURE_STORAGE_CONNECTION_STRING`, or `AZURE_STORAGE_ACCOUNT_NAME` with
a key, a SAS token, a service principal or the platform's identity.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import fsspec.asyn

from hushbeam.schemas.errors import ConfigurationError, installs

Result = TypeVar("Result")

_RETRIES = 5
_BACKOFF_S = 1
_DELETED_AT_ONCE = 64
_CONNECTION, _ACCOUNT = "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_NAME"


class Page(NamedTuple):
    """A page of a listing.

    Attributes:
      found: Name, size in bytes and entity tag of each blob.
      after: Where the next page starts; None on the last page.
    """

    found: list[tuple[str, int, str]]
    after: str | None


def azure_store() -> Any:
    """adlfs's file system, whose client waits out overload for half a minute.

    Raises:
      ConfigurationError: The package is not installed, or no variable names the account.
    """
    try:
        from adlfs import AzureBlobFileSystem  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(f"az:// needs another package: {installs('azure')}") from None
    # Given, since fsspec keeps one file system for equal arguments.
    account = {
        "connection_string": os.environ.get(_CONNECTION) or None,
        "account_name": os.environ.get(_ACCOUNT) or None,
    }
    if not any(account.values()):
        raise ConfigurationError(f"az:// needs an account: set {_ACCOUNT} or {_CONNECTION}, on workers too")
    store = AzureBlobFileSystem(
        **account,
        use_listings_cache=False,
        max_concurrency=1,
    )
    # By default a client waits 15 s before its first retry. adlfs makes it without a choice.
    policy = store.service_client._config.retry_policy
    policy.initial_backoff, policy.increment_base, policy.random_jitter_range = _BACKOFF_S, 2, 1
    # Failed connections are repeated by `file_systems.request`, which gives up sooner.
    policy.total_retries, policy.connect_retries = _RETRIES, 0
    return store


def has_account_key() -> bool:
    """Whether the key is known, with which URLs are signed."""
    return bool(os.environ.get("AZURE_STORAGE_ACCOUNT_KEY")) or "AccountKey=" in os.environ.get(_CONNECTION, "")


def list_page(store: Any, container: str, prefix: str, after: str | None, size: int) -> Page:
    """Up to `size` blobs whose names start with `prefix`, without the folders of a hierarchical account."""

    async def ask() -> Page:
        async with store.service_client.get_container_client(container) as client:
            blobs = client.list_blobs(name_starts_with=prefix, results_per_page=size, include=["metadata"])
            pages = blobs.by_page(after)
            try:
                page = await anext(pages)
            except StopAsyncIteration:
                return Page([], None)
            found = [(blob.name, blob.size, blob.etag) async for blob in page if not _is_folder(blob)]
            return Page(found, pages.continuation_token or None)

    return _run(store, ask)


def read_range(store: Any, path: str, start: int, end: int, tag: str) -> bytes | None:
    """Bytes of a blob; None if its entity tag is no longer `tag`."""
    from azure.core import MatchConditions  # noqa: PLC0415
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError  # noqa: PLC0415

    container, _, name = path.partition("/")

    async def ask() -> bytes | None:
        async with store.service_client.get_blob_client(container, name) as client:
            try:
                stream = await client.download_blob(
                    offset=start, length=end - start, etag=tag, match_condition=MatchConditions.IfNotModified
                )
                data: bytes = await stream.readall()
            except ResourceNotFoundError:
                return None
            except HttpResponseError as error:
                if error.status_code == 412:
                    return None
                raise
            return data

    return _run(store, ask)


def delete_blobs(store: Any, container: str, names: Sequence[str]) -> None:
    """Deletes blobs of a container, many at once. Missing ones are ignored."""
    from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415

    async def ask() -> None:
        async with store.service_client.get_container_client(container) as client:
            for start in range(0, len(names), _DELETED_AT_ONCE):
                some = names[start : start + _DELETED_AT_ONCE]
                ended = await asyncio.gather(*(client.delete_blob(name) for name in some), return_exceptions=True)
                for error in ended:
                    if isinstance(error, BaseException) and not isinstance(error, ResourceNotFoundError):
                        raise error

    _run(store, ask)


def _is_folder(blob: Any) -> bool:
    metadata: Mapping[str, str] = {name.lower(): value for name, value in (blob.metadata or {}).items()}
    return blob.name.endswith("/") or "true" in (metadata.get("hdi_isfolder"), metadata.get("is_directory"))


def _run(store: Any, ask: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    result: Result = fsspec.asyn.sync(store.loop, ask)
    return result
