"""Record of which key hashes ids and URLs in an output root: a check value, from which the key does not follow.

The same ids have other hashes under another key. Rows of both could not be joined, and an erased recording would come
back, since no hash equals that of its tombstone.
"""

from __future__ import annotations

import json
import re

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import join

IDENTITY_KEY_RECORD = "runs/identity-key.json"
"""Name of the record in an output root."""

_FIELD = "check_value"
_CHECK_VALUE = re.compile(r"[0-9a-f]{16}")


def remember_identity_key(output: str, check_value: str) -> None:
    """Records the key of the first run that hashes, and checks that every other run has it.

    Of runs that begin at the same time, with or without the lock, one makes the record, and the others are compared.

    Raises:
      ConfigurationError: Earlier runs used another key, or the record is damaged.
    """
    content = json.dumps({_FIELD: check_value}).encode()
    if recorded_check_value(output) is None and files.create(join(output, IDENTITY_KEY_RECORD), content):
        return
    check_identity_key(output, check_value)


def check_identity_key(output: str, check_value: str) -> None:
    """Checks that earlier runs of an output did not use another key. Runs of earlier versions recorded none.

    Raises:
      ConfigurationError: Earlier runs used another key, or the record is damaged.
    """
    if recorded_check_value(output) not in (None, check_value):
        raise ConfigurationError(
            "--hash_identities: earlier runs of this output used another key, under which the same ids have other "
            "hashes; give that key, or name a new output. To go on with this key here, delete "
            f"{IDENTITY_KEY_RECORD} in the output: nothing is then found by its earlier hash, and a run redacts erased "
            "recordings again"
        )


def recorded_check_value(output: str) -> str | None:
    """The check value of the key; None if no run has recorded one.

    Raises:
      ConfigurationError: The record is damaged.
    """
    try:
        check_value = json.loads(files.read_bytes(join(output, IDENTITY_KEY_RECORD)))[_FIELD]
        if _CHECK_VALUE.fullmatch(check_value):
            return str(check_value)
    except MissingFileError:
        return None
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise ConfigurationError(
        f"--output: {IDENTITY_KEY_RECORD} there is damaged. It says which key hashes ids; delete it, and the next run "
        "with --hash_identities writes it again: make sure that this run has the key of the earlier ones"
    )
