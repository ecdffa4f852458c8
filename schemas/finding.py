"""Findings and candidates: places of personal data in a transcript or in audio."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from hushbeam.schemas.tables import column, processed_at, table_schema

FINDINGS_SCHEMA = table_schema(
    "findings",
    [
        column("recording_id", pa.string(), "Id of the recording", "call-4711"),
        column("policy", pa.string(), "Policy under which it was redacted", "phone_number"),
        column(
            "label",
            pa.string(),
            "What stands for it in transcripts with `entity_name`, without brackets",
            "PHONE_NUMBER",
        ),
        column("channel", pa.int32(), "Channel of the recording, from 0", "1"),
        column(
            "start_s",
            pa.float64(),
            "Start, from the beginning of the recording, before muting adds its margins",
            "12.34",
            unit="s",
        ),
        column("end_s", pa.float64(), "End", "14.02", unit="s"),
        column(
            "text_start",
            pa.int32(),
            "First character of its replacement in `transcripts.text`, from 0. Empty for audio without words",
            "118",
            nullable=True,
        ),
        column("text_end", pa.int32(), "Character after its replacement", "130", nullable=True),
        column("score", pa.float64(), "Confidence of the detector, 0 to 1", "0.97"),
        column(
            "detector",
            pa.string(),
            "Recogniser that found it; `reviewer` for a correction, `second_recogniser` for a leak, "
            "`flagged_voice_activity` for speech without words that stayed audible",
            "conversation_model",
        ),
        column("run_id", pa.string(), "Run that redacted it, as in `transcripts`", "20261129T020000Z-80449f"),
        processed_at(),
    ],
)


FLAGGED = "flagged_voice_activity"
"""Detector of speech without words that is reported and not muted."""


@dataclass(frozen=True)
class Finding:
    """Consecutive words of one utterance, or a span of audio without words, under a policy.

    It does not contain the value. A number that is said over two turns is two findings.

    Attributes:
      policy: A name of `hushbeam.schemas.policies.CATALOGUE`.
      label: The text that replaces it with `entity_name`, without brackets: `PHONE_NUMBER`.
      channel: 0-based.
      start_s, end_s: Times of the words from the recogniser, without the padding of muting.
      score: 0 to 1.
      detector: Name of the recogniser that found it.
      first_word, last_word: Inclusive indices in `Transcript.words`; None without words (keypad tones, speech without
        recognised words).
      entity: Number from 1, the same for the same value within a recording; 0 if values are not compared.
    """

    policy: str
    label: str
    channel: int
    start_s: float
    end_s: float
    score: float
    detector: str
    first_word: int | None = None
    last_word: int | None = None
    entity: int = 0


def personal_words(findings: Iterable[Finding]) -> set[int]:
    """Indices of all words that findings cover."""
    return {
        word
        for finding in findings
        if finding.first_word is not None and finding.last_word is not None
        for word in range(finding.first_word, finding.last_word + 1)
    }


@dataclass(frozen=True)
class Candidate:
    """Consecutive words of one utterance that may be personal data.

    Attributes:
      policy: A name of `hushbeam.schemas.policies.CATALOGUE`.
      first_word, last_word: Inclusive indices in `Conversation.words`, both in one utterance: data that is said over
        two turns is two candidates with the same `value`.
      score: 0 to 1.
      detector: The name of the recogniser.
      value: The normalised value (`6145550142`, `daniel whitfield`), for finding repetitions and for numbering the
        entities of a recording. Raw personal data: it stays in memory and out of every repr. Empty if unknown.
      alternatives: Other policies that the same words may belong to. If `policy` is not requested and one of these is,
        the words are redacted under that one.
      label: The text that replaces it, if that is not the policy's name in upper case.
    """

    policy: str
    first_word: int
    last_word: int
    score: float
    detector: str
    value: str = ""
    alternatives: tuple[str, ...] = ()
    label: str = ""

    def __repr__(self) -> str:
        return f"Candidate({self.policy}, words {self.first_word}-{self.last_word}, {self.score:.2f}, {self.detector})"


@dataclass(frozen=True)
class RecogniserReport:
    """All candidates of one recogniser in one conversation, requested or not.

    Attributes:
      recogniser: Name of the recogniser.
      policies: Those that it covers in the language of the conversation.
    """

    recogniser: str
    policies: frozenset[str]
    candidates: tuple[Candidate, ...]
