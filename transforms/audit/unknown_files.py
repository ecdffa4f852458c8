"""Audit of unknown files: files, links and folders that no status object names and no run writes."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.archive.claims import Problem
from hushbeam.transforms.archive.ledger import Status, index_url, list_statuses, published_audio
from hushbeam.transforms.archive.ledger_index import LedgerIndex, entries_of, facts_of, read_index
from hushbeam.transforms.archive.published_files import AUDIO, CAPTIONS, caption_urls, json_name
from hushbeam.transforms.archive.reviews import FOLDER as REVIEWS
from hushbeam.transforms.archive.reviews import UnreadableReviewError, recording_of, review_in
from hushbeam.transforms.archive.run_lock import live_holder
from hushbeam.transforms.archive.runs.identity_key import IDENTITY_KEY_RECORD, recorded_check_value
from hushbeam.transforms.archive.runs.private_roots import recorded_private_roots
from hushbeam.transforms.archive.runs.table_format import recorded_format
from hushbeam.transforms.archive.tables.digests import certified_outputs
from hushbeam.transforms.archive.tables.earlier_runs import UnreadableRecordError, differing_lists
from hushbeam.transforms.archive.tables.layout import DELTA_LOG, PARTITION, SCHEMAS, run_of
from hushbeam.transforms.archive.tombstones import FOLDER as ERASED
from hushbeam.transforms.archive.tombstones import Tombstones, is_tombstone
from hushbeam.transforms.audit.contents import is_report
from hushbeam.transforms.audit.meanings import of_a_writing_run
from hushbeam.transforms.storage import files, urls
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from hushbeam.transforms.storage.file_systems import TEMPORARY_PREFIX
from hushbeam.transforms.storage.listing import StoredFile
from hushbeam.transforms.storage.urls import file_name, join, safe_name

_RUNS, _STATUS, _SUMMARY = "runs", "status", "summary.json"
_FOLDERS = frozenset({_RUNS, _STATUS, AUDIO, CAPTIONS, REVIEWS, ERASED, *SCHEMAS})
_LOCK = re.compile(r"LOCK(-[^/]+\.(alive|taken))?")
_OF_ALL_RUNS = frozenset(
    {"ledger.parquet", "file-lists.json", "identity-key.json", "private-roots.json", "table-format.json"}
)
_OF_A_RUN = re.compile(r"[^/]+/(summary\.json|canaries\.json|files\.json|rows/[^/]+\.json)")
_OF_AN_ENDED_RUN = re.compile(r"(?P<run_id>[^/]+)/(timings\.json|report\.(html|json))")
_OF_AN_AUDIT = re.compile(r"audit-[^/]+/audit\.json")
_EMPTY_FOLDER = re.compile(
    rf"({'|'.join(sorted(_FOLDERS))})|{_RUNS}/[^/]+(/rows)?|({'|'.join(SCHEMAS)})/{PARTITION}=[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}"
)
_OF_ICEBERG = re.compile(rf"({'|'.join(SCHEMAS)})/metadata/[^/]+\.(json|avro)")
"""Where the catalogue has no place for metadata of its own."""

_OF_DELTA = re.compile(r"[0-9]{20}\..+|_last_checkpoint|_commit_[^/]+\.tmp")


def unknown_files(output: str) -> Iterator[Problem]:
    """Problems with files that belong to no recording and no run, with tombstones and with the ledger's index."""
    statuses = list_statuses(output)
    known = {
        AUDIO: {file_name(url) for status in statuses.values() if (url := published_audio(output, status))},
        CAPTIONS: {file_name(url) for status in statuses.values() for url in _captions(output, status)},
        REVIEWS: {safe_name(recording_id) for recording_id in statuses},
    }
    listed = files.list_files(output, hidden=True)
    ended = {parts[1] for file in listed if len(parts := file.name.split("/")) == 3 and parts[::2] == [_RUNS, _SUMMARY]}
    for file in listed:
        yield from _file_problems(file, known, ended, output)
    tombstones = Tombstones(output)
    for recording_id in statuses:
        if tombstones.has_recording(recording_id):
            yield Problem(
                "erased_in_part", recording_id, "it has a tombstone: erase the recording again to complete the erasure"
            )
    yield from _on_disk(output)
    yield from _index_problems(statuses, output)
    yield from _record_problems(output)
    try:
        recorded_private_roots(output)
    except (ConfigurationError, StorageError):
        yield Problem("unreadable", f"{_RUNS}/private-roots.json", "damaged")
    try:
        recorded_format(output)
    except (ConfigurationError, StorageError):
        yield Problem("unreadable", f"{_RUNS}/table-format.json", "damaged")
    try:
        recorded_check_value(output)
    except (ConfigurationError, StorageError):
        yield Problem("unreadable", IDENTITY_KEY_RECORD, "damaged")


def _file_problems(
    file: StoredFile, known: dict[str, set[str]], ended: Collection[str], output: str
) -> Iterator[Problem]:
    name = _shown(file.name)
    folder, _, rest = file.name.partition("/")
    if file.name.rpartition("/")[2].startswith(TEMPORARY_PREFIX):
        if file.name.endswith(".tmp"):
            yield Problem("incomplete_file", name, "a write goes on, or was killed: the next run removes it")
        else:
            yield Problem("unknown_file", name, "no run writes such a file")
    elif folder in known:
        if (recording_of(rest) if folder == REVIEWS else rest) not in known[folder]:
            yield Problem("orphan", name, "no status object names it")
        elif folder == REVIEWS:
            yield from _review_problems(rest, output)
    elif folder == _RUNS and _LOCK.fullmatch(rest):
        holder = live_holder(output)
        detail = (
            of_a_writing_run(holder.run_id)
            if holder is not None
            else "left by a run that was killed: run the job again"
        )
        yield Problem("locked", name, detail)
    elif folder == _RUNS and _OF_AN_AUDIT.fullmatch(rest):
        if not is_report(files.read_bytes(join(output, file.name))):
            yield Problem("unreadable", name, "not the report of an audit")
    elif not _is_of_a_job(folder, rest, file.size_bytes, ended):
        yield Problem("unknown_file", name, "no run writes such a file")


def _is_of_a_job(folder: str, rest: str, size_bytes: int, ended: Collection[str]) -> bool:
    match folder:
        case "runs":
            of_ended = _OF_AN_ENDED_RUN.fullmatch(rest)
            return rest in _OF_ALL_RUNS or bool(_OF_A_RUN.fullmatch(rest) or (of_ended and of_ended["run_id"] in ended))
        case "status":
            return "/" not in rest and rest.endswith(".json")  # `statuses_of` checks that it is a status object
        case "erased":
            return size_bytes == 0 and is_tombstone(rest)
        case "iceberg":
            return _OF_ICEBERG.fullmatch(rest) is not None
    if rest.startswith(DELTA_LOG):
        return folder in SCHEMAS and _OF_DELTA.fullmatch(rest, len(DELTA_LOG)) is not None
    return folder in SCHEMAS and run_of(rest) is not None


def _review_problems(name: str, output: str) -> Iterator[Problem]:
    try:
        review_in(name, files.read_bytes(join(output, REVIEWS, name)))
    except (UnreadableReviewError, StorageError) as error:
        if error.retryable:
            raise
        yield Problem("unreadable", f"{REVIEWS}/{name}", "damaged, or the review of another recording or reviewer")


def _captions(output: str, status: Status) -> tuple[str, ...]:
    has_some = certified_outputs(status).get("captions")
    return caption_urls(output, status.recording_id, status.output_identity) if has_some else ()


def _on_disk(output: str) -> Iterator[Problem]:
    """Checks what a listing of files does not show: links, empty folders, and special files."""
    if not urls.is_local(output):
        return
    root = Path(urls.normalised(output))
    for folder, folders, names in os.walk(root):
        inner = Path(folder).relative_to(root)
        if not folders and not names and inner.parts and not _EMPTY_FOLDER.fullmatch(str(inner)):
            yield Problem("unknown_file", _shown(str(inner)), "no run leaves such an empty folder")
        for name in (*folders, *names):
            details = (Path(folder) / name).lstat()
            if stat.S_ISLNK(details.st_mode):
                yield Problem("unknown_file", _shown(str(inner / name)), "a link: no run creates links")
            elif not stat.S_ISDIR(details.st_mode) and not stat.S_ISREG(details.st_mode):
                yield Problem("unknown_file", _shown(str(inner / name)), "neither a file nor a folder")


def _index_problems(statuses: dict[str, Status], output: str) -> Iterator[Problem]:
    """Checks that the ledger's index can be read and agrees with the status objects."""
    name = f"{_RUNS}/ledger.parquet"
    index = read_index(index_url(output))
    if index.root is None and files.exists(index_url(output)):
        yield Problem("unreadable", name, "damaged: the next run reads all status objects and writes it again")
        return
    differing = _differing(index, statuses, output)
    if differing:
        yield Problem("index_differs", name, f"{differing} entries differ from their status objects")


def _record_problems(output: str) -> Iterator[Problem]:
    """Checks that the record of file lists can be read and agrees with the lists."""
    name = f"{_RUNS}/file-lists.json"
    try:
        differing = differing_lists(output)
    except MissingFileError:
        return
    except (UnreadableRecordError, StorageError) as error:
        if isinstance(error, StorageError) and error.retryable:
            raise
        yield Problem("unreadable", name, "damaged: the next run reads all file lists and writes it again")
        return
    if differing:
        yield Problem("index_differs", name, f"{len(differing)} entries differ from their file lists")


def _differing(index: LedgerIndex, statuses: dict[str, Status], output: str) -> int:
    by_name = {json_name(recording_id): status for recording_id, status in statuses.items()}
    listed = [file for file in files.iterate_files(join(output, _STATUS)) if file.name in by_name]
    names, versions = [file.name for file in listed], [file.version for file in listed]
    facts = [facts_of(by_name[name].certificate, by_name[name].output_identity) for name in names]
    entries, is_known = index.known(names, versions)
    expected = entries_of(names, versions, facts)[is_known]
    return int(np.count_nonzero(entries != expected))


def _shown(name: str) -> str:
    """A name that can be encoded: the name of a file on disk may hold bytes that are not text."""
    return name.encode("utf-8", "backslashreplace").decode()
