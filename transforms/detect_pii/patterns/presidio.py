"""Recogniser of written identifiers with a format or a checksum, by Presidio's patterns over the canonical view.

Only the patterns and checks of its recognisers are used. They do not run in its analyzer, which logs text at debug
level and skips a pattern that times out: here a timeout fails the recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import regex

from hushbeam.schemas.errors import RecordingError
from hushbeam.transforms.detect_pii.numbers.canonical_view import canonical_view_of
from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.text.conversation import Conversation

# Presidio's class, and the policy of its findings. Only those that spoken numbers do not already cover better:
# its phone, card and date patterns find a subset of what `spoken_numbers` finds. Its e-mail recogniser downloads a
# list of domains for its checks, so it is not used either.
_RECOGNISERS = {
    "IbanRecognizer": "banking_information",
    "AbaRoutingRecognizer": "banking_information",
    "CryptoRecognizer": "banking_information",
    "IpRecognizer": "ip_address",
    "MacAddressRecognizer": "ip_address",
    "MedicalLicenseRecognizer": "healthcare_number",
    "UsMbiRecognizer": "healthcare_number",
    "NhsRecognizer": "healthcare_number",
    "UsSsnRecognizer": "us_social_security_number",
    "UsItinRecognizer": "number_sequence",
    "UkNinoRecognizer": "number_sequence",
    "UkDrivingLicenceRecognizer": "drivers_license",
    "UuidRecognizer": "number_sequence",
}
_FLAGS = regex.DOTALL | regex.MULTILINE | regex.IGNORECASE
_LEAST_SCORE = 0.4
_TIMEOUT_S = 5.0


class PatternTimeoutError(RecordingError):
    """A pattern took too long, so its matches are unknown."""


class PresidioPatterns(Recogniser):
    """Finds identifiers by presidio's patterns and validates them by its checks."""

    name = "presidio_patterns"
    policies = frozenset(_RECOGNISERS.values())

    def __init__(self) -> None:
        self._patterns: list[tuple[str, Any, float, Any]] = []

    def load(self) -> None:
        """Imports presidio, which takes seconds, and compiles the patterns."""
        from presidio_analyzer import predefined_recognizers  # noqa: PLC0415 - importing it costs two seconds

        self._patterns = [
            (policy, regex.compile(pattern.regex, _FLAGS), pattern.score, recogniser)
            for name, policy in _RECOGNISERS.items()
            for recogniser in [getattr(predefined_recognizers, name)()]
            for pattern in recogniser.patterns
        ]

    def recognise(self, conversation: Conversation) -> Iterable[Candidate]:
        view = canonical_view_of(conversation)
        for policy, pattern, score, recogniser in self._patterns:
            for text, source in ((conversation.text, _as_it_is), (view.text, view.source)):
                for start, end in self._matches(pattern, text):
                    certainty = _certainty(recogniser, text[start:end], score)
                    if certainty < _LEAST_SCORE:
                        continue
                    value = "".join(character for character in text[start:end] if character.isalnum())
                    for span in conversation.spans_by_utterance(*conversation.words_of(*source(start, end))):
                        yield Candidate(policy, *span, certainty, self.name, value)

    def _matches(self, pattern: Any, text: str) -> Iterator[tuple[int, int]]:
        try:
            for match in pattern.finditer(text, timeout=_TIMEOUT_S):
                if match.group().strip():
                    yield match.span()
        except TimeoutError:
            raise PatternTimeoutError(
                f"a pattern took more than {_TIMEOUT_S:.0f} s on this recording's transcript"
            ) from None


def _as_it_is(start: int, end: int) -> tuple[int, int]:
    return start, end


def _certainty(recogniser: Any, matched: str, score: float) -> float:
    if recogniser.invalidate_result(matched):
        return 0.0
    validated = recogniser.validate_result(matched)
    return score if validated is None else float(validated)
