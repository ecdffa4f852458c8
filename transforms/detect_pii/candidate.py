"""What a recogniser reports, and what a recogniser is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from transforms.detect_pii.conversation import Conversation


@dataclass(frozen=True)
class Candidate:
    """Consecutive words of one utterance that may be personal data.

    Attributes:
      policy: A name of `schemas.policies.CATALOGUE`.
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


class Recogniser(Protocol):
    """Finds the words of some policies in a whole conversation.

    Whatever `recognise` raises fails the recording, and whatever `load` raises fails the job: nothing is skipped.
    """

    @property
    def name(self) -> str:
        """Stable: it stands in findings as the detector."""

    @property
    def policies(self) -> frozenset[str]:
        """All that it may report, alternatives included. It does not run where none of them is asked for."""

    def load(self) -> None:
        """Reads models and data, once per worker. Raises ConfigurationError where one is not as expected."""

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        """Reports candidates in any order. They may overlap."""


class Propagation(Protocol):
    """Finds further mentions of what the recognisers found: repetitions, read-backs, first names alone."""

    @property
    def name(self) -> str: ...

    def load(self) -> None: ...

    def propagate(self, conversation: Conversation, candidates: Sequence[Candidate]) -> Iterable[Candidate]:
        """Reports only candidates that are not in `candidates`."""
