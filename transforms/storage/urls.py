"""Arithmetic of paths and URLs, without access to files."""

from __future__ import annotations

import hashlib
import os.path
import posixpath
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.web.addresses import Endpoint, RefusedAddressError

LOCAL = "file"
OBJECT_STORES = frozenset({"gs", "s3", "az", "memory"})

WEB = frozenset({"https", "http"})

_ALIASES = {"gcs": "gs", "s3a": "s3", "abfs": "az", "abfss": "az", "local": LOCAL}
_USUAL_SCHEMES = frozenset({"ftp", "ftps", "sftp", "wasb", "wasbs", "hdfs"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_UNSAFE_CHARACTERS = re.compile(r"[^A-Za-z0-9_-]+")


def scheme(url: str) -> str:
    """`file`, `gs`, `s3`, `az` or `memory`.

    Raises:
      StorageError: Hushbeam does not support the scheme.
    """
    match = _SCHEME.match(url)
    if match is None:
        return LOCAL
    name = match.group(1).lower()
    name = _ALIASES.get(name, name)
    if name != LOCAL and name not in OBJECT_STORES:
        if name in WEB:
            raise StorageError(
                f"only recordings and given transcripts may be at {name}:// URLs: use a local path, gs://, s3:// or "
                "az://"
            )
        raise StorageError(f"{_shown(name)} is not supported: use a local path, gs://, s3:// or az://")
    return name


def _shown(scheme: str) -> str:
    """The scheme, for messages, if it is a usual one. Other text may be personal data from a wrong manifest column."""
    return f"{scheme}://" if scheme in _USUAL_SCHEMES else "a URL of this scheme"


def is_web(url: str) -> bool:
    """Whether `url` is of a web server. Only sources are; the other functions refuse it."""
    match = _SCHEME.match(url)
    return match is not None and match.group(1).lower() in WEB


def is_local(url: str) -> bool:
    """Whether `url` is a local path, with or without `file://`."""
    return scheme(url) == LOCAL


def normalised(url: str) -> str:
    """An absolute local path, or an object-store URL with its usual scheme and without `.` and `..`.

    Raises:
      StorageError: `url` is empty, names no bucket, holds a NUL, or leaves its bucket by `..`.
    """
    if not url or "\0" in url:
        raise StorageError("the location is empty or holds a NUL character")
    if is_local(url):
        return os.path.normpath(Path(_local_path(url)).absolute())
    bucket, key = bucket_and_key(url)
    if "@" in bucket:  # abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH
        raise StorageError(
            "the location names an account: write az://CONTAINER/PATH, and name the account in "
            "AZURE_STORAGE_ACCOUNT_NAME"
        )
    if scheme(url) == "az" and "?versionid=" in key:  # adlfs would read another blob
        raise StorageError("a name on az:// contains ?versionid=: give the blob another name")
    if not bucket or bucket in {".", ".."}:
        raise StorageError("the location names no bucket")
    if not {".", ".."}.isdisjoint(key.split("/")):  # otherwise the key stays as it is: `a//b` is a name of its own
        key = posixpath.normpath(key)
        if key == ".." or key.startswith("../"):
            raise StorageError("the location leaves its bucket by '..'")
    return f"{scheme(url)}://{bucket}" if key in {"", "."} else f"{scheme(url)}://{bucket}/{key}"


def bucket_and_key(url: str) -> tuple[str, str]:
    """The two parts of an object-store URL; the key of a bucket itself is empty."""
    bucket, _, key = store_path(url).partition("/")
    return bucket, key


def store_path(url: str) -> str:
    """A location as fsspec's file systems take it: a local path, or bucket and key without the scheme."""
    return url if is_local(url) else url[url.index("://") + 3 :]


def resolve(base_url: str, reference: str) -> str:
    """The location of `reference` in the file `base_url`: a relative one starts at that file's folder.

    Raises:
      StorageError: As `normalised`.
    """
    if not reference or _SCHEME.match(reference) or reference.startswith("/"):
        return normalised(reference)
    return normalised(f"{parent(base_url)}/{reference}")


def resolve_source(base_url: str, reference: str) -> str:
    """As `resolve`, for a recording or a transcript, which may also be on a web server.

    Raises:
      StorageError: As `resolve`; the URL of a web server is not valid, or contains credentials.
    """
    return web_url(reference) if is_web(reference) else resolve(base_url, reference)


def web_url(url: str) -> str:
    """A web server's URL with scheme and host in lower case, with its query and without its fragment.

    Raises:
      StorageError: It is not valid, or contains credentials (`user:password@`).
    """
    try:
        endpoint = Endpoint.parse(url, allow_http=True)
    except RefusedAddressError as error:
        raise StorageError(str(error)) from None
    return f"{endpoint.scheme}://{endpoint.authority}{endpoint.target}"


def parent(url: str) -> str:
    """The folder of `url`, without a final slash."""
    return normalised(f"{normalised(url)}/..")


def join(root: str, *parts: str) -> str:
    """`root` with `parts` below it.

    Raises:
      ValueError: A part is empty, absolute or holds `..`: the caller must pass it through `safe_name`.
    """
    for part in parts:
        if not part or part.startswith("/") or ".." in part.split("/"):
            raise ValueError("a part of a path is empty, absolute or leads upwards")
    return "/".join([root.rstrip("/"), *parts])


def relative(url: str, root: str) -> str:
    """The inverse of `join`: what follows `root` in a URL that starts with it."""
    return url.removeprefix(f"{root.rstrip('/')}/")


def file_name(url: str) -> str:
    """The last part of a URL. Of a published file it stays the same when its output root is moved or copied."""
    return url.rsplit("/", 1)[-1]


def is_within(url: str, folder: str) -> bool:
    """Whether `url` is `folder` or lies below it, by name; links are not followed."""
    inner, outer = normalised(url), normalised(folder)
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def extension(url: str) -> str:
    """`.wav` for `gs://calls/a.WAV`; empty if there is none."""
    return posixpath.splitext(url)[1].lower()


def display(url: str) -> str:
    """`url` for messages: without credentials, query and fragment.

    Its path may still hold personal data: show it to the operator who typed it, never in logs about a recording.
    """
    if not _SCHEME.match(url):
        return url
    try:
        split = urlsplit(url)
    except ValueError:  # such as a host with one bracket
        return f"{url.partition('://')[0].lower()}://…"
    return f"{split.scheme}://{split.netloc.rpartition('@')[2]}{split.path}"


def safe_name(recording_id: str) -> str:
    """A file name for `recording_id`: the id itself if it is a safe name, otherwise a readable part and a hash.

    Different ids give different names: names with a hash hold a `~`, which safe ids do not.
    """
    if _SAFE_NAME.fullmatch(recording_id):
        return recording_id
    readable = _UNSAFE_CHARACTERS.sub("-", recording_id)[:48].strip("-")
    digest = hashlib.sha256(recording_id.encode("utf-8", "surrogatepass")).hexdigest()[:20]
    return f"{readable}~{digest}"


def _local_path(url: str) -> str:
    match = _SCHEME.match(url)
    return url if match is None else unquote(url[match.end() :].removeprefix("localhost"))
