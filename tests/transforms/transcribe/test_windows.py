"""Packing of speech into windows: no speech is lost or doubled, windows fit the model, times lead back (functions)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ
from hushbeam.transforms.transcribe.vad import FRAME
from hushbeam.transforms.transcribe.windows import SILENCE_BETWEEN_S, SPEECH_PROBABILITY, Window, WindowPacker, split
from tests.few_examples import few


@st.composite
def channels(draw: st.DrawFn) -> np.ndarray:
    """Speech probabilities of a channel, in stretches of silence, doubt and speech of up to 70 s."""
    stretches = draw(
        st.lists(st.tuples(st.sampled_from((0.0, 0.1, 0.15, 0.5, 1.0)), st.integers(1, 2200)), min_size=1, max_size=12)
    )
    return np.concatenate([np.full(frames, probability, np.float32) for probability, frames in stretches])


def packed(probabilities: np.ndarray, block_frames: int = 250) -> tuple[list[tuple[Window, np.ndarray]], WindowPacker]:
    # Every sample is its own position: windows can be checked against where they claim to come from.
    samples = np.arange(len(probabilities) * FRAME, dtype=np.float32)
    packer = WindowPacker()
    windows = []
    for start in range(0, len(probabilities), block_frames):
        stop = start + block_frames
        windows += packer.feed(samples[start * FRAME : stop * FRAME], probabilities[start:stop])
    return windows + list(packer.finish()), packer


@few(60)
@given(channels())
def test_no_speech_is_lost_or_transcribed_twice(probabilities: np.ndarray) -> None:
    windows, _ = packed(probabilities)
    times_packed = np.zeros(len(probabilities) * FRAME, int)
    for window, _ in windows:
        for piece in window.pieces:
            times_packed[piece.source : piece.source + piece.length] += 1
    assert times_packed.max(initial=0) <= 1
    for frame in np.flatnonzero(probabilities >= SPEECH_PROBABILITY):
        assert times_packed[frame * FRAME : (frame + 1) * FRAME].all()


@few(60)
@given(channels())
def test_every_window_fits_the_model_and_leads_back_to_its_audio(probabilities: np.ndarray) -> None:
    for window, samples in packed(probabilities)[0]:
        assert 0 < window.length == len(samples) <= 30 * RECOGNISER_RATE_HZ
        offset = 0
        for piece in window.pieces:
            assert piece.offset == offset
            expected = np.arange(piece.source, piece.source + piece.length, dtype=np.float32)
            assert np.array_equal(samples[piece.offset : piece.offset + piece.length], expected)
            offset += piece.length
        moment_s = 0.5 * window.duration_s
        assert window.source_s(moment_s) == pytest.approx(
            samples[int(moment_s * RECOGNISER_RATE_HZ)] / RECOGNISER_RATE_HZ, abs=1e-3
        )


@few(20)
@given(channels(), st.integers(20, 3000))
def test_windows_do_not_depend_on_the_size_of_blocks(probabilities: np.ndarray, block_frames: int) -> None:
    windows, packer = packed(probabilities)
    others, other = packed(probabilities, block_frames)
    assert [window for window, _ in windows] == [window for window, _ in others]
    assert packer.spoken == other.spoken


@few(15)
@given(channels())
def test_the_memory_of_a_channel_is_bounded(probabilities: np.ndarray) -> None:
    packer = WindowPacker()
    for start in range(0, len(probabilities), 250):
        block = probabilities[start : start + 250]
        list(packer.feed(np.zeros(len(block) * FRAME, np.float32), block))
        assert len(packer._samples) + sum(len(each.samples) for each in packer._open) <= 110 * RECOGNISER_RATE_HZ


def test_turns_stay_a_second_apart() -> None:
    turn, gap = np.ones(60, np.float32), np.zeros(600, np.float32)
    (window, _), *others = packed(np.concatenate([gap, turn, gap, turn, gap]))[0]
    assert not others
    (_, first_stop), (second_start, _) = window.speech
    assert (second_start - first_stop) / RECOGNISER_RATE_HZ == pytest.approx(SILENCE_BETWEEN_S, abs=0.01)


def test_short_pauses_keep_their_length() -> None:
    turn, gap = np.ones(60, np.float32), np.zeros(20, np.float32)
    (window, _), *others = packed(np.concatenate([turn, gap, turn]))[0]
    assert not others
    assert len(window.pieces) == 1
    assert window.length == 140 * FRAME


def test_speech_without_pauses_is_cut_where_it_is_least_likely() -> None:
    probabilities = np.ones(1500, np.float32)
    probabilities[700:706] = 0.1
    windows = packed(probabilities)[0]
    first = windows[0][0].pieces[-1]
    assert 698 * FRAME <= first.source + first.length <= 708 * FRAME


def test_speech_that_fits_into_one_window_is_one_window() -> None:
    turn, gap = np.ones(140, np.float32), np.zeros(60, np.float32)
    assert len(packed(np.concatenate([turn, gap] * 5))[0]) == 1


def test_speech_that_does_not_fit_is_cut_at_its_longest_pause() -> None:
    turn, breath, gap = np.ones(90, np.float32), np.zeros(14, np.float32), np.zeros(40, np.float32)
    windows = packed(np.concatenate([turn, breath] * 5 + [gap] + [turn, breath] * 10))[0]
    last = windows[0][0].pieces[-1]
    pause = 5 * (90 + 14) * FRAME
    assert pause <= last.source + last.length <= pause + 40 * FRAME


def test_silence_has_no_windows() -> None:
    windows, packer = packed(np.zeros(1000, np.float32))
    assert windows == []
    assert packer.spoken == []


@few(60)
@given(channels(), st.floats(0.01, 0.99))
def test_both_halves_of_a_window_know_where_they_come_from(probabilities: np.ndarray, share: float) -> None:
    for window, samples in packed(probabilities)[0][:3]:
        at = max(1, int(share * window.length))
        for half, audio in zip(split(window, at), (samples[:at], samples[at:]), strict=True):
            assert half.length == len(audio)
            for piece in half.pieces:
                assert audio[piece.offset] == piece.source
                assert audio[piece.offset + piece.length - 1] == piece.source + piece.length - 1
        assert sum(stop - start for half in split(window, at) for start, stop in half.speech) == sum(
            stop - start for start, stop in window.speech
        )
