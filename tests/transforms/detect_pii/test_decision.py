"""The decision which words are redacted. Plain functions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.schemas.finding import Candidate
from hushbeam.schemas.policies import CATALOGUE, PRESETS, Caution, broader
from hushbeam.transforms.detect_pii.decision import (
    MODEL,
    THRESHOLDS,
    Probabilities,
    as_candidates,
    decide,
    redacted_words,
)
from hushbeam.transforms.detect_pii.names.spelled import SPELLED
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
    doubtful = probable((2, "account_number", 0.17), (2, "credit_card_number", 0.15))
    assert decided(conversation, doubtful) == [("account_number", 2, 2)]
    assert decided(conversation, doubtful[:1]) == []


def test_a_doubtful_word_far_from_any_certain_one_needs_more(said: Said) -> None:
    conversation = said(f"A: Ana {'and ' * 24}then Bo and Cy")
    words = probable((26, "person_name", 0.22), (28, "person_name", 0.22))
    assert decided(conversation, words) == []
    assert decided(conversation, [*words, *probable((2, "person_name", 0.9))])[1:] == [("person_name", 26, 26)]
    assert decided(conversation, probable((26, "person_name", 0.28))) == [("person_name", 26, 26)]


@pytest.mark.parametrize(
    ("text", "is_redacted"),
    [
        ("A: read our great website to learn more", False),
        ("A: look at our great website dot org", True),
        ("A: read our great website.org to learn more", True),
        ("A: read our great website to learn of A B C", True),
        ("A: mail our great website to learn more at gmail", True),
        (f"A: read our great website {'and ' * 5}dot", False),
        ("A: write to our great website hyphen shop", True),
        ("A: read well-known our great website is-not", False),
        ("A: write to our great website at outland", True),
        ("A: read our great website when at home", False),
        ("A: read our great website with gmx please", True),
        ("A: what is your e-mail address?\nB: our great website", True),
    ],
)
def test_a_doubtful_address_needs_a_sign_of_one_or_a_question_for_it(said: Said, text: str, is_redacted: bool) -> None:
    conversation = said(text)
    first = next(number for number, word in enumerate(conversation.words) if word.text.strip() == "great")
    doubtful = probable((first, "url", 0.5), (first + 1, "url", 0.5))
    assert decided(conversation, doubtful) == ([("url", first, first + 1)] if is_redacted else [])
    certain = probable((first, "url", 0.5), (first + 1, "url", 0.7))
    assert decided(conversation, certain) == [("url", first, first + 1)]


def test_an_address_without_a_sign_goes_if_another_policy_of_its_family_is_certain(said: Said) -> None:
    conversation = said("A: reach me under jane miller whenever you like to")
    words = probable((3, "email_address", 0.97), (3, "url", 0.02), (4, "email_address", 0.97), (4, "url", 0.02))
    assert decided(conversation, words, requested={"url"}) == [("url", 3, 4)]
    assert decided(conversation, probable((3, "url", 0.5), (4, "url", 0.5)), requested={"url"}) == []


def test_an_address_without_a_sign_goes_if_it_is_certain_elsewhere(said: Said) -> None:
    conversation = said("A: it is planthaven\nB: thank you so much\nA: yes so planthaven then as said")
    repeated = next(number for number, word in enumerate(conversation.words) if word.text.strip() == "yes") + 2
    certain = probable((2, "url", 0.95), (repeated, "url", 0.5))
    assert decided(conversation, certain) == [("url", 2, 2), ("url", repeated, repeated)]
    assert decided(conversation, probable((repeated, "url", 0.5))) == []


def test_an_address_without_a_sign_goes_if_it_is_redacted_elsewhere(said: Said) -> None:
    conversation = said("A: we run planthaven dot org\nB: thank you so much\nA: yes so planthaven then as said")
    repeated = next(number for number, word in enumerate(conversation.words) if word.text.strip() == "yes") + 2
    doubtful = probable((2, "url", 0.5), (3, "url", 0.5), (4, "url", 0.5), (repeated, "url", 0.5))
    assert decided(conversation, doubtful) == [("url", 2, 4), ("url", repeated, repeated)]


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(["url", "email_address", "person_name"]), st.floats(0.0001, 1)),
        max_size=30,
    )
)
def test_who_asks_for_addresses_too_keeps_no_word_that_is_redacted_without_them(
    words: list[tuple[int, str, float]],
) -> None:
    conversation = Conversation(transcript_of("A: good morning this is jordan speaking from our great shop"))
    candidates = probable(*words)
    without = Probabilities(conversation, candidates, {"person_name"})
    redacted = redacted_words(conversation, without, THRESHOLDS["standard"], ())
    runs = decided(conversation, candidates, requested={"person_name", "url", "email_address"})
    assert {word for _, first, last in runs for word in range(first, last + 1)} >= set(np.flatnonzero(redacted))


def test_high_caution_redacts_addresses_without_any_sign_of_one(said: Said) -> None:
    conversation = said("A: read our great website to learn more")
    doubtful = probable((3, "url", 0.5))
    assert decided(conversation, doubtful) == []
    assert decided(conversation, doubtful, caution="high") == [("url", 3, 3)]


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
    found = Probabilities(conversation, probable(*words), default)
    alone = redacted_words(conversation, found, THRESHOLDS[caution], ())
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


@pytest.mark.parametrize(
    ("call", "again"),
    [
        ("A: ask Grace\nB: thanks, grace", 3),
        ("A: this is Hope calling\nB: Hope, is it ready", 4),
        ("A: my name is Mark\nB: so I told Mark it works", 7),
        ("A: I am Joy\nB: hello joy", 4),
        ("A: that is for Rose\nB: Miss rose then", 5),
        ("A: ask Will\nB: okay, will, one moment", 3),
    ],
)
def test_an_everyday_word_that_is_a_name_elsewhere_is_one_where_it_stands_as_one(
    said: Said, call: str, again: int
) -> None:
    conversation = said(call)
    first = next(place for place, word in enumerate(conversation.words) if word.text.strip(" ,").istitle() and place)
    names = probable((first, "person_name", 0.9), (again, "person_name", 0.06))
    assert ("person_name", again, again) in [(policy, last, last) for policy, _, last in decided(conversation, names)]


@pytest.mark.parametrize(
    "call", ["A: ask Hope\nB: I hope so", "A: I am Mark\nB: mark my words", "A: for Joy\nB: what joy that is"]
)
def test_an_everyday_word_is_left_alone_where_it_does_not_stand_as_a_name(said: Said, call: str) -> None:
    conversation = said(call)
    first = next(place for place, word in enumerate(conversation.words) if word.text.strip() in ("Hope", "Mark", "Joy"))
    again = next(place for place in range(first + 1, 9) if conversation.words[place].text[1:].islower() and place > 3)
    names = probable((first, "person_name", 0.9), *((place, "person_name", 0.06) for place in range(again, 5)))
    assert decided(conversation, names) == [("person_name", first, first)]


def test_a_number_is_no_name_because_it_was_said_before(said: Said) -> None:
    conversation = said("A: code nine nine\nB: you are at the Nine club")
    words = probable((1, "password", 0.9), (2, "password", 0.9), (7, "password", 0.06))
    assert decided(conversation, words) == [("password", 1, 2)]


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("A: car sales, chair speaking. How can I help?", [(2, 2)]),
        ("A: roofing, done a speaking", [(1, 2)]),
        ("A: nobody else. Speaking.", []),
        ("A: roughly speaking it is fine", []),
    ],
)
def test_who_answers_the_telephone_needs_little_probability(
    said: Said, call: str, names: list[tuple[int, int]]
) -> None:
    conversation = said(call)
    doubtful = probable(*((word, "person_name", 0.03) for word in range(3)))
    assert [(first, last) for _, first, last in decided(conversation, doubtful)] == names


@pytest.mark.parametrize(
    ("language", "call"),
    [
        ("es", "A: soporte, Marta al habla."),
        ("fr", "A: service, Marta à l'appareil."),
        ("de", "A: Service, Marta am Apparat"),
    ],
)
def test_who_answers_in_other_languages_needs_little_probability_too(language: str, call: str) -> None:
    conversation = Conversation(transcript_of(call, language))
    doubtful = probable(*((word, "person_name", 0.03) for word in range(len(conversation.words))))
    assert decided(conversation, doubtful) == [("person_name", 1, 1)]


@pytest.mark.parametrize(
    ("call", "letters"),
    [
        ("A: bee are O W N", (0, 4)),
        ("A: it's you R S A", (1, 4)),
        ("A: K I tea tee Y", (0, 4)),
        ("A: that is R O N", (2, 4)),
        ("A: come in K I M", (2, 4)),
    ],
)
def test_words_for_letters_belong_to_the_letters_beside_them(said: Said, call: str, letters: tuple[int, int]) -> None:
    conversation = said(call)
    spelled = [word for word, one in enumerate(conversation.words) if len(one.text.strip()) == 1]
    rules = tuple(Candidate("person_name", word, word, 0.75, SPELLED) for word in spelled)
    heard = probable(*((word, "person_name", 0.9 if word in spelled else 0.03) for word in range(5)))
    runs = [one for one in decide(conversation, heard, rules, CATALOGUE, "standard") if one.detector == MODEL]
    assert [(one.first_word, one.last_word) for one in runs] == [letters]


@pytest.mark.parametrize(("end", "redacted"), [("58", True), ("four seven", True), ("59", False), ("8", False)])
def test_digits_that_end_or_begin_a_known_number_need_less(said: Said, end: str, redacted: bool) -> None:
    conversation = said(f"A: it is 4792 0358\nB: the one with {end}")
    number = Candidate("account_number", 2, 3, 0.8, "spoken_numbers", "47920358")
    words = probable(*((word, "account_number", 0.9) for word in (2, 3)))
    words += probable(*((word, "account_number", 0.06) for word in range(7, len(conversation.words))))
    found = decided(conversation, words, (number,))
    assert (("account_number", 7, len(conversation.words) - 1) in found) == redacted


def test_a_common_word_is_not_a_name_because_it_is_one_elsewhere(said: Said) -> None:
    conversation = said("A: ask Will\nB: I will")
    names = probable((1, "person_name", 0.9), (3, "person_name", 0.03))
    assert decided(conversation, names) == [("person_name", 1, 1)]


def test_more_caution_redacts_more(said: Said) -> None:
    conversation = said("A: a b c d")
    words = probable((0, "person_name", 0.9), (1, "drug", 0.3), (2, "date", 0.06), (3, "time", 0.01))
    cautions: tuple[Caution, ...] = ("low", "standard", "high")
    assert [len(decided(conversation, words, (), caution)) for caution in cautions] == [1, 2, 3]


def of_confidence(conversation: Conversation, confidence: float) -> Conversation:
    utterances = tuple(
        replace(one, words=tuple(replace(word, confidence=confidence) for word in one.words))
        for one in conversation.utterances
    )
    return Conversation(replace(conversation.transcript, utterances=utterances))


@pytest.mark.parametrize(
    ("caution", "confidence", "redacted"),
    [
        ("standard", 0.9, False),
        ("standard", 0.5, False),
        ("standard", 0.4, True),
        ("low", 0.0, False),
        ("high", 0.9, True),
    ],
)
@pytest.mark.parametrize("call", ["A: what is your name\nB: fall asleep", "B: my name is Ana fall asleep"])
def test_a_doubted_word_in_an_answer_or_beside_a_redacted_word_needs_less(
    said: Said, call: str, caution: Caution, confidence: float, redacted: bool
) -> None:
    conversation = of_confidence(said(call), confidence)
    word = len(conversation.words) - 2
    words = probable((word - 1, "person_name", 0.9 if "Ana" in call else 0.0001), (word, "person_name", 0.07))
    decisions = decided(conversation, words, (), caution)
    assert any(first <= word <= last for _, first, last in decisions) is redacted


def test_a_doubted_word_elsewhere_needs_as_much_as_any(said: Said) -> None:
    conversation = of_confidence(said("A: Ana went\nB: and then they fall asleep"), 0.1)
    words = probable((0, "person_name", 0.9), (5, "person_name", 0.07))
    assert decided(conversation, words) == [("person_name", 0, 0)]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2), st.floats(0.0001, 1), st.sampled_from(sorted(THRESHOLDS)))
def test_less_confidence_never_keeps_a_word_that_more_redacts(
    confidences: list[float], probability: float, caution: Caution
) -> None:
    less, more = (of_confidence(Conversation(transcript_of("A: x")), one) for one in sorted(confidences))
    word = probable((0, "drug", probability))
    assert len(decided(less, word, (), caution)) >= len(decided(more, word, (), caution))


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
    threshold = THRESHOLDS[caution].redacted if max(values) >= 0.6 else THRESHOLDS[caution].alone
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


def test_a_number_that_its_checksum_proves_is_named_by_it(said: Said) -> None:
    conversation = said("A: it is 4111 1111 1111 1111 Mary")
    words = probable(*((word, "phone_number", 0.9) for word in (2, 3, 4)), (6, "person_name", 0.9))
    card = Candidate("credit_card_number", 2, 5, 0.85, "spoken_numbers", "4111111111111111")
    doubtful = replace(card, value="4111111111111112")
    phone = [("phone_number", 2, 4), ("person_name", 6, 6)]
    assert decided(conversation, words, (doubtful,)) == phone
    # The words that are redacted stay the same.
    assert decided(conversation, words, (card,)) == [("credit_card_number", 2, 4), ("person_name", 6, 6)]
    # Of other values it says nothing.
    assert decided(conversation, words, (replace(card, first_word=6, last_word=6),)) == phone
    # The request decides under which policy a number is redacted.
    assert decided(conversation, words, (replace(card, policy="any_number"),)) == phone
