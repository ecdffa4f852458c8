"""Which private roots an output root has, so that an erasure that does not name them is noticed. Not where they are."""

from __future__ import annotations

import json
from collections.abc import Collection

from pydantic import TypeAdapter, ValidationError

from schemas.failure import ConfigurationError
from transforms.storage import files
from transforms.storage.errors import MissingFileError
from transforms.storage.urls import join

_OPTIONS = TypeAdapter(list[str])
_NAME = ("runs", "kept-elsewhere.json")


def remember(output: str, options: Collection[str]) -> None:
    """Notes that runs with these options keep something elsewhere, in addition to what was noted before."""
    known = kept_elsewhere(output)
    if not known.issuperset(options):
        files.write_bytes(join(output, *_NAME), json.dumps(sorted(known.union(options))).encode())


def kept_elsewhere(output: str) -> frozenset[str]:
    """The options with which runs have kept something elsewhere: `--store`.

    Raises:
      ConfigurationError: The note is damaged: an erasure could leave something behind.
    """
    try:
        return frozenset(_OPTIONS.validate_json(files.read_bytes(join(output, *_NAME))))
    except MissingFileError:
        return frozenset()
    except ValidationError:
        raise ConfigurationError(
            f"--output: {'/'.join(_NAME)} there is damaged; put it back, or write into it which private roots runs "
            'have had, as ["--store", "--unredacted_output"]'
        ) from None
