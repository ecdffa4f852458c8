"""What an output root says about its recordings: status objects and rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from schemas.audit import Claim
from schemas.finding import FINDINGS_SCHEMA
from transforms.commit.ledger import list_statuses
from transforms.storage import files
from transforms.storage.urls import join

TRANSCRIPT_COLUMNS = (
    "recording_id",
    "status",
    "redacted_audio_url",
    "run_id",
    "language_code",
    "duration_s",
    "channels",
    "policies",
    "text",
    "utterances",
)
FINDING_COLUMNS = tuple(name for name in FINDINGS_SCHEMA.names if name != "value_hmac")
_ROWS_AT_ONCE = 256


def statuses_of(output: str) -> Iterator[tuple[str, str]]:
    """Each status object, as recording and JSON.

    Raises:
      ConfigurationError: The output root belongs to something else.
    """
    for recording_id, status in list_statuses(output).items():
        yield recording_id, status.to_json().decode()


def table_files(output: str, table: str) -> list[str]:
    """The files of a table."""
    folder = join(output, table)
    return [join(folder, name) for name in files.list_names(folder) if name.endswith(".parquet")]


def read_rows(url: str, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each row of a table's file, as recording and JSON: what an audit compares, which is redacted."""
    with TemporaryDirectory(prefix="hushbeam-") as folder, pq.ParquetFile(files.fetch(url, folder, None)) as table:
        for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE, columns=list(columns)):
            for row in batch.to_pylist():
                yield row["recording_id"], json.dumps(row)


def claim_of(recording_id: str, statuses: Iterable[str], rows: Iterable[str], findings: Iterable[str]) -> Claim:
    """What is said about one recording."""
    return Claim(recording_id, next(iter(statuses), None), tuple(sorted(rows)), tuple(sorted(findings)))
