"""What a store tells about one file, with one request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.file_systems import request

_FIELDS = "name,size,generation,crc32c"


def details_of(url: str) -> Mapping[str, Any]:
    """Size, version and kind of a normalised location, under the names that the store's library gives them.

    Raises:
      MissingFileError: There is none; in Google's store, also where it is a folder.
    """
    if urls.scheme(url) != "gs":
        found: Mapping[str, Any] = request(url, "read", lambda store, path: store.info(path))
        return found
    # gcsfs asks three times, among them for a listing, which costs twelve times as much.
    bucket, _, key = url[url.index("://") + 3 :].partition("/")
    if not key:
        raise MissingFileError("the location is a bucket, not a file")

    def ask(store: Any, _: str) -> dict[str, Any]:
        answer: dict[str, Any] = store.call("GET", "b/{}/o/{}", bucket, key, fields=_FIELDS, json_out=True)
        return answer

    found = request(url, "read", ask)
    return {**found, "size": int(found["size"]), "type": "file"}
