"""expire: deletes redacted audio after a time. Transcripts, findings and captions stay.

Reviews with corrections stay too, and reviews that cannot be read: if the recording is redacted again, ranges that a
reviewer marked must stay muted. Other reviews are about the deleted audio, and are deleted with it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hushbeam.transforms.archive.certificate import check_signature, signed, unsigned
from hushbeam.transforms.archive.ledger import (
    EXPIRED,
    Status,
    list_statuses,
    published_audio,
    save_snapshot,
    write_status,
)
from hushbeam.transforms.archive.published_files import is_output_name
from hushbeam.transforms.archive.recovery import UnreadableCopyError, content_of, copy_in, safety_copies
from hushbeam.transforms.archive.reviews import combined, read_all_reviews, review_urls
from hushbeam.transforms.archive.signatures import SignatureError
from hushbeam.transforms.archive.tables.change import Tables
from hushbeam.transforms.archive.tables.digests import as_json
from hushbeam.transforms.archive.tables.earlier_runs import settle_lists
from hushbeam.transforms.storage import files
from hushbeam.transforms.storage.urls import file_name, join, relative

_log = logging.getLogger(__name__)
_NO_LONGER_AVAILABLE = "the redacted audio is no longer available"


@dataclass
class Expired:
    """Counts of an expiry.

    Attributes:
      recordings: Number of status objects that were changed.
      files: Number of deleted files, including leftovers of killed runs.
      damaged: Names of unreadable files, which may still name the audio.
    """

    recordings: int = 0
    files: int = 0
    damaged: set[str] = field(default_factory=set)


def expire(output: str, before: datetime, key: Ed25519PrivateKey | None) -> Expired:
    """Deletes redacted recordings that were published before a time. The caller holds the run lock.

    A status object changes before its audio is deleted, so that it never names a missing file. An interrupted expiry is
    completed by repeating it.

    Args:
      before: With a time zone.
      key: Signs changed status objects and file lists that were signed with it before; None leaves those unsigned.
    """
    expired = Expired()
    statuses = list_statuses(output)
    named = {file_name(url): status for status in statuses.values() if (url := published_audio(output, status))}
    folder = join(output, "audio")
    for name, modified in files.list_modified(folder).items():
        if modified >= before or not is_output_name(name):
            continue
        status = named.get(name)
        if status is not None:
            statuses[status.recording_id] = changed = _expired(status, key)
            write_status(output, changed)
            expired.recordings += 1
        files.delete(join(folder, name))
        expired.files += 1
    ids = frozenset(one for one, status in statuses.items() if status.status == EXPIRED)
    readable = {one: own for one, own in read_all_reviews(output).items() if one in ids}
    for one, urls in review_urls(output, readable).items():
        # One that cannot be read may mark ranges.
        if len(readable[one]) == len(urls) and combined(readable[one]).corrections is None:
            files.delete_many(urls)
    for url in safety_copies(output):
        try:
            _expire_copy(url, ids)
        except UnreadableCopyError as error:
            name = relative(url, output)
            _log.warning("%s is ignored: %s", name, error)
            expired.damaged.add(name)
    wanted, tables = pa.array(sorted(ids), pa.string()), Tables(output, key)
    columns = ["recording_id", "status"]
    tables.rewrite("transcripts", columns, lambda rows: _due(rows, wanted), _expired_rows)
    expired.damaged |= tables.damaged
    settle_lists(output, key)
    save_snapshot(output, of_the_same_root=True)
    return expired


def _expired(status: Status, key: Ed25519PrivateKey | None) -> Status:
    changed = unsigned(replace(status, status=EXPIRED, redacted_audio_url=None, error=_NO_LONGER_AVAILABLE))
    if key is None:
        return changed
    try:
        check_signature(status, key.public_key())
    except SignatureError as error:  # the key must not sign an object that it had not signed
        _log.warning("the status object of an expired recording is written without a signature: it was %s", error)
        return changed
    return signed(changed, key)


def _expire_copy(url: str, recording_ids: Collection[str]) -> None:
    copy = copy_in(file_name(url), files.read_bytes(url))
    if copy.recording_id in recording_ids and copy.status != EXPIRED:
        row = json.loads(copy.transcript_row) | {"status": EXPIRED, "redacted_audio_url": None}
        changed = replace(copy, status=EXPIRED, redacted_audio_url=None, transcript_row=as_json(row))
        files.write_bytes(url, content_of(changed))


def _due(rows: pa.Table, recording_ids: pa.Array) -> pa.ChunkedArray:
    """The rows of expired recordings that are not marked as expired yet."""
    return pc.and_(pc.is_in(rows["recording_id"], value_set=recording_ids), pc.not_equal(rows["status"], EXPIRED))


def _expired_rows(rows: pa.Table, due: pa.ChunkedArray) -> pa.Table:
    for name, value in (("status", EXPIRED), ("redacted_audio_url", None)):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(
            place, rows.schema.field(place), pc.if_else(due, pa.scalar(value, pa.string()), rows[name])
        )
    return rows
