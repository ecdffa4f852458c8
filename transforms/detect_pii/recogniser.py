"""Protocols of recognisers and propagations, the two kinds of steps that a detector runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from hushbeam.schemas.finding import Candidate
from hushbeam.transforms.detect_pii.languages import Language
from hushbeam.transforms.detect_pii.text.conversation import Conversation

__all__ = ["Candidate", "GrammarRecogniser", "Propagation", "Recogniser"]


class Recogniser(Protocol):
    """Finds the words of some policies in a whole conversation.

    An exception in `recognise` fails the recording, and one in `load` fails the job: no recogniser is skipped.
    Subclasses inherit the defaults.
    """

    @property
    def name(self) -> str:
        """Stable: findings name it as their detector."""

    @property
    def policies(self) -> frozenset[str]:
        """All policies that it may report, alternatives included. It runs only where one of them is requested."""

    def policies_in(self, language: Language) -> frozenset[str]:
        """The policies that it covers in a language. A requested policy that nothing covers quarantines."""
        return self.policies

    def load(self) -> None:
        """Reads models and data, once per worker. Raises ConfigurationError if one is not as expected."""
        return None

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        """Reports candidates in any order. They may overlap."""


class GrammarRecogniser(Recogniser, Protocol):
    """A recogniser whose words are data of a language: the language says which policies they cover."""

    def policies_in(self, language: Language) -> frozenset[str]:
        return self.policies if language.policies is None else self.policies & language.policies


class Propagation(Protocol):
    """Finds further mentions of findings: repetitions, read-backs, first names alone."""

    @property
    def name(self) -> str: ...

    def load(self) -> None:
        """As for a recogniser."""
        return None

    def propagate(self, conversation: Conversation, candidates: Sequence[Candidate]) -> Iterable[Candidate]:
        """Reports only candidates that are not in `candidates`."""
