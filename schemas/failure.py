"""Failure: a recording or manifest line that did not complete, and its row in errors/."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

UNEXPECTED = "unexpected"
"""The `error_class` of unforeseen errors. Their message gives the class and the place in the code, and no value."""

ERRORS_SCHEMA = pa.schema(
    [
        pa.field("recording_id", pa.string()),
        pa.field("manifest", pa.string()),
        pa.field("line", pa.int64()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("error_class", pa.string(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
        pa.field("retryable", pa.bool_(), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
    ]
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

    def to_row(self) -> dict[str, Any]:
        """A row of `ERRORS_SCHEMA`."""
        return asdict(self)
