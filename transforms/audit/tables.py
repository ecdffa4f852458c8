"""What an output root says about its recordings: status objects, rows, and the files in `audio/`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from schemas.audit import Claim, Problem
from transforms.audit.check import audio_name
from transforms.commit.ledger import list_statuses
from transforms.storage import files
from transforms.storage.urls import join

_COLUMNS = [
    "recording_id",
    "status",
    "redacted_audio_url",
    "run_id",
    "language_code",
    "duration_s",
    "channels",
    "policies",
    "utterances",
]
_ROWS_AT_ONCE = 256


def statuses_of(output: str) -> Iterator[tuple[str, str]]:
    """Each status object, as recording and JSON.

    Raises:
      ConfigurationError: The output root belongs to something else.
    """
    for recording_id, status in list_statuses(output).items():
        yield recording_id, status.to_json().decode()


def table_files(output: str) -> list[str]:
    """The files of `transcripts/`."""
    folder = join(output, "transcripts")
    return [join(folder, name) for name in files.list_names(folder) if name.endswith(".parquet")]


def read_rows(url: str) -> Iterator[tuple[str, str]]:
    """Each row of a file of `transcripts/`, as recording and JSON: what an audit compares, which is redacted."""
    with TemporaryDirectory(prefix="hushbeam-") as folder, pq.ParquetFile(files.fetch(url, folder, None)) as table:
        for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE, columns=_COLUMNS):
            for row in batch.to_pylist():
                yield row["recording_id"], json.dumps(row)


def claim_of(recording_id: str, statuses: Iterable[str], rows: Iterable[str]) -> Claim:
    """What is said about one recording."""
    return Claim(recording_id, next(iter(statuses), None), tuple(sorted(rows)))


def orphans(output: str) -> list[Problem]:
    """Files in `audio/` that no status object speaks of."""
    urls = [status.redacted_audio_url for status in list_statuses(output).values()]
    known = {audio_name(url) for url in urls if url is not None}
    names = files.list_names(join(output, "audio"))
    return [Problem("orphan", name, "no status object names it") for name in names if name not in known]
