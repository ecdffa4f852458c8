"""Protocol of recognisers, which find candidates in a conversation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from hushbeam.schemas.finding import Candidate
from hushbeam.transforms.detect_pii.languages import Language
from hushbeam.transforms.detect_pii.text.conversation import Conversation

__all__ = ["Candidate", "Recogniser"]


class Recogniser(Protocol):
    """Finds the words of some policies in a whole conversation.

    An exception in `recognise` fails the recording, and one in `load` fails the job: no recogniser is skipped.
    Subclasses inherit the defaults.
    """

    @property
    def name(self) -> str:
        """Stable: findings name it as their detector."""

    @property
    def version(self) -> str:
        """Another one after a change that finds something else: recordings are then redacted again."""
        return ""

    @property
    def policies(self) -> frozenset[str]:
        """All policies that it may report, alternatives included."""

    def policies_in(self, language: Language) -> frozenset[str]:
        """The policies that it covers in a language. One that nothing covers quarantines the recording."""
        return self.policies

    def load(self) -> None:
        """Reads models and data, once per worker. Raises ConfigurationError if one is not as expected."""
        return None

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        """Reports candidates in any order. They may overlap, and go over several utterances."""
