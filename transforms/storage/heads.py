"""First bytes of many files, to recognise what they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from hushbeam.transforms.storage import urls
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.file_systems import request
from hushbeam.transforms.storage.files import open_local

_AT_ONCE = 500


def read_heads(locations: Sequence[str], length: int) -> Iterator[tuple[str, bytes | None]]:
    """Each normalised location of one store with its first bytes, concurrently if the store allows it.

    A file that cannot be read has None.
    """
    for start in range(0, len(locations), _AT_ONCE):
        some = locations[start : start + _AT_ONCE]
        yield from zip(
            some,
            [_of_local(path, length) for path in some] if urls.is_local(some[0]) else _of_store(some, length),
            strict=True,
        )


def _of_local(path: str, length: int) -> bytes | None:
    with suppress(StorageError, OSError), open_local(path) as file:
        return file.read(length)
    return None


def _of_store(locations: Sequence[str], length: int) -> list[bytes | None]:
    paths = [urls.store_path(location) for location in locations]

    def read(store: Any, _: str) -> list[Any]:
        found: list[Any] = store.cat_ranges(paths, [0] * len(paths), [length] * len(paths), on_error="return")
        return found

    return [head if isinstance(head, bytes) else None for head in request(locations[0], "read", read)]
