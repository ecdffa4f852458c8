"""The ledger: one status object per recording, which also answers "is my redacted audio ready".

`status/ID.json` is written after everything that it names is durable, and is replaced as a whole. A run either reads
the status objects of its recordings by name, or lists all, whichever takes less time. An index of all status objects,
`runs/ledger.parquet`, saves a run that lists them from reading each of them; it decides nothing by itself.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from difflib import get_close_matches
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.hash_ranges import HashRanges
from hushbeam.transforms.archive.ledger_index import (
    NO_ENTRIES,
    DamagedIndexError,
    Entries,
    LedgerIndex,
    digests,
    entries_in_index,
    entries_of,
    facts_of,
    facts_of_index,
    lost_entries,
    pack,
    unpack,
    write_index,
)
from hushbeam.transforms.archive.published_files import json_name, own_audio_name, own_audio_url
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from hushbeam.transforms.storage.listing import StoredFile
from hushbeam.transforms.storage.urls import join, safe_name

_FOLDER = "status"
_INDEX = ("runs", "ledger.parquet")
_UNFINISHED = ""
"""Placeholder for an output's identity, which equals no real one."""
_READ_AT_ONCE = 512
_VERSIONS_AT_ONCE = 32
_LISTED_FOR_ONE_READ = 16
"""Status objects that a local disk lists in the time in which it reads one: 22 and 367 µs. A store lists a thousand
with one request, and answers many reads at once."""


READY, COMPLETED = "redacted_audio_ready", "completed"
EXPIRED = "redacted_audio_expired"
"""The status of a recording whose redacted audio was published and has expired."""

_PART_OF_A_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,127}")
_log = logging.getLogger(__name__)


class UnreadableStatusError(ValueError):
    """A file is not a status object, or not that of the recording in its name. Its recording is not committed."""


@dataclass(frozen=True)
class Status:
    """The public status of one recording.

    Attributes:
      status: `redacted_audio_ready`, `completed` if no audio was requested, or `redacted_audio_expired` if the audio
        was deleted later.
      redacted_audio_url: For receivers; None if there is no audio. To open the file, use `published_audio`.
      output_identity: Hash of source, request, configuration and models.
      certificate: See `hushbeam.transforms.archive.certificate`.
      processed_at: Start of the run, ISO 8601; the latest output of a recording is current.
      error: Why the audio was deleted, for an answer with status 400; otherwise None, and left out of the JSON.
    """

    status: str
    recording_id: str
    redacted_audio_url: str | None
    output_identity: str
    run_id: str
    certificate: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    processed_at: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        values = asdict(self)
        if self.error is None:
            del values["error"]
        return values

    def is_newer_than(self, processed_at: str, run_id: str) -> bool:
        """Whether the output is of a run that started later than this one, so that its rows are current."""
        return bool(self.processed_at) and (self.processed_at, self.run_id) > (processed_at, run_id)

    def to_json(self) -> bytes:
        """The object's content."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Status:
        """The inverse of `to_json`.

        Raises:
          UnreadableStatusError: The content is not a status object.
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
        # These two become parts of file names.
        if not _PART_OF_A_NAME.fullmatch(self.output_identity) or not _PART_OF_A_NAME.fullmatch(self.run_id):
            raise ValueError("an identity cannot be part of a file name")
        if self.processed_at:
            datetime.fromisoformat(self.processed_at)
        if not isinstance(self.error, str | None) or not isinstance(self.redacted_audio_url, str | None):
            raise ValueError("a field is of another type")
        if self.status not in (READY, COMPLETED, EXPIRED) or (self.status == READY) != bool(self.redacted_audio_url):
            raise ValueError("not a status that a run writes")
        url = self.redacted_audio_url
        if url is not None and own_audio_name(self.recording_id, self.output_identity, url) is None:
            raise ValueError("it names a file of another output")


def status_url(output: str, recording_id: str) -> str:
    """The location of a recording's status object, whether it exists or not."""
    return join(output, _FOLDER, json_name(recording_id))


def index_url(output: str) -> str:
    """The location of the index of all status objects."""
    return join(output, *_INDEX)


def published_audio(output: str, status: Status) -> str | None:
    """The location of a status object's redacted recording inside this root; None if it names none.

    The root may be a copy of the one that the URL in the status object names.
    """
    return own_audio_url(output, status.recording_id, status.output_identity, status.redacted_audio_url)


def status_in(name: str, content: bytes) -> Status:
    """The status object in a file of this name in `status/`.

    Raises:
      UnreadableStatusError: The file is not a status object, or is another recording's.
    """
    status = Status.from_json(content)
    if json_name(status.recording_id) != name:
        raise UnreadableStatusError("the status object of another recording")
    return status


def read_status(output: str, recording_id: str) -> Status | None:
    """The committed status of a recording, if there is one that can be read."""
    return read_statuses(output, [recording_id]).get(recording_id)


def read_statuses(output: str, recording_ids: Sequence[str]) -> dict[str, Status]:
    """The committed statuses of some recordings by id, read many at once."""
    found = _read(output, [json_name(recording_id) for recording_id in recording_ids])
    return {status.recording_id: status for status in found.values()}


def list_statuses(output: str) -> dict[str, Status]:
    """All committed statuses by recording id, read many at once and held in memory.

    A file that is not a status object is logged and left out. Runs use `committed_entries`, which takes less memory.
    """
    read = (_read(output, [file.name for file in page]) for page in _pages(output))
    return {status.recording_id: status for statuses in read for status in statuses.values()}


def read_status_files(output: str) -> Iterator[tuple[str, bytes | None]]:
    """Name and content of every file that should be a status object; None for the content of an unreadable one."""
    for page in _pages(output):
        by_url = {join(output, _FOLDER, file.name): file.name for file in page}
        for url, content in _contents(list(by_url)).items():
            yield by_url[url], content


def similar_ids(output: str, recording_ids: Iterable[str], most: int = 3) -> dict[str, list[str]]:
    """For each id, committed recordings whose ids start with it or are close to it, the nearest first."""
    names = {_readable(file.name.removesuffix(".json")): file.name for page in _pages(output) for file in page}
    found: dict[str, list[str]] = {}
    for recording_id in recording_ids:
        start = _readable(safe_name(recording_id))
        longer = sorted(name for name in names if start and name.startswith(start))
        near = dict.fromkeys([*longer[:most], *get_close_matches(start, names, n=most)])
        statuses = _read(output, [names[name] for name in list(near)[:most]])
        found[recording_id] = [status.recording_id for status in statuses.values()]
    return found


def _readable(name: str) -> str:
    """A safe name without the hash at the end of the names of unusual ids."""
    return name.partition("~")[0]


def check_is_a_ledger(output: str) -> None:
    """Checks, before the first run completes, that `status/` is not a folder of something else.

    Raises:
      ConfigurationError: It has files, but none of them is a status object.
    """
    if files.exists(index_url(output)):
        return
    page = next(_pages(output), [])
    if page and not _read(output, [file.name for file in page]):
        raise ConfigurationError(
            f"--output: its folder status/ holds no status object of Hushbeam (status/{page[0].name} is not one): "
            "choose another output, or delete that folder to redact its recordings again"
        )


def some_published_ids(output: str) -> list[str]:
    """The ids of some thousands of published recordings, as far as the names of their status objects tell them."""
    return [_readable(file.name.removesuffix(".json")) for file in next(_pages(output), [])]


def names_of_recordings(output: str) -> Iterator[str]:
    """The names that recordings with a status object have in files: their ids, where these are safe names."""
    yield from (file.name.removesuffix(".json") for page in _pages(output) for file in page)


def committed_entries(output: str, own_run: str | None) -> Iterator[Entries]:
    """An entry for every committed recording, in parts: one at a time is in memory.

    A listing, with a request for each thousand objects, gives names and versions. Entries that the index has in the
    same version come from the index; other status objects are read, many at once. Status objects that are missing or
    unreadable get lost entries: their recordings are new, but tables may hold rows of them.

    Args:
      own_run: The id of the calling run; None for other jobs. Outputs that a lost worker of this run committed do not
        count as up to date, since no table has their rows.
    """
    return _entries(output, own_run=own_run)


def entries_by_name(
    output: str, own_run: str | None, names: Iterable[str], *, share: float = 1.0
) -> Iterator[Entries] | None:
    """As `committed_entries`, but only of some status objects, each of which is read: the time that it takes does not
    depend on how many others there are. None if it takes less time to list all.

    Args:
      names: Of their files, as `json_name` gives them; no more of them are taken than it makes sense to read.
      share: The part that they are of all recordings of the run, which lists no more than once.
    """
    few = _few(names, facts_of_index(index_url(output)).entries * share)
    return None if few is None else _named_entries(output, few, own_run)


def save_snapshot(
    output: str, committed: Iterable[bytes] = (), *, forgotten: Iterable[str] = (), of_the_same_root: bool = False
) -> None:
    """Writes the index of all status objects, so that the next run reads only the ones that change from now on.

    Args:
      committed: Packed entries of the recordings that this run committed, whose status objects need not be read. The
        caller holds the run lock, so the listed versions are those that the run wrote.
      forgotten: Recordings without any trace. For other recordings whose status object is missing, the index remembers
        that they had one, because tables may hold rows of them.
      of_the_same_root: Keep the root that the index names, and write no index if none is named. For jobs that neither
        relocate an output root nor look for rows without a status object: the next run must still do both.
    """
    root = root_of_snapshot(output) if of_the_same_root else output
    if root is not None:
        write_index(index_url(output), _entries(output, committed=committed, forgotten=forgotten), root)


def extend_snapshot(output: str, committed: Iterable[bytes], names: Iterable[str]) -> None:
    """As `save_snapshot` at the end of a run, but lists the status objects only if the run committed many of them.

    Otherwise it asks for the version of each that it committed. Entries of others stay as they are, which are those of
    the last listing: an entry only counts for the version that the next one shows.

    Args:
      names: Of the status objects of the committed recordings.
    """
    index = facts_of_index(index_url(output))
    few = _few(names, index.entries) if index.root == output else None
    if few is None:
        save_snapshot(output, committed)
        return
    versions = _versions(output, few)
    entries, _ = LedgerIndex.unpacked(committed).versioned(list(versions), list(versions.values()))
    lost = lost_entries([name for name in few if name not in versions])
    try:
        write_index(index_url(output), chain(_entries_without(output, few), [entries, lost]), output)
    except DamagedIndexError:
        save_snapshot(output, committed)


def root_of_snapshot(output: str) -> str | None:
    """The root that the index names, None without an index. It differs from `output` after a copy or move."""
    return facts_of_index(index_url(output)).root


def write_status(output: str, status: Status) -> None:
    """Makes a recording's outputs public and replaces those of an earlier run."""
    files.write_bytes(status_url(output, status.recording_id), status.to_json())


def _entries(
    output: str, *, committed: Iterable[bytes] = (), forgotten: Iterable[str] = (), own_run: str | None = None
) -> Iterator[Entries]:
    """An entry for each status object: from the index, from the packed entries `committed`, or from the object itself.

    Status objects that the index has and the listing lacks get a lost entry, but for forgotten recordings. The listing
    and the entries are compared range by range of the names' hashes, since not all of them fit into memory.
    """
    with TemporaryFolder() as folder:
        known = _divided_index(output, Path(folder), [json_name(recording_id) for recording_id in forgotten])
        written = _divided(Path(folder, "committed"), map(unpack, committed))
        listed = HashRanges(Path(folder, "listed"), np.zeros((0, 2), object))
        for page in _pages(output):
            rows = np.array([(file.name, file.version) for file in page], object)
            listed.add(digests([file.name for file in page])[0], rows)
        unknown: dict[str, str] = {}
        for of_index, of_run, rows in zip(known, written, listed, strict=True):
            index, names = LedgerIndex(of_index), rows[:, 0].tolist()
            entries, is_known = index.known(names, rows[:, 1].tolist())
            yield entries
            yield index.lost(~LedgerIndex.of_names(names).has(index.entries))
            left = rows[~is_known]
            entries, is_written = LedgerIndex(of_run).versioned(left[:, 0].tolist(), left[:, 1].tolist())
            yield entries
            for name, version in left[~is_written].tolist():
                unknown[name] = version
                if len(unknown) >= _READ_AT_ONCE:
                    yield _entries_from(output, unknown, own_run)
                    unknown = {}
        if unknown:
            yield _entries_from(output, unknown, own_run)


def _divided_index(output: str, folder: Path, forgotten: Sequence[str]) -> HashRanges:
    """The entries of the index by ranges; none if it is damaged, so that all status objects are read again."""
    try:
        return _divided(folder / "index", _entries_without(output, forgotten))
    except DamagedIndexError:
        return _divided(folder / "no index", ())


def _divided(folder: Path, parts: Iterable[Entries]) -> HashRanges:
    ranges = HashRanges(folder, NO_ENTRIES)
    for entries in parts:
        ranges.add(entries["name"], entries)
    return ranges


def _entries_without(output: str, names: Sequence[str]) -> Iterator[Entries]:
    """The entries of the index without those of these status objects, in parts."""
    unwanted = LedgerIndex.of_names(names)
    return (entries[~unwanted.has(entries)] for entries in entries_in_index(index_url(output)))


def _few(names: Iterable[str], listed: float) -> list[str] | None:
    """The names, each once; None if there are so many that it takes less time to list this many status objects."""
    most = int(listed / _LISTED_FOR_ONE_READ)
    few = list(islice(names, most + 1))
    return None if len(few) > most else list(dict.fromkeys(few))


def _named_entries(output: str, names: Sequence[str], own_run: str | None) -> Iterator[Entries]:
    index = _index_of(output, names)
    for start in range(0, len(names), _READ_AT_ONCE):
        some = names[start : start + _READ_AT_ONCE]
        found = _present(output, some)
        yield _entries_of(found, dict.fromkeys(found, ""), own_run)
        # Those that the index has, and that are missing now.
        known = zip(some, index.find(some) >= 0, strict=True)
        yield lost_entries([name for name, has_entry in known if has_entry and name not in found])


def _index_of(output: str, names: Sequence[str]) -> LedgerIndex:
    """The index, but only of these status objects; empty if it is damaged."""
    wanted = LedgerIndex.of_names(names)
    try:
        parts = (entries[wanted.has(entries)] for entries in entries_in_index(index_url(output)))
        return LedgerIndex.unpacked(map(pack, parts))
    except DamagedIndexError:
        return LedgerIndex(NO_ENTRIES)


def _versions(output: str, names: Sequence[str]) -> dict[str, str]:
    """The versions of status objects by name, without missing ones."""

    def version(name: str) -> str | None:
        try:
            return files.stat(join(output, _FOLDER, name)).version
        except MissingFileError:
            return None

    with ThreadPoolExecutor(_VERSIONS_AT_ONCE, thread_name_prefix="versions") as threads:
        found = zip(names, threads.map(version, names), strict=True)
        return {name: known for name, known in found if known is not None}


def _entries_from(output: str, unknown: Mapping[str, str], own_run: str | None) -> Entries:
    found = _present(output, list(unknown))
    missing = lost_entries([name for name in unknown if name not in found])
    return np.concatenate([_entries_of(found, unknown, own_run), missing])


def _entries_of(found: Mapping[str, Status | None], versions: Mapping[str, str], own_run: str | None) -> Entries:
    """An entry for each file in `status/`: a lost one if it is unreadable."""
    statuses = {name: status for name, status in found.items() if status is not None}
    facts = [
        facts_of(status.certificate, status.output_identity if status.run_id != own_run else _UNFINISHED)
        for status in statuses.values()
    ]
    read = entries_of(list(statuses), [versions[name] for name in statuses], facts)
    return np.concatenate([read, lost_entries([name for name in found if name not in statuses])])


def _read(output: str, names: Sequence[str]) -> dict[str, Status]:
    """The status objects of these names, without missing and unreadable ones."""
    return {name: status for name, status in _present(output, names).items() if status is not None}


def _present(output: str, names: Sequence[str]) -> dict[str, Status | None]:
    """The status objects of these names: None for an unreadable one, without missing ones."""
    by_url = {join(output, _FOLDER, name): name for name in names}
    found: dict[str, Status | None] = {}
    for url, content in _contents(list(by_url)).items():
        name = by_url[url]
        try:
            found[name] = status_in(name, content or b"")
        except UnreadableStatusError as error:
            found[name] = None
            _log.warning(
                "status/%s is ignored (%s): its recording counts as not published, and is redacted again when a "
                "manifest names it",
                name,
                error,
            )
    return found


def _contents(locations: Sequence[str]) -> dict[str, bytes | None]:
    """As `files.read_many`, but with None for a file that cannot be read even when the request is repeated."""
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
