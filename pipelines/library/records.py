"""Published recordings as records: what the library gives, read from rows of transcripts/ and findings/."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from hushbeam.schemas.coders import travels_compressed
from hushbeam.transforms.storage.urls import join

RecordT = TypeVar("RecordT", "PublishedFinding", "PublishedRecording")


@dataclass(frozen=True)
class PublishedFinding:
    """A redacted span of a recording. Never the value.

    Attributes:
      policy: A policy of docs/policies.md.
      label: What replaces the words with `entity_name`, without brackets.
      channel: 0-based.
      start_s, end_s: Seconds from the start of the recording, without the padding of muting.
      text_start, text_end: Offsets of the replacement in the redacted text; None without words (keypad tones, speech
        without recognised words).
      score: 0 to 1.
      detector: What found it.
    """

    recording_id: str
    policy: str
    label: str
    channel: int
    start_s: float
    end_s: float
    text_start: int | None
    text_end: int | None
    score: float
    detector: str
    run_id: str


@travels_compressed
@dataclass(frozen=True)
class PublishedRecording:
    """A published recording. It holds redacted text only.

    Attributes:
      recording_id: As in the input, or derived from the URL; a pseudonym with `hash_identities`.
      status: `redacted_audio_ready`, or `completed` if no audio was requested.
      audio_url: The source; a pseudonym with `hash_identities`.
      redacted_audio_url: None if no audio was requested.
      language_code: ISO 639-1.
      duration_s: Seconds of the recording.
      channels: Number of separately transcribed channels.
      text: The redacted transcript, an utterance a line.
      utterances: As in transcripts/: channel, speaker, start_s, end_s, text, words.
      policies: What was asked for.
      metadata: Copied from the input.
      run_id: The run that published it.
      findings: Redacted spans, in time order.
    """

    recording_id: str
    status: str
    audio_url: str
    redacted_audio_url: str | None
    language_code: str
    duration_s: float
    channels: int
    text: str
    utterances: tuple[Mapping[str, Any], ...]
    policies: tuple[str, ...]
    metadata: Mapping[str, str]
    run_id: str
    findings: tuple[PublishedFinding, ...] = ()

    def __repr__(self) -> str:
        # Metadata and URLs may be personal data, and reprs end up in logs.
        return f"PublishedRecording({self.recording_id!r}, {self.duration_s:.1f} s, {len(self.findings)} findings)"


def published(transcript_row: str, finding_rows: Iterable[str], output: str) -> PublishedRecording:
    """The record of a published recording.

    Args:
      transcript_row: Its row of `TRANSCRIPTS_SCHEMA` as JSON.
      finding_rows: Its rows of `FINDINGS_SCHEMA` as JSON.
      output: The output root.
    """
    row = json.loads(transcript_row)
    if row["redacted_audio_url"] is not None:
        row["redacted_audio_url"] = join(output, row["redacted_audio_url"])
    row["utterances"] = tuple(row["utterances"])
    row["policies"] = tuple(row["policies"])
    row["metadata"] = dict(row["metadata"])
    row["findings"] = tuple(_record(PublishedFinding, json.loads(finding)) for finding in finding_rows)
    return _record(PublishedRecording, row)


def _record(kind: type[RecordT], row: Mapping[str, Any]) -> RecordT:
    return kind(**{field.name: row[field.name] for field in fields(kind)})
