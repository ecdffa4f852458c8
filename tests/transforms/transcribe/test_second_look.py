"""Parts to transcribe again: whole stretches of speech that the model skipped, cut in silence (functions)."""

import numpy as np

from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.transcribe.decoding import DecodedWindow, Doubt
from hushbeam.transforms.transcribe.second_look import parts_to_transcribe_again
from hushbeam.transforms.transcribe.windows import Piece, Window
from hushbeam.transforms.transcribe.words import TimedText


def parts(
    speech: list[tuple[float, float]], untranscribed: list[tuple[float, float]], words: list[TimedText] | None = None
) -> list[tuple[int, int]]:
    length_s = speech[-1][1] + 0.5
    spans = tuple((int(start * RECOGNISER_RATE_HZ), int(stop * RECOGNISER_RATE_HZ)) for start, stop in speech)
    window = Window((Piece(0, 0, int(length_s * RECOGNISER_RATE_HZ)),), spans)
    loudness = np.zeros(int(length_s * 100), np.float32)
    for start, stop in speech:
        loudness[int(start * 100) : int(stop * 100)] = 1.0
    decoded = DecodedWindow(tuple(words or ()), "en", 1.0, -0.1, Doubt.UNTRANSCRIBED, tuple(untranscribed))
    return parts_to_transcribe_again(window, loudness, decoded)


def test_a_turn_without_words_is_transcribed_again_whole() -> None:
    assert parts([(0.5, 5.0), (6.0, 9.0), (10.0, 15.0)], [(6.8, 8.9)]) == [(550, 950)]


def test_turns_that_follow_each_other_are_transcribed_together() -> None:
    assert parts([(0.5, 9.0), (10.0, 12.0), (13.0, 15.0), (16.0, 20.0)], [(10.0, 12.0), (13.2, 15.0)]) == [(950, 1550)]


def test_separate_turns_are_transcribed_separately() -> None:
    found = parts([(0.5, 2.0), (3.0, 9.0), (10.0, 12.0), (13.0, 20.0)], [(0.5, 2.0), (10.0, 12.0)])
    assert found == [(0, 250), (950, 1250)]


def test_a_word_stretched_over_a_turn_may_have_been_said_in_the_next() -> None:
    stretched = TimedText(" What", 6.0, 8.9, 0.9)
    found = parts([(0.5, 5.0), (6.0, 9.0), (10.0, 12.0), (13.0, 20.0)], [(6.8, 8.4)], [stretched])
    assert found == [(550, 1250)]


def test_long_speech_is_cut_around_the_part_without_words() -> None:
    ((first, last),) = parts([(0.5, 28.0)], [(10.0, 13.0)])
    assert 950 <= first <= 1010
    assert 1290 <= last <= 1350


def test_a_window_without_any_words_is_one_part() -> None:
    ((first, last),) = parts([(0.5, 8.0)], [(0.5, 8.0)])
    assert first <= 50
    assert last >= 800
