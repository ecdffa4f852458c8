"""Safety copies of committed rows, which the next run recovers if a run was killed.

A recording is public as soon as it has a status object, but tables are written at the end of the run. Until then its
rows are kept under `runs/RUN_ID/rows/`. A later run that finds such copies of a run without a summary writes them into
its own tables, and sends notifications of those recordings again.
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
from hushbeam.transforms.archive.published_files import json_name, relative_audio_url
from hushbeam.transforms.archive.runs.summary import summary_url
from hushbeam.transforms.archive.tables.digests import as_json, holds_certified_rows
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError
from hushbeam.transforms.storage.urls import file_name, join, relative

_RUNS, _ROWS = "runs", "/rows/"
_COPIES_AT_ONCE, _REMOVED_AT_ONCE = 200, 10_000
_log = logging.getLogger(__name__)


class UnreadableCopyError(ValueError):
    """A file is not a safety copy, or not that of the recording in its name."""


def rows_url(output: str, run_id: str, recording_id: str) -> str:
    """The location of the safety copy of a recording's rows."""
    return join(rows_folder(output, run_id), json_name(recording_id))


def rows_folder(output: str, run_id: str) -> str:
    """The folder of a run's safety copies."""
    return join(output, _RUNS, run_id, "rows")


def keep_rows(output: str, run_id: str, recording: CommittedRecording) -> None:
    """Writes the safety copy, without the webhook: it is not public, and the manifest of the next run has it."""
    url = rows_url(output, run_id, recording.recording_id)
    copy = replace(recording, webhook_url=None, webhook_auth_header_name=None, webhook_auth_header_value=None)
    files.write_bytes(url, content_of(copy))


def copies_of_killed_runs(output: str, run_id: str) -> Iterator[list[str]]:
    """The URLs of the safety copies that other runs left, in batches."""
    copies = (url for url in _iterate_copies(output) if f"/{_RUNS}/{run_id}/" not in url)
    while batch := list(islice(copies, _COPIES_AT_ONCE)):
        yield batch


def recover(output: str, copies: Sequence[str]) -> Iterator[CommittedRecording]:
    """Yields recordings that earlier runs committed, but did not write into their tables.

    A copy was never committed, and is ignored, if its recording has no status object or that of another output. A copy
    that its status object does not certify is ignored too. A run with a summary was killed while it removed its copies,
    and its tables have the rows. Tables of a run without a summary may have them too; there `CloseRun` removes them.
    """
    for url, found in _looked_up(output, _without_tables(output, copies)):
        if isinstance(found, UnreadableCopyError):
            _log.warning("%s is ignored: %s", relative(url, output), found)
        elif found is not None:
            yield replace(found, replaces=True, recovered=True)


def _without_tables(output: str, copies: Sequence[str]) -> list[str]:
    """The copies of runs that were killed before their tables were complete."""
    runs = {_run_of_copy(url) for url in copies}
    ended = {run for run in runs if files.exists(summary_url(output, run))}
    return [url for url in copies if _run_of_copy(url) not in ended]


def _looked_up(
    output: str, copies: Sequence[str]
) -> Iterator[tuple[str, CommittedRecording | UnreadableCopyError | None]]:
    """Each safety copy, updated from its status object; None if it was never committed."""
    read: dict[str, CommittedRecording] = {}
    for url, content in files.read_many(copies).items():
        try:
            read[url] = copy_in(file_name(url), content)
        except UnreadableCopyError as error:
            yield url, error
    statuses = read_statuses(output, [copy.recording_id for copy in read.values()])
    for url, copy in read.items():
        status = statuses.get(copy.recording_id)
        # A run that was killed before it wrote the status object may leave a copy of an output that another run made.
        if status is None or (status.output_identity, status.run_id) != (copy.output_identity, _run_of_copy(url)):
            yield url, None
        else:
            yield url, _as_of(output, copy, status)


def _run_of_copy(url: str) -> str:
    return url.rsplit("/", 3)[1]


def names_of_copies(output: str, run_id: str) -> frozenset[str]:
    """The names of this run's own safety copies, which an earlier attempt on a lost worker wrote."""
    return frozenset(file.name for file in files.iterate_files(rows_folder(output, run_id)))


def kept_rows(output: str, run_id: str, recording_id: str) -> CommittedRecording | None:
    """The recording as an earlier attempt of this run committed it.

    None if its safety copy is missing, unreadable, or not certified by its status object.
    """
    status = read_status(output, recording_id)
    try:
        copy = copy_in(json_name(recording_id), files.read_bytes(rows_url(output, run_id, recording_id)))
    except (MissingFileError, UnreadableCopyError):
        return None
    if status is None or status.output_identity != copy.output_identity:
        return None
    updated = _as_of(output, copy, status)
    return None if isinstance(updated, UnreadableCopyError) else updated


def forget_rows(output: str, run_id: str) -> None:
    """Removes all safety copies, whose rows are in the tables of the run that calls this.

    Copies that could not be recovered stay, since their rows are nowhere else; an audit names them.
    """
    # Not every disk lists the rest of a folder in which files are removed meanwhile: these are listed first, and those
    # of this run, which may be many, anew for each batch.
    for batch in list(copies_of_killed_runs(output, run_id)):
        found = _looked_up(output, _without_tables(output, batch))
        kept = {url for url, copy in found if isinstance(copy, UnreadableCopyError)}
        files.delete_many([url for url in batch if url not in kept])
    folder, is_left = rows_folder(output, run_id), True
    while is_left:
        own = [join(folder, file.name) for file in islice(files.iterate_files(folder), _REMOVED_AT_ONCE)]
        files.delete_many(own)
        is_left = len(own) == _REMOVED_AT_ONCE


_COPY = TypeAdapter(CommittedRecording)


def copy_in(name: str, content: bytes) -> CommittedRecording:
    """The safety copy in a file of this name.

    Raises:
      UnreadableCopyError: The file is not a safety copy, or is another recording's.
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
    """A safety copy as bytes, which `copy_in` reads."""
    return json.dumps(asdict(copy), ensure_ascii=False).encode()


def _as_of(output: str, copy: CommittedRecording, status: Status) -> CommittedRecording | UnreadableCopyError:
    """A copy, updated from its status object: the audio may have expired, or the root been moved."""
    if not holds_certified_rows(status, copy.transcript_row, copy.finding_rows):
        return UnreadableCopyError("its status object does not certify it")
    url = published_audio(output, status)
    row = json.loads(copy.transcript_row) | {"status": status.status, "redacted_audio_url": relative_audio_url(url)}
    return replace(copy, status=status.status, redacted_audio_url=url, transcript_row=as_json(row))


def safety_copies(output: str) -> list[str]:
    """The URLs of all safety copies."""
    return sorted(_iterate_copies(output))


def _iterate_copies(output: str) -> Iterator[str]:
    runs = join(output, _RUNS)
    return (join(runs, file.name) for file in files.iterate_files(runs) if _ROWS in f"/{file.name}")
