"""Plain functions: echoes of muted words in other channels, on labelled calls with synthetic echo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluation.run import PEOPLE
from evaluation.score import Samples, decode
from evaluation.truth import LabelledRecording, read_truth
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.mute_audio.bleed import BleedSettings, find_bleed
from hushbeam.transforms.mute_audio.edges import ReadRanges
from tests.transforms.mute_audio.spoken import RATE_HZ, reading_from, speech

CALLS = Path(__file__).parents[3] / "evaluation" / "telephone"


@pytest.fixture(scope="module")
def calls() -> list[tuple[LabelledRecording, Samples]]:
    return [(recording, decode(recording.audio)) for recording in read_truth(CALLS)[:4]]


def bleed(spans: list[TimeSpan], channels: int, duration_s: float, read_ranges: ReadRanges) -> tuple[TimeSpan, ...]:
    return find_bleed(spans, channels, duration_s, read_ranges, BleedSettings())


def spans_of(recording: LabelledRecording) -> list[TimeSpan]:
    return [TimeSpan(entity.channel, entity.start_s, entity.end_s) for entity in recording.entities]


def with_echo(sound: Samples, gain_db: float, delay_s: float) -> Samples:
    """Each of two channels repeats the other, later and softer."""
    delay = round(delay_s * RATE_HZ)
    delayed = np.pad(sound, ((0, 0), (delay, 0)))[:, : sound.shape[1]]
    echoing: Samples = sound + delayed[::-1] * np.float32(10 ** (gain_db / 20))
    return echoing


def test_people_who_speak_in_turn_or_at_once_are_not_echoes(calls: list[tuple[LabelledRecording, Samples]]) -> None:
    for recording, sound in calls:
        assert bleed(spans_of(recording), 2, recording.duration_s, reading_from(*sound)) == ()


@pytest.mark.parametrize(
    ("folder", "echoing"),
    [
        (CALLS.parent / "human_spanish", set()),
        (CALLS.parent / "human_french", set()),
        (PEOPLE / "human", set()),
        # One has the same sound in both channels; in the other, Opus carries one side into the other.
        (PEOPLE / "people", {"symbl-phone-number", "form-7dhnut"}),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_voices_of_people_in_two_channels_are_no_echoes(folder: Path, echoing: set[str]) -> None:
    if not folder.is_dir():
        pytest.skip("the recordings of people are not here")
    for recording in read_truth(folder):
        sound = decode(recording.audio)
        if len(sound) == 2 and recording.recording_id not in echoing:
            assert bleed(spans_of(recording), 2, recording.duration_s, reading_from(*sound)) == ()


@pytest.mark.parametrize(
    ("gain_db", "delay_s", "least"), [(-15, 0.12, 1.0), (-25, 0.12, 0.95), (-25, 0.004, 0.95), (-35, 0.4, 0.8)]
)
def test_an_echo_is_muted_where_it_is_heard(
    calls: list[tuple[LabelledRecording, Samples]], gain_db: float, delay_s: float, least: float
) -> None:
    found = []
    for recording, sound in calls:
        spans = spans_of(recording)
        read_ranges = reading_from(*with_echo(sound, gain_db, delay_s))
        bleeding = bleed(spans, 2, recording.duration_s, read_ranges)
        found += [
            any(
                echo.channel != span.channel
                and echo.start_s <= span.start_s + delay_s
                and echo.end_s >= min(span.end_s + delay_s, recording.duration_s)
                for echo in bleeding
            )
            for span in spans
        ]
    assert np.mean(found) >= least


def test_the_same_sound_on_both_channels_is_muted_on_both() -> None:
    sound = speech(6, (1.0, 2.0), (3.0, 4.0))
    (echo,) = bleed([TimeSpan(1, 3.0, 4.0)], 2, 6.0, reading_from(sound, sound))
    assert echo.channel == 0
    assert echo.start_s <= 3.0
    assert echo.end_s >= 4.0


def test_an_echo_too_soft_to_hear_is_not_muted(calls: list[tuple[LabelledRecording, Samples]]) -> None:
    voice = speech(6, (1.0, 2.0), noise_db=-120.0)
    assert bleed([TimeSpan(0, 1.0, 2.0)], 2, 6.0, reading_from(voice, voice * np.float32(0.001))) == ()


@pytest.mark.parametrize("span", [TimeSpan(0, 0.0, 0.5), TimeSpan(0, 5.5, 6.0)])
def test_echoes_at_the_ends_of_a_recording_are_found_and_stay_within_it(span: TimeSpan) -> None:
    sound = speech(6, (0.0, 0.8), (5.3, 6.0))
    (echo,) = bleed([span], 2, 6.0, reading_from(sound, sound * np.float32(0.1)))
    assert 0.0 <= echo.start_s <= span.start_s
    assert span.end_s <= echo.end_s <= 6.0


def test_a_mixed_recording_has_no_other_channel() -> None:
    def unexpected(ranges: object) -> list[np.ndarray]:
        raise AssertionError(ranges)

    assert bleed([TimeSpan(0, 1.0, 2.0)], 1, 6.0, unexpected) == ()
