"""Audit of runs: their summaries, their tables, and the lists of their files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.failure import READING
from hushbeam.schemas.policies import CATALOGUE
from hushbeam.transforms.archive.claims import Problem
from hushbeam.transforms.archive.recovery import UnreadableCopyError, copy_in, rows_folder
from hushbeam.transforms.archive.run_lock import live_holder
from hushbeam.transforms.archive.runs.private_roots import recorded_private_roots
from hushbeam.transforms.archive.runs.summary import UnreadableSummaryError, checked_summary
from hushbeam.transforms.archive.runs.timings import Timings
from hushbeam.transforms.archive.signatures import SignatureError
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import (
    FILE_LIST,
    RunFiles,
    UnreadableFileListError,
    file_list_url,
    read_run_files,
)
from hushbeam.transforms.archive.tables.layout import SCHEMAS, run_of
from hushbeam.transforms.archive.tables.read import DamagedTableError, open_table, run_files
from hushbeam.transforms.archive.tombstones import Tombstones
from hushbeam.transforms.audit.meanings import of_a_writing_run
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from hushbeam.transforms.storage.urls import join

_RUNS, _ROWS, _SUMMARY, _TIMINGS, _CANARIES = "runs", "rows", "summary.json", "timings.json", "canaries.json"
_SETTLED = frozenset({_SUMMARY, _ROWS, FILE_LIST})


def runs_of(output: str) -> list[str]:
    """The ids of all runs that left tables, a summary, a list of files or safety copies."""
    found = {run_id for table in SCHEMAS for name in files.list_names(join(output, table)) if (run_id := run_of(name))}
    for name in files.list_names(join(output, _RUNS)):
        parts = name.split("/")
        if len(parts) > 1 and parts[1] in _SETTLED:
            found.add(parts[0])
    return sorted(found)


def run_problems(run_id: str, output: str, key: Ed25519PublicKey | None) -> Iterator[Problem]:
    """Checks that a run ended, that its files are those that it lists, and that its summary counts match its tables."""
    try:
        listed = read_run_files(output, run_id)
    except (UnreadableFileListError, StorageError) as error:
        yield _unreadable(f"{_RUNS}/{run_id}/{FILE_LIST}", error)
        listed = None
    try:
        summary = _summary(output, run_id)
    except (UnreadableSummaryError, StorageError) as error:
        yield _unreadable(f"{_RUNS}/{run_id}/{_SUMMARY}", error)
        summary = {}
    yield from _small_files(run_id, output)
    copies = files.list_names(rows_folder(output, run_id))
    has_ended = summary is not None or (listed is not None and not listed.has_summary)
    if not has_ended or copies:
        holder = live_holder(output)
        is_running = holder is not None and holder.run_id == run_id
        detail = of_a_writing_run(run_id) if is_running else "it was killed: run the job again to complete it"
        yield Problem("unfinished_run", run_id, detail)
    for name in copies:
        yield from _copy_problems(run_id, name, output)
    if has_ended:
        yield from _list_problems(run_id, listed, output, key)
    if summary:
        yield from _count_problems(run_id, summary, output)


def _list_problems(
    run_id: str, listed: RunFiles | None, output: str, key: Ed25519PublicKey | None
) -> Iterator[Problem]:
    if listed is None:
        if not _is_there(file_list_url(output, run_id)):
            yield Problem("file_missing", f"{_RUNS}/{run_id}/{FILE_LIST}", "the list of the run's files")
        return
    if key is not None:
        try:
            listed.check_signature(key)
        except SignatureError as error:
            yield Problem("signature", f"{_RUNS}/{run_id}/{FILE_LIST}", str(error))
    for name in sorted({*listed.files, *listed.changing}):
        is_there = _is_there(join(output, name))
        if not is_there and not listed.allows(name, None):
            yield Problem("file_missing", name, "its run lists it")
        elif is_there and name.startswith(f"{_RUNS}/") and not listed.allows(name, _entry(output, name)):
            yield Problem("file_changed", name, "size or checksum differs from the list of its run's files")
    for before in listed.before:
        if not _is_there(join(output, _RUNS, before, _SUMMARY)):
            yield Problem("run_missing", before, f"run {run_id} lists it as an earlier run")
    try:
        missing = set(listed.private_roots) - recorded_private_roots(output)
    except ConfigurationError:
        return  # reported as a problem of the file
    if missing:
        yield Problem("private_roots_differ", run_id, f"{', '.join(sorted(missing))} is no longer recorded")


def _is_there(url: str) -> bool:
    """Whether there is something at a URL, even if it is not a file, such as a named pipe."""
    try:
        return files.exists(url)
    except StorageError as error:
        if error.retryable:
            raise
        return True


def _entry(output: str, name: str) -> FileEntry | None:
    try:
        return FileEntry.of_content(files.read_bytes(join(output, name)))
    except StorageError as error:
        if error.retryable:
            raise
        return None


def _count_problems(run_id: str, summary: Mapping[str, Any], output: str) -> Iterator[Problem]:
    """Checks that a run's summary counts match its tables.

    Rows stay until their recording is erased. So there may be fewer rows than were counted, but never more.
    """
    counted = summary["recordings"]
    published = counted["completed"] + counted.get("recovered", 0)
    try:
        rows = _count(output, run_id, "transcripts", ["recording_id"])
        findings = _count(output, run_id, "findings", ["policy"])
        errors = _count(output, run_id, "errors", ["recording_id", "manifest", "line", "status", "stage"])
    except StorageError as error:
        if error.retryable:
            raise
        return  # reported as a problem of the file
    if rows.total() > published:
        yield Problem("counts_differ", run_id, f"{rows.total()} transcripts, {published} counted")
    expected = Counter({(policy,): count for policy, count in summary["findings"].items()})
    if findings - expected or (rows.total() == published and findings != expected):
        yield Problem("counts_differ", run_id, f"{findings.total()} findings, {expected.total()} counted")
    lost = counted["failed"] + counted["quarantined"]
    # As they were counted: each row of what could not be read, and one for all spans of a long recording.
    unread = sum(rows for each, rows in errors.items() if each[-1] == READING)
    found = unread + len({each[:-1] for each in errors if each[-1] != READING})
    # Records have no line: of those that failed alike, without an id or with the same, the table keeps one row.
    has_equal_ones = any(stage == READING and not line for _, _, line, _, stage in errors)
    if found > lost or (found < lost and not has_equal_ones and not len(Tombstones(output))):
        yield Problem("counts_differ", run_id, f"{found} recordings in errors/, {lost} counted")


def _copy_problems(run_id: str, name: str, output: str) -> Iterator[Problem]:
    url = join(rows_folder(output, run_id), name)
    try:
        copy_in(name, files.read_bytes(url))
    except MissingFileError:
        return
    except (UnreadableCopyError, StorageError) as error:
        yield _unreadable(f"{_RUNS}/{run_id}/{_ROWS}/{name}", error)


def _small_files(run_id: str, output: str) -> Iterator[Problem]:
    for name, check in ((_TIMINGS, Timings.model_validate_json), (_CANARIES, _check_canaries)):
        try:
            check(files.read_bytes(join(output, _RUNS, run_id, name)))
        except MissingFileError:
            continue
        except (ValueError, TypeError, AttributeError, RecursionError, StorageError) as error:
            yield _unreadable(f"{_RUNS}/{run_id}/{name}", error)


def _check_canaries(content: bytes) -> None:
    """Raises `ValueError` or `TypeError` if it is not what a canary gate writes: counts, and names of policies."""
    found = json.loads(content)
    if found.keys() != {"items", "recall", "floor", "missed"} or not found["missed"].keys() <= CATALOGUE.keys():
        raise ValueError("not written by a canary gate")
    sum((found["items"], found["recall"], found["floor"], *found["missed"].values()))


def _unreadable(name: str, error: Exception) -> Problem:
    if isinstance(error, StorageError) and error.retryable:
        raise error
    return Problem("unreadable", name, "it cannot be read" if isinstance(error, StorageError) else "damaged")


def _summary(output: str, run_id: str) -> Mapping[str, Any] | None:
    try:
        summary = checked_summary(files.read_bytes(join(output, _RUNS, run_id, _SUMMARY)))
    except MissingFileError:
        return None
    if summary["run_id"] != run_id:
        raise UnreadableSummaryError("the summary of another run")
    return summary


def _count(output: str, run_id: str, table: str, columns: list[str]) -> Counter[tuple[Any, ...]]:
    """How often each combination of values occurs in a run's files of a table."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for url in run_files(output, table, run_id):
        with TemporaryFolder() as folder, open_table(url, Path(folder)) as file:
            if not set(columns) <= set(file.schema_arrow.names):
                raise DamagedTableError(url)
            rows = file.read(columns=columns)
            counts.update(zip(*(rows[column].to_pylist() for column in columns), strict=True))
    return counts
