"""Plain functions: the lateness of a recogniser's clock, from the audio beside pauses."""

from __future__ import annotations

import pytest

from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.mute_audio.clock import ClockSettings, lateness_s, pauses_between_words
from hushbeam.transforms.mute_audio.loudness import PauseSettings
from tests.transforms.mute_audio.spoken import ReadRanges, reading_from, speech, stretches_of_speech, transcript

SETTINGS = ClockSettings()
BURSTS = [(second + 0.3, second + 1.1) for second in range(0, 18, 2)]
SOUND = reading_from(speech(20, *BURSTS))


def said(starts_late_s: float, ends_late_s: float) -> Transcript:
    """One word for each burst, timed so."""
    return transcript(
        *((f"w{n}", start_s + starts_late_s, end_s + ends_late_s) for n, (start_s, end_s) in enumerate(BURSTS))
    )


def lateness(transcribed: Transcript, read_ranges: ReadRanges = SOUND) -> float:
    pauses = pauses_between_words(transcribed, SETTINGS)
    ranges = [span for pause in pauses for span in pause.ranges_to_read(transcribed.duration_s, SETTINGS)]
    sounds = [
        stretches_of_speech(samples, span.start_s, PauseSettings())
        for span, samples in zip(ranges, read_ranges(ranges), strict=True)
    ]
    return lateness_s(pauses, sounds, SETTINGS)


def test_the_usual_clock_is_not_late() -> None:
    assert lateness(said(SETTINGS.usual_start_s, SETTINGS.usual_end_s)) == 0.0


@pytest.mark.parametrize("late_s", [0.2, -0.1])
def test_a_clock_is_late_if_starts_and_ends_are_late_alike(late_s: float) -> None:
    transcribed = said(SETTINGS.usual_start_s + late_s, SETTINGS.usual_end_s + late_s)
    assert lateness(transcribed) == pytest.approx(late_s, abs=0.03)


def test_late_ends_alone_do_not_make_a_late_clock() -> None:
    assert lateness(said(SETTINGS.usual_start_s, 0.2)) == 0.0


def test_starts_dragged_over_silences_do_not_change_the_clock() -> None:
    assert lateness(said(-0.7, 0.2)) == 0.0


def test_a_few_pauses_do_not_change_the_clock() -> None:
    transcribed = transcript(("one", 0.6, 1.4), ("two", 2.6, 3.4), ("three", 4.6, 5.4))
    assert lateness(transcribed) == 0.0


def test_a_clock_never_differs_from_the_usual_by_more_than_the_limit() -> None:
    assert abs(lateness(said(0.39, 0.39))) == SETTINGS.most_s


def test_pauses_of_a_long_recording_are_limited_and_spread_over_it() -> None:
    transcribed = transcript(*(("word", 2.0 * n, 2.0 * n + 1.0) for n in range(500)), duration_s=1000.0)
    pauses = pauses_between_words(transcribed, SETTINGS)
    assert len(pauses) == SETTINGS.pauses
    assert pauses[0].start_s < 10.0
    assert pauses[-1].end_s > 990.0
