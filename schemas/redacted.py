"""Redacted transcript: records and table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from hushbeam.schemas.recording import Recording

SUBSTITUTIONS = ("hash", "entity_name", "mask", "numbered", "surrogate")
"""Names of substitutions: see `hushbeam.transforms.redact_text.substitution`."""

_WORD = pa.struct(
    [
        pa.field("text", pa.string(), nullable=False),
        pa.field("start_s", pa.float64(), nullable=False),
        pa.field("end_s", pa.float64(), nullable=False),
        pa.field("confidence", pa.float64(), nullable=False),
        pa.field("redacted", pa.bool_(), nullable=False),
    ]
)
_UTTERANCE = pa.struct(
    [
        pa.field("channel", pa.int32(), nullable=False),
        pa.field("speaker", pa.string(), nullable=False),
        pa.field("start_s", pa.float64(), nullable=False),
        pa.field("end_s", pa.float64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("words", pa.list_(_WORD), nullable=False),
    ]
)
_VERIFICATION = pa.struct(
    [
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("recogniser", pa.string(), nullable=False),
        pa.field("verified_s", pa.float64(), nullable=False),
        pa.field("values", pa.int32(), nullable=False),
        pa.field("control_words", pa.int32(), nullable=False),
        pa.field("control_words_found", pa.int32(), nullable=False),
        pa.field("leaks", pa.int32(), nullable=False),
        pa.field("repairs", pa.int32(), nullable=False),
    ]
)
TRANSCRIPTS_SCHEMA = pa.schema(
    [
        pa.field("recording_id", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("audio_url", pa.string(), nullable=False),
        pa.field("redacted_audio_url", pa.string()),
        pa.field("language_code", pa.string(), nullable=False),
        pa.field("duration_s", pa.float64(), nullable=False),
        pa.field("channels", pa.int32(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("utterances", pa.list_(_UTTERANCE), nullable=False),
        pa.field("policies", pa.list_(pa.string()), nullable=False),
        pa.field("metadata", pa.map_(pa.string(), pa.string()), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("models", pa.map_(pa.string(), pa.string()), nullable=False),
        pa.field("configuration", pa.string(), nullable=False),
        pa.field("muted_s", pa.float64(), nullable=False),
        pa.field("muted_s_by_policy", pa.map_(pa.string(), pa.float64()), nullable=False),
        pa.field("verification", _VERIFICATION, nullable=False),
    ]
)


@dataclass(frozen=True)
class RedactedWord:
    """A word of a redacted transcript.

    Attributes:
      text: With its leading space, as in `hushbeam.schemas.transcript.Word`: joining the words of an utterance gives
        its text. If several words became one label, the first contains it, and the others are empty except for the
        punctuation after the last.
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
        models: Mapping[str, str],
        configuration: str,
        muted_s: float,
        muted_s_by_policy: Mapping[str, float],
        verification: Mapping[str, Any],
    ) -> dict[str, Any]:
        """A row of `TRANSCRIPTS_SCHEMA`.

        Args:
          status: As in its status object.
          redacted_audio_url: None if no audio was requested.
          models: Identity (name and checksum) by use: {"recogniser": …}.
          configuration: Identity of the job's options.
          muted_s: Muted seconds, summed over the channels.
          verification: The fields of `hushbeam.schemas.stages.Verification`.
        """
        return {
            "recording_id": recording.recording_id,
            "status": status,
            "audio_url": recording.published_url or recording.audio_url,
            "redacted_audio_url": redacted_audio_url,
            "language_code": self.language_code,
            "duration_s": self.duration_s,
            "channels": self.channels,
            "text": self.text,
            "utterances": [asdict(utterance) for utterance in self.utterances],
            "policies": list(recording.policies),
            "metadata": sorted(recording.metadata.items()),
            "run_id": run_id,
            "models": sorted(models.items()),
            "configuration": configuration,
            "muted_s": muted_s,
            "muted_s_by_policy": sorted(muted_s_by_policy.items()),
            "verification": dict(verification),
        }
