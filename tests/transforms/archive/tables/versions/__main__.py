"""Writes the tables of the present schema version. Those of an earlier version stay as it wrote them."""

from __future__ import annotations

import json
from pathlib import Path

from hushbeam.schemas.delivery import Delivery
from hushbeam.schemas.failure import Failure
from hushbeam.schemas.tables import SCHEMA_VERSION
from hushbeam.transforms.archive.tables.layout import SCHEMAS, TableFile
from hushbeam.transforms.archive.tables.parquet import write_parquet
from tests.transforms.archive.committed_rows import made_up_finding, made_up_transcript

_START = "2026-11-29T02:00:00.123456+00:00"
_FAILURE = Failure("gone", "failed", "Transcribe", "MediaError", "truncated", retryable=False, run_id="night")
_DELIVERY = Delivery("call", "msg_1", "example.com:443", 2, None, "undelivered", "status", "night")
_OF_RUN = {"run_id": "night", "processed_at": _START}

ROWS = {
    "transcripts": made_up_transcript("call", redacted_audio_url="audio/call.0123456789ab.wav", **_OF_RUN),
    "findings": made_up_finding("call", text_start=None, text_end=None, **_OF_RUN),
    "errors": json.dumps(_FAILURE.to_row(_START)),
    "notifications": json.dumps(_DELIVERY.to_row(_START)),
}


def main() -> None:
    """Writes a folder for this version, beside those of earlier ones."""
    for table, row in ROWS.items():
        path = Path(__file__).parent / str(SCHEMA_VERSION) / table / TableFile("2026-11-29", "night", 0).name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(path, SCHEMAS[table], [row])


if __name__ == "__main__":
    main()
