"""Identifiers of Presidio's recognisers, as they are said: one recogniser."""

from __future__ import annotations

import pytest

from hushbeam.transforms.detect_pii.patterns.presidio import PresidioPatterns
from tests.transforms.detect_pii.conversations import Said


@pytest.fixture(scope="module")
def presidio() -> PresidioPatterns:
    recogniser = PresidioPatterns()
    recogniser.load()
    return recogniser


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("banking_information", "it is D E eight nine, 3704 0044 0532 0130 00"),
        ("ip_address", "the gateway is 192.168.0.254"),
        ("us_social_security_number", "219-09-9999 is what it says"),
        ("number_sequence", "my NI is Q Q one two three four five six C"),
    ],
)
def test_identifiers_with_a_format_are_found_as_they_are_said(
    presidio: PresidioPatterns, said: Said, policy: str, text: str
) -> None:
    if policy == "number_sequence":
        text = text.replace("Q Q", "A B")  # presidio rejects the prefix that is kept for examples
    assert policy in {candidate.policy for candidate in presidio.recognise(said(text))}


def test_ordinary_talk_has_none(presidio: PresidioPatterns, said: Said) -> None:
    assert list(presidio.recognise(said("We open at nine and close at six, it takes 20 minutes."))) == []


def test_checking_what_was_found_never_reaches_the_network(
    presidio: PresidioPatterns, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a recogniser opened a connection")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    list(presidio.recognise(said("write to jane.doe@example.co.uk or see example.com, 614-555-0142")))
