"""An output root that was copied or moved: its status objects and rows name the place where it was before."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

from hushbeam.transforms.archive.ledger import Status, list_statuses, published_audio, write_status
from hushbeam.transforms.archive.tables.change import Tables

_AT_ONCE, _WAITING = 32, 1024
_log = logging.getLogger(__name__)


def relocate(output: str, tables: Tables) -> int:
    """Has status objects and rows of `transcripts/` name the redacted recordings of this root.

    Signatures stay right: they cover the recordings' names, not where the root is. Nothing of the root that was copied
    is touched.

    Args:
      tables: Of the same root. The caller holds its lock.

    Returns:
      How many status objects named another root.
    """
    elsewhere = (status for status in list_statuses(output).values() if names_elsewhere(output, status))
    moved = 0
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="relocate") as threads:
        while some := list(islice(elsewhere, _WAITING)):
            moved += len(list(threads.map(lambda status: write_status(output, status), _here(output, some))))
    rows = tables.relocate()
    if moved or rows:
        _log.warning("the output was copied or moved: %d status objects and %d rows name it now", moved, rows)
    return moved


def names_elsewhere(output: str, status: Status) -> bool:
    """Whether a status object names a file outside of this root."""
    return status.redacted_audio_url is not None and status.redacted_audio_url != published_audio(output, status)


def _here(output: str, statuses: list[Status]) -> Iterator[Status]:
    return (replace(status, redacted_audio_url=published_audio(output, status)) for status in statuses)
