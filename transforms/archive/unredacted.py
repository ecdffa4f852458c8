"""UnredactedOutput: an encrypted JSON transcript per recording, under a private root."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.public_urls import without_query
from hushbeam.schemas.stages import TranscribedRecording
from hushbeam.transforms.base.sealed_files import SealedFiles, SealedRoot, sealed_name, sealed_names
from hushbeam.transforms.storage.urls import join

UNREDACTED_KEYS = "--unredacted_key"

_PURPOSE = "unredacted transcripts"
_SUFFIX = ".transcript"


class UnredactedOutput:
    """Reads and writes unredacted transcripts. Holds keys, so each worker makes its own.

    Raises:
      ConfigurationError: A key cannot be read.
    """

    def __init__(self, place: SealedRoot) -> None:
        self._files = SealedFiles(place, UNREDACTED_KEYS, _PURPOSE, _SUFFIX)

    def write(self, transcribed: TranscribedRecording, findings: Sequence[Finding]) -> None:
        """Writes or replaces the transcript of a recording."""
        content = json.dumps(unredacted_transcript(transcribed, findings), ensure_ascii=False, indent=1).encode()
        self._files.write(transcribed.recording_id, content)

    def read(self, recording_id: str) -> bytes:
        """A transcript as JSON.

        Raises:
          MissingFileError: There is no transcript.
          SealedFileError: The file cannot be decrypted.
        """
        return self._files.read(recording_id)


def unredacted_transcript(transcribed: TranscribedRecording, findings: Sequence[Finding]) -> dict[str, Any]:
    """Transcript and findings as plain values for JSON. Raw personal data."""
    request, transcript = transcribed.recording, transcribed.transcript
    words = transcript.words
    return {
        "recording_id": request.recording_id,
        "audio_url": without_query(request.audio_url),
        "redact_pii": request.redact,
        "language_code": transcript.language_code,
        "duration_s": transcript.duration_s,
        "channels": transcript.channels,
        "text": "\n".join(_text(utterance.words) for utterance in transcript.utterances),
        "utterances": [
            {
                "channel": utterance.channel,
                "speaker": utterance.speaker,
                "start_s": utterance.start_s,
                "end_s": utterance.end_s,
                "text": _text(utterance.words),
                "words": [asdict(word) for word in utterance.words],
            }
            for utterance in transcript.utterances
        ],
        "findings": [
            {
                "policy": finding.policy,
                "label": finding.label,
                "channel": finding.channel,
                "start_s": finding.start_s,
                "end_s": finding.end_s,
                "text": _text(words[finding.first_word : finding.last_word + 1]),
            }
            for finding in findings
            if finding.first_word is not None and finding.last_word is not None
        ],
        "metadata": dict(request.metadata),
    }


def kept_names(root: str) -> list[str]:
    """The names under which recordings have a transcript: their ids, where these are safe names of files."""
    return sealed_names(root, _SUFFIX)


def unredacted_url(root: str, recording_id: str) -> str:
    """The location of a recording's file, whether it exists or not."""
    return join(root, sealed_name(recording_id, _SUFFIX))


def _text(words: Sequence[Any]) -> str:
    return "".join(word.text for word in words).strip()
