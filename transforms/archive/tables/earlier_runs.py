"""EarlierRuns: what the end of a run must know of the runs before it, without reading the file list of each.

`runs/file-lists.json` remembers what a file list says, for the size and version in which a listing showed it. So the
end of a run reads only lists that are new or have changed, as a rule that of the last run. The record decides nothing
by itself: if it is missing, damaged, or not signed with the key of the run, all lists are read, and it is written anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hushbeam.transforms.archive.signatures import SignatureError, canonical_json, check, signature_of
from hushbeam.transforms.archive.tables.file_lists import RunFiles, list_runs, read_lists, settle
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.listing import StoredFile
from hushbeam.transforms.storage.urls import join

_NAME = ("runs", "file-lists.json")
_VERSION = 1


class UnreadableRecordError(ValueError):
    """A file is not a record of file lists."""


@dataclass(frozen=True)
class ListedRun:
    """What a file list says of its run, and by which its version is known.

    Attributes:
      size_bytes, version: Of the list, as in a listing.
      has_summary, before: See `RunFiles`.
    """

    size_bytes: int
    version: str
    has_summary: bool
    before: tuple[str, ...]

    def is_of(self, file: StoredFile) -> bool:
        """Whether a listing shows the list as it was when it was read."""
        return (self.size_bytes, self.version) == (file.size_bytes, file.version)


@dataclass(frozen=True)
class EarlierRuns:
    """The runs of an output root.

    Attributes:
      ended: Runs that have a summary.
      listed: What readable lists say, by run.
      unsettled: Lists of jobs that were killed while they replaced a file.
    """

    ended: frozenset[str]
    listed: Mapping[str, ListedRun]
    unsettled: tuple[RunFiles, ...] = field(default=(), repr=False)

    def is_closed(self, run_id: str) -> bool:
        """Whether a run wrote all of its tables, or a later one listed what the killed run left."""
        listed = self.listed.get(run_id)
        return run_id in self.ended or (listed is not None and not listed.has_summary)

    def before(self, run_id: str) -> tuple[str, ...]:
        """Other ended runs that no other run's list names, for `RunFiles.before` of this one.

        So a run cannot be removed unnoticed, except the last one: the list of another run still names it.
        """
        named = {before for run, listed in self.listed.items() if run != run_id for before in listed.before}
        return tuple(sorted(self.ended - named - {run_id}))


def read_earlier_runs(output: str, key: Ed25519PrivateKey | None) -> EarlierRuns:
    """The runs of an output root, from one listing, the record, and the lists that it does not know.

    Args:
      key: Of the calling run. With a key, only a record that is signed with it counts.
    """
    ended, found = list_runs(output)
    record = _read_record(output, key)
    known = {run: listed for run, listed in record.items() if run in found and listed.is_of(found[run])}
    read = read_lists(output, sorted(found.keys() - known.keys()))
    listed = {run: _of(found[run], own) for run, own in read.items()}
    return EarlierRuns(ended, {**known, **listed}, tuple(own for own in read.values() if own.changing))


def remember_lists(output: str, runs: EarlierRuns, key: Ed25519PrivateKey | None, *, but: str) -> None:
    """Writes the record, signed if there is a key. Lists that a job was changing are read again each time.

    Args:
      but: The run that is about to write its own list.
    """
    left_out = {but, *(own.run_id for own in runs.unsettled)}
    values = _values({run: listed for run, listed in runs.listed.items() if run not in left_out})
    signature = {} if key is None else signature_of(canonical_json(values), key)
    files.write_bytes(record_url(output), canonical_json(values | {"signature": signature}))


def settle_lists(output: str, key: Ed25519PrivateKey | None) -> None:
    """Updates the lists of jobs that were killed while they replaced a file. Reads those that the record does not know.

    A forged record could only keep such a list as it is: it allows the old file and the new one, and table formats
    leave out the file that was to be removed. What is erased depends on no list.

    Args:
      key: As for `read_earlier_runs`; signs lists that were signed with it before.
    """
    settle(output, read_earlier_runs(output, key).unsettled, key)


def lists_are_signed(output: str) -> bool:
    """Whether the last run that ended had a key. Says nothing of who signed: an audit does."""
    with suppress(MissingFileError, UnreadableRecordError):
        _, signature = _parsed(files.read_bytes(record_url(output)))
        return bool(signature)
    return False


def record_url(output: str) -> str:
    """The location of the record of all file lists."""
    return join(output, *_NAME)


def differing_lists(output: str) -> list[str]:
    """The runs of which the record says something else than the list that it is of, for an audit.

    Raises:
      UnreadableRecordError: The file is not a record.
      MissingFileError: There is none.
    """
    record, _ = _parsed(files.read_bytes(record_url(output)))
    _, found = list_runs(output)
    same = {run: listed for run, listed in record.items() if run in found and listed.is_of(found[run])}
    read = read_lists(output, sorted(same))
    return sorted(run for run, listed in same.items() if run not in read or _of(found[run], read[run]) != listed)


def _read_record(output: str, key: Ed25519PrivateKey | None) -> Mapping[str, ListedRun]:
    with suppress(MissingFileError, UnreadableRecordError, SignatureError):
        listed, signature = _parsed(files.read_bytes(record_url(output)))
        if key is not None:
            check(canonical_json(_values(listed)), signature, key.public_key())
        return listed
    return {}


def _of(file: StoredFile, own: RunFiles) -> ListedRun:
    return ListedRun(file.size_bytes, file.version, own.has_summary, own.before)


def _values(listed: Mapping[str, ListedRun]) -> dict[str, Any]:
    return {"version": _VERSION, "runs": {run: asdict(each) for run, each in listed.items()}}


def _parsed(content: bytes) -> tuple[dict[str, ListedRun], object]:
    try:
        values = json.loads(content)
        if values["version"] != _VERSION:
            raise ValueError("another version")
        listed = {run: _listed(**each) for run, each in values["runs"].items()}
        canonical_json(_values(listed))
        return listed, values["signature"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UnreadableRecordError("not a record of file lists of this version") from None


def _listed(size_bytes: int, version: str, has_summary: bool, before: list[str]) -> ListedRun:
    if not isinstance(size_bytes, int) or not isinstance(version, str) or not isinstance(has_summary, bool):
        raise ValueError("a field is of another type")
    if not isinstance(before, list) or not all(isinstance(run, str) for run in before):
        raise ValueError("a field is of another type")
    return ListedRun(size_bytes, version, has_summary, tuple(before))
