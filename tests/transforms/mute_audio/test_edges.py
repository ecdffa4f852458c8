"""Plain functions: edges of spans, on synthetic audio, and on labelled calls whose words are mistimed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.edges import Call, measure, read_calls
from evaluation.laying import by_text, lay_labels
from evaluation.score import decode
from evaluation.truth import TRANSCRIPTS, read_transcripts, read_truth
from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript, Utterance
from hushbeam.transforms.mute_audio.edges import Edges, EdgeSettings, ReadRanges, SpanTimeError, plan_mutes
from hushbeam.transforms.mute_audio.personal_runs import personal_runs
from tests.transforms.mute_audio.spoken import finding, reading_from, speech, transcript

CALLS = Path(__file__).parents[3] / "evaluation" / "dev"
TELEPHONE_CALLS = CALLS.parent / "telephone"
SETTINGS = EdgeSettings()
ROUNDING_S = 1e-9
BY_AUDIO_ALONE = EdgeSettings(clear_db=-1e6, hidden_db=-2e6)


def mutes(transcribed: Transcript, findings: Sequence[Finding], read_ranges: ReadRanges) -> tuple[TimeSpan, ...]:
    return plan_mutes(transcribed, findings, read_ranges, SETTINGS)


def only(spans: tuple[TimeSpan, ...]) -> TimeSpan:
    assert len(spans) == 1
    return spans[0]


def test_a_word_that_is_said_to_end_early_is_muted_to_the_end_of_its_sound() -> None:
    transcribed = transcript(("number", 1.0, 1.4), ("614", 1.5, 2.0), ("thanks", 4.0, 4.5))
    span = only(mutes(transcribed, [finding(transcribed, 1, 1)], reading_from(speech(20, (0.9, 2.7), (4.0, 4.5)))))
    assert 2.7 <= span.end_s <= 3.3


def test_a_span_never_reaches_into_the_sound_after_its_pause() -> None:
    transcribed = transcript(("614", 1.5, 2.0), ("thanks", 2.2, 2.7))
    span = only(mutes(transcribed, [finding(transcribed, 0, 0)], reading_from(speech(20, (1.5, 2.1), (2.3, 2.8)))))
    assert 2.1 <= span.end_s <= 2.31


def test_a_start_that_was_dragged_over_a_silence_is_cut_to_where_sound_begins() -> None:
    transcribed = transcript(("yes", 1.0, 1.3), ("250", 2.0, 7.0))
    span = only(mutes(transcribed, [finding(transcribed, 1, 1)], reading_from(speech(20, (1.0, 1.4), (6.2, 7.1)))))
    assert 6.0 <= span.start_s <= 6.2


def test_digits_that_were_swallowed_before_a_late_start_are_muted() -> None:
    transcribed = transcript(("okay", 1.0, 1.4), ("5839", 3.0, 4.0))
    span = only(mutes(transcribed, [finding(transcribed, 1, 1)], reading_from(speech(20, (1.0, 1.5), (2.3, 4.1)))))
    assert span.start_s <= 2.3
    assert span.start_s >= 1.5


def test_an_unclaimed_digit_after_a_short_pause_belongs_to_the_number() -> None:
    transcribed = transcript(("555", 1.0, 1.6), ("thanks", 4.0, 4.4))
    sound = speech(20, (1.0, 1.7), (2.2, 2.5), (4.0, 4.5))
    span = only(mutes(transcribed, [finding(transcribed, 0, 0)], reading_from(sound)))
    assert 2.5 <= span.end_s <= 4.0


def test_sound_between_two_personal_words_is_muted_however_far_they_lie_apart() -> None:
    transcribed = transcript(("4111", 1.0, 2.0), ("0927", 9.0, 9.5))
    sound = speech(20, (1.0, 2.1), (5.0, 6.0), (9.0, 9.6))
    findings = [finding(transcribed, 0, 0), finding(transcribed, 1, 1)]
    spans = mutes(transcribed, findings, reading_from(sound))
    assert any(span.start_s <= 5.0 and span.end_s >= 6.0 for span in spans)


def test_noise_in_a_pause_is_not_speech_that_no_word_claims() -> None:
    detected = [TimeSpan(0, 0.9, 2.1), TimeSpan(0, 5.9, 6.6)]
    transcribed = transcript(("number", 1.0, 1.4), ("614", 1.5, 2.0), ("thanks", 6.0, 6.5), speech=detected)
    sound = speech(20, (0.9, 2.1), (2.6, 3.0), (3.4, 4.2), (4.6, 5.2), (6.0, 6.5))
    span = only(mutes(transcribed, [finding(transcribed, 1, 1)], reading_from(sound)))
    assert 2.1 <= span.end_s <= 2.1 + SETTINGS.into_pause_after_s + ROUNDING_S


def test_noise_between_two_personal_words_far_apart_is_kept() -> None:
    transcribed = transcript(
        ("4111", 1.0, 2.0), ("0927", 9.0, 9.5), speech=[TimeSpan(0, 0.9, 2.1), TimeSpan(0, 8.9, 9.6)]
    )
    findings = [finding(transcribed, 0, 0), finding(transcribed, 1, 1)]
    spans = mutes(transcribed, findings, reading_from(speech(20, (1.0, 2.1), (5.0, 6.0), (9.0, 9.6))))
    assert len(spans) == 2
    assert all(span.end_s <= 5.0 or span.start_s >= 6.0 for span in spans)


def test_noise_that_goes_on_after_speech_is_cut_where_speech_is_no_longer_detected() -> None:
    transcribed = transcript(("614", 1.5, 2.0), ("thanks", 6.0, 6.5), speech=[TimeSpan(0, 1.4, 2.2)])
    span = only(mutes(transcribed, [finding(transcribed, 0, 0)], reading_from(speech(20, (1.5, 4.5), (6.0, 6.5)))))
    latest_s = 2.2 + SETTINGS.around_detected_s + SETTINGS.into_pause_after_s
    assert 2.2 <= span.end_s <= latest_s + ROUNDING_S


def test_speech_that_no_word_claims_is_muted_where_it_is_detected() -> None:
    detected = [TimeSpan(0, 0.9, 1.8), TimeSpan(0, 2.1, 2.6), TimeSpan(0, 3.9, 4.6)]
    transcribed = transcript(("555", 1.0, 1.6), ("thanks", 4.0, 4.4), speech=detected)
    sound = speech(20, (1.0, 1.7), (2.2, 2.5), (4.0, 4.5))
    span = only(mutes(transcribed, [finding(transcribed, 0, 0)], reading_from(sound)))
    assert 2.5 <= span.end_s <= 4.0


def test_nothing_is_noise_where_a_word_lies_outside_detected_speech() -> None:
    sound = reading_from(speech(20, (3.15, 4.6), (5.0, 5.4), (9.0, 9.5)))
    words = (("614", 3.6, 3.8), ("thanks", 9.0, 9.5))
    missed = transcript(*words, speech=[TimeSpan(0, 8.9, 9.6)])
    undetected = transcript(*words)
    span = only(mutes(missed, [finding(missed, 0, 0)], sound))
    assert span == only(mutes(undetected, [finding(undetected, 0, 0)], sound))
    assert (span.start_s <= 3.15, span.end_s >= 5.4) == (True, True)


def test_what_is_beside_a_word_is_not_noise() -> None:
    transcribed = transcript(("614", 3.0, 3.8), ("thanks", 9.0, 9.5), speech=[TimeSpan(0, 3.1, 3.6)])
    sound = speech(20, (3.0 - SETTINGS.around_detected_s, 3.8 + SETTINGS.around_detected_s), (9.0, 9.5))
    span = only(mutes(transcribed, [finding(transcribed, 0, 0)], reading_from(sound)))
    assert span.start_s <= 3.0 - SETTINGS.around_detected_s
    assert span.end_s >= 3.8 + SETTINGS.around_detected_s


def test_without_a_pause_only_the_padding_is_taken_from_the_neighbours() -> None:
    transcribed = transcript(
        ("is", 1.2, 1.5), ("Sarah", 1.5, 2.0), ("and", 2.0, 2.4), ("I", 2.4, 2.6), ("called", 2.6, 3.0)
    )
    span = only(mutes(transcribed, [finding(transcribed, 1, 1)], reading_from(speech(20, (0.5, 3.2)))))
    assert span.start_s == pytest.approx(1.5 - SETTINGS.within_speech_before_s)
    assert span.end_s == pytest.approx(2.0 + SETTINGS.within_speech_after_s)


def test_a_neighbour_that_is_longer_than_it_can_be_has_swallowed_part_of_the_span() -> None:
    transcribed = transcript(("is", 1.0, 2.0), ("Sarah", 2.0, 2.5), ("I", 2.5, 3.5), ("called", 3.5, 4.0))
    span = only(mutes(transcribed, [finding(transcribed, 1, 1)], reading_from(speech(20, (0.8, 4.2)))))
    assert 1.2 < span.start_s < 1.5
    assert 3.0 < span.end_s < 3.5


def test_a_number_too_short_for_its_digits_is_widened() -> None:
    transcribed = transcript(("is", 1.0, 1.5), ("482913", 1.5, 2.2), ("and", 2.2, 2.5), ("called", 2.5, 3.0))
    span = only(mutes(transcribed, [finding(transcribed, 1, 1)], reading_from(speech(20, (0.5, 3.2)))))
    assert span.start_s < 1.5 - SETTINGS.within_speech_before_s - 0.3
    assert span.end_s > 2.2 + SETTINGS.within_speech_after_s + 0.3


def test_a_currency_that_was_written_as_a_sign_is_muted_after_its_number() -> None:
    words = (("is", 1.0, 1.5), ("$149", 1.5, 2.8), ("charged", 2.8, 3.2), ("today", 3.2, 3.7))
    transcribed = transcript(*words)
    plain = transcript(words[0], ("149", 1.5, 2.8), *words[2:])
    sound = reading_from(speech(20, (0.5, 3.8)))
    signed = only(mutes(transcribed, [finding(transcribed, 1, 1)], sound))
    assert signed.end_s > only(mutes(plain, [finding(plain, 1, 1)], sound)).end_s + 0.3


def test_speech_in_noise_is_told_from_the_noise() -> None:
    transcribed = transcript(("614", 3.0, 3.6), ("thanks", 9.0, 9.5))
    sound = speech(20, (3.0, 3.9), (9.0, 9.6), noise_db=-42.0)
    span = only(mutes(transcribed, [finding(transcribed, 0, 0)], reading_from(sound)))
    assert 2.8 <= span.start_s <= 3.0
    assert 3.9 <= span.end_s <= 4.5


@pytest.mark.parametrize("sound", [np.zeros(320_000, np.float32), speech(20), np.zeros(0, np.float32)])
def test_word_times_are_padded_if_speech_cannot_be_told_from_noise(sound: np.ndarray) -> None:
    transcribed = transcript(("614", 3.0, 3.6))
    span = only(mutes(transcribed, [finding(transcribed, 0, 0)], reading_from(sound)))
    assert span.start_s <= 2.9
    assert span.end_s >= 4.1


def test_a_word_without_length_is_muted_with_the_sound_around_it() -> None:
    transcribed = transcript(("oh", 3.1, 3.1))
    span = only(mutes(transcribed, [finding(transcribed, 0, 0)], reading_from(speech(20, (3.0, 3.4)))))
    assert span.start_s <= 3.0
    assert span.end_s >= 3.4


def test_a_late_clock_is_read_from_the_pauses_and_starts_are_moved_forward() -> None:
    bursts = [(second + 0.2, second + 1.0) for second in range(0, 18, 2)]
    bursts[4] = (8.2, 9.4)
    late = [(f"w{number}", start_s + 0.2, end_s + 0.1) for number, (start_s, end_s) in enumerate(bursts)]
    late[4:5] = [("is", 8.4, 8.7), ("Sarah", 8.7, 9.1), ("speaking", 9.1, 9.5)]
    transcribed = transcript(*late)
    spans = mutes(transcribed, [finding(transcribed, 5, 5)], reading_from(speech(20, *bursts)))
    assert only(spans).start_s < 8.7 - SETTINGS.within_speech_before_s - 0.1


def test_findings_without_words_are_muted_where_they_sound() -> None:
    tones = Finding("dtmf", "DTMF", 0, 2.0, 3.0, 1.0, "goertzel")
    transcribed = transcript(duration_s=10.0)
    assert only(mutes(transcribed, [tones], reading_from(speech(10)))) == TimeSpan(0, 1.9, 3.1)


@pytest.mark.parametrize(
    ("start_s", "end_s", "channel"),
    [(math.nan, 1.0, 0), (1.0, math.inf, 0), (2.0, 1.0, 0), (25.0, 26.0, 0), (-2.0, -1.0, 0), (1.0, 2.0, 1)],
)
def test_a_finding_without_a_usable_time_quarantines_the_recording(start_s: float, end_s: float, channel: int) -> None:
    transcribed = transcript(("Sarah", 1.0, 1.5))
    unusable = replace(finding(transcribed, 0, 0), start_s=start_s, end_s=end_s, channel=channel)
    with pytest.raises(SpanTimeError) as error:
        mutes(transcribed, [unusable], reading_from(speech(20)))
    assert isinstance(error.value, QuarantineError)
    assert "Sarah" not in str(error.value)


@pytest.mark.parametrize(("first", "last", "channel"), [(5, 6, 0), (1, 0, 0), (0, 0, 1)])
def test_a_finding_of_words_that_are_not_there_quarantines_the_recording(first: int, last: int, channel: int) -> None:
    transcribed = replace(transcript(("Sarah", 1.0, 1.5), ("here", 1.5, 2.0)), channels=2)
    lost = replace(finding(transcribed, 0, 0), first_word=first, last_word=last, channel=channel)
    with pytest.raises(SpanTimeError):
        mutes(transcribed, [lost], reading_from(speech(20), speech(20)))


def test_no_audio_is_read_for_a_transcript_without_findings() -> None:
    def unexpected(ranges: object) -> list[np.ndarray]:
        raise AssertionError(ranges)

    assert mutes(transcript(("hello", 1.0, 1.5)), [], unexpected) == ()


@st.composite
def _words(draw: st.DrawFn) -> list[tuple[str, float, float]]:
    """Words at any time in 12 s, in the order of their starts."""
    times = st.floats(0, 12, allow_nan=False)
    texts = st.sampled_from(["yes", "614", "Sarah", "$5"])
    drawn = draw(st.lists(st.tuples(texts, st.tuples(times, times)), min_size=1, max_size=6))
    words = sorted(((text, min(pair), max(pair)) for text, pair in drawn), key=lambda word: word[1])
    return [word for word in words if word[1] < 12.0 and word[2] > 0.0] or [("yes", 1.0, 1.5)]


@given(st.data())
def test_whatever_the_times_are_spans_are_in_order_and_within_the_recording(data: st.DataObject) -> None:
    times = st.floats(0, 12, allow_nan=False)
    words = [
        (text, min(pair), max(pair))
        for text, pair in data.draw(
            st.lists(st.tuples(st.sampled_from(["yes", "614", "Sarah", "$5"]), st.tuples(times, times)), max_size=6)
        )
    ]
    transcribed = transcript(*sorted(words, key=lambda word: word[1]), duration_s=12.0)
    numbers = data.draw(st.sets(st.integers(0, len(words) - 1))) if words else set()
    findings = [finding(transcribed, number, number) for number in numbers if transcribed.words[number].end_s > 0]
    sound = speech(12, (1.0, 2.0), (2.5, 4.0), (9.0, 9.4))
    findings = [found for found in findings if found.start_s < 12.0]
    spans = mutes(transcribed, findings, reading_from(sound))
    assert bool(spans) == bool(findings)
    assert all(0.0 <= span.start_s < span.end_s <= 12.0 for span in spans)
    assert all(before.end_s < after.start_s for before, after in pairwise(spans))


def test_a_quiet_start_that_noise_hides_is_muted() -> None:
    transcribed = transcript(("is", 2.0, 2.4), ("Sarah", 3.1, 3.6), ("thanks", 4.5, 5.0))
    sound = speech(20, (2.0, 2.4), (3.2, 3.6), (4.5, 5.0), noise_db=-34.0)
    found = [finding(transcribed, 1, 1)]
    assert only(mutes(transcribed, found, reading_from(sound))).start_s == pytest.approx(2.9, abs=0.03)
    # Where the pause is silent, the audio shows that nothing is said before its start.
    silent = speech(20, (2.0, 2.4), (3.2, 3.6), (4.5, 5.0))
    assert only(mutes(transcribed, found, reading_from(silent))).start_s == pytest.approx(3.05, abs=0.03)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(2.0, 3.3), st.floats(3.4, 5.0))
def test_a_span_is_never_narrower_where_noise_hides_more(
    hidden: float, more: float, start_s: float, end_s: float
) -> None:
    transcribed = transcript(("is", 2.4, 3.0), ("Sarah", 3.0, 3.6), ("here", 3.6, 4.0))
    [run] = personal_runs(transcribed.words, [finding(transcribed, 1, 1)], 0, SETTINGS.longest_silence_s)
    by_audio = TimeSpan(0, start_s, end_s)
    less, most = (Edges(SETTINGS).in_noise(by_audio, run, share) for share in sorted((hidden, more)))
    assert most.start_s <= less.start_s <= start_s
    assert most.end_s >= less.end_s >= end_s


@given(_words(), st.sampled_from([-24.0, -22.0, -20.0, 0.0]), st.data())
def test_where_noise_hides_everything_spans_cover_their_words_and_the_margins(
    words: list[tuple[str, float, float]], noise_db: float, data: st.DataObject
) -> None:
    transcribed = transcript(*words, duration_s=12.0)
    numbers = data.draw(st.sets(st.integers(0, len(words) - 1), min_size=1))
    findings = [finding(transcribed, number, number) for number in numbers]
    sound = speech(12, (1.0, 2.0), (2.5, 4.0), (9.0, 9.4), noise_db=noise_db)
    spans = mutes(transcribed, findings, reading_from(sound))
    for found in findings:
        start_s = max(found.start_s - SETTINGS.in_noise_before_s, 0.0)
        end_s = min(found.end_s + SETTINGS.in_noise_after_s, 12.0)
        assert any(span.start_s <= start_s + ROUNDING_S and end_s - ROUNDING_S <= span.end_s for span in spans)


def _recognised(folder: Path) -> list[Call]:
    """The labelled calls of a folder with the words of the job's recogniser."""
    return read_calls(folder, read_transcripts(folder / TRANSCRIPTS), "text")


def _in_noise(call: Call, below_speech_db: float) -> Call:
    """A call on a line with white noise."""
    random = np.random.default_rng(len(call.recording.recording_id))
    noise = random.standard_normal(call.audio.shape)
    for channel, audio in enumerate(call.audio):
        spoken = audio[np.abs(audio) > 0.01]
        noise[channel] *= 10 ** (-below_speech_db / 20) * np.sqrt((spoken**2).mean()) if len(spoken) else 0.0
    return replace(call, rendered=(call.audio + noise).astype(np.float32))


def test_on_a_clean_line_the_audio_alone_places_the_edges() -> None:
    for call in _recognised(TELEPHONE_CALLS):
        by_audio = plan_mutes(call.transcript, call.findings, call.read_ranges, BY_AUDIO_ALONE)
        assert mutes(call.transcript, call.findings, call.read_ranges) == by_audio


@pytest.mark.parametrize("below_speech_db", [20.0, 15.0, 10.0, 5.0])
def test_in_noise_no_span_is_narrower_than_the_audio_places_it(below_speech_db: float) -> None:
    for clean in _recognised(TELEPHONE_CALLS)[:4]:
        call = _in_noise(clean, below_speech_db)
        spans = mutes(call.transcript, call.findings, call.read_ranges)
        for narrow in plan_mutes(call.transcript, call.findings, call.read_ranges, BY_AUDIO_ALONE):
            assert any(
                span.channel == narrow.channel and span.start_s <= narrow.start_s and narrow.end_s <= span.end_s
                for span in spans
            )


@pytest.mark.parametrize(
    ("folder", "below_speech_db"), [(CALLS, 15.0), (TELEPHONE_CALLS, 15.0), (TELEPHONE_CALLS, 10.0)]
)
def test_entities_are_muted_whole_in_noise(folder: Path, below_speech_db: float) -> None:
    calls = [_in_noise(call, below_speech_db) for call in _recognised(folder)]
    figures = measure(calls, lambda call: mutes(call.transcript, call.findings, call.read_ranges))
    assert figures.covered >= 0.95 * figures.nearly_covered
    assert figures.nearly_covered >= 0.96
    assert figures.over_redaction <= 0.02


def _mistimed(perfect: Transcript) -> Transcript:
    """The labelled words as Whisper times them: 90 ms early, ends earlier still, first words dragged back."""
    utterances = []
    for utterance in perfect.utterances:
        words = [replace(w, start_s=w.start_s - 0.09, end_s=max(w.end_s - 0.15, w.start_s)) for w in utterance.words]
        words[0] = replace(words[0], start_s=words[0].start_s - 0.5)
        words[-1] = replace(words[-1], end_s=max(words[-1].end_s - 0.3, words[-1].start_s))
        words = [replace(word, start_s=max(word.start_s, 0.0)) for word in words]
        utterances.append(Utterance(utterance.channel, tuple(words)))
    return replace(perfect, utterances=tuple(utterances))


def test_mistimed_words_of_labelled_calls_are_muted_whole_and_nothing_else_is() -> None:
    wanted = {"bank-address-change", "clinic-intake", "travel-booking"}
    calls = []
    for recording in read_truth(CALLS):
        if recording.recording_id in wanted:
            transcribed = _mistimed(recording.perfect_transcript())
            calls.append(
                Call(recording, decode(recording.audio), transcribed, lay_labels(recording, transcribed, by_text))
            )
    figures = measure(calls, lambda call: mutes(call.transcript, call.findings, call.read_ranges))
    assert figures.covered == 1.0
    assert figures.over_redaction <= 0.012
    assert figures.false_alarms_per_hour == 0.0


@pytest.mark.parametrize("name", ["human_spanish", "human_french"])
def test_numbers_and_letters_that_people_say_are_muted_whole_and_nothing_else_is(name: str) -> None:
    folder = CALLS.parent / name
    calls = read_calls(folder, read_transcripts(folder / TRANSCRIPTS), "text")
    figures = measure(calls, lambda call: mutes(call.transcript, call.findings, call.read_ranges))
    assert figures.covered == 1.0
    assert figures.over_redaction == 0.0
    assert figures.false_alarms_per_hour == 0.0
