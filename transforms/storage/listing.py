"""Listings of folders, page by page (a million objects in the memory of a thousand), and details of single files."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.azure import Page, list_page
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.file_systems import TEMPORARY_PREFIX, request, storage_errors

_PAGE = 1000  # the most that either store gives at once
_DETAILS = "name,size,generation,crc32c"


@dataclass(frozen=True, order=True)
class StoredFile:
    """A file in a listing.

    Attributes:
      name: Relative to the listed folder.
      size_bytes: As the store reports it.
      version: Changes with the content; the same string as `SourceIdentity.version`.
    """

    name: str
    size_bytes: int
    version: str


def iterate(folder: str, *, hidden: bool = False) -> Iterator[StoredFile]:
    """Every file below `folder` (normalised), at any depth, in no order. A missing folder has no files.

    On a disk, links to folders below it are not followed.

    Args:
      hidden: Include incomplete files.

    Raises:
      StorageError: The folder cannot be listed completely.
    """
    match urls.scheme(folder):
        case urls.LOCAL:
            found = _on_disk(folder)
        case "gs":
            found = _in_google(folder)
        case "s3":
            found = _in_s3(folder)
        case "az":
            found = _in_azure(folder)
        case _:
            found = _in_memory(folder)
    return (file for file in found if hidden or not file.name.rpartition("/")[2].startswith(TEMPORARY_PREFIX))


def details_of(url: str) -> Mapping[str, Any]:
    """Size, version and kind of one file (normalised location), under the names that the store's library uses.

    Makes one request.

    Raises:
      MissingFileError: There is no such file; in Google's store, also if it is a folder.
    """
    if urls.scheme(url) != "gs":
        found: Mapping[str, Any] = request(url, "read", lambda store, path: store.info(path))
        return found
    # gcsfs makes three requests, one of them a listing, which costs twelve times as much.
    bucket, key = urls.bucket_and_key(url)
    if not key:
        raise MissingFileError("the location is a bucket, not a file")

    def ask(store: Any, _: str) -> dict[str, Any]:
        answer: dict[str, Any] = store.call("GET", "b/{}/o/{}", bucket, key, fields=_DETAILS, json_out=True)
        return answer

    found = request(url, "read", ask)
    return {**found, "size": int(found["size"]), "type": "file"}


def version(details: Mapping[str, Any]) -> str:
    """The version of a file, from the details that its store gives."""
    if "mtime_ns" in details:
        return f"mtime_ns:{details['mtime_ns']}"
    if details.get("generation"):
        return f"generation:{details['generation']}"
    if tag := details.get("ETag") or details.get("etag"):
        return f"etag:{tag.strip(chr(34))}"
    created = details["created"]  # memory://, for tests
    return f"created:{created.timestamp() if isinstance(created, datetime) else created}"


def _on_disk(folder: str) -> Iterator[StoredFile]:
    # `folder` may be a link. Links below it are not followed: they may lead outside or in circles, and a caller that
    # removes the listed files must not remove files there.
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        with storage_errors(folder, "list"):
            try:
                entries = os.scandir(f"{folder}/{inner}")
            except FileNotFoundError:
                continue
        with entries:
            while True:
                with storage_errors(folder, "list"):
                    try:
                        entry = next(entries)
                        details = entry.stat()
                    except StopIteration:
                        break
                    except FileNotFoundError:  # deleted since the listing
                        continue
                    except OSError as error:
                        if error.errno == errno.ELOOP:  # a link to itself, which cannot be read
                            continue
                        raise
                name = f"{inner}{entry.name}"
                if stat.S_ISDIR(details.st_mode):
                    if not entry.is_symlink():
                        waiting.append(f"{name}/")
                elif stat.S_ISREG(details.st_mode):
                    yield StoredFile(name, details.st_size, version({"mtime_ns": details.st_mtime_ns}))


def _in_google(folder: str) -> Iterator[StoredFile]:
    bucket, prefix = _bucket_and_prefix(folder)
    token: str | None = None
    while True:

        def page(store: Any, _: str, token: str | None = token) -> dict[str, Any]:
            found: dict[str, Any] = store.call(
                "GET",
                "b/{}/o",
                bucket,
                prefix=prefix,
                maxResults=_PAGE,
                pageToken=token,
                fields="nextPageToken,items(name,size,generation)",
                json_out=True,
            )
            return found

        listed = request(folder, "list", page)
        for item in listed.get("items", []):
            if not item["name"].endswith("/"):
                yield StoredFile(item["name"][len(prefix) :], int(item["size"]), version(item))
        token = listed.get("nextPageToken")
        if token is None:
            return


def _in_s3(folder: str) -> Iterator[StoredFile]:
    bucket, prefix = _bucket_and_prefix(folder)
    after: dict[str, str] = {}
    while True:

        def page(store: Any, _: str, after: Mapping[str, str] = after) -> dict[str, Any]:
            found: dict[str, Any] = store.call_s3(
                "list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=_PAGE, **after
            )
            return found

        listed = request(folder, "list", page)
        for item in listed.get("Contents", []):
            if not item["Key"].endswith("/"):
                yield StoredFile(item["Key"][len(prefix) :], item["Size"], version(item))
        if not listed.get("IsTruncated"):
            return
        after = {"ContinuationToken": listed["NextContinuationToken"]}


def _in_azure(folder: str) -> Iterator[StoredFile]:
    container, prefix = _bucket_and_prefix(folder)
    after: str | None = None
    while True:

        def page(store: Any, _: str, after: str | None = after) -> Page:
            return list_page(store, container, prefix, after, _PAGE)

        listed = request(folder, "list", page)
        for name, size, tag in listed.found:
            yield StoredFile(name[len(prefix) :], size, version({"etag": tag}))
        after = listed.after
        if after is None:
            return


def _in_memory(folder: str) -> Iterator[StoredFile]:
    found = request(folder, "list", lambda store, path: store.find(path, detail=True))
    start = len(urls.store_path(folder).strip("/")) + 1
    for name, details in found.items():
        yield StoredFile(name.strip("/")[start:], details["size"], version(details))


def _bucket_and_prefix(folder: str) -> tuple[str, str]:
    bucket, key = urls.bucket_and_key(folder)
    return bucket, f"{key.rstrip('/')}/" if key else ""
