"""The decision which words are redacted. Plain functions."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.finding import Candidate
from hushbeam.schemas.policies import CATALOGUE, PRESETS, broader
from hushbeam.transforms.detect_pii.decision import MODEL, THRESHOLDS, as_candidates, decide, redacted_words
from hushbeam.transforms.detect_pii.settings import Caution
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.transforms.detect_pii.conversations import Said, transcript_of


def probable(*words: tuple[int, str, float]) -> list[Candidate]:
    return [Candidate(policy, word, word, score, MODEL) for word, policy, score in words]


def decided(
    conversation: Conversation,
    candidates: list[Candidate],
    found: tuple[Candidate, ...] = (),
    caution: Caution = "standard",
    requested: Collection[str] = CATALOGUE,
) -> list[tuple[str, int, int]]:
    runs = decide(conversation, candidates, found, requested, caution)
    return [(one.policy, one.first_word, one.last_word) for one in runs]


def test_a_word_is_redacted_for_what_all_requested_policies_say_together(said: Said) -> None:
    conversation = said("A: it is 4471")
    doubtful = probable((2, "account_number", 0.1), (2, "credit_card_number", 0.1))
    assert decided(conversation, doubtful) == [("account_number", 2, 2)]
    assert decided(conversation, doubtful[:1]) == []


def test_a_number_of_doubtful_kind_is_redacted_for_whoever_asks_for_one_of_them(said: Said) -> None:
    conversation = said("A: it is 4471")
    words = probable((2, "account_number", 0.01), (2, "credit_card_number", 0.6))
    assert decided(conversation, words, requested={"account_number"}) == [("account_number", 2, 2)]
    assert decided(conversation, words[:1], requested={"account_number"}) == []
    assert decided(conversation, words[1:], requested={"account_number"}) == []
    assert decided(conversation, words, requested={"drug"}) == []


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(sorted(CATALOGUE)), st.floats(0.0001, 1)), max_size=30),
    st.sampled_from(sorted(THRESHOLDS)),
)
def test_families_add_nothing_to_the_default_policies(words: list[tuple[int, str, float]], caution: Caution) -> None:
    conversation = Conversation(transcript_of("A: one or two or three four"))
    default = {policy for policy in CATALOGUE if {policy, *broader(policy)} & set(PRESETS["default"])}
    total = np.zeros(6)
    for word, policy, score in words:
        total[word] += score if policy in default else 0.0
    alone = redacted_words(conversation, total, THRESHOLDS[caution])
    runs = decided(conversation, probable(*words), caution=caution, requested=default)
    assert {word for _, first, last in runs for word in range(first, last + 1)} == set(np.flatnonzero(alone))


def test_a_word_of_a_family_goes_with_the_words_beside_it(said: Said) -> None:
    conversation = said("A: it is four four seven one\nB: nine")
    words = probable(*((word, "credit_card_number", 0.6) for word in (2, 3, 4, 5, 6)), (3, "account_number", 0.01))
    assert decided(conversation, words, requested={"account_number"}) == [("account_number", 2, 5)]


def test_a_broader_policy_is_the_label_where_it_is_requested(said: Said) -> None:
    assert decided(said("A: from Leeds"), probable((1, "location_city", 0.9)), requested={"location"}) == [
        ("location", 1, 1)
    ]


def test_neighbours_of_one_policy_are_one_finding_within_a_turn(said: Said) -> None:
    conversation = said("A: I am Ana Bo Cruz\nB: Cruz")
    names = probable(*((word, "person_name", 0.9) for word in (2, 3, 4, 5)))
    assert decided(conversation, names) == [("person_name", 2, 4), ("person_name", 5, 5)]


def test_a_word_between_redacted_words_needs_less(said: Said) -> None:
    conversation = said("A: 12 of Shore Street\nB: of course")
    street = probable(*((word, "location_address_street", 0.9) for word in (0, 2, 3)))
    linked = [*street, *probable((1, "location_address_street", 0.05), (4, "location_address_street", 0.05))]
    assert decided(conversation, linked) == [("location_address_street", 0, 3)]


def test_a_certain_name_is_redacted_wherever_it_is_said_again(said: Said) -> None:
    conversation = said("A: I am Oluwaseun\nB: hello Oluwaseun's friend")
    names = probable((2, "person_name", 0.9), (4, "person_name", 0.06))
    assert decided(conversation, names) == [("person_name", 2, 2), ("person_name", 4, 4)]


def test_a_common_word_is_not_a_name_because_it_is_one_elsewhere(said: Said) -> None:
    conversation = said("A: ask Will\nB: I will")
    names = probable((1, "person_name", 0.9), (3, "person_name", 0.03))
    assert decided(conversation, names) == [("person_name", 1, 1)]


def test_more_caution_redacts_more(said: Said) -> None:
    conversation = said("A: a b c d")
    words = probable((0, "person_name", 0.9), (1, "drug", 0.3), (2, "date", 0.06), (3, "time", 0.01))
    cautions: tuple[Caution, ...] = ("low", "standard", "high")
    assert [len(decided(conversation, words, (), caution)) for caution in cautions] == [1, 2, 3]


def test_what_rules_found_is_kept_where_the_model_agrees(said: Said) -> None:
    conversation = said("A: it is 4471 920")
    rule = Candidate("account_number", 2, 3, 0.5, "spoken_numbers", "4471920")
    agreed_words = probable((2, "account_number", 0.8), (3, "account_number", 0.7))
    agreed = list(decide(conversation, agreed_words, [rule], CATALOGUE, "low"))
    assert [(one.detector, one.value) for one in agreed] == [("spoken_numbers", "4471920"), (MODEL, "4471920")]
    assert agreed[0].score == pytest.approx(0.8)
    assert decided(conversation, probable((2, "account_number", 0.8)), (rule,)) == [("account_number", 2, 2)]


PROBABILITIES = st.lists(st.floats(0, 1, width=32), min_size=6, max_size=6)


@given(PROBABILITIES, st.sampled_from(sorted(THRESHOLDS)))
def test_every_word_above_the_threshold_is_in_exactly_one_run(values: list[float], caution: Caution) -> None:
    conversation = Conversation(transcript_of("A: one two three\nB: four five six"))
    table = np.array([[1 - value, value] for value in values], np.float32)
    runs = list(decide(conversation, as_candidates(table, ("nothing", "drug")), (), CATALOGUE, caution))
    words = [word for run in runs for word in range(run.first_word, run.last_word + 1)]
    assert len(words) == len(set(words))
    threshold = THRESHOLDS[caution].redacted
    assert {word for word, value in enumerate(values) if value >= threshold + 1e-3} <= set(words)
    assert all(conversation.turn_of(run.first_word) == conversation.turn_of(run.last_word) for run in runs)


def test_a_title_goes_with_the_name_after_it(said: Said) -> None:
    conversation = said("A: Doctor Okafor\nB: a doctor, Okafor")
    names = probable((1, "person_name", 0.9), (4, "person_name", 0.9))
    assert decided(conversation, names) == [("person_name", 0, 1), ("person_name", 4, 4)]


def test_one_value_is_one_entity_however_it_is_said(said: Said) -> None:
    conversation = said("A: it is forty four seventy one\nB: 4471 for Doctor Okafor")
    sure = probable(*((word, "account_number", 0.9) for word in (2, 3, 4, 5, 6)), (9, "person_name", 0.9))
    read = (
        Candidate("account_number", 2, 5, 0.5, "numbers", "4471"),
        Candidate("account_number", 6, 6, 0.5, "numbers", "4471"),
    )
    runs = [one for one in decide(conversation, sure, read, CATALOGUE, "standard") if one.detector == MODEL]
    assert [one.value for one in runs] == ["4471", "4471", "okafor"]
    assert runs[2].first_word == 8


def test_a_spelled_name_is_one_value(said: Said) -> None:
    conversation = said("A: K O W A L")
    sure = probable(*((word, "person_name", 0.9) for word in range(5)))
    spelled = Candidate("person_name", 0, 4, 0.7, "spelled_words", "kowal")
    runs = [one for one in decide(conversation, sure, [spelled], CATALOGUE, "standard") if one.detector == MODEL]
    assert [one.value for one in runs] == ["kowal"]
