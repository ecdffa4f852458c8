"""Properties of all recognisers without models, for arbitrary conversations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.policies import find_policy
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii.languages.language import in_order
from hushbeam.transforms.detect_pii.listed_terms import ListedTerms
from hushbeam.transforms.detect_pii.names.spelled import SpelledWords
from hushbeam.transforms.detect_pii.numbers.repetitions import repeated_values
from hushbeam.transforms.detect_pii.numbers.spoken_numbers import SpokenNumbers
from hushbeam.transforms.detect_pii.patterns.internet import InternetAddresses
from hushbeam.transforms.detect_pii.patterns.static_entities import find_static_entities
from hushbeam.transforms.detect_pii.recogniser import Candidate, Recogniser
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.few_examples import few

PIECES = in_order(
    "one two ten twelve twenty forty-one oh O zero hundred thousand double triple first 3rd 4 07 1951 0-4-4 555-0142 "
    "$250 £3 1,250 12.5 % 10:30 a.m. pm o'clock dollars cents percent years old kg B-X x-ray A I K S as in Sierra "
    "kilo tango dot at @ underscore _ dash - . , ? gmail com co uk U www slash card number account social security "
    "code password is my it's no sorry wait uh um and to for the of March May 9th Tuesday born street Avenue "
    "apartment P.O. box Ohio LS6 3HN email username log in as spelled SSN GB29NWBK ½ ٣ é ’ …"
)

texts = st.sampled_from(PIECES).flatmap(lambda piece: st.sampled_from([f" {piece}", piece]))
calls = st.lists(st.tuples(st.integers(0, 1), st.lists(texts, min_size=1, max_size=12)), max_size=6)
codes = st.sampled_from(["en", "en", "es", "fr", "de"])


def conversation_of(call: list[tuple[int, list[str]]], code: str) -> Conversation:
    utterances = []
    second = 0.0
    for channel, said in call:
        words = []
        for text in said:
            words.append(Word(text, second, second + 0.3, 0.9, channel))
            second += 0.4
        utterances.append(Utterance(channel, tuple(words)))
    return Conversation(Transcript(code, 1.0, second, 2, tuple(utterances)))


@pytest.fixture(scope="module")
def recognisers() -> tuple[Recogniser, ...]:
    own = (SpokenNumbers(), InternetAddresses(), SpelledWords(), ListedTerms())
    for recogniser in own:
        recogniser.load()
    return own


@few(60)
@given(calls, codes)
def test_whatever_is_said_candidates_are_words_of_the_call_under_a_known_policy(
    recognisers: tuple[Recogniser, ...], call: list[tuple[int, list[str]]], code: str
) -> None:
    conversation = conversation_of(call, code)
    found: list[Candidate] = []
    for recogniser in recognisers:
        reported = list(recogniser.recognise(conversation))
        assert {one.policy for one in reported} <= recogniser.policies
        found += reported
    found += repeated_values(conversation, found)
    found += find_static_entities(conversation, {"term": ["forty-one", "B X", "a.m."]})
    for one in found:
        assert 0 <= one.first_word <= one.last_word < len(conversation.words)
        assert 0.0 < one.score <= 1.0
        assert all(find_policy(policy) for policy in (one.policy, *one.alternatives))
