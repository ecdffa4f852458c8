"""Numbers by what was asked or announced, in written lines: one recogniser."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.numbers.spoken_numbers import SpokenNumbers
from hushbeam.transforms.detect_pii.recogniser import Candidate
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from tests.transforms.detect_pii.conversations import Marked, Said, plain

NUMBERS = SpokenNumbers()


def labels(conversation: Conversation) -> list[str]:
    return [candidate.policy for candidate in NUMBERS.recognise(conversation)]


@pytest.mark.parametrize(
    ("policy", "call"),
    [
        (
            "phone_number",
            "A: What number can we reach you at?\nB: [five one two, five five five, oh one double eight.]",
        ),
        ("phone_number", "B: Ring me on [oh seven nine one one, one two three, four five six.]"),
        ("phone_number", "B: My cell is plus [44 7911 123456] most days."),
        ("phone_number", "B: My office is area code [800-555-0013,] thanks."),
        (
            "credit_card_number",
            "A: Read me the card number.\nB: [four five five six]\nA: Mm-hm.\nB: [seven three seven five]",
        ),
        ("credit_card_number", "A: Your car number please.\nB: Okay, it's for [1111 1111 1111 111.]"),
        ("credit_card_cvv", "A: And the three digits on the back?\nB: [nine one two]"),
        ("credit_card_cvv", "A: Which card?\nB: Visa.\nA: And the CVV?\nB: [$732.]"),
        ("credit_card_expiration", "A: And the Exploration date?\nB: [oh four twenty-seven]"),
        ("credit_card_expiration", "B: It expires in [December 2028] I think."),
        ("credit_card_expiration", "A: And that one lapses when?\nB: [July 30]"),
        ("credit_card_expiration", "A: Is that card in date?\nB: Yeah, [May 2029]"),
        ("credit_card_expiration", "B: The expiry was [June 30] and now it's [O7-28.]"),
        ("credit_card_expiration", "B: The card was declined on the 3rd of May 2024 and not in 1230 either."),
        ("us_social_security_number", "A: The last four of your social?\nB: It's [4-1-3-0,] no sorry [4-1-3-2.]"),
        ("us_social_security_number", "B: Socialist [459-22-1843.]"),
        ("account_number", "A: The count number?\nB: [0 0 4 4 7 hold on 9 1]"),
        ("account_number", "B: My claim number is [CL-2026-00814,] please."),
        ("banking_information", "A: And the routing number?\nB: [0-4-4, 0-0-0-037.]"),
        ("banking_information", "B: Sort code [20 00 00] for that."),
        ("healthcare_number", "B: His medical record number is [7704198.]"),
        ("drivers_license", "A: Driver's license?\nB: [D as in David, 4 4 1, 8 8 2, 0 1 9.]"),
        ("passport_number", "B: Passport number [PA 4568332] issued last year."),
        ("vehicle_id", "A: What's the license played?\nB: [kxr 4471]"),
        ("password", "A: I texted you a code, can you read it?\nB: [5-5-1-0-3-8.]"),
        ("password", "B: The gate code is star [4471] at night."),
        ("date_of_birth", "A: What is your date of birth?\nB: [March 9th, 1974.]"),
        ("date_of_birth", "A: Date of birth?\nB: [oh four, twenty-two, eighty-one]"),
        ("credit_card_number", "A: Your card ends [three oh seven oh.]"),
        ("healthcare_number", "A: N H S number?\nB: [Nine four three, four seven six, five nine one nine.]"),
        ("number_sequence", "A: And after the line?\nB: [Two oh one one.]"),
        ("number_sequence", "B: On the label there's [P zero three seven.]"),
        ("password", "A: Which code do you key in?\nB: Six star [two two oh seven.]"),
        ("person_age", "B: She is [seven years old] now."),
        ("money_amount", "A: That is [$149.99] today."),
    ],
)
def test_a_number_is_what_was_asked_for_or_announced(marked: Marked, policy: str, call: str) -> None:
    assert marked(NUMBERS, plain(call), policy) == call


@pytest.mark.parametrize(
    ("policy", "call"),
    [
        ("account_number", "B: [4471920] is my account number."),
        ("us_social_security_number", "B: [6789,] those are the last four of my social."),
    ],
)
def test_a_number_may_stand_before_its_name(marked: Marked, policy: str, call: str) -> None:
    assert marked(NUMBERS, plain(call), policy) == call


def test_six_digits_need_no_cue(said: Said) -> None:
    assert labels(said("B: And then 7 7 3 2 0 1 came up.")) == ["number_sequence"]


def test_a_checksum_chooses_the_label_of_an_uncued_number(said: Said) -> None:
    assert labels(said("B: It says 4539 1488 0343 6467.")) == ["credit_card_number"]


def test_a_wrong_checksum_does_not_hide_a_number(marked: Marked) -> None:
    call = "A: The card number?\nB: [4539 1488 0343 6468]"
    assert marked(NUMBERS, plain(call), "credit_card_number") == call


def test_the_nearest_of_two_cues_counts(said: Said) -> None:
    call = "A: Your account number?\nB: Or the passport number? 447192038."
    assert labels(said(call)) == ["passport_number"]


def test_a_cue_within_a_number_is_as_sure_as_one_beside_it(said: Said) -> None:
    found = list(NUMBERS.recognise(said("B: Four. Okay, second PIN, 1 1 4 9 0 5.")))
    assert "password" in {candidate.policy for candidate in found}
    assert all(0 <= candidate.score <= 1 for candidate in found)


def test_a_cue_far_away_does_not_count(said: Said) -> None:
    lines = "".join(f"\n{speaker}: Let me see." for speaker in "BABABA")
    assert labels(said(f"A: Your account number?{lines}\nB: 447 it says.")) == ["any_number"]


def test_every_identifier_is_any_number_too(said: Said) -> None:
    (candidate,) = NUMBERS.recognise(said("B: It's 614 555 0142."))
    assert candidate.alternatives == ("any_number",)


def test_parts_of_one_number_carry_the_same_value(said: Said) -> None:
    found: list[Candidate] = list(NUMBERS.recognise(said("A: Card number?\nB: 5425 2334\nA: Yep.\nB: 3010 9903")))
    assert {candidate.value for candidate in found} == {"5425233430109903"}
    assert len(found) == 2


@pytest.mark.parametrize(
    "line",
    [
        "Press 1 for billing, press 2 for technical support.",
        "Your balance is $1,284.50 and the minimum payment is 35 dollars.",
        "We drove 1,200 miles in 3 days.",
        "Version 10.4.2 fixes error 404.",
        "In 1999 the company had 300 employees, now there are 2,500.",
        "The meeting is in room 312 on the third floor.",
        "One of them, or two, not the other one.",
        "The warranty covers 100,000 miles.",
        "It is about five hundred... a bit more.",
    ],
)
def test_numbers_of_things_are_left_alone(marked: Marked, line: str) -> None:
    harmless = NUMBERS.policies - {"any_number", "money_amount", "duration", "time", "date", "date_interval"}
    assert marked(NUMBERS, line, *harmless) == line


def test_every_run_of_three_digits_is_any_number(marked: Marked) -> None:
    assert marked(NUMBERS, "B: We have 417 of them.", "any_number") == "B: We have [417] of them."


@pytest.mark.parametrize(
    ("language", "policy", "call"),
    [
        ("es", "phone_number", "A: ¿Su teléfono?\nB: [seis uno dos, treinta y cuatro, cinco seis, siete ocho]"),
        ("es", "credit_card_number", "A: ¿El número de tarjeta?\nB: [4539 1488 0343 6467]"),
        ("fr", "phone_number", "A: Votre téléphone ?\nB: [zéro six, douze, trente-quatre, soixante-dix-huit.]"),
        ("fr", "date_of_birth", "B: Ma date de naissance, [14 juillet 1975]"),
        ("de", "phone_number", "A: Ihre Telefonnummer?\nB: [null eins sieben eins, vierundzwanzig, dreiunddreißig]"),
        ("de", "banking_information", "B: Die IBAN ist [DE89 3704 0044 0532 0130 00]"),
    ],
)
def test_other_languages_have_numbers_too(marked: Marked, language: str, policy: str, call: str) -> None:
    assert marked(NUMBERS, plain(call), policy, language_code=language) == call
