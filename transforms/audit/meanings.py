"""What each kind of problem means, in a phrase for people."""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "audio_changed": "a redacted recording is not the file that was certified",
    "audio_in_muted_range": "something can be heard where the certificate says muted",
    "audio_missing": "a certified recording is not there",
    "audio_unreadable": "a redacted recording cannot be decoded",
    "captions_changed": "captions are not those that were certified",
    "captions_in_pictures": "a video holds text that was not redacted",
    "captions_missing": "certified captions are not there",
    "channels_differ": "a recording has another number of channels than certified",
    "counts_differ": "a run's summary and its tables disagree",
    "duration_differs": "a recording is longer or shorter than certified",
    "elsewhere": "a status object names a file outside of this output",
    "erased_in_part": "an erasure was not completed",
    "file_changed": "a file of a run is not as the run's list says",
    "file_missing": "a file that a run lists is not there",
    "finding_without_status": "findings of a recording that has no status object",
    "findings_differ": "findings are not those that were certified",
    "incomplete_file": "a write goes on, or was interrupted",
    "index_differs": "the ledger's index or the record of file lists disagrees with the files",
    "locked": "a run is writing, or was killed",
    "no_certificate": "a recording has no certificate of this version",
    "not_audited": "a recording could not be checked",
    "number_audible": "a number can still be heard",
    "orphan": "a file that no status object names",
    "private_roots_differ": "the record of private folders is not what a run listed",
    "row_differs": "a transcript row is not the one that was certified",
    "row_without_status": "a transcript row of a recording that has no status object",
    "run_missing": "a run that a later run lists is not there",
    "several_findings": "the same finding is there more than once",
    "several_rows": "a recording has more than one current transcript row",
    "signature": "a signature is missing, of another key, or of other content",
    "status_differs": "a status object was not written by a run",
    "status_without_row": "a recording has no transcript row",
    "table_differs": "a table has columns that no run writes",
    "unfinished_run": "a run is writing, or was killed before its end",
    "unknown_file": "a file that no run writes",
    "unreadable": "a file is damaged or cannot be read",
}


def of_a_writing_run(run_id: str) -> str:
    """Why there are problems while a run is writing, and what to do about them."""
    return f"run {run_id} is writing: audit again when it has ended"


def meaning(kind: str) -> str:
    """The meaning of a kind of problem; empty for a kind of another version."""
    return MEANINGS.get(kind, "")
