"""Recogniser of the user's regular expressions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import regex

from hushbeam.schemas.errors import ConfigurationError, RecordingError
from hushbeam.schemas.policies import OWN_POLICIES, find_policy
from hushbeam.transforms.detect_pii.numbers.canonical_view import canonical_view_of
from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.text.conversation import Conversation


class CustomPatternTimeoutError(RecordingError):
    """A pattern of the user took too long, so its matches are unknown."""

    remedy = "Simplify the pattern of `--rules`: avoid nested repetitions."


class CustomPatterns(Recogniser):
    """Searches for the user's patterns in the text of the conversation and in its canonical view."""

    name = "custom_patterns"

    def __init__(self, settings: DetectionSettings) -> None:
        self._settings = settings
        self._patterns: list[tuple[str, Any]] = []

    @property
    def policies(self) -> frozenset[str]:
        return frozenset(_policy(label) for label in self._settings.patterns)

    def load(self) -> None:
        """Compiles the patterns. Raises ConfigurationError for an invalid one."""
        for label, patterns in self._settings.patterns.items():
            for pattern in patterns:
                try:
                    self._patterns.append((label, regex.compile(pattern, regex.IGNORECASE)))
                except regex.error as error:
                    raise ConfigurationError(
                        f"patterns: the pattern {pattern!r} of {label!r} is no regular expression: {error}"
                    ) from error

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        view = canonical_view_of(conversation)
        for label, pattern in self._patterns:
            policy = _policy(label)
            shown = "" if policy == label else label.upper()
            spans = {span for span in self._matches(pattern, conversation.text)}
            spans |= {view.source(*span) for span in self._matches(pattern, view.text)}
            for start, end in sorted(spans):
                yield Candidate(policy, *conversation.words_of(start, end), 1.0, self.name, label=shown)

    def _matches(self, pattern: Any, text: str) -> Iterator[tuple[int, int]]:
        try:
            for match in pattern.finditer(text, timeout=self._settings.pattern_timeout_s):
                if match.group().strip():
                    yield match.span()
        except TimeoutError:
            raise CustomPatternTimeoutError(
                f"a pattern took more than {self._settings.pattern_timeout_s:g} s on this recording's transcript; "
                "make it simpler or raise pattern_timeout_s"
            ) from None


def _policy(label: str) -> str:
    """The policy of a label: the policy with that name, or `custom`."""
    try:
        return find_policy(label).name
    except KeyError:
        return OWN_POLICIES["custom"].name
