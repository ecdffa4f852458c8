"""The arithmetic of a run's progress: phases, the audio that is known, and the time left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from hushbeam.pipelines.running.reporting.progress import (
    AFTER_TRANSCRIPTION,
    CLOSING,
    CLOSING_S,
    LOADING,
    TRANSCRIBING,
    VERIFYING,
    Clock,
    phase_of,
    progress_of,
)
from hushbeam.transforms.base import progress as reported
from hushbeam.transforms.base.progress import (
    COMMITTED,
    COMMITTED_AUDIO,
    LINES_AHEAD,
    MEASURED,
    MEASURED_BYTES,
    MUTED,
    PENDING_BYTES,
    TRANSCRIBED,
    TRANSCRIBED_AUDIO,
    TRANSCRIBED_BYTES,
    VERIFIED,
    AudioDone,
)

FOUR = {"ReadManifest.passed": 5, "SkipFinished.skipped": 1, PENDING_BYTES: 4000}
MEASURED_ALL = {MEASURED: 400_000, MEASURED_BYTES: 4000}


def test_audio_of_recordings_that_nobody_opened_is_estimated_by_bytes_and_said_to_be() -> None:
    half = progress_of(FOUR | {MEASURED: 300_000, MEASURED_BYTES: 2000})
    assert (half.recordings, half.audio_s, half.is_measured) == (4, 600.0, False)
    whole = progress_of(FOUR | MEASURED_ALL)
    assert (whole.audio_s, whole.is_measured) == (400.0, True)


def test_lines_of_later_parts_are_recordings_too_as_long_as_those_that_were_read() -> None:
    seen = progress_of(FOUR | MEASURED_ALL | {LINES_AHEAD: 15, COMMITTED: 4})
    assert (seen.recordings, seen.has_ended, seen.is_measured) == (19, False, False)
    assert seen.audio_s == 400.0 * 20 / 5
    last = progress_of(FOUR | MEASURED_ALL | {LINES_AHEAD: 0, COMMITTED: 4})
    assert (last.recordings, last.has_ended, last.audio_s) == (4, True, 400.0)


def test_a_cluster_that_reports_whole_recordings_only_is_enough() -> None:
    seen = progress_of(FOUR | {TRANSCRIBED_AUDIO: 100_000, TRANSCRIBED_BYTES: 1000, COMMITTED_AUDIO: 50_000})
    assert (seen.transcribed_s, seen.audio_s, seen.afterwards_s) == (100.0, 400.0, 50.0)
    assert 0 < seen.done(AFTER_TRANSCRIPTION) < 0.25


def test_a_line_that_is_no_recording_is_lost_but_was_never_to_be_transcribed() -> None:
    seen = progress_of(FOUR | {"ReadManifest.failed": 3, COMMITTED: 3, "VerifyAudio.quarantined": 1})
    assert (seen.lost, seen.ended, seen.has_ended) == (4, 4, True)


def test_many_lost_recordings_are_no_work_that_is_done() -> None:
    begun = {"ReadManifest.passed": 16, "SkipFinished.failed": 15, PENDING_BYTES: 100}
    assert progress_of(begun).done(AFTER_TRANSCRIPTION) == 0.0
    assert progress_of({"Published.found": 4, COMMITTED: 1}).done(AFTER_TRANSCRIPTION) == 0.25, "nothing is transcribed"


def test_phases_are_named_in_the_order_of_a_run() -> None:
    def phase(counts: Mapping[str, int], activity: str | None = None) -> str:
        return phase_of(progress_of(counts), "reading the inputs", activity)

    assert phase({}) == "reading the inputs"
    assert phase(FOUR) == "reading the inputs"
    assert phase(FOUR, LOADING) == LOADING
    assert phase(FOUR | {COMMITTED: 2}) == "reading the inputs", "a cluster that reports nothing else"
    assert phase(FOUR | MEASURED_ALL) == TRANSCRIBING
    assert phase(FOUR | MEASURED_ALL | {TRANSCRIBED: 399_000}, LOADING) == TRANSCRIBING
    assert phase(FOUR | MEASURED_ALL | {TRANSCRIBED: 400_000}) == VERIFYING
    assert phase(FOUR | MEASURED_ALL | {TRANSCRIBED: 400_000, COMMITTED: 4}) == CLOSING


def a_run(total_s: float, speed: float, loading_s: float) -> Iterator[tuple[float, Mapping[str, int], bool]]:
    """Counts of a run of one recording, every second, after which `CLOSING_S` are left."""
    audio_ms, transcribing_s = round(total_s * 1000), total_s / speed
    known = {"ReadManifest.passed": 1, PENDING_BYTES: 9, MEASURED: audio_ms, MEASURED_BYTES: 9}
    for second in range(round(loading_s + transcribing_s * (1 + AFTER_TRANSCRIPTION))):
        worked_s = max(second - loading_s, 0.0)
        transcribed = min(worked_s / transcribing_s, 1.0)
        afterwards = max(worked_s - transcribing_s, 0.0) / (transcribing_s * AFTER_TRANSCRIPTION)
        counts = {name: round(audio_ms * afterwards) for name in (MUTED, VERIFIED)}
        yield second, known | counts | {TRANSCRIBED: round(audio_ms * transcribed)}, second <= loading_s


@pytest.mark.parametrize(
    ("total_s", "speed", "loading_s"), [(900.0, 8.0, 5.0), (900.0, 8.0, 60.0), (7200.0, 30.0, 2.0)]
)
def test_the_time_left_counts_loading_not_and_what_follows_transcription(
    total_s: float, speed: float, loading_s: float
) -> None:
    clock, end_s = Clock(), loading_s + total_s / speed * (1 + AFTER_TRANSCRIPTION) + CLOSING_S
    said = [
        (second, left_s)
        for second, counts, is_loading in a_run(total_s, speed, loading_s)
        if (left_s := clock.left_s(progress_of(counts), second, is_loading=is_loading)) is not None
    ]
    assert said[0][0] <= loading_s + min(max(0.1 * (end_s - loading_s), 10.0) + 2.0, 122.0)
    for second, left_s in said:
        assert left_s == pytest.approx(end_s - second, abs=2.0)


def test_a_slow_beginning_does_not_count_for_the_rest() -> None:
    clock = Clock(0.0)
    clock.left_s(progress_of(FOUR | MEASURED_ALL), 0.0)
    done_ms, said = 0, {}
    for second in range(1, 121):
        done_ms += 500 if second <= 40 else 4000
        said[second] = clock.left_s(progress_of(FOUR | MEASURED_ALL | {TRANSCRIBED: done_ms}), float(second))
    assert (done_ms, said[40]) == (340_000, None)
    for second in (80, 100, 120):  # from twice the slow time on
        assert said[second] == pytest.approx(120 + 15 - second + CLOSING_S, abs=1.0)


def test_two_minutes_are_enough_whatever_their_share() -> None:
    clock = Clock()
    clock.left_s(progress_of(FOUR | MEASURED_ALL), 0.0)
    little = progress_of(FOUR | MEASURED_ALL | {TRANSCRIBED: 8000})
    assert clock.left_s(little, 100.0) is None
    assert clock.left_s(little, 121.0) is not None


def test_no_time_left_is_shown_before_enough_is_known() -> None:
    begun = {TRANSCRIBED: 100_000}

    def left_s(counts: Mapping[str, int], after_s: float = 100.0) -> float | None:
        clock = Clock()
        clock.left_s(progress_of(FOUR), 0.0)
        return clock.left_s(progress_of(counts), after_s)

    assert left_s(FOUR | MEASURED_ALL | begun) == pytest.approx(
        100 * (4 * (1 + AFTER_TRANSCRIPTION) - 1) + CLOSING_S, rel=0.01
    )
    assert left_s(FOUR | MEASURED_ALL | begun, after_s=3.0) is None, "too early"
    assert left_s(FOUR | MEASURED_ALL | {TRANSCRIBED: 4000}) is None, "too little is done"
    assert left_s(FOUR | {MEASURED: 100_000, MEASURED_BYTES: 1000} | begun) is None, "most lengths are unknown"
    assert left_s(MEASURED_ALL | begun) is None, "the number of recordings is unknown"
    assert left_s(FOUR | MEASURED_ALL | {TRANSCRIBED: 400_000, COMMITTED: 4}) is None, "only the report is left"


def test_time_passes_between_the_steps_in_which_work_is_reported() -> None:
    clock = Clock()
    clock.left_s(progress_of(FOUR | MEASURED_ALL), 0.0)
    for step in range(1, 6):
        clock.left_s(progress_of(FOUR | MEASURED_ALL | {TRANSCRIBED: 40_000 * step}), 10.0 * step)
    now = FOUR | MEASURED_ALL | {TRANSCRIBED: 200_000}
    at = {second: clock.left_s(progress_of(now), second) for second in (50.0, 55.0, 60.0, 70.0)}
    assert at[50.0] is not None
    assert at[55.0] == pytest.approx(at[50.0] - 5)
    assert at[60.0] == pytest.approx(at[50.0] - 10)
    assert at[70.0] == pytest.approx(at[50.0]), "an overdue step makes it later again"


def test_a_recording_that_fails_leaves_no_audio_to_wait_for() -> None:
    reported.reset()
    passing, failing, unopened = (AudioDone(TRANSCRIBED, 1000) for _ in range(3))
    passing.measured(100.0)
    failing.measured(300.0)
    passing.to(50.0)
    passing.to(40.0)
    failing.to(10.0)
    assert reported.counts_now() == {MEASURED: 400_000, MEASURED_BYTES: 2000, TRANSCRIBED: 60_000}
    failing.ended(None)
    unopened.ended(None)
    passing.ended(101.5)
    assert reported.counts_now() == {MEASURED: 111_500, MEASURED_BYTES: 3000, TRANSCRIBED: 111_500}
    assert reported.counts() == {}, "Beam's metrics do not have these"
