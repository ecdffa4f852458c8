"""Verification of labelled calls with the packaged tiny.en."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from evaluation.truth import LabelledRecording
from hushbeam.schemas.finding import FLAGGED, Finding
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import MutedRecording, RedactedRecording, StagedAudio
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.mute_audio.redaction import stage_audio
from hushbeam.transforms.mute_audio.settings import MuteSettings
from hushbeam.transforms.verify_audio.second_recogniser import Ranges, SecondRecogniser, TranscribeParts
from hushbeam.transforms.verify_audio.settings import FAST_SECOND_RECOGNISER, OTHER_LANGUAGES, VerifySettings
from hushbeam.transforms.verify_audio.verify import DETECTOR, AudibleLeakError, UnreliableVerificationError, verify
from tests.learnt_model import write_ctc
from tests.transforms.verify_audio.labelled import labelled, redacted, spans_of

LIMITS = MediaLimits()


@pytest.fixture(scope="module")
def recogniser() -> Iterator[SecondRecogniser]:
    recogniser = SecondRecogniser(FAST_SECOND_RECOGNISER, OTHER_LANGUAGES, LIMITS)
    recogniser.load()
    yield recogniser
    recogniser.close()


@pytest.fixture
def transcribe_parts(recogniser: SecondRecogniser) -> TranscribeParts:
    return partial(recogniser.transcribe_parts, language="en", mix=False, tone_hz=None)


class Renderer:
    """Renders a recording as the stage does, and keeps the spans of each call."""

    def __init__(self, recording: RedactedRecording, folder: Path) -> None:
        self.recording = recording
        self.folder = folder
        self.spans: list[Sequence[TimeSpan]] = []

    def source(self) -> Path:
        return Path(self.recording.recording.audio_url)

    def __call__(self, spans: Sequence[TimeSpan]) -> StagedAudio:
        self.spans.append(spans)
        return stage_audio(self.recording, self.source(), spans, self.folder, MuteSettings(), limits=LIMITS)

    def muted(self, spans: Sequence[TimeSpan]) -> MutedRecording:
        return MutedRecording(self.recording, self(spans))


class MutesNothing(Renderer):
    """Renders without muting anything: a leak that cannot be muted."""

    def __call__(self, spans: Sequence[TimeSpan]) -> StagedAudio:
        return super().__call__([])


def finding_of(recording: RedactedRecording, policy: str) -> Finding:
    return next(finding for finding in recording.detected.findings if finding.policy == policy)


def is_muted(place: Finding, audio: StagedAudio) -> bool:
    """Whether the middle of a finding is muted."""
    middle_s = (place.start_s + place.end_s) / 2
    return any(span.channel == place.channel and span.start_s < middle_s < span.end_s for span in audio.muted)


@pytest.fixture(scope="module")
def card() -> LabelledRecording:
    return labelled("card-payment")


def test_a_recording_with_every_finding_muted_passes(
    card: LabelledRecording, transcribe_parts: TranscribeParts, tmp_path: Path
) -> None:
    renderer = Renderer(redacted(card), tmp_path)
    recording = renderer.muted(spans_of(renderer.recording))
    passed = verify(recording, renderer.source, transcribe_parts, renderer, VerifySettings())
    assert passed.verification.outcome == "passed"
    assert passed.verification.values >= 4
    assert passed.verification.control_words_found > 0.8 * passed.verification.control_words > 4
    assert (passed.verification.leaks, passed.verification.repairs) == (0, 0)
    assert passed.audio == recording.audio
    assert len(renderer.spans) == 1


def test_only_speech_near_muted_spans_is_verified(
    card: LabelledRecording, transcribe_parts: TranscribeParts, tmp_path: Path
) -> None:
    renderer = Renderer(redacted(card), tmp_path)
    asked: list[Ranges | None] = []

    def noting_ranges(path: str | Path, ranges: Ranges | None) -> Transcript:
        asked.append(ranges)
        return transcribe_parts(path, ranges)

    muted = renderer.muted(spans_of(renderer.recording))
    passed = verify(muted, renderer.source, noting_ranges, renderer, VerifySettings())
    (ranges,) = asked
    assert ranges is not None
    assert passed.verification.verified_s == pytest.approx(sum(span.end_s - span.start_s for span in ranges), 0.01)
    speech = renderer.recording.transcribed.transcript.speech
    assert passed.verification.verified_s <= sum(span.end_s - span.start_s for span in speech) + 0.01


def test_more_speech_around_muted_spans_is_verified_if_control_words_are_few(
    card: LabelledRecording, transcribe_parts: TranscribeParts, tmp_path: Path
) -> None:
    renderer = Renderer(redacted(card), tmp_path)
    muted = renderer.muted(spans_of(renderer.recording))
    settings = VerifySettings(around_s=0.8, beside_s=0.0)  # where there are fewer
    verification = verify(muted, renderer.source, transcribe_parts, renderer, settings).verification
    assert verification.control_words >= 4
    assert 0 < verification.verified_s < 0.5 * card.duration_s * card.channels


def test_flagged_speech_is_verified_too(
    card: LabelledRecording, transcribe_parts: TranscribeParts, tmp_path: Path
) -> None:
    number = finding_of(redacted(card), "credit_card_number")
    recording = _without_words_of(number, redacted(card, without=("credit_card_number",)))
    last = [finding for finding in recording.detected.findings if finding.start_s > number.end_s + 10.0]
    recording = replace(recording, detected=replace(recording.detected, findings=tuple(last)))
    flagged = Finding(
        "untranscribed_speech", "UNTRANSCRIBED_SPEECH", number.channel, number.start_s, number.end_s, 1.0, FLAGGED
    )
    renderer = Renderer(recording, tmp_path)
    settings = VerifySettings()
    for audio_findings, found in (((), False), ((flagged,), True)):
        muted = replace(renderer.muted(spans_of(recording)), audio_findings=audio_findings)
        passed = verify(muted, renderer.source, transcribe_parts, renderer, settings)
        assert passed.audio is not None
        assert is_muted(number, passed.audio) is found


def test_the_whole_recording_is_searched_if_no_speech_is_known(
    card: LabelledRecording, transcribe_parts: TranscribeParts, tmp_path: Path
) -> None:
    recording = redacted(card)
    transcribed = recording.transcribed
    unknown = replace(transcribed, transcript=replace(transcribed.transcript, speech=()))
    renderer = Renderer(replace(recording, detected=replace(recording.detected, transcribed=unknown)), tmp_path)
    not_muted = finding_of(renderer.recording, "credit_card_number")
    leaking = renderer.muted(spans_of(renderer.recording, but=not_muted))
    passed = verify(leaking, renderer.source, transcribe_parts, renderer, VerifySettings())
    assert passed.audio is not None
    assert is_muted(not_muted, passed.audio)
    assert passed.verification.verified_s == pytest.approx(card.duration_s * card.channels, abs=0.1)


@pytest.mark.parametrize(
    ("call", "policy"),
    [("card-payment", "credit_card_number"), ("card-payment", "credit_card_cvv"), ("wire-transfer", "person_name")],
)
def test_a_finding_that_was_not_muted_is_found_and_muted(
    transcribe_parts: TranscribeParts, tmp_path: Path, call: str, policy: str
) -> None:
    renderer = Renderer(redacted(labelled(call)), tmp_path)
    not_muted = finding_of(renderer.recording, policy)
    recording = renderer.muted(spans_of(renderer.recording, but=not_muted))
    assert recording.audio is not None
    assert not is_muted(not_muted, recording.audio)
    passed = verify(recording, renderer.source, transcribe_parts, renderer, VerifySettings())
    assert passed.verification.outcome == "passed"
    assert passed.verification.repairs >= 1
    assert passed.verification.leaks >= 1
    assert passed.audio is not None
    assert is_muted(not_muted, passed.audio)
    assert [path.name for path in tmp_path.iterdir()] == [Path(passed.audio.path).name], "the leaking file is removed"
    (added, *_) = passed.audio_findings
    assert (added.policy, added.detector, added.first_word) == (policy, DETECTOR, None)
    assert abs(added.start_s - not_muted.start_s) < 3.0
    assert passed.audio.muted_s - recording.audio.muted_s < not_muted.end_s - not_muted.start_s + 4.0


def test_a_recogniser_of_another_family_finds_what_was_not_muted(card: LabelledRecording, tmp_path: Path) -> None:
    folder = write_ctc(tmp_path / "parakeet", card)
    settings = FAST_SECOND_RECOGNISER.model_copy(update={"model": str(folder)})
    other = SecondRecogniser(settings, OTHER_LANGUAGES, LIMITS)
    other.load()
    (tmp_path / "staged").mkdir()
    renderer = Renderer(redacted(card), tmp_path / "staged")
    not_muted = finding_of(renderer.recording, "credit_card_number")
    leaking = renderer.muted(spans_of(renderer.recording, but=not_muted))
    transcribe = partial(other.transcribe_parts, language="en", mix=False, tone_hz=None)
    passed = verify(leaking, renderer.source, transcribe, renderer, VerifySettings())
    assert passed.audio is not None
    assert is_muted(not_muted, passed.audio)
    assert passed.verification.control_words_found > 0.8 * passed.verification.control_words > 4
    assert other.identity("en").startswith("parakeet@sha256:")
    assert other.identity("es").startswith("whisper-base@")
    other.close()


def test_a_number_that_only_the_second_recogniser_found_is_muted(
    card: LabelledRecording, transcribe_parts: TranscribeParts, tmp_path: Path
) -> None:
    whole = redacted(card)
    number = finding_of(whole, "credit_card_number")
    without_number = _without_words_of(number, redacted(card, without=("credit_card_number",)))
    renderer = Renderer(without_number, tmp_path)
    passed = verify(
        renderer.muted(spans_of(without_number)), renderer.source, transcribe_parts, renderer, VerifySettings()
    )
    assert passed.verification.repairs >= 1
    assert passed.audio is not None
    assert is_muted(number, passed.audio)


def test_a_leak_that_cannot_be_muted_quarantines_the_recording(
    card: LabelledRecording, transcribe_parts: TranscribeParts, tmp_path: Path
) -> None:
    renderer = MutesNothing(redacted(card), tmp_path)
    with pytest.raises(AudibleLeakError) as raised:
        verify(renderer.muted([]), renderer.source, transcribe_parts, renderer, VerifySettings(around_s=1.0))
    assert len(renderer.spans) == 3, "muted twice more, and then given up"
    assert list(tmp_path.iterdir()) == []
    for entity in card.entities:
        for part in (entity.value, *entity.said.split()):
            assert part not in str(raised.value).split()
    assert raised.value.status == "quarantined"


def test_a_recogniser_that_finds_no_words_quarantines_the_recording(card: LabelledRecording, tmp_path: Path) -> None:
    def finds_nothing(path: str | Path, ranges: Ranges | None) -> Transcript:
        return Transcript("en", 1.0, 40.0, 2, ())

    renderer = Renderer(redacted(card), tmp_path)
    with pytest.raises(UnreliableVerificationError, match="0 of"):
        verify(
            renderer.muted(spans_of(renderer.recording)),
            renderer.source,
            finds_nothing,
            renderer,
            VerifySettings(),
        )
    assert list(tmp_path.iterdir()) == []


def test_with_too_few_control_words_the_recogniser_must_find_the_values_in_the_source(
    card: LabelledRecording, transcribe_parts: TranscribeParts, tmp_path: Path
) -> None:
    renderer = Renderer(redacted(card), tmp_path)
    everything = [TimeSpan(channel, 0.0, card.duration_s) for channel in range(card.channels)]
    passed = verify(renderer.muted(everything), renderer.source, transcribe_parts, renderer, VerifySettings())
    assert passed.verification.outcome == "passed"
    assert passed.verification.control_words == 0

    def finds_nothing(path: str | Path, ranges: Ranges | None) -> Transcript:
        return Transcript("en", 1.0, card.duration_s, 2, ())

    with pytest.raises(UnreliableVerificationError, match="source"):
        verify(renderer.muted(everything), renderer.source, finds_nothing, renderer, VerifySettings())


def test_another_model_verifies_languages_that_the_recogniser_does_not_know(
    card: LabelledRecording, recogniser: SecondRecogniser
) -> None:
    assert recogniser.identity("en").startswith("whisper-tiny.en@")
    assert recogniser.identity("es").startswith("whisper-base@")
    transcribed = recogniser.transcribe_parts(
        card.audio, (TimeSpan(0, 0.0, 3.0),), language="es", mix=False, tone_hz=None
    )
    assert transcribed.language_code == "es"


def test_without_findings_there_is_nothing_to_verify(tmp_path: Path, transcribe_parts: TranscribeParts) -> None:
    call = labelled("small-talk-no-pii")
    renderer = Renderer(redacted(call, without=tuple(entity.policy for entity in call.entities)), tmp_path)
    verified = verify(renderer.muted([]), renderer.source, transcribe_parts, renderer, VerifySettings())
    assert verified.verification.outcome == "nothing_to_verify"
    assert verified.audio is not None
    assert Path(verified.audio.path).exists()


def _without_words_of(finding: Finding, recording: RedactedRecording) -> RedactedRecording:
    """The recording as transcribed by a first recogniser that missed the words of a finding."""
    transcribed = recording.transcribed
    numbered = list(enumerate(transcribed.transcript.iter_words()))
    lost = {
        number
        for number, word in numbered
        if word.channel == finding.channel and finding.start_s - 0.1 <= word.start_s < finding.end_s
    }
    new_numbers = {number: new for new, number in enumerate(n for n, _ in numbered if n not in lost)}
    utterances = []
    position = 0
    for utterance in transcribed.transcript.utterances:
        kept = [word for number, word in enumerate(utterance.words, position) if number not in lost]
        position += len(utterance.words)
        if kept:
            utterances.append(replace(utterance, words=tuple(kept)))
    findings = tuple(
        replace(other, first_word=new_numbers[other.first_word or 0], last_word=new_numbers[other.last_word or 0])
        for other in recording.detected.findings
    )
    transcript = replace(transcribed.transcript, utterances=tuple(utterances))
    return replace(
        recording,
        detected=replace(
            recording.detected, transcribed=replace(transcribed, transcript=transcript), findings=findings
        ),
    )
