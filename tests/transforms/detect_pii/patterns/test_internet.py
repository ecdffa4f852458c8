"""E-mail addresses, URLs and account names in written lines: one recogniser."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.patterns.internet import InternetAddresses
from tests.transforms.detect_pii.conversations import Marked, plain

INTERNET = InternetAddresses()


@pytest.mark.parametrize(
    "call",
    [
        "B: It's [alex dot rivera at gmail dot com]",
        "B: It's [j.coalski-82a-gmail.com]",
        "B: It's [Maria underscore low up is at Outlook.com]",
        "B: It's [info-sales at acne-tools.co.uk.]",
        "A: Your email?\nB: Yes, [Alex.riveroadgmail.com.]",
        "B: [J as in Juliet, dot, K, O, W, A, L, S, K, I, eight two, at gmail dot com]",
        "B: My email is [bob.smith@example.com] by the way",
        "B: You can send it to [sales at northwind dot org]",
        "B: That is [T Lopez 19 at icloud] I think",
        "A: And your email address?\nB: It's [maria underscore lopez at something]",
        "B: It's [sarah dot jones]\nB: [at yahoo dot co dot uk]",
    ],
)
def test_an_email_address_is_found_by_its_domain_back_to_the_start_of_its_clause(marked: Marked, call: str) -> None:
    assert marked(INTERNET, plain(call), "email_address") == call


@pytest.mark.parametrize(
    ("policy", "call"),
    [
        ("url", "A: Go to our website at [acme dash tools dot com slash help] any time."),
        ("url", "A: Visit [w w w dot example dot org] please."),
        ("url", "A: Open [setup dot linkhub dot net, slash admin.]"),
        ("url", "A: It's on [sparks dot I O forward slash help]"),
        ("ip_address", "B: It says [192.168.1.42,] I think."),
        ("ip_address", "B: It's [one ninety two dot one sixty eight dot one dot forty two]"),
        ("filename", "B: I opened [tax-return dot pdf] and it failed."),
        ("username", "B: I am [maria underscore 60] there."),
        ("username", "B: I am [kfoster88] there."),
    ],
)
def test_addresses_of_other_kinds_are_found(marked: Marked, policy: str, call: str) -> None:
    assert marked(INTERNET, plain(call), policy) == call


@pytest.mark.parametrize(
    "line",
    [
        "Did you get the email that we sent?",
        "It's at the end of the dot matrix.",
        "I'll send you an email. Is it fine at four?",
        "We use Node.js at work.",
        "It costs 3.50 at the shop.",
    ],
)
def test_ordinary_words_are_no_addresses(marked: Marked, line: str) -> None:
    assert marked(INTERNET, line) == line


@pytest.mark.parametrize(
    ("language", "call"),
    [
        ("es", "B: Es [maria punto lopez arroba gmail punto com]"),
        ("fr", "B: C'est [marie point dupont arobase orange point fr]"),
        ("de", "B: Das ist [max punkt mustermann at gmx punkt de]"),
    ],
)
def test_signs_are_said_in_each_language(marked: Marked, language: str, call: str) -> None:
    assert marked(INTERNET, plain(call), "email_address", language_code=language) == call
