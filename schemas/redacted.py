"""Redacted transcript: records and table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from hushbeam.schemas.recording import Recording
from hushbeam.schemas.tables import column, processed_at, table_schema

SUBSTITUTIONS = ("hash", "entity_name", "mask", "numbered", "surrogate")
"""Names of substitutions: see `hushbeam.transforms.redact_text.substitution`."""

_WORD = pa.struct(
    [
        column(
            "text",
            pa.string(),
            "The word, or its replacement. Empty if an earlier word's replacement covers it",
            "####",
        ),
        column("start_s", pa.float64(), "Start, from the beginning of the recording", "12.34", unit="s"),
        column("end_s", pa.float64(), "End", "12.58", unit="s"),
        column(
            "confidence",
            pa.float64(),
            "Probability that the recogniser gave the word, 0 to 1. Empty if the text replaces the word",
            "0.91",
            nullable=True,
        ),
        column("redacted", pa.bool_(), "Whether the text replaces the word that was said", "true"),
    ]
)
_UTTERANCE = pa.struct(
    [
        column("channel", pa.int32(), "Channel of the recording, from 0", "0"),
        column("speaker", pa.string(), "Letter of the channel", "A"),
        column("start_s", pa.float64(), "Start, from the beginning of the recording", "11.02", unit="s"),
        column("end_s", pa.float64(), "End", "14.60", unit="s"),
        column("text", pa.string(), "What was said, redacted", "My number is ### ####."),
        column("words", pa.list_(_WORD), "Its words, in the order of the text, without the spaces between them"),
    ]
)
_VERIFICATION = pa.struct(
    [
        column(
            "outcome",
            pa.string(),
            "`passed`; `nothing_to_verify` if nothing recognisable was muted; `not_sampled`; `off`",
            "passed",
        ),
        column("recogniser", pa.string(), "Model that transcribed the redacted audio", "whisper-tiny.en@sha256:1a5a…"),
        column("verified_s", pa.float64(), "Audio that it transcribed, summed over channels", "31.5", unit="s"),
        column("values", pa.int32(), "Redacted values that it looked for", "7"),
        column("control_words", pa.int32(), "Unmuted words that it should find", "24"),
        column("control_words_found", pa.int32(), "Those that it found", "23"),
        column("leaks", pa.int32(), "Values that it recognised after the first muting", "0"),
        column("repairs", pa.int32(), "Times that the recording was muted again", "0"),
    ]
)
TRANSCRIPTS_SCHEMA = table_schema(
    "transcripts",
    [
        column("recording_id", pa.string(), "Id from the manifest, or derived from the URL", "call-4711"),
        column(
            "status",
            pa.string(),
            "`redacted_audio_ready`, or `completed` if no audio was requested",
            "redacted_audio_ready",
        ),
        column("audio_url", pa.string(), "Source, as in the manifest", "gs://calls/4711.wav"),
        column(
            "redacted_audio_url",
            pa.string(),
            "Redacted recording, relative to the output root. Empty if no audio was requested, or it expired. "
            "The audio of an earlier row is deleted",
            "audio/4711.3f0c9a5be2d1.wav",
            nullable=True,
        ),
        column("language_code", pa.string(), "ISO 639-1 code, requested or detected; `und` if nobody speaks", "en"),
        column("duration_s", pa.float64(), "Length of the recording", "63.2", unit="s"),
        column("channels", pa.int32(), "Channels of the recording", "2"),
        column("text", pa.string(), "Redacted transcript, one utterance a line", "My number is ### ####."),
        column("utterances", pa.list_(_UTTERANCE), "The same by utterance, with times"),
        column(
            "policies",
            pa.list_(pa.string()),
            "Policies that were requested, presets resolved",
            "[person_name, phone_number]",
        ),
        column("metadata", pa.map_(pa.string(), pa.string()), "The manifest line's `metadata`", "{team: billing}"),
        column("run_id", pa.string(), "Run that redacted it", "20261129T020000Z-80449f"),
        processed_at(),
        column(
            "models",
            pa.map_(pa.string(), pa.string()),
            "Name and checksum of each model, by use",
            "{recogniser: whisper-base@sha256:905e…}",
        ),
        column(
            "configuration",
            pa.string(),
            "Options that decide the output and differ from the defaults. Empty if none does",
            "--model base.en --verify off",
        ),
        column("configuration_id", pa.string(), "Hash of all options that decide the output", "e04984534fa6…"),
        column("muted_s", pa.float64(), "Muted audio, summed over channels", "6.4", unit="s"),
        column(
            "muted_s_by_policy",
            pa.map_(pa.string(), pa.float64()),
            "The same by policy; spans of two policies count for each",
            "{phone_number: 3.1}",
            unit="s",
        ),
        column("verification", _VERIFICATION, "Result of transcribing the redacted audio with a second recogniser"),
    ],
)


@dataclass(frozen=True)
class RedactedWord:
    """A word of a redacted transcript.

    Attributes:
      text: With its leading space, unlike in the table, and as in `hushbeam.schemas.transcript.Word`: joining the words
        of an utterance gives its text. If several words became one label, the first contains it, and the others are
        empty except for the punctuation after the last.
      start_s, end_s: Seconds from the start of the recording, as recognised.
      confidence: 0 to 1.
      redacted: Whether the text replaces the original word.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float
    redacted: bool


@dataclass(frozen=True)
class PublishedText:
    """Published text that replaces a word.

    Attributes:
      text: The published text.
      start, end: Range of the replaced value in `text`, without the punctuation around it.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class RedactedUtterance:
    """Words that one channel said without a long pause.

    Attributes:
      text: The words joined, without white space at both ends.
    """

    channel: int
    speaker: str
    start_s: float
    end_s: float
    text: str
    words: tuple[RedactedWord, ...]


@dataclass(frozen=True)
class RedactedTranscript:
    """A whole redacted conversation.

    Attributes:
      text: The texts of the utterances, one per line.
      offsets: Range (start, end) of each finding's replacement in `text`, in the order of the findings; None for a
        finding without words.
    """

    language_code: str
    duration_s: float
    channels: int
    text: str
    utterances: tuple[RedactedUtterance, ...]
    offsets: tuple[tuple[int, int] | None, ...]

    def to_row(
        self,
        recording: Recording,
        *,
        status: str,
        redacted_audio_url: str | None,
        run_id: str,
        processed_at: str,
        models: Mapping[str, str],
        configuration: str,
        configuration_id: str,
        muted_s: float,
        muted_s_by_policy: Mapping[str, float],
        verification: Mapping[str, Any],
    ) -> dict[str, Any]:
        """A row of `TRANSCRIPTS_SCHEMA`.

        Args:
          status: As in its status object.
          redacted_audio_url: Relative to the output root; None if no audio was requested.
          processed_at: Start of the run, ISO 8601.
          models: Identity (name and checksum) by use: {"recogniser": …}.
          configuration: The job's options as a person writes them.
          configuration_id: Their identity.
          muted_s: Muted seconds, summed over the channels.
          verification: The fields of `hushbeam.schemas.stages.Verification`.
        """
        return {
            "recording_id": recording.recording_id,
            "status": status,
            "audio_url": recording.public_url,
            "redacted_audio_url": redacted_audio_url,
            "language_code": self.language_code,
            "duration_s": self.duration_s,
            "channels": self.channels,
            "text": self.text,
            "utterances": [utterance_row(utterance) for utterance in self.utterances],
            "policies": list(recording.policies),
            "metadata": sorted(recording.metadata.items()),
            "run_id": run_id,
            "processed_at": processed_at,
            "models": sorted(models.items()),
            "configuration": configuration,
            "configuration_id": configuration_id,
            "muted_s": muted_s,
            "muted_s_by_policy": sorted(muted_s_by_policy.items()),
            "verification": dict(verification),
        }


def utterance_row(utterance: RedactedUtterance) -> dict[str, Any]:
    """An utterance as in the `utterances` of a row of `TRANSCRIPTS_SCHEMA`."""
    row = asdict(utterance)
    for word in row["words"]:
        word["text"] = word["text"].strip()
        if word["redacted"]:
            word["confidence"] = None  # of a word that nobody sees
    return row


def spaced_words(utterance: Mapping[str, Any]) -> list[str]:
    """The words of a row's utterance with the spaces before them, so that joining them gives its text.

    Args:
      utterance: As in the `utterances` of a row of `TRANSCRIPTS_SCHEMA`.

    Raises:
      ValueError: The words are not those of the text.
    """
    text, end = utterance["text"], 0
    spaced = []
    for word in utterance["words"]:
        start = end
        while word["text"] and text[start : start + 1].isspace():
            start += 1
        if not text.startswith(word["text"], start):
            raise ValueError("the words of an utterance are not those of its text")
        spaced.append(text[end : start + len(word["text"])])
        end = start + len(word["text"])
    return spaced
