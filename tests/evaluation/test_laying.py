"""Labels aligned with the words of a recogniser. Plain functions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.laying import LAYINGS, by_text, by_time, lay_labels
from evaluation.truth import LabelledRecording, SpokenEntity, SpokenWord, read_truth
from hushbeam.schemas.transcript import Transcript, Utterance, Word

CALLS = Path(__file__).parents[2] / "evaluation" / "dev"
SAID = ["it's", "five", "five", "five", "oh", "one", "four", "two", "thank", "you"]


@pytest.fixture
def call() -> LabelledRecording:
    """A number in the middle of one utterance, each word of which lasts half a second."""
    words = tuple(SpokenWord(text, 0, 1.0 + 0.5 * n, 1.5 + 0.5 * n) for n, text in enumerate(SAID))
    number = SpokenEntity("phone_number", "555-0142", " ".join(SAID[1:8]), 0, 1.5, 5.0)
    return LabelledRecording("call", Path("call.wav"), 8.0, 1, (number,), (), words, ("phone_number",))


def transcribed(*words: tuple[str, float, float]) -> Transcript:
    said = tuple(Word(text, start_s, end_s, 0.9, 0) for text, start_s, end_s in words)
    return Transcript("en", 1.0, 8.0, 1, (Utterance(0, said),))


def test_digits_are_found_in_spoken_numbers_however_they_are_grouped(call: LabelledRecording) -> None:
    transcript = transcribed((" It's", 1.0, 1.5), (" 555", 1.5, 3.0), ("-0142,", 3.0, 5.0), (" thank", 5.0, 5.5))
    assert set(by_text(call, transcript)) == {1, 2}
    assert set(by_time(call, transcript)) == {1, 2}


def test_by_text_a_negative_word_with_a_wrong_time_is_not_marked(call: LabelledRecording) -> None:
    transcript = transcribed((" It's", 1.0, 1.5), (" 5550142,", 1.5, 3.5), (" thank", 3.5, 5.2), (" you.", 5.2, 5.6))
    assert set(by_text(call, transcript)) == {1}
    assert set(by_time(call, transcript)) == {1, 2}


def test_a_misheard_digit_is_marked(call: LabelledRecording) -> None:
    transcript = transcribed((" It's", 1.0, 1.4), (" for", 1.6, 2.0), (" 55-0142,", 2.0, 4.9), (" thank", 5.0, 5.5))
    assert set(by_text(call, transcript)) == {1, 2}


def test_an_entity_over_two_utterances_is_a_finding_in_each(call: LabelledRecording) -> None:
    whole = transcribed((" 555", 1.5, 3.0), (" 0142", 3.0, 5.0))
    parted = replace(whole, utterances=tuple(Utterance(0, (word,)) for word in whole.words))
    findings = lay_labels(call, parted, by_text)
    assert [(finding.first_word, finding.last_word) for finding in findings] == [(0, 0), (1, 1)]


@pytest.mark.parametrize("laying", LAYINGS.values(), ids=LAYINGS)
def test_on_the_labelled_words_themselves_every_entity_is_marked_and_nothing_else(laying: object) -> None:
    for recording in read_truth(CALLS)[:4]:
        transcript = recording.perfect_transcript()
        assert callable(laying)
        marked = laying(recording, transcript)
        for number, word in enumerate(transcript.words):
            middle_s = (word.start_s + word.end_s) / 2
            inside = [e for e in recording.entities if e.channel == word.channel and e.start_s < middle_s < e.end_s]
            assert [marked[number]] == inside if number in marked else not inside
