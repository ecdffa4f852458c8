"""The ledger: one status object per recording, which is also the answer to "is my redacted audio ready".

`status/ID.json` appears after everything that it speaks of is durable, and is replaced as a whole. An index of all
status objects, `runs/ledger.parquet`, spares later runs the reading of each; it never decides anything by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.failure import ConfigurationError
from transforms.commit.ledger_index import (
    Entries,
    LedgerIndex,
    entries_of,
    facts_of,
    read_index,
    status_name,
    write_index,
)
from transforms.storage import files
from transforms.storage.listing import StoredFile
from transforms.storage.urls import join

_FOLDER = "status"
_INDEX = ("runs", "ledger.parquet")
_UNFINISHED = ""
"""In the place of an output's identity: equal to none."""
_READ_AT_ONCE = 512


EXPIRED = "redacted_audio_expired"
"""The status of a recording whose redacted audio was published, and deleted when its time was over."""


@dataclass(frozen=True)
class Status:
    """What is public of one recording.

    Attributes:
      status: `redacted_audio_ready`, `completed` where no audio was asked for, or `redacted_audio_expired` where it
        was deleted since.
      redacted_audio_url: None where no audio was asked for.
      output_identity: Of source, request, configuration and models.
      certificate: What was done, in counts, times and hashes; no value.
      error: Why there is no audio any more, for an answer with status 400; otherwise None, and left out.
    """

    status: str
    recording_id: str
    redacted_audio_url: str | None
    output_identity: str
    run_id: str
    certificate: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        values = asdict(self)
        if self.error is None:
            del values["error"]
        return values

    def to_json(self) -> bytes:
        """The object's content."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Status:
        """The inverse of `to_json`.

        Raises:
          ValueError, TypeError: It is something else.
        """
        return cls(**json.loads(content))


def status_url(output: str, recording_id: str) -> str:
    """Where the status of a recording is, or will be."""
    return join(output, _FOLDER, status_name(recording_id))


def read_status(output: str, recording_id: str) -> Status | None:
    """The committed status of a recording, if it has one."""
    url = status_url(output, recording_id)
    content = files.read_many([url]).get(url)
    return None if content is None else Status.from_json(content)


def read_statuses(output: str, recording_ids: Sequence[str]) -> dict[str, Status]:
    """The committed statuses of some recordings, by recording, read many at once.

    Raises:
      ConfigurationError: As `list_statuses`.
    """
    found = _read(output, [status_name(recording_id) for recording_id in recording_ids])
    return {status.recording_id: status for status in found.values()}


def list_statuses(output: str) -> dict[str, Status]:
    """All committed statuses, by recording: each is read, many at once, and all are held in memory.

    A run needs less: `committed_entries`.

    Raises:
      ConfigurationError: A status object is not one of ours: the output root belongs to something else.
    """
    read = (_read(output, [file.name for file in page]) for page in _pages(output))
    return {status.recording_id: status for statuses in read for status in statuses.values()}


def committed_entries(output: str, own_run: str | None = None) -> Iterator[Entries]:
    """What a run must know of all committed recordings, in parts of some thousand.

    One listing, a request for each thousand objects, gives names and versions. What the index holds in the same version
    is taken from there; the rest is read, many at once.

    Args:
      own_run: The run that asks. What a worker of it committed, and was lost, is not up to date: no table has its rows.

    Raises:
      ConfigurationError: As `list_statuses`.
    """
    index = read_index(join(output, *_INDEX))
    yield from _entries(output, lambda names, versions: [index.known(names, versions)], own_run)


def save_snapshot(output: str, committed: Iterable[bytes] = ()) -> None:
    """Writes the index of all status objects, so that the next run reads only what changes from now on.

    Args:
      committed: Packed entries of what this run has committed: it need not be read. The caller holds the run lock, so
        the versions that are listed now are those that the run wrote.
    """
    index, written = read_index(join(output, *_INDEX)), LedgerIndex.unpacked(committed)
    parts = _entries(
        output,
        lambda names, versions: [index.known(names, versions), written.versioned(names, versions)],
    )
    write_index(join(output, *_INDEX), parts)


def write_status(output: str, status: Status) -> None:
    """Makes a recording's outputs public, in the place of those of an earlier run if there are any."""
    files.write_bytes(status_url(output, status.recording_id), status.to_json())


def _entries(
    output: str,
    look_up: Callable[[list[str], list[str]], list[tuple[Entries, NDArray[np.bool_]]]],
    own_run: str | None = None,
) -> Iterator[Entries]:
    """An entry for each status object: from the first index that has it, or from the object itself."""
    unknown: dict[str, str] = {}
    for page in _pages(output):
        names, versions = [file.name for file in page], [file.version for file in page]
        left = np.ones(len(page), bool)
        for entries, found in look_up(names, versions):
            yield entries[left[found]]
            left &= ~found
        unknown |= {names[row]: versions[row] for row in np.flatnonzero(left)}
        if len(unknown) >= _READ_AT_ONCE:
            yield _entries_from(output, unknown, own_run)
            unknown = {}
    if unknown:
        yield _entries_from(output, unknown, own_run)


def _entries_from(output: str, unknown: Mapping[str, str], own_run: str | None) -> Entries:
    statuses = _read(output, list(unknown))
    facts = [
        facts_of(status.certificate, status.output_identity if status.run_id != own_run else _UNFINISHED)
        for status in statuses.values()
    ]
    return entries_of(list(statuses), [unknown[name] for name in statuses], facts)


def _read(output: str, names: Sequence[str]) -> dict[str, Status]:
    """The status objects of these names; those that are gone by then are left out."""
    by_url = {join(output, _FOLDER, name): name for name in names}
    try:
        return {by_url[url]: Status.from_json(content) for url, content in files.read_many(list(by_url)).items()}
    except (ValueError, TypeError):
        raise ConfigurationError("--output: a file in its folder status/ is no status object of Hushbeam's") from None


def _pages(output: str) -> Iterator[list[StoredFile]]:
    listed = (file for file in files.iterate_files(join(output, _FOLDER)) if file.name.endswith(".json"))
    while page := list(islice(listed, _READ_AT_ONCE)):
        yield page
