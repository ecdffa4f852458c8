"""The ledger: one status object per recording, which is also the answer to "is my redacted audio ready".

`status/ID.json` appears after everything that it speaks of is durable, and is replaced as a whole. An index of all
status objects, `runs/ledger.parquet`, spares later runs the reading of each; it never decides anything by itself.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.ledger_index import (
    Entries,
    LedgerIndex,
    entries_of,
    facts_of,
    lost_entries,
    read_index,
    write_index,
)
from hushbeam.transforms.archive.published_files import json_name, own_audio_name, own_audio_url
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import StorageError
from hushbeam.transforms.storage.listing import StoredFile
from hushbeam.transforms.storage.urls import join

_FOLDER = "status"
_INDEX = ("runs", "ledger.parquet")
_UNFINISHED = ""
"""In the place of an output's identity: equal to none."""
_READ_AT_ONCE = 512

READY, COMPLETED = "redacted_audio_ready", "completed"
EXPIRED = "redacted_audio_expired"
"""The status of a recording whose redacted audio was published, and deleted when its time was over."""

_PART_OF_A_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,127}")
_log = logging.getLogger(__name__)


class UnreadableStatusError(ValueError):
    """A file is no status object, or not that of the recording whose name it has. Its recording is not committed."""


@dataclass(frozen=True)
class Status:
    """What is public of one recording.

    Attributes:
      status: `redacted_audio_ready`, `completed` where no audio was asked for, or `redacted_audio_expired` where it
        was deleted since.
      redacted_audio_url: None where no audio was asked for. It is for others: what is done with the file itself starts
        from `published_audio`.
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
          UnreadableStatusError: It is something else.
        """
        try:
            status = cls(**json.loads(content))
            status._check()
            status.to_json()
        except (ValueError, TypeError, RecursionError):
            raise UnreadableStatusError("not a status object of this version") from None
        return status

    def _check(self) -> None:
        texts = (self.status, self.recording_id, self.output_identity, self.run_id)
        if not all(isinstance(text, str) and text for text in texts) or not isinstance(self.certificate, dict):
            raise ValueError("a field is of another type")
        # These two become parts of names.
        if not _PART_OF_A_NAME.fullmatch(self.output_identity) or not _PART_OF_A_NAME.fullmatch(self.run_id):
            raise ValueError("an identity is no name")
        if not isinstance(self.error, str | None) or not isinstance(self.redacted_audio_url, str | None):
            raise ValueError("a field is of another type")
        if self.status not in (READY, COMPLETED, EXPIRED) or (self.status == READY) != bool(self.redacted_audio_url):
            raise ValueError("no status that a run writes")
        url = self.redacted_audio_url
        if url is not None and own_audio_name(self.recording_id, self.output_identity, url) is None:
            raise ValueError("it names a file that is not of its own output")


def status_url(output: str, recording_id: str) -> str:
    """Where the status of a recording is, or will be."""
    return join(output, _FOLDER, json_name(recording_id))


def index_url(output: str) -> str:
    """Where the index of all status objects is."""
    return join(output, *_INDEX)


def published_audio(output: str, status: Status) -> str | None:
    """The redacted recording that a status object stands for, inside this root; None where it names none.

    The root may be a copy of the one that the URL in the status object names.
    """
    return own_audio_url(output, status.recording_id, status.output_identity, status.redacted_audio_url)


def status_in(name: str, content: bytes) -> Status:
    """The status object in a file of `status/` of this name.

    Raises:
      UnreadableStatusError: It is none, or another recording's.
    """
    status = Status.from_json(content)
    if json_name(status.recording_id) != name:
        raise UnreadableStatusError("the status object of another recording")
    return status


def read_status(output: str, recording_id: str) -> Status | None:
    """The committed status of a recording, if it has one that can be read."""
    return read_statuses(output, [recording_id]).get(recording_id)


def read_statuses(output: str, recording_ids: Sequence[str]) -> dict[str, Status]:
    """The committed statuses of some recordings, by recording, read many at once."""
    found = _read(output, [json_name(recording_id) for recording_id in recording_ids])
    return {status.recording_id: status for status in found.values()}


def list_statuses(output: str) -> dict[str, Status]:
    """All committed statuses, by recording: each is read, many at once, and all are held in memory.

    A file that is no status object is named in the log and left out. A run needs less: `committed_entries`.
    """
    read = (_read(output, [file.name for file in page]) for page in _pages(output))
    return {status.recording_id: status for statuses in read for status in statuses.values()}


def read_status_files(output: str) -> Iterator[tuple[str, bytes | None]]:
    """The name and the content of every file that should be a status object; None where it cannot be read."""
    for page in _pages(output):
        by_url = {join(output, _FOLDER, file.name): file.name for file in page}
        for url, content in _contents(list(by_url)).items():
            yield by_url[url], content


def check_is_a_ledger(output: str) -> None:
    """Looks whether `status/` is somebody else's folder, where no run has completed yet.

    Raises:
      ConfigurationError: There are files, and none of them is a status object.
    """
    if files.exists(index_url(output)):
        return
    page = next(_pages(output), [])
    if page and not _read(output, [file.name for file in page]):
        raise ConfigurationError(
            f"--output: no file in its folder status/ is a status object of Hushbeam's (status/{page[0].name} is not): "
            "choose another output, or delete that folder, if its recordings are to be done again"
        )


def committed_entries(output: str, own_run: str | None) -> Iterator[Entries]:
    """What a run must know of all committed recordings, in parts of some thousand.

    One listing, a request for each thousand objects, gives names and versions. What the index holds in the same version
    is taken from there; the rest is read, many at once. What the index holds and the listing does not is told as well,
    and what cannot be read: such a recording is new, but tables may hold rows of it.

    Args:
      own_run: The run that asks. What a worker of it committed, and was lost, is not up to date: no table has its rows.
    """
    index = read_index(index_url(output))
    yield from _entries(output, index, lambda names, versions: [index.known(names, versions)], own_run)


def save_snapshot(
    output: str, committed: Iterable[bytes] = (), *, forgotten: Iterable[str] = (), of_the_same_root: bool = False
) -> None:
    """Writes the index of all status objects, so that the next run reads only what changes from now on.

    Args:
      committed: Packed entries of what this run has committed: it need not be read. The caller holds the run lock, so
        the versions that are listed now are those that the run wrote.
      forgotten: Recordings of which nothing is left. Of others whose status object is gone the index remembers that
        they had one: tables may hold rows of them.
      of_the_same_root: The index goes on saying for which root it was written, and where nothing says so, none is
        written: for jobs that do not mend what names another root, and do not look for rows without a status object.
        The next run must still know that it has to.
    """
    index, written = read_index(index_url(output)), LedgerIndex.unpacked(committed)
    root = index.root if of_the_same_root else output
    if root is None:
        return
    parts = _entries(
        output,
        index.without([json_name(recording_id) for recording_id in forgotten]),
        lambda names, versions: [index.known(names, versions), written.versioned(names, versions)],
    )
    write_index(index_url(output), parts, root)


def root_of_snapshot(output: str) -> str | None:
    """The root that the index was written for; None where there is no index. Another one: it was copied or moved."""
    return read_index(index_url(output)).root


def write_status(output: str, status: Status) -> None:
    """Makes a recording's outputs public, in the place of those of an earlier run if there are any."""
    files.write_bytes(status_url(output, status.recording_id), status.to_json())


def _entries(
    output: str,
    index: LedgerIndex,
    look_up: Callable[[list[str], list[str]], list[tuple[Entries, NDArray[np.bool_]]]],
    own_run: str | None = None,
) -> Iterator[Entries]:
    """An entry for each status object: from the first index that has it, or from the object itself.

    And an empty one for each that `index` has and the listing has not.
    """
    unknown: dict[str, str] = {}
    listed = np.zeros(len(index), bool)
    for page in _pages(output):
        names, versions = [file.name for file in page], [file.version for file in page]
        places = index.find(names)
        listed[places[places >= 0]] = True
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
    yield index.lost(~listed)


def _entries_from(output: str, unknown: Mapping[str, str], own_run: str | None) -> Entries:
    statuses = _read(output, list(unknown))
    facts = [
        facts_of(status.certificate, status.output_identity if status.run_id != own_run else _UNFINISHED)
        for status in statuses.values()
    ]
    read = entries_of(list(statuses), [unknown[name] for name in statuses], facts)
    return np.concatenate([read, lost_entries([name for name in unknown if name not in statuses])])


def _read(output: str, names: Sequence[str]) -> dict[str, Status]:
    """The status objects of these names. Left out are those that are gone by then, and what is none."""
    by_url = {join(output, _FOLDER, name): name for name in names}
    found: dict[str, Status] = {}
    for url, content in _contents(list(by_url)).items():
        name = by_url[url]
        try:
            found[name] = status_in(name, content or b"")
        except UnreadableStatusError as error:
            _log.warning(
                "status/%s is passed over (%s): its recording counts as not published, and is done again when a "
                "manifest names it",
                name,
                error,
            )
    return found


def _contents(locations: Sequence[str]) -> dict[str, bytes | None]:
    """As `files.read_many`; None for a file that can never be read, where others can."""
    try:
        return dict(files.read_many(locations))
    except StorageError as error:
        if error.retryable:
            raise
    found: dict[str, bytes | None] = {}
    for location in locations:
        try:
            found |= files.read_many([location])
        except StorageError as error:
            if error.retryable:
                raise
            found[location] = None
    return found


def _pages(output: str) -> Iterator[list[StoredFile]]:
    listed = (file for file in files.iterate_files(join(output, _FOLDER)) if file.name.endswith(".json"))
    while page := list(islice(listed, _READ_AT_ONCE)):
        yield page
