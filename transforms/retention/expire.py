"""Takes redacted recordings back once their time is over. Transcripts, findings and captions stay.

So do corrections: whoever makes such a recording again must not bring back what a person heard in it. Other reviews
speak of sound that is gone, and go with it.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from transforms.commit.certificate import signed, unsigned
from transforms.commit.ledger import EXPIRED, Status, list_statuses, save_snapshot, write_status
from transforms.commit.recovery import safety_copies
from transforms.correct_findings.reviews import read_reviews, review_url
from transforms.storage import files
from transforms.storage.file_systems import storage_errors
from transforms.storage.urls import file_name, join
from transforms.temporary_files import TemporaryFolder
from transforms.write_tables.read import table_files

_NO_LONGER_AVAILABLE = "the redacted audio is no longer available"


@dataclass
class Expired:
    """What was taken back.

    Attributes:
      recordings: Whose status object says so now.
      files: That were deleted, among them what killed runs left.
    """

    recordings: int = 0
    files: int = 0


def expire(output: str, before: datetime, key: Ed25519PrivateKey | None = None) -> Expired:
    """Deletes redacted recordings that were published before a time; the caller holds the run lock.

    A status object changes before its recording goes: nobody is told of a file that is not there. Whatever was
    interrupted is completed by repeating it.

    Args:
      before: With a time zone.
      key: Signs the status objects that change; without it, those are no longer signed.
    """
    expired = Expired()
    statuses = list_statuses(output)
    named = {file_name(url): status for status in statuses.values() if (url := status.redacted_audio_url)}
    folder = join(output, "audio")
    for name, modified in files.list_modified(folder).items():
        if modified >= before:
            continue
        status = named.get(name)
        if status is not None:
            statuses[status.recording_id] = gone = _expired(status, key)
            write_status(output, gone)
            expired.recordings += 1
        files.delete(join(folder, name))
        expired.files += 1
    ids = frozenset(one for one, status in statuses.items() if status.status == EXPIRED)
    for recording_id, review in read_reviews(output).items():
        if recording_id in ids and review.corrections is None:
            files.delete(review_url(output, recording_id))
    for url in safety_copies(output):
        _expire_copy(url, ids)
    for url in table_files(output, "transcripts"):
        _expire_table(url, pa.array(sorted(ids), pa.string()))
    save_snapshot(output)
    return expired


def _expired(status: Status, key: Ed25519PrivateKey | None) -> Status:
    gone = unsigned(replace(status, status=EXPIRED, redacted_audio_url=None, error=_NO_LONGER_AVAILABLE))
    return gone if key is None else signed(gone, key)


def _expire_copy(url: str, recording_ids: Collection[str]) -> None:
    copy = json.loads(files.read_bytes(url))
    if copy["recording_id"] in recording_ids and copy["status"] != EXPIRED:
        gone = {"status": EXPIRED, "redacted_audio_url": None}
        row = json.dumps(json.loads(copy["transcript_row"]) | gone, ensure_ascii=False, sort_keys=True)
        files.write_bytes(url, json.dumps(copy | gone | {"transcript_row": row}, ensure_ascii=False).encode())


def _expire_table(url: str, recording_ids: pa.Array) -> None:
    """Rewrites a file of `transcripts/` as a whole, where it says otherwise."""
    with TemporaryFolder() as folder:
        path = files.fetch(url, folder)
        if not pc.any(_due(pq.read_table(path, columns=["recording_id", "status"]), recording_ids)).as_py():
            return
        target = Path(folder) / "rewritten.parquet"
        source = pq.ParquetFile(path)
        with (
            storage_errors(folder, "write"),
            pq.ParquetWriter(target, source.schema_arrow, compression="zstd", version="2.6") as writer,
        ):
            for group in range(source.num_row_groups):
                writer.write_table(_expired_rows(source.read_row_group(group), recording_ids))
        files.upload_file(target, url)


def _due(rows: pa.Table, recording_ids: pa.Array) -> pa.ChunkedArray:
    """Which rows speak of sound that is gone."""
    return pc.and_(pc.is_in(rows["recording_id"], value_set=recording_ids), pc.not_equal(rows["status"], EXPIRED))


def _expired_rows(rows: pa.Table, recording_ids: pa.Array) -> pa.Table:
    due = _due(rows, recording_ids)
    for name, value in (("status", EXPIRED), ("redacted_audio_url", None)):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(
            place, rows.schema.field(place), pc.if_else(due, pa.scalar(value, pa.string()), rows[name])
        )
    return rows
