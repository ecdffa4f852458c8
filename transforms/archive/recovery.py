"""Safety copies of committed rows, for the run after one that was killed.

A recording is public as soon as its status object stands, but the tables are written when the run ends. Until then
its rows lie under `runs/RUN_ID/rows/`; a run that finds some there writes them into its own tables, and announces
those recordings once more.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice

from pydantic import TypeAdapter

from hushbeam.schemas.stages import CommittedRecording
from hushbeam.transforms.archive.ledger import Status, published_audio, read_status, read_statuses
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.archive.tables.digests import as_json, holds_certified_rows
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import file_name, join, relative

_RUNS, _ROWS = "runs", "/rows/"
_COPIES_AT_ONCE, _REMOVED_AT_ONCE = 200, 10_000
_log = logging.getLogger(__name__)


class UnreadableCopyError(ValueError):
    """A file is no safety copy, or not that of the recording whose name it has."""


def rows_url(output: str, run_id: str, recording_id: str) -> str:
    """Where the safety copy of a recording's rows is."""
    return join(rows_folder(output, run_id), json_name(recording_id))


def rows_folder(output: str, run_id: str) -> str:
    """Where all safety copies of a run are."""
    return join(output, _RUNS, run_id, "rows")


def keep_rows(output: str, run_id: str, recording: CommittedRecording) -> None:
    """Writes the safety copy: what becomes public anyway. Where to notify does not; the manifest says it again."""
    url = rows_url(output, run_id, recording.recording_id)
    kept = replace(recording, webhook_url=None, webhook_auth_header_name=None, webhook_auth_header_value=None)
    files.write_bytes(url, content_of(kept))


def copies_of_killed_runs(output: str, run_id: str) -> Iterator[list[str]]:
    """The URLs of the safety copies that other runs left, some hundred at a time."""
    copies = (url for url in _iterate_copies(output) if f"/{_RUNS}/{run_id}/" not in url)
    while batch := list(islice(copies, _COPIES_AT_ONCE)):
        yield batch


def recover(output: str, copies: Sequence[str]) -> Iterator[CommittedRecording]:
    """Yields what earlier runs committed without writing it into their tables.

    A copy whose recording has no status object, or one of another output, was never committed: it is passed over, and
    so is one that is not what its status object speaks of. The rows may be in a table after all, if the run was killed
    right before its end, so all count as replacing.
    """
    for url, found in _looked_up(output, copies):
        if isinstance(found, UnreadableCopyError):
            _log.warning("%s is passed over: %s", relative(url, output), found)
        elif found is not None:
            yield replace(found, replaces=True, recovered=True)


def _looked_up(
    output: str, copies: Sequence[str]
) -> Iterator[tuple[str, CommittedRecording | UnreadableCopyError | None]]:
    """What each safety copy holds, as its status object has it; None where it was never committed."""
    read: dict[str, CommittedRecording] = {}
    for url, content in files.read_many(copies).items():
        try:
            read[url] = copy_in(file_name(url), content)
        except UnreadableCopyError as error:
            yield url, error
    statuses = read_statuses(output, [copy.recording_id for copy in read.values()])
    for url, copy in read.items():
        status = statuses.get(copy.recording_id)
        # A run that was killed before it wrote the status object may have left a copy of what another did then.
        if status is None or (status.output_identity, status.run_id) != (copy.output_identity, _run_of_copy(url)):
            yield url, None
        else:
            yield url, _as_of(output, copy, status)


def _run_of_copy(url: str) -> str:
    return url.rsplit("/", 3)[1]


def names_of_copies(output: str, run_id: str) -> frozenset[str]:
    """The names of this very run's safety copies: there are some where an earlier attempt of it was lost."""
    return frozenset(file.name for file in files.iterate_files(rows_folder(output, run_id)))


def kept_rows(output: str, run_id: str, recording_id: str) -> CommittedRecording | None:
    """What an earlier attempt of this very run committed for a recording.

    None where its safety copy is not there or cannot be read, or is not what its status object speaks of.
    """
    status = read_status(output, recording_id)
    try:
        copy = copy_in(json_name(recording_id), files.read_bytes(rows_url(output, run_id, recording_id)))
    except (MissingFileError, UnreadableCopyError):
        return None
    if status is None or status.output_identity != copy.output_identity:
        return None
    kept = _as_of(output, copy, status)
    return None if isinstance(kept, UnreadableCopyError) else kept


def forget_rows(output: str, run_id: str) -> None:
    """Removes all safety copies: the tables of the run that calls this hold their rows.

    What could not be recovered stays: only there are its rows, and an audit names it.
    """
    for batch in copies_of_killed_runs(output, run_id):
        found = _looked_up(output, batch)
        files.delete_many([url for url, copy in found if not isinstance(copy, UnreadableCopyError)])
    own = (join(rows_folder(output, run_id), name) for name in names_of_copies(output, run_id))
    while batch := list(islice(own, _REMOVED_AT_ONCE)):
        files.delete_many(batch)


_COPY = TypeAdapter(CommittedRecording)


def copy_in(name: str, content: bytes) -> CommittedRecording:
    """The safety copy in a file of this name.

    Raises:
      UnreadableCopyError: It is none, or another recording's.
    """
    try:
        copy = _COPY.validate_json(content, strict=True)
        owners = {json.loads(row)["recording_id"] for row in (copy.transcript_row, *copy.finding_rows)}
        is_own = owners == {copy.recording_id} and json_name(copy.recording_id) == name
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UnreadableCopyError("not a safety copy of this version") from None
    if not is_own:
        raise UnreadableCopyError("the safety copy of another recording")
    return copy


def content_of(copy: CommittedRecording) -> bytes:
    """A safety copy as it is kept: `copy_in` reads it."""
    return json.dumps(asdict(copy), ensure_ascii=False).encode()


def _as_of(output: str, copy: CommittedRecording, status: Status) -> CommittedRecording | UnreadableCopyError:
    """A copy as its status object says it now: the audio may have expired since, or the root been moved."""
    if not holds_certified_rows(status, copy.transcript_row, copy.finding_rows):
        return UnreadableCopyError("it is not what its status object certifies")
    url = published_audio(output, status)
    row = json.loads(copy.transcript_row) | {"status": status.status, "redacted_audio_url": url}
    return replace(copy, status=status.status, redacted_audio_url=url, transcript_row=as_json(row))


def safety_copies(output: str) -> list[str]:
    """The URLs of all safety copies."""
    return sorted(_iterate_copies(output))


def _iterate_copies(output: str) -> Iterator[str]:
    runs = join(output, _RUNS)
    return (join(runs, file.name) for file in files.iterate_files(runs) if _ROWS in f"/{file.name}")
