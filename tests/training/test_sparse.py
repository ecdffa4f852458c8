"""Sparse conversations: a few turns with personal data, in one that has none."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.detect_pii.detector import Detector
from hushbeam.transforms.detect_pii.settings import DetectionSettings
from training.conversations import Mark, Pair, Piece, Turn, WrittenConversation, read_conversations
from training.examples import example, random_style
from training.sparse import is_innocent, spliced

PAIRS = list(read_conversations())
INNOCENT = [pair for pair in PAIRS if is_innocent(pair[0])][::20]
FULL = [pair for pair in PAIRS if not is_innocent(pair[0])][::20]


def pair(*turns: Turn) -> Pair:
    one = WrittenConversation("someone", "call", "en", 2, turns)
    return one, one


def test_what_may_stay_and_what_nobody_asks_for_by_default_is_innocent() -> None:
    said = Turn(0, (Piece("On "), Piece("Monday", Mark("date")), Piece("Elvis", Mark("person_name", optional=True))))
    assert is_innocent(pair(said)[0])
    assert not is_innocent(pair(said, Turn(1, (Piece("Amy", Mark("person_name")),)))[0])
    assert not is_innocent(pair(Turn(1, (Piece("Leeds", Mark("location_city")),)))[0])


def test_a_conversation_without_a_short_mention_gives_no_turns() -> None:
    long = Turn(0, (Piece("word " * 100), Piece("Amy", Mark("person_name"))))
    host = pair(Turn(0, (Piece("Nice weather."),)))
    assert spliced(host, pair(long), Random(0)) == host


@given(st.sampled_from(INNOCENT), st.sampled_from(FULL), st.integers(0, 2**32))
def test_the_same_few_turns_are_put_into_both_forms(innocent: Pair, full: Pair, seed: int) -> None:
    for made, host, guest in zip(spliced(innocent, full, Random(seed)), innocent, full, strict=True):
        added = len(made.turns) - len(host.turns)
        if not added:
            continue
        assert 1 <= added <= 5
        assert not is_innocent(made)
        place = next(
            place
            for place in range(len(host.turns) + 1)
            if made.turns[:place] + made.turns[place + added :] == host.turns
        )
        turns = made.turns[place : place + added]
        assert any(guest.turns[first : first + added] == turns for first in range(len(guest.turns)))


@pytest.mark.long
def test_rules_read_whatever_is_said() -> None:
    """No recogniser raises or reports nonsense: that would fail a recording."""
    detector = Detector(DetectionSettings())
    detector.load_rules()
    random = Random(0)
    innocent = [pair for pair in PAIRS if is_innocent(pair[0])]
    for full in PAIRS:
        for one in spliced(random.choice(innocent), full, random):
            transcript = example(one, random_style(random, one.channels), random).transcript
            assert len(detector.rules_of(transcript)) == len(transcript.words)
