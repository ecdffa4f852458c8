"""Claim: the status object and rows of one recording; and problems of the files that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import pyarrow as pa

from hushbeam.schemas.coders import travels
from hushbeam.schemas.stages import FromOutput
from hushbeam.schemas.tables import SCHEMA_VERSION, is_readable, version_of
from hushbeam.transforms.archive.ledger import UnreadableStatusError, read_status_files, status_in
from hushbeam.transforms.archive.tables.current import current_rows
from hushbeam.transforms.archive.tables.file_entry import FileEntry
from hushbeam.transforms.archive.tables.file_lists import UnreadableFileListError, read_run_files
from hushbeam.transforms.archive.tables.layout import SCHEMAS, run_of
from hushbeam.transforms.archive.tables.read import DamagedTableError, open_table
from hushbeam.transforms.archive.tombstones import Tombstones
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.errors import MissingFileError, StorageError
from hushbeam.transforms.storage.urls import join

PROBLEMS = "problems"

_OF_ARROW = frozenset({b"ARROW:schema"})


@travels
@dataclass(frozen=True)
class Problem:
    """A difference between an output root and what its runs wrote, or a defect of what they wrote.

    Attributes:
      kind: A fixed word, such as `audio_missing` or `speech_in_muted_range`.
      subject: A recording's id, a run's id, or the name of a file.
      detail: Counts, times and hashes, without a value.
    """

    kind: str
    subject: str
    detail: str = ""


@travels
@dataclass(frozen=True)
class Claim(FromOutput):
    """All data of one recording in an output root.

    Attributes:
      status: The status object as JSON; None if there is none.
      rows: Current rows of `transcripts/` as JSON; one, unless the output is damaged.
      findings: Current rows of `findings/` as JSON.
    """

    recording_id: str
    status: str | None
    rows: tuple[str, ...]
    findings: tuple[str, ...]


def statuses_of(output: str) -> Iterator[tuple[str, str] | beam.pvalue.TaggedOutput]:
    """Each status object as (recording id, JSON), and tagged problems for files that are not status objects."""
    for name, content in read_status_files(output):
        try:
            status = status_in(name, content or b"")
        except UnreadableStatusError as error:
            detail = str(error) if content is not None else "cannot be read"
            yield beam.pvalue.TaggedOutput(PROBLEMS, Problem("unreadable", f"status/{name}", detail))
            continue
        yield status.recording_id, status.to_json().decode()
        if content != status.to_json():
            problem = Problem("status_differs", status.recording_id, "not written as a run writes it")
            yield beam.pvalue.TaggedOutput(PROBLEMS, problem)


def claim_of(recording_id: str, statuses: Iterable[str], rows: Iterable[str], findings: Iterable[str]) -> Claim:
    """The claim about one recording, from its joined status objects and rows."""
    rows, findings = current_rows(sorted(rows), sorted(findings))
    return Claim(recording_id, next(iter(statuses), None), rows, findings)


def table_names(output: str) -> list[str]:
    """The names of all table files, relative to the output root."""
    return [
        f"{table}/{name}"
        for table in SCHEMAS
        for name in files.list_names(join(output, table))
        if run_of(name) is not None
    ]


def table_problems(name: str, output: str) -> Iterator[Problem]:
    """Problems of a table file: unreadable, wrong columns or metadata, or a difference from its run's list.

    Args:
      name: Relative to the output root.
    """
    table, _, rest = name.partition("/")
    tombstones = Tombstones(output)
    try:
        with TemporaryFolder() as folder:
            path = files.fetch(join(output, name), folder, None)
            yield from _list_problems(name, run_of(rest) or "", FileEntry.of(path), output)
            with open_table(join(output, name), Path(folder), path) as rows:
                is_of_table = _is_of(rows.schema_arrow, rows.metadata.metadata, SCHEMAS[table])
                if not is_of_table:
                    is_later = (version_of(rows.schema_arrow) or 0) > SCHEMA_VERSION
                    detail = "columns or metadata that no run writes"
                    if is_later:
                        detail = "a later version of Hushbeam wrote it: audit with that version"
                    yield Problem("table_differs", name, detail)
                erased = 0
                for group in range(rows.num_row_groups):
                    read = rows.read_row_group(group)
                    if is_of_table and len(tombstones):
                        erased += sum(map(tombstones.has_recording, filter(None, read["recording_id"].to_pylist())))
                if erased:
                    detail = (
                        f"{erased} rows of recordings that have a tombstone: erase these recordings again to complete "
                        "the erasure"
                    )
                    yield Problem("erased_in_part", name, detail)
    except MissingFileError:
        pass  # reported as missing if a list names it
    except DamagedTableError:
        yield Problem("unreadable", name, "damaged")
    except (StorageError, OSError) as error:
        if isinstance(error, StorageError) and error.retryable:
            raise
        yield Problem("unreadable", name, "cannot be read")


def _list_problems(name: str, run_id: str, entry: FileEntry, output: str) -> Iterator[Problem]:
    try:
        listed = read_run_files(output, run_id)
    except UnreadableFileListError:
        listed = None  # reported as a problem of the run
    if listed is not None and name not in {*listed.files, *listed.changing}:
        yield Problem("unknown_file", name, "its run does not list it")
    elif listed is not None and not listed.allows(name, entry):
        yield Problem("file_changed", name, "size or checksum differs from the list of its run's files")


def _is_of(found: pa.Schema, notes: dict[bytes, bytes] | None, expected: pa.Schema) -> bool:
    return is_readable(found, expected) and set(notes or {}) <= {*_OF_ARROW, *expected.metadata}
