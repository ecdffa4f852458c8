"""Made-up rows of committed recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hushbeam.schemas.stages import Verification
from hushbeam.transforms.archive.tables.digests import as_json, output_digests


def made_up_transcript(recording_id: str, **values: Any) -> str:
    """A row of `transcripts/` as JSON."""
    word = {"text": "hello", "start_s": 0.5, "end_s": 1.0, "confidence": 0.75, "redacted": False}
    turn = {"channel": 0, "speaker": "A", "start_s": 0.5, "end_s": 1.0, "text": "hello", "words": [word]}
    row = {
        "recording_id": recording_id,
        "status": "completed",
        "audio_url": f"gs://calls/{recording_id}.wav",
        "redacted_audio_url": None,
        "language_code": "en",
        "duration_s": 2.0,
        "channels": 1,
        "text": "hello",
        "utterances": [turn],
        "policies": ["person_name"],
        "metadata": [["queue", "support"]],
        "run_id": "killed",
        "processed_at": "2026-11-29T02:00:00+00:00",
        "models": [["recogniser", "tiny"]],
        "configuration": "--verify off",
        "configuration_id": "c",
        "muted_s": 0.0,
        "muted_s_by_policy": [["person_name", 0.0]],
        "verification": asdict(Verification()),
    }
    return as_json(row | values)


def made_up_finding(recording_id: str, **values: Any) -> str:
    """A row of `findings/` as JSON."""
    row = {
        "recording_id": recording_id,
        "policy": "person_name",
        "label": "PERSON_NAME",
        "channel": 0,
        "start_s": 0.5,
        "end_s": 1.0,
        "text_start": 0,
        "text_end": 5,
        "score": 0.9,
        "detector": "test",
        "run_id": "killed",
        "processed_at": "2026-11-29T02:00:00+00:00",
    }
    return as_json(row | values)


def certificate_for(transcript_row: str, *finding_rows: str) -> Mapping[str, Any]:
    """A certificate that vouches for rows alone."""
    return {"outputs": output_digests(transcript_row, finding_rows, None)}
