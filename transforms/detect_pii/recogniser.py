"""What a recogniser is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from hushbeam.schemas.finding import Candidate
from hushbeam.transforms.detect_pii.text.conversation import Conversation

__all__ = ["Candidate", "Propagation", "Recogniser"]


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
