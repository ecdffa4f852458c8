"""Failure: a recording or manifest line that did not complete, and its row in errors/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import pyarrow as pa

from hushbeam.schemas.tables import column, processed_at, table_schema

UNEXPECTED = "unexpected"
"""The `error_class` of unforeseen errors. Their message gives the class and the place in the code, and no value."""

READING = "ReadManifest"
"""The stage of failures of lines and records. Each is of a line or record of its own."""

ERRORS_SCHEMA = table_schema(
    "errors",
    [
        column(
            "recording_id",
            pa.string(),
            "Id of the recording. Empty if the line names none",
            "call-4711",
            nullable=True,
        ),
        column(
            "audio_url",
            pa.string(),
            "The source, as in `transcripts`. Empty if the line names none, and for published recordings that could "
            "not be muted further",
            "gs://calls/2026/11/call-4711.wav",
            nullable=True,
        ),
        column("manifest", pa.string(), "Path or URL of the manifest", "gs://calls/2026-11-23.jsonl", nullable=True),
        column("line", pa.int64(), "Line or row of the manifest, from 1", "17", nullable=True),
        column(
            "status",
            pa.string(),
            "`failed` (could not be processed) or `quarantined` (processed, but not safe to publish)",
            "failed",
        ),
        column("stage", pa.string(), "Stage that ended the recording", "Transcribe"),
        column("error_class", pa.string(), "Cause, stable for grouping: see the reference of failures", "MediaError"),
        column(
            "message",
            pa.string(),
            "What is wrong and what to do, without personal data",
            "truncated: the file ends before its stated length",
        ),
        column("retryable", pa.bool_(), "Whether the same recording may pass in a later run", "false"),
        column("run_id", pa.string(), "Run that wrote the row", "20261129T020000Z-80449f"),
        processed_at(),
    ],
)


@dataclass(frozen=True)
class Failure:
    """Why a recording has no output. Never holds words of the recording.

    Attributes:
      recording_id: None if the manifest line does not name a recording.
      status: `failed` (could not be processed) or `quarantined` (processed, but not safe to publish).
      stage: The stage's name, such as `Transcribe`.
      error_class: Stable, for grouping: `MediaError`, `UnknownPolicy`, `unexpected`.
      message: Names the line or file and what to do, without personal data.
      retryable: Whether the same input may pass in a later run.
      audio_url: The source in its public form, so that nobody deletes it as redacted under another id; None if unknown.
    """

    recording_id: str | None
    status: str
    stage: str
    error_class: str
    message: str
    retryable: bool
    manifest: str = ""
    line: int = 0
    run_id: str = ""
    audio_url: str | None = None

    def to_row(self, processed_at: str) -> dict[str, Any]:
        """A row of `ERRORS_SCHEMA`.

        Args:
          processed_at: Start of the run, ISO 8601.
        """
        return asdict(self) | {"processed_at": processed_at}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Failure:
        """The inverse of `to_row`."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})
