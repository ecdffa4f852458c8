from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from transforms.detect_pii.candidate import Candidate
from transforms.detect_pii.conversation import Conversation
from transforms.detect_pii.static_entities import find_static_entities

Said = Callable[[str], Conversation]
Spans = Callable[[Conversation, Iterable[Candidate]], list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("Project Falcon", "We call it project falcon here", ["project falcon"]),
        ("BlueMoon", "It's B-L-U-E moon", ["B-L-U-E moon"]),
        ("BlueMoon", "the blue moon's price", ["blue moon's"]),
        ("Area 51", "in area fifty-one they", ["area fifty-one"]),
        ("Ann", "Anna and annual", []),
        ("", "anything at all", []),
    ],
)
def test_terms_are_found_in_the_ways_in_which_they_are_said(
    said: Said, spans: Spans, term: str, text: str, found: list[str]
) -> None:
    conversation = said(text)
    assert [
        words for _, words in spans(conversation, find_static_entities(conversation, {"code_name": [term]}))
    ] == found


def test_a_term_stands_under_the_label_that_the_user_gave(said: Said) -> None:
    (candidate,) = find_static_entities(said("the falcon"), {"code_name": ["Falcon"]})
    assert (candidate.policy, candidate.label, candidate.score) == ("custom", "CODE_NAME", 1.0)
