"""Scripts of calls to render."""

from __future__ import annotations

import pytest

from evaluation.call_script import Mark, read_script

SCRIPT = """
# a comment
say Siobhan Shivawn
call front-desk opus mono noise 20
voices af_bella joe
A: Hello, this is [person_name|Siobhan|Siobhan].
B+: Call [phone_number|555-0142|five five five, oh one four two]? At [~organization|Acme|Acme Tools], okay.
"""


def test_a_call_has_its_voices_format_and_turns() -> None:
    (call,), spoken_as = read_script(SCRIPT)
    assert (call.name, call.format, call.mono, call.noise_db) == ("front-desk", "opus", True, 20.0)
    assert call.voices == ("af_bella", "joe")
    assert [(turn.channel, turn.overlaps) for turn in call.turns] == [(0, False), (1, True)]
    assert spoken_as == {"Siobhan": "Shivawn"}


def test_marks_name_the_words_with_their_punctuation() -> None:
    (call,), _ = read_script(SCRIPT)
    first, second = call.turns
    assert first.words == ("Hello,", "this", "is", "Siobhan.")
    assert first.marks == (Mark("person_name", "Siobhan", 3, 3, neutral=False),)
    phone, organisation = second.marks
    assert second.words[phone.first : phone.last + 1] == ("five", "five", "five,", "oh", "one", "four", "two?")
    assert second.words[organisation.first : organisation.last + 1] == ("Acme", "Tools,")
    assert organisation.neutral


def test_an_unknown_line_is_an_error_with_its_number() -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_script("call one ulaw\nC: hello")
