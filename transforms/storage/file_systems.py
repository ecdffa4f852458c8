"""fsspec file systems with durable local writes, retries, and errors that name no path."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import tenacity
from fsspec.implementations.local import LocalFileSystem

from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import AccessDeniedError, MissingFileError, SourceChangedError, StorageError
from hushbeam.transforms.storage.object_stores import UnreachableStoreError, object_store

Result = TypeVar("Result")

TEMPORARY_PREFIX = ".hushbeam-"
"""Prefix of the names of incomplete files; listings leave them out."""

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
"""Modes of files and folders that only their owner may read, whatever the umask."""

_PUBLIC_FILE = 0o666
_ATTEMPTS, _PATIENT_ATTEMPTS = 3, 7
_CONNECT_ATTEMPTS, _CONNECT_WITHIN_S = 5, 15.0
_UNREACHABLE_FOR_S = 60.0
_COPY_BYTES = 1 << 20
_STORAGE_LIBRARIES = frozenset(
    {"adlfs", "aiobotocore", "aiohttp", "azure", "botocore", "fsspec", "gcsfs", "google", "requests", "s3fs"}
)
_TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_OUT_OF_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_LASTING = frozenset(
    {errno.EROFS, errno.EEXIST, errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EINVAL}
)


class ShortReadError(Exception):
    """The bytes that arrived are fewer than, or differ from, those in the store."""


class DurableLocalFileSystem(LocalFileSystem):
    """The local file system with atomic writes that survive a loss of power.

    A write goes to a hidden file in the same folder and is flushed to the disk. The file then gets its name: by
    renaming, or by linking if the name must not exist yet.
    """

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", private: bool = False, **_: Any) -> None:
        with self._complete(path, mode, private=private) as descriptor:
            write_all(descriptor, value)

    def put_file(self, lpath: str, rpath: str, mode: str = "overwrite", **_: Any) -> None:
        with self._complete(rpath, mode) as descriptor, Path(lpath).open("rb") as source:
            while chunk := source.read(_COPY_BYTES):
                write_all(descriptor, chunk)

    def _open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:
        if mode != "rb":
            raise ValueError("local files are written as a whole, by `pipe_file` and `put_file`")
        return open_regular(self._strip_protocol(path))

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        name = self._strip_protocol(path)
        return _details(name, os.stat(name))  # noqa: PTH116

    def ls(self, path: str, detail: bool = False, **_: Any) -> list[Any]:
        # fsspec's own fails if a file is deleted between the listing and the `stat`.
        folder = self._strip_protocol(path)
        found = []
        with os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    found.append(_details(entry.path, entry.stat()))
        return found if detail else [details["name"] for details in found]

    def walk(self, path: str, *arguments: Any, **options: Any) -> Iterator[Any]:
        # By default fsspec treats an unreadable folder as an empty one.
        yield from super().walk(path, *arguments, **{"on_error": _raise_unless_missing, **options})

    @contextlib.contextmanager
    def _complete(self, path: str, mode: str, *, private: bool = False) -> Iterator[int]:
        target = Path(self._strip_protocol(path))
        if private:
            make_private_folders(target.parent)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}.tmp"
        permissions = PRIVATE_FILE if private else _PUBLIC_FILE
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, permissions)
        try:
            try:
                if private:
                    os.fchmod(descriptor, PRIVATE_FILE)
                yield descriptor
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if mode == "create":
                target.hardlink_to(temporary)
            else:
                temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        _flush_folder(target.parent)


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Opens a local regular file for reading, and nothing else.

    The path may have been replaced since it was checked. Opening a named pipe would wait forever for its other end,
    and a device never ends.

    Raises:
      StorageError: The path is not a regular file.
      OSError: The file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StorageError("the location is not a regular file")
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "rb")


def request(url: str, doing: str, operation: Callable[[Any, str], Result]) -> Result:
    """Calls `operation(file_system, path)` for `url`, with retries.

    Args:
      url: A normalised location.
      doing: A verb for messages: `read`, `write`, `list`.
      operation: May be called several times.

    Raises:
      StorageError: The store or the disk fails. The cause is dropped, since it holds paths. After a failed connection,
        requests to the same bucket fail at once for a minute, so that only one of many recordings waits for it.
    """
    _UNREACHABLE.check(url)
    with storage_errors(url, doing):
        try:
            return _retrying(operation, file_system(url), urls.store_path(url))
        except Exception as error:
            if _is_unreachable(error):
                _UNREACHABLE.add(url)
                raise UnreachableStoreError from None
            raise


class _Unreachable:
    """Buckets that could not be reached within the last minute. Safe to share between threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until: dict[str, float] = {}

    def add(self, url: str) -> None:
        self._until[_bucket(url)] = self._now() + _UNREACHABLE_FOR_S

    def check(self, url: str) -> None:
        """Raises `StorageError` if the bucket of a location is one of them."""
        if self._until and not urls.is_local(url) and self._until.get(_bucket(url), 0.0) > self._now():
            raise _unreachable(url)


_UNREACHABLE = _Unreachable()


def file_system(url: str) -> Any:
    """The fsspec file system for `url`."""
    scheme = urls.scheme(url)
    return DurableLocalFileSystem() if scheme == urls.LOCAL else object_store(scheme)


@contextlib.contextmanager
def storage_errors(url: str, doing: str) -> Iterator[None]:
    """Turns exceptions of the disk and of the stores' libraries into `StorageError`; passes on all others."""
    try:
        yield
    except UnreachableStoreError:
        raise _unreachable(url) from None
    except Exception as error:
        if isinstance(error, OSError | ShortReadError) or _library(error) in _STORAGE_LIBRARIES:
            raise _as_storage_error(error, url, doing) from None
        if isinstance(error, ValueError) and not urls.is_local(url):  # gcsfs's "Bad Request", with the path in it
            raise StorageError(f"{_place(url)} refused to {doing} a file: the request was not valid") from None
        raise


def _unreachable(url: str) -> StorageError:
    return StorageError(f"{_place(url)} cannot be reached: check the network and the endpoint", retryable=True)


def _bucket(url: str) -> str:
    return f"{urls.scheme(url)}://{urls.bucket_and_key(url)[0]}"


def _is_unreachable(error: BaseException) -> bool:
    """Whether no connection could be made. Azure's client is not made by us, and raises its own error."""
    return isinstance(error, UnreachableStoreError) or type(error).__name__ == "ServiceRequestError"


def _is_transient(error: BaseException) -> bool:
    if _is_unreachable(error):
        return True
    if isinstance(error, TimeoutError | ConnectionError) or _is_damaged(error) or _library(error) == "aiohttp":
        return True
    if type(error).__name__ == "IncompleteReadError":  # Azure's answer that a file is missing, cut short
        return True
    return _is_asked_to_wait(error)


def _is_asked_to_wait(error: BaseException | None) -> bool:
    # S3's client repeats neither, Azure's not the second. 409 answers a conditional write that conflicts with another.
    return error is not None and (_s3_status(error) in {409, 429} or getattr(error, "status_code", None) == 429)


def _should_stop(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome is not None else None
    if error is not None and _is_unreachable(error):
        return state.attempt_number >= _CONNECT_ATTEMPTS or (state.seconds_since_start or 0.0) > _CONNECT_WITHIN_S
    waits = _is_asked_to_wait(error)
    return state.attempt_number >= (_PATIENT_ATTEMPTS if waits else _ATTEMPTS)


@tenacity.retry(
    retry=tenacity.retry_if_exception(_is_transient),
    stop=_should_stop,
    wait=tenacity.wait_exponential_jitter(initial=0.5, max=8, jitter=0.5),
    reraise=True,
)
def _retrying(operation: Callable[[Any, str], Result], store: Any, path: str) -> Result:
    return operation(store, path)


def _as_storage_error(error: Exception, url: str, doing: str) -> StorageError:
    place = _place(url)
    status = _http_status(error)
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, FileNotFoundError) or status == 404:
        return MissingFileError(f"the file to {doing} does not exist on {place}")
    if isinstance(error, PermissionError) or status in {401, 403} or _is_refused_credential(error):
        checks = "its permissions" if urls.is_local(url) else "its permissions and the credentials"
        return AccessDeniedError(f"no permission to {doing} a file on {place}: check {checks}")
    if type(error).__name__ == "FileExpired":
        return SourceChangedError("the source was replaced while it was read: run the job again", retryable=True)
    if _is_damaged(error):
        return StorageError(f"the bytes read from {place} differ from those stored there", retryable=True)
    if number in _OUT_OF_SPACE:
        return StorageError(f"{place} is full", retryable=True)
    reason = errno.errorcode.get(number or 0) or (f"HTTP status {status}" if status else type(error).__name__)
    lasting = number in _LASTING or (status is not None and status not in _TRANSIENT_STATUSES)
    return StorageError(f"{place} failed to {doing} a file ({reason})", retryable=not lasting)


def _is_damaged(error: BaseException) -> bool:
    return isinstance(error, ShortReadError) or type(error).__name__ == "ChecksumError"


def already_exists(error: OSError) -> bool:
    """Whether a store refused to create an object that exists. Some S3 stores only answer with a status."""
    return isinstance(error, FileExistsError) or _s3_status(error) == 412


def _s3_status(error: BaseException) -> int | None:
    """The HTTP status of S3's answer, which s3fs keeps as the cause of its error."""
    response = getattr(error.__cause__, "response", None)
    return response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(response, dict) else None


def _http_status(error: Exception) -> int | None:
    if status := _s3_status(error):
        return status
    for name in ("code", "status", "status_code"):
        value = getattr(error, name, None)
        if isinstance(value, int | str) and str(value).isdigit():
            return int(value)
    return None


def _is_refused_credential(error: Exception) -> bool:
    # gcsfs raises a bare OSError for 403. The others mean that a library found no credentials, or none that are valid.
    return (type(error) is OSError and str(error).startswith("Forbidden")) or type(error).__name__ in {
        "ClientAuthenticationError",
        "DefaultCredentialsError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "RefreshError",
        "SSOTokenLoadError",
        "UnauthorizedSSOTokenError",
    }


def _place(url: str) -> str:
    """The kind of store, for messages. Not the bucket, which a manifest line may have named."""
    scheme = urls.scheme(url)
    return "the local disk" if scheme == urls.LOCAL else f"the store {scheme}://"


def _library(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _details(name: str, status: os.stat_result) -> dict[str, Any]:
    kind = "directory" if stat.S_ISDIR(status.st_mode) else "file" if stat.S_ISREG(status.st_mode) else "other"
    return {"name": name, "size": status.st_size, "type": kind, "mtime_ns": status.st_mtime_ns}


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def nearest_existing(path: Path) -> Path:
    """The path, or the nearest folder around it that exists. Nothing is found in a folder that may not be entered."""
    return next(each for each in (path, *path.parents) if os.access(each, os.F_OK))


def make_private_folders(folder: Path) -> None:
    """Makes `folder` and its missing parents with mode 0700. Existing folders keep their mode.

    Raises:
      OSError: The disk refuses.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        try:
            each.mkdir(PRIVATE_FOLDER)
        except FileExistsError:  # made meanwhile, by another worker
            if not each.is_dir():
                raise
        else:
            each.chmod(PRIVATE_FOLDER)  # a umask takes rights away from the owner as well


def write_all(descriptor: int, data: bytes) -> None:
    """Writes all of `data`, in as many parts as the disk needs."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
