"""What recognisers report, before it is decided what of it is redacted."""

from __future__ import annotations

from dataclasses import dataclass


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
