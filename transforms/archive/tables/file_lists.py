"""File lists: `runs/RUN_ID/files.json` has the sizes and checksums of all files of a run.

The list is signed if the run has a key. Jobs that erase a recording or expire its audio replace table files of earlier
runs. They then rewrite the list, and sign it with their own key or leave it unsigned. A new version of a file is
entered in the list before the file is replaced, so that the list is valid even if a job is killed at any moment.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hushbeam.transforms.archive.signatures import SignatureError, canonical_json, check, signature_of
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.layout import TABLES, run_of
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from hushbeam.transforms.storage.listing import StoredFile
from hushbeam.transforms.storage.urls import join

FILE_LIST = "files.json"
_RUNS, _SUMMARY = "runs", "summary.json"
_VERSION = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,127}")
_log = logging.getLogger(__name__)
_told_unsigned: set[str] = set()


class UnreadableFileListError(ValueError):
    """A file is not the file list of a run, or is another run's."""


@dataclass(frozen=True)
class RunFiles:
    """The file list of one run.

    Attributes:
      run_id: Of the run.
      files: By name, relative to the output root.
      changing: Files that a job is about to replace: their new entries, or None for files that it removes.
      has_summary: Whether the run ends with a summary. For a killed run, the next run lists the files that stay.
      before: Runs that ended earlier and that no other list names.
      private_roots: The options of private roots that runs had used by then.
      signature: See `hushbeam.transforms.archive.signatures`; empty if not signed.
    """

    run_id: str
    files: Mapping[str, FileEntry]
    changing: Mapping[str, FileEntry | None] = field(default_factory=dict)
    has_summary: bool = True
    before: tuple[str, ...] = ()
    private_roots: tuple[str, ...] = ()
    signature: Mapping[str, str] = field(default_factory=dict)

    def allows(self, name: str, entry: FileEntry | None) -> bool:
        """Whether a file may have this entry; None asks whether it may be missing."""
        return entry == self.files.get(name) or (name in self.changing and entry == self.changing[name])

    def signed(self, key: Ed25519PrivateKey | None) -> RunFiles:
        """The list with a new signature, or without any if there is no key: a change makes the old one invalid."""
        return replace(self, signature={} if key is None else signature_of(self._content(), key))

    def check_signature(self, key: Ed25519PublicKey) -> None:
        """Checks that the owner of the key signed this list.

        Raises:
          SignatureError: The list is not signed, or differs from what was signed.
        """
        check(self._content(), self.signature, key)

    def to_json(self) -> bytes:
        """The content of the file."""
        return json.dumps(self._values() | {"signature": dict(self.signature)}, indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, content: bytes) -> RunFiles:
        """The inverse of `to_json`.

        Raises:
          UnreadableFileListError: The content is not a file list.
        """
        try:
            values = json.loads(content)
            if values.pop("version") != _VERSION:
                raise ValueError("another version")
            listed = cls(
                **{
                    **values,
                    "files": {name: _entry(entry) for name, entry in values["files"].items()},
                    "changing": {name: entry and _entry(entry) for name, entry in values["changing"].items()},
                    "private_roots": tuple(values["private_roots"]),
                    "before": tuple(values["before"]),
                }
            )
            listed._check()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise UnreadableFileListError("not a list of a run's files of this version") from None
        return listed

    def _check(self) -> None:
        if not isinstance(self.run_id, str):
            raise ValueError("a field is of another type")
        if not isinstance(self.has_summary, bool) or not isinstance(self.signature, dict):
            raise ValueError("a field is of another type")
        if not all(isinstance(text, str) for text in (*self.private_roots, *self.before)):
            raise ValueError("a field is of another type")
        if not all(map(_NAME.fullmatch, (self.run_id, *self.before))):
            raise ValueError("a run's id is not valid")
        if not all(map(self._is_own, (*self.files, *self.changing))):
            raise ValueError("it lists a file that is not of this run")
        self._content()

    def _is_own(self, name: str) -> bool:
        """Whether a run of this id writes files of this name. Other files are neither checked nor signed."""
        folder, _, rest = name.partition("/")
        if folder == _RUNS:
            return rest.startswith(f"{self.run_id}/") and bool(_NAME.fullmatch(rest, len(self.run_id) + 1))
        return folder in TABLES and run_of(rest) == self.run_id

    def _values(self) -> dict[str, Any]:
        values = asdict(self)
        del values["signature"]
        return values | {"version": _VERSION}

    def _content(self) -> bytes:
        return canonical_json(self._values())


def file_list_url(output: str, run_id: str) -> str:
    """The location of a run's file list."""
    return join(output, _RUNS, run_id, FILE_LIST)


def read_run_files(output: str, run_id: str) -> RunFiles | None:
    """The file list of a run; None if there is none.

    Raises:
      UnreadableFileListError: The list cannot be read, or is another run's.
    """
    try:
        return _list_of(run_id, files.read_bytes(file_list_url(output, run_id)))
    except MissingFileError:
        return None


def _list_of(run_id: str, content: bytes) -> RunFiles:
    listed = RunFiles.from_json(content)
    if listed.run_id != run_id:
        raise UnreadableFileListError("the list of another run's files")
    return listed


def write_run_files(output: str, listed: RunFiles, key: Ed25519PrivateKey | None) -> None:
    """Writes a file list, signed if there is a key: for a job that made the entries itself."""
    files.write_bytes(file_list_url(output, listed.run_id), listed.signed(key).to_json())


def _write_anew(output: str, listed: RunFiles, before: RunFiles, key: Ed25519PrivateKey | None) -> None:
    """Replaces a list, and signs it if the earlier one was signed with the same key.

    Any other list may have been manipulated, and must not get a signature.
    """
    if key is not None:
        try:
            before.check_signature(key.public_key())
        except SignatureError as error:
            _warn_of_unsigned(output, listed.run_id, error)
            key = None
    write_run_files(output, listed, key)


def _warn_of_unsigned(output: str, run_id: str, error: SignatureError) -> None:
    """Warns once of each list: a job writes it twice for each file of the run that it replaces."""
    if file_list_url(output, run_id) not in _told_unsigned:
        _told_unsigned.add(file_list_url(output, run_id))
        _log.warning("runs/%s/%s is written without a signature: it was %s", run_id, FILE_LIST, error)


@dataclass(frozen=True)
class FileLists:
    """The file lists of all runs.

    Attributes:
      ended: Runs that have a summary.
      lists: Readable lists by run.
    """

    ended: frozenset[str]
    lists: Mapping[str, RunFiles]


def read_file_lists(output: str) -> FileLists:
    """The lists of all runs of an output root."""
    ended, found = list_runs(output)
    return FileLists(ended, read_lists(output, sorted(found)))


def list_runs(output: str) -> tuple[frozenset[str], dict[str, StoredFile]]:
    """The runs that have a summary, and the file lists as a listing shows them, by run."""
    found: dict[str, dict[str, StoredFile]] = {_SUMMARY: {}, FILE_LIST: {}}
    for file in files.iterate_files(join(output, _RUNS)):  # among them one for each safety copy
        run_id, _, name = file.name.partition("/")
        if name in found:
            found[name][run_id] = file
    return frozenset(found[_SUMMARY]), found[FILE_LIST]


def read_lists(output: str, run_ids: Sequence[str]) -> dict[str, RunFiles]:
    """The lists of some runs by run, without missing and unreadable ones."""
    urls = {file_list_url(output, run_id): run_id for run_id in run_ids}
    lists: dict[str, RunFiles] = {}
    for url, content in files.read_many(list(urls)).items():
        with suppress(UnreadableFileListError):  # reported by an audit
            lists[urls[url]] = _list_of(urls[url], content)
    return lists


def settle(output: str, lists: Iterable[RunFiles], key: Ed25519PrivateKey | None) -> None:
    """Updates lists of jobs that were killed while they replaced a file."""
    for listed in lists:
        settled, changing = dict(listed.files), dict(listed.changing)
        for name, change in listed.changing.items():
            if not _has_become(output, name, change):
                continue  # not replaced, or damaged
            del changing[name]
            settled.pop(name, None)
            if change is not None:
                settled[name] = change
        if changing != listed.changing:
            _write_anew(output, replace(listed, files=settled, changing=changing), listed, key)


def list_more(output: str, run_id: str, names: Sequence[str], key: Ed25519PrivateKey | None) -> None:
    """Adds files that were written after the end of a run to its list, or updates their entries."""
    try:
        listed = read_run_files(output, run_id)
    except UnreadableFileListError:
        listed = None  # reported by an audit
    if listed is not None:
        more = {name: FileEntry.of_content(files.read_bytes(join(output, name))) for name in names}
        _write_anew(output, replace(listed, files={**listed.files, **more}), listed, key)


def write_listed(output: str, run_id: str, name: str, content: bytes, key: Ed25519PrivateKey | None) -> None:
    """Writes or replaces a small file of a run, and keeps the run's list valid at every moment."""
    try:
        listed = read_run_files(output, run_id)
    except UnreadableFileListError:
        listed = None  # reported by an audit
    entry = FileEntry.of_content(content)
    if listed is not None:
        _write_anew(output, replace(listed, changing={**listed.changing, name: entry}), listed, key)
    files.write_bytes(join(output, name), content)
    if listed is not None:
        changing = {other: change for other, change in listed.changing.items() if other != name}
        _write_anew(output, replace(listed, files={**listed.files, name: entry}, changing=changing), listed, key)


def replace_listed(
    output: str,
    run_id: str | None,
    name: str,
    *,
    before: FileEntry | None,
    after: tuple[str, FileEntry] | None,
    put: Callable[[], object],
    key: Ed25519PrivateKey | None,
) -> None:
    """Replaces or removes a file, and keeps its run's list valid at every moment.

    A file that differs from the list is replaced too, but its entry stays: rewriting a manipulated file must not make
    it valid.

    Args:
      run_id: The run whose list may name the file.
      name: Of the file, relative to the output root.
      before: The entry of the present file; None if there is none.
      after: The name and entry of the new file; None removes the old one only.
      put: Writes the new file, and removes the old one if the name differs.
    """
    try:
        listed = None if run_id is None else read_run_files(output, run_id)
    except UnreadableFileListError:
        listed = None  # reported by an audit
    if listed is None or not listed.allows(name, before):
        put()
        return
    files_now = dict(listed.files)
    if before is not None:
        files_now[name] = before
    change: dict[str, FileEntry | None] = {name: None}
    if after is not None:
        change[after[0]] = after[1]
    announced = replace(listed, files=files_now, changing={**listed.changing, **change})
    _write_anew(output, announced, listed, key)
    put()
    changing = {other: entry for other, entry in listed.changing.items() if other not in change}
    files_then = {other: own for other, own in files_now.items() if other not in change}
    if after is not None:
        files_then[after[0]] = after[1]
    _write_anew(output, replace(listed, files=files_then, changing=changing), listed, key)


def _has_become(output: str, name: str, change: FileEntry | None) -> bool:
    try:
        with TemporaryFolder() as folder:
            return FileEntry.of(files.fetch(join(output, name), folder)) == change
    except MissingFileError:
        return change is None
    except StorageError as error:
        if error.retryable:
            raise
        return False  # not written by a job


def _entry(values: Mapping[str, Any]) -> FileEntry:
    entry = FileEntry(**values)
    if not isinstance(entry.size_bytes, int) or not _SHA256.fullmatch(entry.sha256):
        raise ValueError("not a size or not a checksum")
    return entry
