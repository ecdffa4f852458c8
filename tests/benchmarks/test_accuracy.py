"""Comparison of recognised words with the labelled words."""

from __future__ import annotations

from benchmarks.accuracy import has_entity, said, word_errors
from benchmarks.corpus import LABELLED
from evaluation.truth import TRANSCRIPTS, read_transcripts, read_truth
from hushbeam.schemas.transcript import Transcript, Utterance, Word


def transcript(text: str) -> Transcript:
    words = tuple(Word(f" {word}", number, number + 0.5, 1.0, 0) for number, word in enumerate(text.split()))
    return Transcript("en", 1.0, 60.0, 1, (Utterance(0, words),))


def test_the_writing_of_a_number_makes_no_difference() -> None:
    truth = said(transcript("my number is six one four five five five uh thanks"))
    for writing in ("My number is 614-555. Thanks", "my number is 6 1 4 555 thanks"):
        assert word_errors(truth, said(transcript(writing)), 1) == (0, 9)
    assert word_errors(truth, said(transcript("my number is 614-556 thank you")), 1) == (3, 9)


def test_all_of_the_truth_is_recognised_in_itself_and_most_of_it_in_what_was_heard() -> None:
    folder = LABELLED[0]
    transcripts = read_transcripts(folder / TRANSCRIPTS)
    whole = recognised = 0
    for call in read_truth(folder):
        truth = said(call.perfect_transcript())
        transcribed = said(transcripts[call.recording_id])
        assert all(has_entity(call, entity, truth, truth) for entity in call.entities)
        whole += len(call.entities)
        recognised += sum(has_entity(call, entity, truth, transcribed) for entity in call.entities)
    assert 0.5 < recognised / whole <= 1.0
