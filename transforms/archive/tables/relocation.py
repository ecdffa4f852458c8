"""Relocation: status objects of a copied or moved output root are changed to name the new root.

Rows of tables name redacted recordings relative to the root, and so need no change.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

from hushbeam.transforms.archive.ledger import Status, list_statuses, published_audio, write_status

_AT_ONCE, _WAITING = 32, 1024
_log = logging.getLogger(__name__)


def relocate(output: str) -> int:
    """Makes status objects name the redacted recordings of this root.

    Signatures stay valid, since they cover file names and not the root. The original of a copied root is not touched.

    Returns:
      The number of status objects that named another root.
    """
    elsewhere = (status for status in list_statuses(output).values() if names_elsewhere(output, status))
    moved = 0
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="relocate") as threads:
        while some := list(islice(elsewhere, _WAITING)):
            moved += len(list(threads.map(lambda status: write_status(output, status), _here(output, some))))
    if moved:
        _log.warning("the output was copied or moved: %d status objects name it now", moved)
    return moved


def names_elsewhere(output: str, status: Status) -> bool:
    """Whether a status object names a file outside of this root."""
    return status.redacted_audio_url is not None and status.redacted_audio_url != published_audio(output, status)


def _here(output: str, statuses: list[Status]) -> Iterator[Status]:
    return (replace(status, redacted_audio_url=published_audio(output, status)) for status in statuses)
