"""Plain functions: stretches of sound between pauses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.mute_audio.loudness import (
    FRAME_S,
    LoudnessRange,
    PauseSettings,
    loudness_db,
)
from tests.transforms.mute_audio.spoken import speech, stretches_of_speech

SETTINGS = PauseSettings()


@pytest.mark.parametrize("noise_db", [-100.0, -70.0, -40.0])
def test_a_stretch_begins_and_ends_with_its_sound_whatever_the_noise(noise_db: float) -> None:
    stretches = stretches_of_speech(speech(6, (1.0, 2.0), (3.0, 3.5), noise_db=noise_db), 100.0, SETTINGS)
    assert len(stretches) == 2
    assert stretches[0].start_s == pytest.approx(101.0, abs=2 * FRAME_S)
    assert stretches[0].end_s == pytest.approx(102.0, abs=2 * FRAME_S)
    assert stretches[1].start_s == pytest.approx(103.0, abs=2 * FRAME_S)


def test_the_closure_of_a_consonant_is_not_a_pause() -> None:
    assert len(stretches_of_speech(speech(4, (1.0, 1.5), (1.56, 2.0)), 0.0, SETTINGS)) == 1
    assert len(stretches_of_speech(speech(4, (1.0, 1.5), (1.65, 2.0)), 0.0, SETTINGS)) == 2


def test_a_click_is_not_speech() -> None:
    assert len(stretches_of_speech(speech(4, (1.0, 1.02), (2.0, 3.0)), 0.0, SETTINGS)) == 1


def test_a_quiet_ending_belongs_to_the_sound() -> None:
    sound = speech(4, (1.0, 2.0), noise_db=-90.0)
    sound[32_000:36_800] += np.random.default_rng(2).standard_normal(4_800).astype(np.float32) * 0.005
    assert stretches_of_speech(sound, 0.0, SETTINGS)[0].end_s == pytest.approx(2.3, abs=2 * FRAME_S)


def test_the_level_of_the_recording_does_not_matter() -> None:
    sound = speech(4, (1.0, 2.0), noise_db=-70.0)
    assert stretches_of_speech(sound, 0.0, SETTINGS) == stretches_of_speech(sound * 0.05, 0.0, SETTINGS)


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(100), np.zeros(16_000), speech(3, noise_db=-30.0)])
def test_silence_and_steady_noise_have_no_stretches(sound: np.ndarray) -> None:
    assert stretches_of_speech(sound.astype(np.float32), 0.0, SETTINGS) == ()


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0.05, 2)), max_size=6), st.integers(0, 5))
def test_stretches_are_in_order_and_pauses_apart(bursts: list[tuple[float, float]], seed: int) -> None:
    sound = speech(10, *((start_s, min(start_s + length_s, 10.0)) for start_s, length_s in bursts), seed=seed)
    stretches = stretches_of_speech(sound, 0.0, SETTINGS)
    assert all(stretch.end_s - stretch.start_s >= SETTINGS.click_s - 1e-9 for stretch in stretches)
    for before, after in pairwise(stretches):
        assert after.start_s - before.end_s >= SETTINGS.pause_s - 1e-9


def test_loudness_is_that_of_each_frame() -> None:
    sound = np.concatenate((np.full(160, 0.1), np.zeros(160), np.full(80, 0.1))).astype(np.float32)
    assert loudness_db(sound) == pytest.approx([-20.0, -100.0])


def test_the_louder_the_noise_the_less_of_words_shows() -> None:
    visible_db = [
        LoudnessRange.of(speech(6, (1.0, 2.0), noise_db=noise_db), 100.0, SETTINGS).visible_db([(101.0, 102.0)])
        for noise_db in (-90.0, -50.0, -45.0, -40.0, -35.0)
    ]
    assert visible_db[0] == pytest.approx(SETTINGS.below_speech_db, abs=2.0)
    assert visible_db[-1] == pytest.approx(SETTINGS.clear_of_speech_db, abs=2.0)
    assert all(less < more for more, less in pairwise(visible_db))


def test_less_of_a_quiet_word_shows_than_of_a_loud_one() -> None:
    sound = speech(6, (1.0, 2.0), (3.0, 4.0), noise_db=-60.0)
    sound[48_000:64_000] *= 0.1
    audio = LoudnessRange.of(sound, 0.0, SETTINGS)
    assert audio.visible_db([(3.0, 4.0)]) == pytest.approx(audio.visible_db([(1.0, 2.0)]) - 20.0, abs=2.0)


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(16_000), speech(3, noise_db=-30.0)])
def test_nothing_of_words_shows_if_speech_cannot_be_told_from_noise(sound: np.ndarray) -> None:
    assert LoudnessRange.of(sound.astype(np.float32), 0.0, SETTINGS).visible_db([(0.2, 0.6)]) < 0.0
    assert LoudnessRange.of(speech(3, (1.0, 2.0)), 0.0, SETTINGS).visible_db([(5.0, 6.0)]) < 0.0
