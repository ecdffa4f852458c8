"""What a run left in an output root: `runs/RUN_ID/files.json` lists its files with their sizes and checksums.

The list is signed where the run has a key. Later jobs rewrite tables of earlier runs, where they do a recording again,
take its audio back or erase it: they write the list anew, and sign it with their own key, or leave it unsigned. A file
is announced in the list before it is replaced, so that the list is right at every moment, whenever a job is killed.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hushbeam.transforms.archive.signatures import SignatureError, canonical_json, check, signature_of
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.read import run_of
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from hushbeam.transforms.storage.urls import join

FILE_LIST = "files.json"
_RUNS, _SUMMARY = "runs", "summary.json"
_VERSION = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,127}")
_TABLES = frozenset({"transcripts", "findings", "errors", "notifications"})
_log = logging.getLogger(__name__)


class UnreadableFileListError(ValueError):
    """A file is no list of a run's files, or another run's."""


@dataclass(frozen=True)
class RunFiles:
    """The list of one run.

    Attributes:
      run_id: Of the run.
      files: By their names in the output root.
      changing: What files become, or None where they go, that a job was about to replace when it wrote the list.
      has_summary: Whether the run ends with a summary. Of one that was killed, the next one lists what stays.
      before: Runs that had ended before, as far as no other list names them.
      kept_elsewhere: The options with which runs had kept something elsewhere by then.
      signature: As `hushbeam.transforms.archive.signatures` makes it; empty: none.
    """

    run_id: str
    files: Mapping[str, FileEntry]
    changing: Mapping[str, FileEntry | None] = field(default_factory=dict)
    has_summary: bool = True
    before: tuple[str, ...] = ()
    kept_elsewhere: tuple[str, ...] = ()
    signature: Mapping[str, str] = field(default_factory=dict)

    def allows(self, name: str, entry: FileEntry | None) -> bool:
        """Whether a file may be as it is; None: whether it may be gone."""
        return entry == self.files.get(name) or (name in self.changing and entry == self.changing[name])

    def signed(self, key: Ed25519PrivateKey | None) -> RunFiles:
        """The list with a signature; without a key, without: one that changed is not what was signed."""
        return replace(self, signature={} if key is None else signature_of(self._content(), key))

    def check_signature(self, key: Ed25519PublicKey) -> None:
        """Returns where the list is what the owner of the key signed.

        Raises:
          SignatureError: It is not, or is not signed.
        """
        check(self._content(), self.signature, key)

    def to_json(self) -> bytes:
        """The list as it is kept."""
        return json.dumps(self._values() | {"signature": dict(self.signature)}, indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, content: bytes) -> RunFiles:
        """The inverse of `to_json`.

        Raises:
          UnreadableFileListError: It is something else.
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
                    "kept_elsewhere": tuple(values["kept_elsewhere"]),
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
        if not all(isinstance(text, str) for text in (*self.kept_elsewhere, *self.before)):
            raise ValueError("a field is of another type")
        if not all(map(_NAME.fullmatch, (self.run_id, *self.before))):
            raise ValueError("a run's id is no name")
        if not all(map(self._is_own, (*self.files, *self.changing))):
            raise ValueError("it lists what is no file of this run")
        self._content()

    def _is_own(self, name: str) -> bool:
        """Whether a run of this id leaves files of this name: others are neither looked for nor vouched for."""
        folder, _, rest = name.partition("/")
        if folder == _RUNS:
            return rest.startswith(f"{self.run_id}/") and bool(_NAME.fullmatch(rest, len(self.run_id) + 1))
        return folder in _TABLES and run_of(rest) == self.run_id

    def _values(self) -> dict[str, Any]:
        values = asdict(self)
        del values["signature"]
        return values | {"version": _VERSION}

    def _content(self) -> bytes:
        return canonical_json(self._values())


def file_list_url(output: str, run_id: str) -> str:
    """Where the list of a run's files is."""
    return join(output, _RUNS, run_id, FILE_LIST)


def read_run_files(output: str, run_id: str) -> RunFiles | None:
    """The list of a run's files; None where there is none.

    Raises:
      UnreadableFileListError: It cannot be read, or is another run's.
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
    """Writes the list of a run's files, signed where there is a key: for a run that knows what it lists."""
    files.write_bytes(file_list_url(output, listed.run_id), listed.signed(key).to_json())


def _write_anew(output: str, listed: RunFiles, before: RunFiles, key: Ed25519PrivateKey | None) -> None:
    """Writes a list in the place of an earlier one, signed where that was signed with the same key.

    One that was not may be anybody's: the key must not vouch for what somebody else wrote into it.
    """
    if key is not None:
        try:
            before.check_signature(key.public_key())
        except SignatureError as error:
            _log.warning("runs/%s/%s is written without a signature: it was %s", listed.run_id, FILE_LIST, error)
            key = None
    write_run_files(output, listed, key)


@dataclass(frozen=True)
class FileLists:
    """The lists of all runs.

    Attributes:
      ended: Runs that have a summary.
      lists: By run, as far as they can be read.
    """

    ended: frozenset[str]
    lists: Mapping[str, RunFiles]

    def before(self, run_id: str) -> tuple[str, ...]:
        """The ended runs, without this one, that no other run's list names as before it: the list of this one does.

        So the whole of a run, but the last, cannot be taken away without a list that still names it.
        """
        named = {before for run, listed in self.lists.items() if run != run_id for before in listed.before}
        return tuple(sorted(self.ended - named - {run_id}))


def read_file_lists(output: str) -> FileLists:
    """The lists of all runs of an output root."""
    found: dict[str, set[str]] = {_SUMMARY: set(), FILE_LIST: set()}
    for file in files.iterate_files(join(output, _RUNS)):  # among them one for each safety copy
        run_id, _, name = file.name.partition("/")
        if name in found:
            found[name].add(run_id)
    urls = {file_list_url(output, run_id): run_id for run_id in sorted(found[FILE_LIST])}
    lists: dict[str, RunFiles] = {}
    for url, content in files.read_many(list(urls)).items():
        with suppress(UnreadableFileListError):  # an audit says so
            lists[urls[url]] = _list_of(urls[url], content)
    return FileLists(frozenset(found[_SUMMARY]), lists)


def settle(output: str, lists: FileLists, key: Ed25519PrivateKey | None) -> None:
    """Brings lists up to date that a job left which was killed while it replaced a file."""
    for listed in lists.lists.values():
        settled, changing = dict(listed.files), dict(listed.changing)
        for name, change in listed.changing.items():
            if not _has_become(output, name, change):
                continue  # not replaced: it is still what it was, or what it should not be
            del changing[name]
            settled.pop(name, None)
            if change is not None:
                settled[name] = change
        if changing != listed.changing:
            _write_anew(output, replace(listed, files=settled, changing=changing), listed, key)


def list_more(output: str, run_id: str, names: Sequence[str], key: Ed25519PrivateKey | None) -> None:
    """Adds files that were written after a run's end to its list, or lists them anew."""
    try:
        listed = read_run_files(output, run_id)
    except UnreadableFileListError:
        listed = None  # an audit says so
    if listed is not None:
        more = {name: FileEntry.of_content(files.read_bytes(join(output, name))) for name in names}
        _write_anew(output, replace(listed, files={**listed.files, **more}), listed, key)


def write_listed(output: str, run_id: str, name: str, content: bytes, key: Ed25519PrivateKey | None) -> None:
    """Writes a small file of a run anew, whatever is there, and keeps the run's list right, at every moment."""
    try:
        listed = read_run_files(output, run_id)
    except UnreadableFileListError:
        listed = None  # an audit says so
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
    after: FileEntry | None,
    put: Callable[[], object],
    key: Ed25519PrivateKey | None,
) -> None:
    """Replaces or removes a file and keeps its run's list right, at every moment.

    A file that is not what the list says is replaced all the same, but the list goes on saying so: what somebody
    tampered with must not become right by being rewritten.

    Args:
      run_id: Whose list may name the file.
      name: Of the file in the output root.
      before: What it is now; None where there is none.
      after: What it becomes; None: it goes.
      put: Does it.
    """
    try:
        listed = None if run_id is None else read_run_files(output, run_id)
    except UnreadableFileListError:
        listed = None  # an audit says so
    if listed is None or not listed.allows(name, before):
        put()
        return
    files_now = dict(listed.files)
    if before is not None:
        files_now[name] = before
    announced = replace(listed, files=files_now, changing={**listed.changing, name: after})
    _write_anew(output, announced, listed, key)
    put()
    changing = {other: change for other, change in listed.changing.items() if other != name}
    files_then = {other: own for other, own in files_now.items() if other != name}
    if after is not None:
        files_then[name] = after
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
        return False  # nothing that a job puts there


def _entry(values: Mapping[str, Any]) -> FileEntry:
    entry = FileEntry(**values)
    if not isinstance(entry.size_bytes, int) or not _SHA256.fullmatch(entry.sha256):
        raise ValueError("no size or no checksum")
    return entry
