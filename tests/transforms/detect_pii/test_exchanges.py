"""Whole answers and whole exchanges. Plain functions."""

from __future__ import annotations

from dataclasses import replace

from hushbeam.schemas.finding import Candidate
from hushbeam.schemas.transcript import Utterance
from hushbeam.transforms.detect_pii.exchanges import find_answers, find_exchanges, find_questions
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.transforms.detect_pii.conversations import Said, Spans

CALL = """
    A: Thanks for waiting.
    A: What is your account number?
    B: Hang on, it's in the drawer.
    A: Sure.
    B: Right, double four something.
    A: Let me look that up for you now.
    B: Lovely weather today.
"""


def test_everything_that_answers_a_question_for_personal_data_is_an_answer(said: Said, spans: Spans) -> None:
    conversation = said(CALL)
    assert spans(conversation, find_answers(conversation, [], {"account_number"})) == [
        ("account_number", "Hang on, it's in the drawer"),
        ("account_number", "Right, double four something"),
    ]


def test_an_answer_to_what_nobody_asked_to_redact_stays(said: Said) -> None:
    assert list(find_answers(said(CALL), [], {"person_name"})) == []


def test_a_turn_that_answers_a_question_with_personal_data_is_an_answer(said: Said, spans: Spans) -> None:
    conversation = said("A: And who is with you?\nB: Oh, that would be Ana.\nA: Then let us go on.\nB: Bo says hello.")
    names = [Candidate("person_name", word, word, 0.9, "test") for word in (9, 15)]
    assert spans(conversation, find_answers(conversation, names, {"person_name"})) == [
        ("person_name", "Oh, that would be Ana")
    ]


def test_a_request_needs_no_question_mark(said: Said, spans: Spans) -> None:
    conversation = said("A: And the card, please.\nB: It starts with a five.\nA: Thanks.")
    assert spans(conversation, find_answers(conversation, [], {"credit_card_number"})) == [
        ("credit_card_number", "It starts with a five")
    ]


def test_who_says_a_value_with_its_name_does_not_ask_for_it(said: Said) -> None:
    conversation = said("A: Your account number is 4471 920.\nB: Lovely weather today.")
    number = Candidate("account_number", 4, 5, 0.9, "test")
    assert list(find_answers(conversation, [number], {"account_number"})) == []


def test_an_exchange_goes_from_the_question_to_the_confirmation(said: Said, spans: Spans) -> None:
    conversation = said("A: Hello.\nB: Hi.\nA: Your card number?\nB: 4242.\nA: 4242, thanks.\nB: Bye.")
    card = Candidate("credit_card_number", 5, 5, 0.9, "test")
    found = spans(conversation, find_exchanges(conversation, [card], {"credit_card_number"}))
    assert [text for _, text in found] == ["Your card number", "4242", "4242, thanks"]
    assert list(find_exchanges(conversation, [card], {"person_name"})) == []


def test_the_exchange_of_a_narrower_policy_belongs_to_the_broader_one(said: Said, spans: Spans) -> None:
    conversation = said("A: And the town?\nB: Leeds.\nA: Fine.")
    town = Candidate("location_city", 3, 3, 0.9, "test")
    found = spans(conversation, find_exchanges(conversation, [town], {"location"}))
    assert [text for _, text in found] == ["And the town", "Leeds", "Fine"]


def test_another_value_in_a_request_does_not_hide_it(said: Said, spans: Spans) -> None:
    conversation = said("A: Thanks Sarah, what is your account number?\nB: It is on the letter.")
    name = Candidate("person_name", 1, 1, 0.9, "test")
    assert spans(conversation, find_answers(conversation, [name], {"account_number", "person_name"})) == [
        ("account_number", "It is on the letter")
    ]


def test_a_turn_without_words_is_none(said: Said) -> None:
    said_and_silent = said(CALL).transcript
    silent = replace(said_and_silent, utterances=(*said_and_silent.utterances, Utterance(1, ())))
    conversation = Conversation(silent)
    number = Candidate("account_number", 17, 18, 0.9, "test")
    assert list(find_answers(conversation, [number], {"account_number"}))
    assert list(find_exchanges(conversation, [number], {"account_number"}))


def test_questions_name_numbers_names_and_addresses_that_are_requested(said: Said) -> None:
    conversation = said("A: Your card number?\nB: Hi.\nA: And what is your name?\nB: Bo.\nA: Which street, please?")
    assert [question.turn for question in find_questions(conversation, {"credit_card_number"})] == [0]
    assert [question.turn for question in find_questions(conversation, {"person_name"})] == [2]
    assert [question.turn for question in find_questions(conversation, {"location_address_street"})] == [4]


def test_any_question_may_ask_for_what_has_no_words_of_its_own(said: Said) -> None:
    conversation = said("A: What happened then?\nB: I broke my arm.")
    assert find_questions(conversation, {"person_name"}) == []
    assert [question.turn for question in find_questions(conversation, {"person_name", "injury"})] == [0]
