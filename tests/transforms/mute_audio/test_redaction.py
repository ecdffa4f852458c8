"""Redaction plans of labelled calls: keypad tones, untranscribed speech, mixed channels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hushbeam.schemas.finding import FLAGGED
from hushbeam.schemas.policies import Caution
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import RedactedRecording
from hushbeam.transforms.media.decode import inspect
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.sample_cache import SampleCache
from hushbeam.transforms.mute_audio.redaction import RedactionPlan, plan_redaction, stage_audio
from hushbeam.transforms.mute_audio.settings import MuteSettings, UntranscribedMode
from hushbeam.transforms.mute_audio.untranscribed import MUTED
from tests.transforms.verify_audio.labelled import labelled, redacted

LIMITS = MediaLimits()

TONES = [(0, 27.6), (1, 37.0)]
TONE_S = 0.08


@pytest.fixture(scope="module")
def call() -> RedactedRecording:
    return redacted(labelled("telecom-phone-readback"))


@pytest.fixture
def with_tones(call: RedactedRecording, tmp_path: Path) -> RedactedRecording:
    """The call, with the keypad's 5 pressed twice."""
    samples, rate = soundfile.read(call.recording.audio_url, dtype="float32")
    moments = np.arange(round(TONE_S * rate)) / rate
    for channel, start_s in TONES:
        first = round(start_s * rate)
        samples[first : first + len(moments), channel] += 0.1 * (
            np.sin(2 * np.pi * 770 * moments) + np.sin(2 * np.pi * 1336 * moments)
        )
    path = tmp_path / "call.wav"
    soundfile.write(path, samples, rate, subtype="PCM_16")
    transcribed = call.transcribed
    pending = replace(transcribed.pending, recording=replace(call.recording, audio_url=str(path)))
    transcribed = replace(transcribed, pending=pending, samples=inspect(path, LIMITS).identity)
    return replace(call, detected=replace(call.detected, transcribed=transcribed))


def plan(recording: RedactedRecording, settings: MuteSettings) -> RedactionPlan:
    return plan_redaction(recording, SampleCache(recording.recording.audio_url, LIMITS), settings, limits=LIMITS)


def covers(spans: tuple[TimeSpan, ...], channel: int, start_s: float, end_s: float) -> bool:
    return any(span.channel == channel and span.start_s <= start_s and end_s <= span.end_s for span in spans)


def test_keypad_tones_are_found_and_muted(with_tones: RedactedRecording, tmp_path: Path) -> None:
    planned = plan(with_tones, MuteSettings())
    found = [finding for finding in planned.audio_findings if finding.policy == "dtmf"]
    assert [(finding.channel, round(finding.start_s, 1)) for finding in found] == TONES
    for channel, start_s in TONES:
        assert covers(planned.spans, channel, start_s, start_s + TONE_S)
    source = Path(with_tones.recording.audio_url)
    audio = stage_audio(with_tones, source, planned.spans, tmp_path, MuteSettings(), limits=LIMITS)
    samples, rate = soundfile.read(audio.path)
    for channel, start_s in TONES:
        assert np.abs(samples[round(start_s * rate) : round((start_s + TONE_S) * rate), channel]).max() == 0.0


def test_keypad_tones_are_found_in_a_recording_without_findings(with_tones: RedactedRecording) -> None:
    silent = replace(with_tones, detected=replace(with_tones.detected, findings=()))
    found = plan(silent, MuteSettings()).audio_findings
    assert [(finding.channel, round(finding.start_s, 1)) for finding in found] == TONES


def test_keypad_tones_stay_if_the_job_asks_for_it(with_tones: RedactedRecording) -> None:
    planned = plan(with_tones, MuteSettings(dtmf=False))
    assert not any(finding.policy == "dtmf" for finding in planned.audio_findings)
    assert not any(covers(planned.spans, channel, start_s, start_s + TONE_S) for channel, start_s in TONES)


def test_speech_has_no_keypad_tones(call: RedactedRecording) -> None:
    assert not any(finding.policy == "dtmf" for finding in plan(call, MuteSettings()).audio_findings)


@pytest.mark.parametrize(
    ("mode", "caution", "reported", "muted"),
    [
        ("mute", "standard", 1, True),
        ("mute", "low", 1, True),
        ("flag", "high", 1, False),
        ("keep", "high", 0, False),
        ("auto", "high", 1, True),
        ("auto", "standard", 1, False),
        ("auto", "low", 1, False),
    ],
)
def test_speech_without_words_is_muted_flagged_or_kept(
    call: RedactedRecording, mode: UntranscribedMode, caution: Caution, reported: int, muted: bool
) -> None:
    planned = plan(with_unwritten(call, 30.0, 32.0, caution), MuteSettings(untranscribed=mode))
    found = [finding for finding in planned.audio_findings if finding.policy == "untranscribed_speech"]
    assert [finding.detector for finding in found] == [MUTED if muted else FLAGGED] * reported
    assert covers(planned.spans, 0, 30.5, 31.5) is muted


@pytest.mark.parametrize(("caution", "muted"), [("standard", True), ("low", False)])
def test_long_speech_without_words_is_muted_and_low_caution_flags_it(
    call: RedactedRecording, caution: Caution, muted: bool
) -> None:
    planned = plan(with_unwritten(call, 29.5, 33.5, caution), MuteSettings())
    assert covers(planned.spans, 0, 30.0, 33.0) is muted


def test_a_request_for_untranscribed_speech_mutes_all_of_it(call: RedactedRecording) -> None:
    recording = with_unwritten(call, 30.0, 32.0, "standard", policies=("credit_card_cvv", "untranscribed_speech"))
    assert covers(plan(recording, MuteSettings()).spans, 0, 30.5, 31.5)


def test_where_no_word_was_written_all_speech_is_muted_with_every_caution(call: RedactedRecording) -> None:
    recording = with_unwritten(call, 30.0, 32.0, "low")
    transcript = replace(recording.transcribed.transcript, utterances=())
    transcribed = replace(recording.transcribed, transcript=transcript)
    planned = plan(replace(recording, detected=replace(recording.detected, transcribed=transcribed)), MuteSettings())
    assert all(covers(planned.spans, one.channel, one.start_s, one.end_s) for one in transcript.speech)


def with_unwritten(
    call: RedactedRecording,
    start_s: float,
    end_s: float,
    caution: Caution,
    policies: tuple[str, ...] = ("credit_card_cvv",),
) -> RedactedRecording:
    """The call without findings, with speech where nobody says a word, asked for what nobody speaks of."""
    transcript = call.transcribed.transcript
    assert not any(word.channel == 0 and word.end_s > 28.5 and word.start_s < 34.5 for word in transcript.iter_words())
    speech = sorted([*transcript.speech, TimeSpan(0, start_s, end_s)], key=lambda span: (span.channel, span.start_s))
    pending = replace(call.pending, recording=replace(call.recording, policies=policies))
    transcribed = replace(call.transcribed, transcript=replace(transcript, speech=tuple(speech)), pending=pending)
    return replace(call, detected=replace(call.detected, transcribed=transcribed, findings=(), caution=caution))


def test_findings_of_a_mix_are_muted_in_every_channel(call: RedactedRecording) -> None:
    transcript = call.transcribed.transcript
    one = [
        replace(utterance, channel=0, words=tuple(replace(word, channel=0) for word in utterance.words))
        for utterance in transcript.utterances
    ]
    speech = tuple(replace(span, channel=0) for span in transcript.speech)
    mixed = replace(transcript, channels=1, utterances=tuple(one), speech=speech)
    transcribed = replace(call.transcribed, transcript=mixed, mixed=True)
    findings = tuple(replace(finding, channel=0) for finding in call.detected.findings)
    spans = plan(
        replace(call, detected=replace(call.detected, transcribed=transcribed, findings=findings)),
        MuteSettings(),
    ).spans
    by_channel = [[(span.start_s, span.end_s) for span in spans if span.channel == channel] for channel in (0, 1)]
    assert by_channel[0] == by_channel[1] != []
