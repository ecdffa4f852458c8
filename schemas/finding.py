"""A place where personal data was said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

FINDINGS_SCHEMA = pa.schema(
    [
        pa.field("recording_id", pa.string(), nullable=False),
        pa.field("policy", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("channel", pa.int32(), nullable=False),
        pa.field("start_s", pa.float64(), nullable=False),
        pa.field("end_s", pa.float64(), nullable=False),
        pa.field("text_start", pa.int32()),
        pa.field("text_end", pa.int32()),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("detector", pa.string(), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Finding:
    """Consecutive words of one utterance (or a stretch of sound without words) that a policy covers.

    It holds no value. A number that is said over two turns is two findings.

    Attributes:
      policy: A name of `hushbeam.schemas.policies.CATALOGUE`.
      label: What stands in the text in its place with `entity_name`, without brackets: `PHONE_NUMBER`.
      channel: 0-based.
      start_s, end_s: Of the words as the recogniser timed them; padding is the muting's business.
      score: 0 to 1.
      detector: Which recogniser found it.
      first_word, last_word: Inclusive, counted over `Transcript.words`; None where there are no words
        (keypad tones, speech that nobody transcribed).
      entity: The same number for the same value within a recording, from 1; 0 where values are not compared.
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
    """The numbers of all words that findings cover."""
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
      first_word, last_word: Inclusive, counted over `Conversation.words`. Both in one utterance: data that is said
        over two turns is two candidates with the same `value`.
      score: 0 to 1.
      detector: The name of the recogniser.
      value: The normalised value (`6145550142`, `daniel whitfield`), for finding repetitions and for numbering the
        entities of a recording. Raw personal data: it stays in memory and out of every repr. Empty where unknown.
      alternatives: Other policies that the same words may belong to. Where `policy` is not asked for and one of
        these is, the words are redacted under that one.
      label: What stands in the text in its place, where that is not the policy's name in upper case.
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
    """All that one recogniser reported of one conversation, whatever was asked for.

    Attributes:
      recogniser: Its name.
      policies: All that it may report. Where none of them is asked for, the report does not count.
    """

    recogniser: str
    policies: frozenset[str]
    candidates: tuple[Candidate, ...]
