"""Audit of the certificate of one recording: its files, its rows, and the run that wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.transforms.archive.certificate import read_public_key
from hushbeam.transforms.archive.claims import Claim, Problem, table_problems
from hushbeam.transforms.archive.ledger import Status, read_status, similar_ids, status_url
from hushbeam.transforms.archive.published_files import json_name
from hushbeam.transforms.archive.tables.parquet import json_of
from hushbeam.transforms.archive.tables.read import DamagedTableError, open_table, run_files, table_files
from hushbeam.transforms.archive.tombstones import Tombstones
from hushbeam.transforms.audit.check import LeakCheck, audit
from hushbeam.transforms.audit.facts import AuditedRun, SignatureState, audited_run, signature_of_status
from hushbeam.transforms.audit.records import AuditedRecording
from hushbeam.transforms.audit.runs import run_problems
from hushbeam.transforms.audit.settings import AuditSettings
from hushbeam.transforms.base.temporary_files import TemporaryFolder
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import relative

_OPTION = "--certificate"
_TABLES: dict[str, pa.Schema] = {"transcripts": TRANSCRIPTS_SCHEMA, "findings": FINDINGS_SCHEMA}


@dataclass(frozen=True)
class AuditedCertificate:
    """The result of the audit of one certificate.

    Attributes:
      signature: Of the status object, which the certificate is a part of.
      run: The run that wrote the recording.
      problems: Of the recording.
      run_problems: Of the run, and of its files of the tables.
    """

    status: Status
    signature: SignatureState
    run: AuditedRun
    audited: AuditedRecording
    problems: tuple[Problem, ...]
    run_problems: tuple[Problem, ...]


def published_status(output: str, recording_id: str) -> Status:
    """The status object of a published recording.

    Raises:
      ConfigurationError: There is none; the message says whether it was erased, is damaged, or has another id.
    """
    status = read_status(output, recording_id)
    if status is not None:
        return status
    if files.exists(status_url(output, recording_id)):
        raise ConfigurationError(
            f"{_OPTION}: status/{json_name(recording_id)} is not the status object of this recording: it is damaged or "
            "was replaced, so there is no certificate; audit without this option for all problems"
        )
    if Tombstones(output).has_recording(recording_id):
        raise ConfigurationError(f"{_OPTION}: this recording was erased, and its certificate with it")
    similar = similar_ids(output, [recording_id])[recording_id]
    names = f"; similar ids: {', '.join(similar)}" if similar else "; status/ has a file for each that is"
    raise ConfigurationError(f"{_OPTION}: no recording with this id is published in --output{names}")


def audit_certificate(
    output: str, recording_id: str, settings: AuditSettings, leak_check: LeakCheck | None
) -> AuditedCertificate:
    """Checks what an output root claims about one recording, and the run that wrote it.

    Other rows of the recording are problems that a whole audit finds.
    """
    status = published_status(output, recording_id)
    key = read_public_key(settings.public_key) if settings.public_key else None
    rows, of_tables = _rows(output, status)
    claim = Claim(recording_id, status.to_json().decode(), rows["transcripts"], rows["findings"])
    with TemporaryFolder() as folder:
        audited = audit(claim, output, Path(folder), key, leak_check, limits=settings.limits)
    problems = list(audited.problems)
    if files.read_bytes(status_url(output, recording_id)) != status.to_json():
        problems.append(Problem("status_differs", recording_id, "not written as a run writes it"))
    return AuditedCertificate(
        status,
        signature_of_status(status, key),
        audited_run(status.run_id, output, key),
        audited,
        tuple(problems),
        (*run_problems(status.run_id, output, key), *of_tables),
    )


def _rows(output: str, status: Status) -> tuple[dict[str, tuple[str, ...]], tuple[Problem, ...]]:
    found = {
        table: {url: _rows_in(url, schema, status) for url in run_files(output, table, status.run_id)}
        for table, schema in _TABLES.items()
    }
    if not any(found["transcripts"].values()):
        # A run that was killed left them to the next one, which wrote them into files of its own.
        for table, schema in _TABLES.items():
            others = (url for url in table_files(output, table) if url not in found[table])
            found[table].update({url: rows for url in others if (rows := _rows_in(url, schema, status))})
    problems = (
        problem
        for by_file in found.values()
        for url in by_file
        for problem in table_problems(relative(url, output), output)
    )
    of_tables = {table: tuple(sorted(chain.from_iterable(by_file.values()))) for table, by_file in found.items()}
    return of_tables, tuple(problems)


def _rows_in(url: str, schema: pa.Schema, status: Status) -> list[str]:
    """The rows of a recording and its run in a table file; none of a damaged file, which is a problem of its own."""
    rows: list[str] = []
    try:
        with TemporaryFolder() as folder, open_table(url, Path(folder)) as table:
            if not set(schema.names) <= set(table.schema_arrow.names):
                return []
            for group in range(table.num_row_groups):
                ids = table.read_row_group(group, ["recording_id", "run_id"])
                is_own = pc.and_(
                    pc.equal(ids["recording_id"], status.recording_id), pc.equal(ids["run_id"], status.run_id)
                )
                if pc.any(is_own).as_py():
                    rows += map(json_of, table.read_row_group(group, schema.names).filter(is_own).to_pylist())
    except DamagedTableError:
        return rows
    return rows
