"""Fixtures that turn written lines into conversations and back."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from hushbeam.transforms.detect_pii.detector import Detector
from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.transforms.detect_pii.conversations import Marked, Said, Spans, transcript_of


@pytest.fixture(scope="session")
def detector() -> Detector:
    """The detector with the packaged model, loaded once for all modules."""
    packaged = Detector(DetectionSettings())
    packaged.load()
    return packaged


@pytest.fixture(scope="session")
def said() -> Said:
    """Makes a conversation of lines such as `A: My name is Ana.`"""
    return lambda text: Conversation(transcript_of(text))


@pytest.fixture(scope="session")
def spans() -> Spans:
    """The policies and texts of candidates, in the order of the text."""

    def of(conversation: Conversation, candidates: Iterable[Candidate]) -> list[tuple[str, str]]:
        found = sorted(candidates, key=lambda one: (one.first_word, one.last_word))
        texts = [
            "".join(word.text for word in conversation.words[one.first_word : one.last_word + 1]).strip(" .,?!")
            for one in found
        ]
        return [(one.policy, text) for one, text in zip(found, texts, strict=True)]

    return of


@pytest.fixture(scope="session")
def marked() -> Marked:
    """Runs a recogniser over lines and puts brackets around the words that it finds for some of its policies."""

    def mark(recogniser: Recogniser, text: str, *policies: str, language_code: str = "en") -> str:
        conversation = Conversation(transcript_of(text, language_code))
        found = {
            word
            for candidate in recogniser.recognise(conversation)
            if not policies or candidate.policy in policies
            for word in range(candidate.first_word, candidate.last_word + 1)
        }
        lines: list[str] = []
        word = 0
        for line, utterance in zip(text.strip().splitlines(), conversation.utterances, strict=True):
            said = ""
            for number in range(word, word + len(utterance.words)):
                turn = conversation.turn_of(number)
                opens = number in found and not (
                    number - 1 in found and conversation.turn_of(max(number - 1, 0)) == turn
                )
                ends = number + 1 == len(conversation.words) or conversation.turn_of(number + 1) != turn
                closes = number in found and (ends or number + 1 not in found)
                said += f" {'[' * opens}{conversation.words[number].text.strip()}{']' * closes}"
            word += len(utterance.words)
            speaker, separator, _ = line.strip().partition(": ")
            lines.append((f"{speaker}:" if separator and speaker in ("A", "B") else "") + said)
        return "\n".join(line.strip() for line in lines)

    return mark
