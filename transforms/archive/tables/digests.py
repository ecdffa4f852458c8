"""Checksums of an output's rows and captions, for its certificate.

A row is hashed in the form that its table returns: canonical JSON (sorted keys, no white space, UTF-8) with the types
of the table's schema. Some fields are left out. `status` and `redacted_audio_url` change when the audio expires,
although the words stay; the status object holds them anyway. Without `run_id` and `processed_at`, the same output has
the same certificate in every run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from hushbeam.schemas.finding import FINDINGS_SCHEMA
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA
from hushbeam.transforms.archive.ledger import Status
from hushbeam.transforms.archive.signatures import canonical_json
from hushbeam.transforms.archive.tables.parquet import as_table

_OUTPUTS = "outputs"
_OF_THE_STATUS = frozenset({"status", "redacted_audio_url", "run_id", "processed_at"})


def output_digests(
    transcript_row: str, finding_rows: Iterable[str], captions: Mapping[str, bytes] | None
) -> dict[str, Any]:
    """The part of a certificate about rows and captions, as plain values for JSON.

    Args:
      transcript_row, finding_rows: Rows of `TRANSCRIPTS_SCHEMA` and `FINDINGS_SCHEMA` as JSON.
      captions: Contents by kind, `srt` and `vtt`; None if none are written.
    """
    return {
        "transcript": transcript_digest(transcript_row),
        "findings": findings_digest(finding_rows),
        "captions": captions and {kind: content_digest(content) for kind, content in sorted(captions.items())},
    }


def certified_outputs(status: Status) -> Mapping[str, Any]:
    """The part of a status object's certificate about rows and captions; empty if it has none."""
    outputs = status.certificate.get(_OUTPUTS)
    return outputs if isinstance(outputs, Mapping) else {}


def holds_certified_rows(status: Status, transcript_row: str, finding_rows: Sequence[str]) -> bool:
    """Whether a status object certifies these rows, and they are of its run."""
    outputs = certified_outputs(status)
    try:
        digests = transcript_digest(transcript_row), findings_digest(finding_rows)
        runs = {json.loads(row)["run_id"] for row in (transcript_row, *finding_rows)}
    except (pa.ArrowException, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return False  # not rows of this version
    return runs == {status.run_id} and digests == (outputs.get("transcript"), outputs.get("findings"))


def transcript_digest(row: str) -> str:
    """The checksum of a row of `TRANSCRIPTS_SCHEMA` as JSON, without the fields that the status object holds."""
    return content_digest(_canonical(row, TRANSCRIPTS_SCHEMA))


def findings_digest(rows: Iterable[str]) -> str:
    """The checksum of all rows of `FINDINGS_SCHEMA` of a recording, as JSON, in any order and with repetitions."""
    return content_digest(b"\n".join(sorted({_canonical(row, FINDINGS_SCHEMA) for row in rows})))


def content_digest(content: bytes) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def as_json(row: Mapping[str, Any]) -> str:
    """A row as JSON, on its way to a table."""
    return json.dumps(row, ensure_ascii=False, sort_keys=True)


def _canonical(row: str, schema: pa.Schema) -> bytes:
    (values,) = as_table([row], schema).to_pylist()
    # Without nulls, so that a column that a later version adds does not change the digests of earlier rows.
    kept = {name: value for name, value in values.items() if name not in _OF_THE_STATUS and value is not None}
    return canonical_json(kept)
