"""What an output root says about its runs: their summaries, their tables, and files that belong to none."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from schemas.audit import Problem
from transforms.commit.ledger import Status, list_statuses
from transforms.commit.transform import caption_urls
from transforms.retention.tombstones import FOLDER, Tombstones
from transforms.storage import files
from transforms.storage.errors import MissingFileError
from transforms.storage.urls import file_name, join, safe_name
from transforms.temporary_files import TemporaryFolder
from transforms.write_tables.read import run_of

TABLES = ("transcripts", "findings", "errors", "notifications")

_OF_RECORDINGS = ("transcripts", "findings", "errors")
_RUNS, _ROWS, _LOCK, _SUMMARY = "runs", "rows", "LOCK", "summary.json"


def runs_of(output: str) -> list[str]:
    """The ids of all runs that left something which a run's end settles: tables, a summary, safety copies."""
    found = {
        run_id for table in _OF_RECORDINGS for name in files.list_names(join(output, table)) if (run_id := run_of(name))
    }
    for name in files.list_names(join(output, _RUNS)):
        parts = name.split("/")
        if len(parts) > 1 and parts[1] in (_SUMMARY, _ROWS):
            found.add(parts[0])
    return sorted(found)


def run_problems(run_id: str, output: str) -> Iterator[Problem]:
    """Whether a run came to its end, and whether its summary counts what its tables hold.

    A later run takes rows out of the tables of this one where it did a recording again, so there may be fewer rows
    than were counted, and never more. Rows of `errors/` stay until their recording is erased.
    """
    summary = _summary(output, run_id)
    if summary is None or files.list_names(join(output, _RUNS, run_id, _ROWS)):
        yield Problem("unfinished_run", run_id, "it was killed: run the job again, which takes over what is committed")
    if summary is None:
        return
    counted = summary["recordings"]
    published = counted["completed"] + counted.get("recovered", 0)
    rows = _count(output, run_id, "transcripts", ["recording_id"])
    findings = _count(output, run_id, "findings", ["policy"])
    errors = _count(output, run_id, "errors", ["recording_id", "manifest", "line", "status"])
    if rows.total() > published:
        yield Problem("counts_differ", run_id, f"{rows.total()} transcripts, {published} counted")
    expected = Counter({(policy,): count for policy, count in summary["findings"].items()})
    if findings - expected or (rows.total() == published and findings != expected):
        yield Problem("counts_differ", run_id, f"{findings.total()} findings, {expected.total()} counted")
    lost = counted["failed"] + counted["quarantined"]
    if len(errors) > lost or (len(errors) < lost and not len(Tombstones(output))):
        yield Problem("counts_differ", run_id, f"{len(errors)} recordings in errors/, {lost} counted")


def strangers(output: str) -> Iterator[Problem]:
    """Files that no status object speaks of and no run leaves: nothing else may lie in an output root."""
    statuses = list_statuses(output)
    known = {
        "audio": {file_name(status.redacted_audio_url) for status in statuses.values() if status.redacted_audio_url},
        "captions": {file_name(url) for status in statuses.values() for url in _captions(output, status)},
        "status": {f"{safe_name(recording_id)}.json" for recording_id in statuses},
        "reviews": {f"{safe_name(recording_id)}.json" for recording_id in statuses},
    }
    for name in files.list_names(output):
        folder, _, rest = name.partition("/")
        if folder in known:
            if rest not in known[folder]:
                yield Problem("orphan", name, "no status object names it")
        elif folder == _RUNS:
            if rest == _LOCK:
                yield Problem("locked", name, "a run is writing, or was killed: run the job again")
        elif folder == FOLDER:
            continue
        elif folder not in TABLES or run_of(rest) is None:
            yield Problem("stranger", name, "no run writes such a file")
    for name in files.list_incomplete(output):
        yield Problem("incomplete_file", name, "a write was killed: the next run removes it")


def _captions(output: str, status: Status) -> tuple[str, str]:
    return caption_urls(output, status.recording_id, status.output_identity)


def _summary(output: str, run_id: str) -> Mapping[str, Any] | None:
    try:
        content: Mapping[str, Any] = json.loads(files.read_bytes(join(output, _RUNS, run_id, _SUMMARY)))
    except MissingFileError:
        return None
    return content


def _count(output: str, run_id: str, table: str, columns: list[str]) -> Counter[tuple[Any, ...]]:
    """How often each combination of the columns' values stands in a run's files of a table."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for name in files.list_names(join(output, table)):
        if run_of(name) != run_id:
            continue
        with TemporaryFolder() as folder:
            rows = pq.read_table(files.fetch(join(output, table, name), Path(folder)), columns=columns)
        counts.update(zip(*(rows[column].to_pylist() for column in columns), strict=True))
    return counts
