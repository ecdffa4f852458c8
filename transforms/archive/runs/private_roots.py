"""Record of which private roots runs used (not their locations), so that `erase` can require all of them."""

from __future__ import annotations

import json
from collections.abc import Collection

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join

_NAME = ("runs", "private-roots.json")


def remember_private_roots(output: str, options: Collection[str]) -> None:
    """Adds options, such as `--store`, to the recorded ones."""
    known = recorded_private_roots(output)
    if not known.issuperset(options):
        files.write_bytes(join(output, *_NAME), json.dumps(sorted(known.union(options))).encode())


def recorded_private_roots(output: str) -> frozenset[str]:
    """The options, such as `--store`, with which runs wrote to private roots.

    Raises:
      ConfigurationError: The record is damaged.
    """
    try:
        options = json.loads(files.read_bytes(join(output, *_NAME)))
    except MissingFileError:
        return frozenset()
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
        raise ConfigurationError(
            f"--output: {'/'.join(_NAME)} there is damaged. It lists private roots that an erasure must clear: "
            'write the options of the runs into it, as ["--store", "--unredacted_output"], or []'
        )
    return frozenset(options)
