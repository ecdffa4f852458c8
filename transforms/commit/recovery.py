"""Safety copies of committed rows, for the run after one that was killed.

A recording is public as soon as its status object stands, but the tables are written when the run ends. Until then
its rows lie under `runs/RUN_ID/rows/`; a run that finds some there writes them into its own tables, and announces
those recordings once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice

from schemas.stages import CommittedRecording
from transforms.commit.ledger import read_statuses
from transforms.commit.ledger_index import status_name
from transforms.storage import files
from transforms.storage.errors import MissingFileError
from transforms.storage.urls import join

_RUNS, _ROWS = "runs", "/rows/"
_COPIES_AT_ONCE, _REMOVED_AT_ONCE = 200, 10_000


def rows_url(output: str, run_id: str, recording_id: str) -> str:
    """Where the safety copy of a recording's rows is."""
    return join(output, _RUNS, run_id, "rows", status_name(recording_id))


def keep_rows(output: str, run_id: str, recording: CommittedRecording) -> None:
    """Writes the safety copy: what becomes public anyway. Where to notify does not; the manifest says it again."""
    url = rows_url(output, run_id, recording.recording_id)
    kept = replace(recording, webhook_url=None, webhook_auth_header_name=None, webhook_auth_header_value=None)
    files.write_bytes(url, json.dumps(asdict(kept), ensure_ascii=False).encode())


def copies_of_killed_runs(output: str, run_id: str) -> Iterator[list[str]]:
    """The URLs of the safety copies that other runs left, some hundred at a time."""
    copies = (url for url in _iterate_copies(output) if f"/{_RUNS}/{run_id}/" not in url)
    while batch := list(islice(copies, _COPIES_AT_ONCE)):
        yield batch


def recover(output: str, copies: Sequence[str]) -> Iterator[CommittedRecording]:
    """Yields what earlier runs committed without writing it into their tables.

    A copy whose recording has no status object, or one of another output, was never committed: it is passed over. The
    rows may be in a table after all, if the run was killed right before its end, so all count as replacing.
    """
    recordings = [_recording(content) for content in files.read_many(copies).values()]
    statuses = read_statuses(output, [recording.recording_id for recording in recordings])
    for recording in recordings:
        status = statuses.get(recording.recording_id)
        if status is not None and status.output_identity == recording.output_identity:
            yield replace(recording, replaces=True, recovered=True)


def names_of_copies(output: str, run_id: str) -> frozenset[str]:
    """The names of this very run's safety copies: there are some where an earlier attempt of it was lost."""
    return frozenset(file.name for file in files.iterate_files(join(output, _RUNS, run_id, "rows")))


def kept_rows(output: str, run_id: str, recording_id: str) -> CommittedRecording | None:
    """What an earlier attempt of this very run committed for a recording; None if its safety copy is not there."""
    try:
        return _recording(files.read_bytes(rows_url(output, run_id, recording_id)))
    except MissingFileError:
        return None


def forget_rows(output: str) -> None:
    """Removes all safety copies: the tables of the run that calls this hold their rows."""
    copies = _iterate_copies(output)
    while batch := list(islice(copies, _REMOVED_AT_ONCE)):
        files.delete_many(batch)


def _recording(content: bytes) -> CommittedRecording:
    values = json.loads(content)
    return CommittedRecording(**{**values, "finding_rows": tuple(values["finding_rows"])})


def safety_copies(output: str) -> list[str]:
    """The URLs of all safety copies."""
    return sorted(_iterate_copies(output))


def _iterate_copies(output: str) -> Iterator[str]:
    runs = join(output, _RUNS)
    return (join(runs, file.name) for file in files.iterate_files(runs) if _ROWS in f"/{file.name}")
