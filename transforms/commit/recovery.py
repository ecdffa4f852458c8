"""Safety copies of committed rows, for the run after one that was killed.

A recording is public as soon as its status object stands, but the tables are written when the run ends. Until then
its rows lie under `runs/RUN_ID/rows/`; a run that finds some there writes them into its own tables, and announces
those recordings once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace

from schemas.stages import CommittedRecording
from transforms.commit.ledger import read_status
from transforms.storage import files
from transforms.storage.errors import MissingFileError
from transforms.storage.urls import join, safe_name

_RUNS, _ROWS = "runs", "/rows/"


def rows_url(output: str, run_id: str, recording_id: str) -> str:
    """Where the safety copy of a recording's rows is."""
    return join(output, _RUNS, run_id, "rows", f"{safe_name(recording_id)}.json")


def keep_rows(output: str, run_id: str, recording: CommittedRecording) -> None:
    """Writes the safety copy: what becomes public anyway. Where to notify does not; the manifest says it again."""
    url = rows_url(output, run_id, recording.recording_id)
    kept = replace(recording, webhook_url=None, webhook_auth_header_name=None, webhook_auth_header_value=None)
    files.write_bytes(url, json.dumps(asdict(kept), ensure_ascii=False).encode())


def recover(output: str, run_id: str) -> Iterator[CommittedRecording]:
    """Yields what earlier runs committed without writing it into their tables.

    A copy whose recording has no status object, or one of another output, was never committed: it is passed over. The
    rows may be in a table after all, if the run was killed right before its end, so all count as replacing.
    """
    for url in safety_copies(output):
        if f"/{_RUNS}/{run_id}/" in url:
            continue
        recording = _recording(files.read_bytes(url))
        status = read_status(output, recording.recording_id)
        if status is not None and status.output_identity == recording.output_identity:
            yield replace(recording, replaces=True, recovered=True)


def kept_rows(output: str, run_id: str, recording_id: str) -> CommittedRecording | None:
    """What an earlier attempt of this very run committed for a recording; None if its safety copy is not there."""
    try:
        return _recording(files.read_bytes(rows_url(output, run_id, recording_id)))
    except MissingFileError:
        return None


def forget_rows(output: str) -> None:
    """Removes all safety copies: the tables of the run that calls this hold their rows."""
    for url in safety_copies(output):
        files.delete(url)


def _recording(content: bytes) -> CommittedRecording:
    values = json.loads(content)
    return CommittedRecording(**{**values, "finding_rows": tuple(values["finding_rows"])})


def safety_copies(output: str) -> list[str]:
    """The URLs of all safety copies."""
    runs = join(output, _RUNS)
    return [join(runs, name) for name in files.list_names(runs) if _ROWS in f"/{name}"]
