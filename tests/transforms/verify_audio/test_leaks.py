"""Plain functions: leaks, on texts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hushbeam.schemas.finding import Finding, personal_words
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.verify_audio.kept_speech import KeptSpeech
from hushbeam.transforms.verify_audio.known_values import KnownValue, known_values
from hushbeam.transforms.verify_audio.leaks import Leak, LeakSettings, find_leaks
from hushbeam.transforms.verify_audio.spoken_form import runs_of_signs

POLICIES = ("credit_card_number", "number_sequence", "person_name", "phone_number")


def conversation(*utterances: tuple[int, float, str]) -> Conversation:
    """Utterances of (channel, start, text), half a second a word."""
    made = []
    for channel, start_s, text in utterances:
        words = [
            Word(f" {word}", start_s + n / 2, start_s + n / 2 + 0.4, 0.95, channel)
            for n, word in enumerate(text.split())
        ]
        made.append(Utterance(channel, tuple(words)))
    return Conversation(Transcript("en", 1.0, 100.0, 2, tuple(made)))


def finding(said: Conversation, policy: str, first: int, last: int) -> Finding:
    words = said.words[first : last + 1]
    return Finding(
        policy, policy.upper(), words[0].channel, words[0].start_s, words[-1].end_s, 1.0, "test", first, last
    )


def leaks(said: Conversation, findings: list[Finding], again: Conversation) -> tuple[Leak, ...]:
    kept = KeptSpeech(said, personal_words(findings))
    return find_leaks(known_values(said, findings), again, kept, POLICIES, LeakSettings())


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("6-1-4, 555", ["614555"]),
        ("six one four uh double five five", ["614555"]),
        ("forty-one eleven", ["4111"]),
        ("forty one eleven", ["4111"]),
        ("K-O-W-A-L-S-K-I", ["KOWALSKI"]),
        ("eight K J M two one four", ["8KJM214"]),
        ("twelve thousand five hundred dollars", ["12500"]),
        ("12,500 dollars", ["12500"]),
        ("room 12 on floor 3", ["12", "3"]),
        ("nothing to count here", []),
    ],
)
def test_different_spellings_of_the_same_signs_are_equal(text: str, signs: list[str]) -> None:
    runs = runs_of_signs(conversation((0, 0.0, text)))
    assert ["".join(sign.value for sign in run) for run in runs] == signs


def test_a_word_that_stands_for_another_is_no_value() -> None:
    said = conversation((0, 10.0, "my name is [PII] okay"))
    masked = Conversation(replace(said.transcript, masked_words=(3,)))
    assert known_values(said, [finding(said, "person_name", 3, 3)])
    assert known_values(masked, [finding(said, "person_name", 3, 3)]) == ()


def test_digits_that_are_heard_where_they_were_said_are_a_leak() -> None:
    said = conversation((0, 10.0, "my number is 4539 1488 0343 6467 okay"))
    card = [finding(said, "credit_card_number", 3, 6)]
    (leak,) = leaks(said, card, conversation((0, 11.6, "four five three nine")))
    assert (leak.policy, leak.label) == ("credit_card_number", "CREDIT_CARD_NUMBER")
    assert leak.place == TimeSpan(0, 11.6, 13.5)


def test_fewer_than_four_digits_of_a_longer_number_give_nothing_away() -> None:
    said = conversation((0, 10.0, "my number is 4539 1488 0343 6467 okay"))
    card = [finding(said, "credit_card_number", 3, 6)]
    assert leaks(said, card, conversation((0, 11.6, "four five three"))) == ()


def test_a_security_code_is_given_away_by_all_of_its_digits() -> None:
    said = conversation((0, 10.0, "the code is 392"))
    code = [finding(said, "credit_card_cvv", 3, 3)]
    assert leaks(said, code, conversation((0, 11.5, "3 9"))) == ()
    assert len(leaks(said, code, conversation((0, 11.5, "3 9 2")))) == 1


def test_an_echo_in_the_other_channel_is_a_leak_there() -> None:
    said = conversation((0, 10.0, "my number is 4539 1488 0343 6467 okay"))
    card = [finding(said, "credit_card_number", 3, 6)]
    (leak,) = leaks(said, card, conversation((1, 11.8, "4539 1488")))
    assert leak.place.channel == 1


def test_digits_far_from_their_number_are_not_a_leak() -> None:
    said = conversation((0, 10.0, "my number is 4539 1488 0343 6467 okay"), (0, 60.0, "press one for sales"))
    card = [finding(said, "credit_card_number", 3, 6)]
    assert leaks(said, card, conversation((0, 62.0, "about 1488 people"))) == ()


def test_words_that_belong_to_no_finding_are_not_a_leak() -> None:
    said = conversation((0, 10.0, "order 1488 and my card is 4539 1488 0343 6467"))
    card = [finding(said, "credit_card_number", 6, 9)]
    assert leaks(said, card, conversation((0, 10.5, "1488"))) == ()


def test_a_name_is_a_leak_wherever_it_is_heard() -> None:
    said = conversation((0, 10.0, "this is Daniel Whitfield speaking"), (1, 40.0, "thanks for calling"))
    name = [finding(said, "person_name", 2, 3)]
    (leak,) = leaks(said, name, conversation((1, 41.0, "thanks Mr. Whitfield for calling")))
    assert (leak.policy, leak.place.channel) == ("person_name", 1)


def test_another_spelling_of_a_name_is_a_leak_near_its_place() -> None:
    said = conversation((0, 10.0, "my name is Kowalczyk yes"))
    name = [finding(said, "person_name", 3, 3)]
    assert len(leaks(said, name, conversation((0, 11.4, "Kovalchik")))) == 1
    assert leaks(said, name, conversation((0, 50.0, "Kovalchik"))) == ()


def test_a_name_that_is_an_everyday_word_is_a_leak_only_at_its_place() -> None:
    said = conversation((0, 10.0, "this is Grace speaking"), (0, 14.0, "there is a grace period"))
    name = [finding(said, "person_name", 2, 2)]
    assert leaks(said, name, conversation((0, 15.5, "grace period"))) == ()
    assert len(leaks(said, name, conversation((0, 11.0, "Grace")))) == 1


def test_a_personal_number_that_only_the_second_recogniser_found_is_a_leak() -> None:
    said = conversation((0, 10.0, "my phone number is okay"))
    again = conversation((0, 10.0, "my phone number is 614 555 0142 okay"))
    (leak,) = leaks(said, [], again)
    assert leak.policy == "phone_number"
    assert leak.place.start_s == 12.0


def test_overlapping_leaks_are_one_under_the_policy_of_the_known_value() -> None:
    said = conversation((0, 10.0, "my phone number is 614 555 0142 okay"))
    card = [finding(said, "credit_card_number", 4, 6)]
    (leak,) = leaks(said, card, conversation((0, 10.0, "my phone number is 614 555 0142 okay")))
    assert leak.policy == "credit_card_number"


def test_no_repr_shows_a_value() -> None:
    said = conversation((0, 10.0, "this is Daniel Whitfield 4539 1488"))
    findings = [finding(said, "person_name", 2, 3), finding(said, "number_sequence", 4, 5)]
    values: tuple[KnownValue, ...] = known_values(said, findings)
    kept = KeptSpeech(said, frozenset())
    shown = repr(values) + repr(runs_of_signs(said)) + repr(kept.words) + repr(kept)
    for secret in ("daniel", "whitfield", "4539", "'4'", "speaking"):
        assert secret not in shown.lower()
