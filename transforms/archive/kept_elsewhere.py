"""Which private roots an output root has, so that an erasure that does not name them is noticed. Not where they are."""

from __future__ import annotations

import json
from collections.abc import Collection

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join

_NAME = ("runs", "kept-elsewhere.json")


def remember(output: str, options: Collection[str]) -> None:
    """Notes that runs with these options keep something elsewhere, in addition to what was noted before."""
    known = kept_elsewhere(output)
    if not known.issuperset(options):
        files.write_bytes(join(output, *_NAME), json.dumps(sorted(known.union(options))).encode())


def kept_elsewhere(output: str) -> frozenset[str]:
    """The options with which runs have kept something elsewhere: `--store`.

    Raises:
      ConfigurationError: It cannot be told.
    """
    try:
        options = json.loads(files.read_bytes(join(output, *_NAME)))
    except MissingFileError:
        return frozenset()
    except (ValueError, RecursionError):
        options = None
    if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
        raise ConfigurationError(
            f"--output: {'/'.join(_NAME)} there is damaged. It says what else runs kept, which an erasure looks for: "
            'write the options into it that they were given, as ["--store", "--unredacted_output"], or []'
        )
    return frozenset(options)
