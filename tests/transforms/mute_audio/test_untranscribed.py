"""Plain functions: speech that no word of sufficient confidence accounts for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.truth import TRANSCRIPTS, read_transcripts
from hushbeam.schemas.policies import AUDIO_POLICIES
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.mute_audio.untranscribed import (
    MASKS,
    POLICY,
    UntranscribedSettings,
    find_masked,
    find_partly_masked,
    find_untranscribed,
)
from tests.transforms.mute_audio.spoken import transcript

SETTINGS = UntranscribedSettings()
EVALUATION = Path(__file__).parents[3] / "evaluation"


def transcribed(*words: tuple[str, float, float], speech: tuple[float, float]) -> Transcript:
    return transcript(*words, speech=[TimeSpan(0, *speech)])


def test_speech_without_any_word_is_found_whole() -> None:
    (found,) = find_untranscribed(transcribed(("hello", 1.0, 1.4), speech=(5.0, 7.0)), SETTINGS)
    assert (found.start_s, found.end_s, found.channel) == (5.0, 7.0, 0)
    assert found.policy == POLICY
    assert found.policy in AUDIO_POLICIES
    assert found.first_word is None


def test_speech_between_words_is_found_without_them() -> None:
    words = (("hello", 1.0, 1.4), ("goodbye", 8.0, 8.5))
    (found,) = find_untranscribed(transcribed(*words, speech=(0.9, 8.6)), SETTINGS)
    assert 1.4 < found.start_s < 2.2
    assert 7.4 < found.end_s < 8.0


def test_speech_near_words_belongs_to_the_words() -> None:
    assert find_untranscribed(transcribed(("hello", 1.0, 1.4), speech=(0.6, 2.0)), SETTINGS) == ()


def test_a_breath_is_not_speech() -> None:
    assert find_untranscribed(transcribed(speech=(5.0, 5.5)), SETTINGS) == ()


def test_a_word_dragged_over_speech_does_not_account_for_it() -> None:
    (found,) = find_untranscribed(transcribed(("well", 2.0, 9.0), speech=(2.0, 9.0)), SETTINGS)
    assert found.start_s == 2.0
    assert 7.0 < found.end_s < 9.0


def test_words_of_low_confidence_do_not_account_for_speech() -> None:
    certain = transcribed(("mumble", 5.0, 6.0), speech=(5.0, 6.0))
    word = replace(certain.words[0], confidence=0.02)
    doubted = replace(certain, utterances=(Utterance(0, (word,)),))
    assert find_untranscribed(certain, SETTINGS) == ()
    assert len(find_untranscribed(doubted, SETTINGS)) == 1


def test_words_of_one_channel_do_not_account_for_speech_in_another() -> None:
    call = transcript(("hello", 5.0, 7.0), channels=2, speech=[TimeSpan(1, 5.0, 7.0)])
    (found,) = find_untranscribed(call, SETTINGS)
    assert found.channel == 1


@pytest.mark.parametrize("name", ["human_spanish", "human_french"])
def test_all_that_people_say_in_labelled_calls_is_accounted_for(name: str) -> None:
    for whole in read_transcripts(EVALUATION / name / TRANSCRIPTS).values():
        assert find_untranscribed(whole, SETTINGS) == ()
        without_words = replace(whole, utterances=())
        assert len(find_untranscribed(without_words, SETTINGS)) >= 10


def test_nothing_is_found_in_mode_keep() -> None:
    assert find_untranscribed(transcribed(speech=(5.0, 9.0)), UntranscribedSettings(mode="keep")) == ()


def test_masked_words_are_found_with_their_words_whatever_happens_to_other_speech() -> None:
    call = replace(transcribed(("my", 1.0, 1.2), ("[PII]", 1.2, 1.5), speech=(1.0, 1.5)), masked_words=(1,))
    (found,) = find_masked(call)
    assert (found.policy, found.detector) == (POLICY, MASKS)
    assert (found.first_word, found.last_word, found.start_s, found.end_s) == (1, 1, 1.2, 1.5)
    assert find_masked(transcribed(("my", 1.0, 1.2), speech=(1.0, 1.5))) == ()


def test_a_mask_of_several_words_is_one_finding_and_what_is_masked_in_part_is_another() -> None:
    said = ("my", 1.0, 1.2), ("[PHONE", 1.2, 1.9), ("NUMBER]", 1.5, 1.8), ("joh***@gmail.com", 2.0, 3.0), ("ok", 3, 4)
    call = replace(transcribed(*said, speech=(1.0, 4.0)), masked_words=(1, 2, 3))
    (mask,), (part,) = find_masked(call), find_partly_masked(call, but=())
    assert (mask.first_word, mask.last_word, mask.start_s, mask.end_s) == (1, 2, 1.2, 1.9)
    assert (part.first_word, part.last_word, part.policy, part.detector) == (3, 3, POLICY, MASKS)
    assert find_partly_masked(call, but={3}) == (), "another finding redacts it already"


def test_masked_words_of_two_utterances_are_two_findings() -> None:
    call = transcript(("[PHONE", 1.0, 2.0), ("NUMBER]", 3.0, 4.0))
    turns = tuple(Utterance(0, (word,)) for word in call.words)
    found = find_masked(replace(call, utterances=turns, masked_words=(0, 1)))
    assert [(each.first_word, each.last_word) for each in found] == [(0, 0), (1, 1)]


_ranges = st.tuples(st.floats(0, 18), st.floats(0, 4)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(_ranges, max_size=8), st.lists(_ranges, max_size=8))
def test_findings_lie_in_speech_and_away_from_words(
    words: list[tuple[float, float]], speech: list[tuple[float, float]]
) -> None:
    said = tuple(Word(" oh", start_s, end_s, 0.9, 0) for start_s, end_s in sorted(words))
    spans = tuple(TimeSpan(0, start_s, end_s) for start_s, end_s in sorted(speech))
    call = Transcript("en", 1.0, 22.0, 1, (Utterance(0, said),) if said else (), spans)
    for found in find_untranscribed(call, SETTINGS):
        assert found.end_s - found.start_s >= SETTINGS.least_s
        assert any(span.start_s <= found.start_s and found.end_s <= span.end_s for span in spans)
        assert all(
            found.end_s <= word.end_s or word.end_s + SETTINGS.after_word_s - SETTINGS.widen_s <= found.start_s + 1e-9
            for word in said
        )
