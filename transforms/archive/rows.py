"""Rows of transcripts/ and findings/ of a recording that is ready to publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from hushbeam.schemas.finding import FINDINGS_SCHEMA, Finding
from hushbeam.schemas.redacted import TRANSCRIPTS_SCHEMA, RedactedTranscript
from hushbeam.schemas.stages import MutedRecording
from hushbeam.transforms.archive.ledger import COMPLETED, READY
from hushbeam.transforms.archive.published_files import relative_audio_url
from hushbeam.transforms.archive.tables.digests import as_json
from hushbeam.transforms.archive.tables.parquet import as_table


def transcript_row(
    recording: MutedRecording,
    redacted_audio_url: str | None,
    *,
    run_id: str,
    processed_at: str,
    certificate: Mapping[str, Any],
) -> str:
    """A row of `TRANSCRIPTS_SCHEMA` as JSON.

    Args:
      processed_at: Start of the run, ISO 8601.
      certificate: See `hushbeam.transforms.archive.certificate`.
    """
    audio = certificate["audio"] or {}
    row = recording.redacted_transcript.to_row(
        recording.recording,
        status=status_of(recording),
        redacted_audio_url=relative_audio_url(redacted_audio_url),
        run_id=run_id,
        processed_at=processed_at,
        models=certificate["models"],
        configuration=certificate["configuration"],
        configuration_id=certificate["configuration_id"],
        muted_s=audio.get("muted_s", 0.0),
        muted_s_by_policy=audio.get("muted_s_by_policy", {}),
        verification=certificate["verification"],
    )
    return _checked(row, TRANSCRIPTS_SCHEMA)


def finding_rows(recording: MutedRecording, *, run_id: str, processed_at: str) -> tuple[str, ...]:
    """Rows of `FINDINGS_SCHEMA` as JSON, in time order."""
    found = _located(recording.detected.findings, recording.redacted_transcript)
    found += [(finding, None) for finding in recording.audio_findings]
    found.sort(key=lambda located: (located[0].start_s, located[0].channel, located[0].policy))
    return tuple(
        _checked(
            _finding_row(finding, place)
            | {"recording_id": recording.recording_id, "run_id": run_id, "processed_at": processed_at},
            FINDINGS_SCHEMA,
        )
        for finding, place in found
    )


def status_of(recording: MutedRecording) -> str:
    """The status of a recording that is published with its audio, or as a transcript only."""
    return COMPLETED if recording.audio is None else READY


def _checked(row: dict[str, Any], schema: pa.Schema) -> str:
    """The row as JSON. A row that does not fit its table must fail before the recording is public."""
    encoded = as_json(row)
    as_table([encoded], schema)
    return encoded


def _located(findings: Sequence[Finding], redacted: RedactedTranscript) -> list[tuple[Finding, tuple[int, int] | None]]:
    return list(zip(findings, redacted.offsets, strict=True))


def _finding_row(finding: Finding, place: tuple[int, int] | None) -> dict[str, Any]:
    return {
        "policy": finding.policy,
        "label": finding.label,
        "channel": finding.channel,
        "start_s": round(finding.start_s, 3),
        "end_s": round(finding.end_s, 3),
        "text_start": None if place is None else place[0],
        "text_end": None if place is None else place[1],
        "score": round(finding.score, 4),
        "detector": finding.detector,
    }
