"""Operations on files, on local disks and in object stores.

Every write is atomic: a reader sees the old content or the whole new one. Every function raises `StorageError` (a
`RecordingError`, with `retryable` set) if the disk or the store fails.
"""

from __future__ import annotations

import base64
import contextlib
import io
import mimetypes
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from glob import has_magic
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import google_crc32c

from hushbeam.schemas.media import SourceIdentity
from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.azure import delete_blobs
from hushbeam.transforms.storage.errors import MissingFileError, SourceChangedError, StorageError
from hushbeam.transforms.storage.file_systems import (
    TEMPORARY_PREFIX,
    ShortReadError,
    already_exists,
    make_private_folders,
    open_regular,
    request,
    storage_errors,
)
from hushbeam.transforms.storage.listing import StoredFile, details_of, iterate, version
from hushbeam.transforms.storage.stream import PIECE_BYTES, open_stream

Result = TypeVar("Result")

_CHUNK_BYTES = 1 << 20
_DELETED_AT_ONCE = 1000
_REPEATED = 3
_COPIED_AT_ONCE_BYTES = 16 << 20


def stat(url: str) -> SourceIdentity:
    """Size and version of a file.

    Raises:
      MissingFileError: There is no such file, or `url` is a folder.
    """
    url = urls.normalised(url)
    return _identity(url, details_of(url))


def stat_guessable(url: str) -> SourceIdentity:
    """As `stat`, for a file whose content could be guessed: its version is no checksum of the content.

    S3's entity tags are checksums (Azure's are times), so there the version is the time of the last change.
    """
    url = urls.normalised(url)
    details = details_of(url)
    identity = _identity(url, details)
    return replace(identity, version=f"modified:{_modified(details).isoformat()}") if "ETag" in details else identity


def exists(url: str) -> bool:
    """Whether there is a file. Raises if the store does not answer, because the file may exist then."""
    try:
        stat(url)
    except MissingFileError:
        return False
    return True


def read_bytes(url: str) -> bytes:
    """The whole content."""
    url = urls.normalised(url)
    return cast(bytes, request(url, "read", lambda store, path: store.cat_file(path)))


def read_text(url: str) -> str:
    """The whole content as UTF-8, without a byte order mark.

    Raises:
      StorageError: The file cannot be read, or is not UTF-8.
    """
    try:
        return read_bytes(url).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StorageError(f"the file is not UTF-8 text (byte {error.start})") from None


def read_many(locations: Sequence[str]) -> dict[str, bytes]:
    """The contents of many files of one store, by location, read concurrently if the store allows it.

    Files that do not exist are left out.
    """
    if not locations:
        return {}
    contents = request(locations[0], "read", lambda store, _: store.cat(list(locations), on_error="return"))
    by_path = {path.lstrip("/"): content for path, content in contents.items()}
    found: dict[str, bytes] = {}
    for location in locations:
        content = by_path[urls.store_path(location).lstrip("/")]
        if isinstance(content, FileNotFoundError):
            continue
        found[location] = content if isinstance(content, bytes) else read_bytes(location)  # once more, or its error
    return found


def open_read(url: str) -> BinaryIO:
    """The content as a stream, read in pieces as it is needed; the caller closes it."""
    return cast(BinaryIO, io.BufferedReader(open_stream(urls.normalised(url)), PIECE_BYTES))


def open_local(path: str | os.PathLike[str]) -> BinaryIO:
    """An open local file, to hand to another process; the caller closes it.

    Raises:
      StorageError: The file does not exist, this user may not read it, or it is not a regular file.
    """
    with storage_errors(os.fspath(path), "read"):
        return open_regular(path)


def write_bytes(url: str, data: bytes) -> None:
    """Writes or replaces a file as a whole."""
    url = urls.normalised(url)
    request(url, "write", lambda store, path: store.pipe_file(path, data, **_upload_options(url)))


def write_private(url: str, data: bytes) -> None:
    """As `write_bytes`, for files that only their owner may read: locally with mode 0600, in new folders with 0700.

    Existing folders keep their modes. Access to object stores is left to their own rules.
    """
    url = urls.normalised(url)
    options = _upload_options(url) | ({"private": True} if urls.is_local(url) else {})
    request(url, "write", lambda store, path: store.pipe_file(path, data, **options))


def create(url: str, data: bytes) -> bool:
    """Writes a file that must not exist yet; it is complete as soon as it appears.

    Returns:
      True if the file now holds `data`, False if it holds something else. A store may answer "exists" to a repeated
      request whose first answer was lost, so equal content counts as created. A caller that must know that it is the
      only writer puts something unique into `data`.
    """
    url = urls.normalised(url)

    def create_or_compare(store: Any, path: str) -> bool:
        try:
            store.pipe_file(path, data, mode="create", **_upload_options(url))
        except OSError as error:
            if already_exists(error):
                return False
            raise
        return True

    return request(url, "write", create_or_compare) or read_bytes(url) == data


def undisturbed(write: Callable[[], Result]) -> Result:
    """The result of a write into an output root that this job does not hold.

    The job that holds it may begin meanwhile, and remove the hidden file of the write as a leftover: the write is then
    repeated. A job that needs the lock must not repeat its writes, because it may have lost it.
    """
    for _ in range(_REPEATED):
        with contextlib.suppress(MissingFileError):
            return write()
    return write()


def upload_file(local_path: str | os.PathLike[str], url: str) -> None:
    """Writes or replaces `url` with the content of a local file, which stays."""
    url = urls.normalised(url)
    request(url, "write", lambda store, path: store.put_file(os.fspath(local_path), path, **_upload_options(url)))


def fetch(url: str, folder: str | os.PathLike[str], expected: SourceIdentity | None = None) -> Path:
    """A local file with the content of `url`.

    Args:
      url: A local path is returned as it is; an object is copied.
      folder: For the copy, whose name reveals nothing about the source. Made with mode 0700 if missing; the caller
        removes it.
      expected: The version that the job planned with.

    Raises:
      SourceChangedError: The source is not `expected`, or was replaced during the copy.
    """
    url = urls.normalised(url)
    before = details_of(url)
    identity = _identity(url, before)
    if expected is not None and identity != expected:
        raise SourceChangedError(
            "the source was replaced after the job had looked at it: run the job again", retryable=True
        )
    if urls.is_local(url):
        return Path(url)
    with storage_errors(str(folder), "write"):
        make_private_folders(Path(folder))
        copy = Path(folder) / f"source-{uuid.uuid4().hex}"
        copy.touch(mode=0o600, exist_ok=False)
    try:
        if not _copied(url, before, copy) or stat(url) != identity:
            raise SourceChangedError("the source was replaced while it was read: run the job again", retryable=True)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    return copy


def fetch_folder(url: str, folder: str | os.PathLike[str]) -> Path:
    """A local folder with all files below `url`, under the same relative names; for models.

    Raises:
      MissingFileError: There are no files.
    """
    url = urls.normalised(url)
    if urls.is_local(url):
        if not Path(url).is_dir():
            raise MissingFileError("the folder does not exist on the local disk")
        return Path(url)
    listed = list_files(url)
    if not listed:
        raise MissingFileError("the object store has no files at this location")
    for file in listed:
        target = Path(urls.join(os.fspath(folder), file.name))
        fetch(urls.join(url, file.name), target.parent).replace(target)
    return Path(folder)


def glob(pattern: str) -> list[str]:
    """The files that match, as sorted normalised locations. A location that exists matches itself."""
    pattern = urls.normalised(pattern)
    if exists(pattern):  # a name may hold brackets
        return [pattern]
    found = request(pattern, "list", lambda store, path: store.glob(path, detail=True))
    return sorted(
        _location(pattern, name)
        for name, details in found.items()
        if details["type"] == "file" and not _is_temporary(name)
    )


def iterate_files(folder: str, *, hidden: bool = False) -> Iterator[StoredFile]:
    """Every file below `folder`, at any depth, in no order. A missing folder has no files.

    Makes one request for each thousand files, and holds only a thousand in memory.

    Args:
      hidden: Include incomplete files.
    """
    return iterate(urls.normalised(folder), hidden=hidden)


def list_files(folder: str, *, hidden: bool = False) -> list[StoredFile]:
    """`iterate_files` as a list, sorted by name."""
    return sorted(iterate_files(folder, hidden=hidden), key=lambda file: file.name)


def list_modified(folder: str) -> dict[str, datetime]:
    """When each file of `list_files` was last written, by name, with a time zone."""
    folder = urls.normalised(folder)
    if urls.is_local(folder):
        return {file.name: _modified({"mtime_ns": int(file.version.partition(":")[2])}) for file in list_files(folder)}
    found = request(folder, "list", lambda store, path: store.find(path, detail=True))
    start = len(urls.store_path(folder).strip("/")) + 1
    return {
        name.strip("/")[start:]: _modified(details)
        for name, details in sorted(found.items())
        if not _is_temporary(name) and name.strip("/")[start:]
    }


def list_names(folder: str) -> list[str]:
    """The names of `list_files`."""
    return [file.name for file in list_files(folder)]


def delete(url: str) -> None:
    """Removes a file if it exists."""
    url = urls.normalised(url)
    with contextlib.suppress(MissingFileError):
        request(url, "delete", lambda store, path: store.rm_file(path))


def delete_many(locations: Sequence[str]) -> None:
    """Removes files of one store, hundreds with each request. Missing files are ignored.

    Raises:
      StorageError: Some could not be removed.
    """
    if not locations:
        return
    normalised = [urls.normalised(location) for location in locations]
    match urls.scheme(normalised[0]):
        case "gs":
            # gcsfs would expand a name that looks like a pattern.
            plain = [url for url in normalised if not has_magic(url)]
            with contextlib.suppress(MissingFileError):
                request(normalised[0], "delete", lambda store, _: store.rm(plain) if plain else None)
            singly = [url for url in normalised if has_magic(url)]
        case "s3":
            for start in range(0, len(normalised), _DELETED_AT_ONCE):
                _delete_from_s3(normalised[start : start + _DELETED_AT_ONCE])
            singly = []
        case "az":
            container = urls.bucket_and_key(normalised[0])[0]
            names = [urls.bucket_and_key(url)[1] for url in normalised]
            request(normalised[0], "delete", lambda store, _: delete_blobs(store, container, names))
            singly = []
        case _:
            singly = normalised
    for url in singly:
        delete(url)


def _delete_from_s3(locations: Sequence[str]) -> None:
    bucket, _ = urls.bucket_and_key(locations[0])
    objects = [{"Key": urls.bucket_and_key(location)[1]} for location in locations]

    def delete_objects(store: Any, _: str) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = store.call_s3(
            "delete_objects", Bucket=bucket, Delete={"Objects": objects, "Quiet": True}
        )
        return answer

    if request(locations[0], "delete", delete_objects).get("Errors"):
        raise StorageError("the store s3:// did not delete every file", retryable=True)


def delete_folder(folder: str) -> None:
    """Removes all files below `folder`, and a local `folder` itself, if it exists."""
    folder = urls.normalised(folder)
    if urls.scheme(folder) == "az":  # adlfs's own puts names into an error of its own
        delete_many([urls.join(folder, file.name) for file in iterate(folder, hidden=True)])
        return
    with contextlib.suppress(MissingFileError):
        request(folder, "delete", lambda store, path: store.rm(path, recursive=True))


def remove_incomplete(folder: str) -> int:
    """Removes the hidden files of killed writes below a local `folder`; object stores keep none.

    Only for a job that holds the run lock: otherwise another job may still be writing them. Those that write without it
    use `undisturbed`.

    Returns:
      How many files were removed.
    """
    folder = urls.normalised(folder)
    leftovers = list_incomplete(folder)
    with storage_errors(folder, "delete"):
        for name in leftovers:
            Path(folder, name).unlink(missing_ok=True)
    return len(leftovers)


def list_incomplete(folder: str) -> list[str]:
    """The names of the files that `remove_incomplete` would remove, relative to `folder`."""
    folder = urls.normalised(folder)
    if not urls.is_local(folder):
        return []
    with storage_errors(folder, "list"):
        return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob(f"{TEMPORARY_PREFIX}*.tmp"))


def _copied(url: str, details: Mapping[str, Any], copy: Path) -> bool:
    try:
        request(url, "read", lambda store, path: _copy(store, path, details, copy))
    except MissingFileError:  # the request to Google's store named a generation that was replaced or deleted
        return False
    return True


def _copy(store: Any, path: str, details: Mapping[str, Any], copy: Path) -> None:
    if "generation" in details:
        _copy_generation(store, path, details, copy)
    else:
        store.get_file(path, str(copy))
    if copy.stat().st_size != details["size"]:
        raise ShortReadError
    if "crc32c" in details and details["crc32c"] != _crc32c(copy):
        raise ShortReadError


def _copy_generation(store: Any, path: str, details: Mapping[str, Any], copy: Path) -> None:
    # gcsfs's own download asks for the size once more, and takes the newest generation.
    with copy.open("wb") as target:
        for start in range(0, details["size"], _COPIED_AT_ONCE_BYTES):
            end = min(start + _COPIED_AT_ONCE_BYTES, details["size"])
            target.write(store.cat_file(path, start=start, end=end, generation=details["generation"]))


def _crc32c(path: Path) -> str:
    checksum = 0
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK_BYTES):
            checksum = google_crc32c.extend(checksum, chunk)
    return base64.b64encode(checksum.to_bytes(4, "big")).decode()


def _identity(url: str, details: Mapping[str, Any]) -> SourceIdentity:
    if details["type"] == "directory":
        raise MissingFileError("the location is a folder, not a file")
    if details["type"] != "file":  # a named pipe would block the job, a device would never end
        raise StorageError("the location is not a regular file")
    return SourceIdentity(url, details["size"], version(details))


def _modified(details: Mapping[str, Any]) -> datetime:
    if "mtime_ns" in details:
        return datetime.fromtimestamp(details["mtime_ns"] / 1e9, UTC)
    at = details.get("updated") or details.get("LastModified") or details.get("last_modified") or details["created"]
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)


def _upload_options(url: str) -> dict[str, Any]:
    content_type = mimetypes.guess_type(url)[0] or "application/octet-stream"
    match urls.scheme(url):
        case "gs":
            return {"content_type": content_type, "consistency": "md5"}
        case "s3":
            return {"ContentType": content_type}
        case "az":
            return {"content_settings": {"content_type": content_type}}
        case _:
            return {}


def _location(pattern: str, name: str) -> str:
    return name if urls.is_local(pattern) else f"{urls.scheme(pattern)}://{name.lstrip('/')}"


def _is_temporary(name: str) -> bool:
    return name.rpartition("/")[2].startswith(TEMPORARY_PREFIX)
