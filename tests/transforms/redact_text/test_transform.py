"""The stage without Beam: words that a given transcript masks in part are findings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hushbeam.schemas.correction import Corrections
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.media import SampleIdentity, SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import DetectedRecording, PendingRecording, RedactedRecording, TranscribedRecording
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.media.decode import inspect
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.redact_text.transform import _RedactStage
from hushbeam.transforms.transcribe.given.masks import masked_words

SAMPLES = SampleIdentity(80_000, "0" * 64)
MEDIA = inspect("evaluation/dev/audio/vehicle-claim.wav", MediaLimits()).info
TEXT = "my mail is joh***@gmail.com or [PHONE NUMBER] thanks"


def detected(
    *findings: Finding, substitution: str = "hash", false_positives: tuple[TimeSpan, ...] = ()
) -> DetectedRecording:
    """A recording with `TEXT`, one second a word."""
    turns = (Utterance(0, tuple(Word(f" {text}", at, at + 0.9, 0.9, 0) for at, text in enumerate(TEXT.split()))),)
    pending = PendingRecording(
        Recording("mail", "/calls/mail.wav", ("email_address",), substitution=substitution),
        SourceIdentity("/calls/mail.wav", 1, "mtime_ns:1"),
        "identity",
        corrections=Corrections(SAMPLES.sha256, false_positives=false_positives),
    )
    transcript = Transcript("en", 1.0, 9.0, 1, turns, masked_words=masked_words(turns))
    return DetectedRecording(TranscribedRecording(pending, transcript, MEDIA, SAMPLES, given_by="plain"), findings)


def redacted(recording: DetectedRecording) -> RedactedRecording:
    stage = _RedactStage({}, None)
    stage.setup()
    return stage.process(recording)


@pytest.mark.parametrize(
    ("substitution", "written"),
    [
        ("hash", "###***@#####.###"),
        ("entity_name", "[UNTRANSCRIBED_SPEECH]"),
        ("numbered", "[UNTRANSCRIBED_SPEECH_1]"),
        ("mask", "****"),
    ],
)
def test_a_word_that_is_masked_in_part_is_redacted_and_a_mask_stays(substitution: str, written: str) -> None:
    found = redacted(detected(substitution=substitution))
    text = found.redacted_transcript.text
    assert text == f"my mail is {written} or [PHONE NUMBER] thanks"
    ((start, end),) = (place for place in found.redacted_transcript.offsets if place is not None)
    assert text[start:end] == written
    ((first, last),) = ((finding.first_word, finding.last_word) for finding in found.detected.findings)
    assert (first, last) == (3, 3), "later stages mute it and search for it"


def test_a_word_that_another_finding_covers_is_redacted_under_that_alone() -> None:
    email = Finding("email_address", "EMAIL_ADDRESS", 0, 3.0, 3.9, 0.9, "test", 3, 3)
    found = redacted(detected(email, substitution="entity_name"))
    assert found.detected.findings == (email,)
    assert found.redacted_transcript.text == "my mail is [EMAIL_ADDRESS] or [PHONE NUMBER] thanks"


def test_a_reviewers_false_positive_stays_as_the_transcript_has_it() -> None:
    found = redacted(detected(false_positives=(TimeSpan(0, 2.8, 4.1),)))
    assert found.detected.findings == ()
    assert found.redacted_transcript.text == TEXT


def test_words_of_a_transcript_without_masks_are_not_searched_for_them() -> None:
    recording = detected()
    recognised = replace(recording.transcribed, transcript=replace(recording.transcribed.transcript, masked_words=()))
    assert redacted(replace(recording, transcribed=recognised)).redacted_transcript.text == TEXT
