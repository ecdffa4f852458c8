"""Personal data that the recogniser misheard and doubted. Real audio, real models."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from evaluation.detect_cached import COVERED, Padding, judge
from evaluation.truth import read_truth
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.transcribe.engine import SpeechEngine, SpeechJob, Transcription
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

PRACTICE = Path(__file__).parents[3] / "evaluation" / "practice"


def without_doubts(transcript: Transcript) -> Transcript:
    utterances = tuple(
        replace(one, words=tuple(replace(word, confidence=1.0) for word in one.words)) for one in transcript.utterances
    )
    return replace(transcript, utterances=utterances)


def test_a_spelled_name_that_was_misheard_is_covered_because_the_recogniser_doubts_it(
    detector: Detector,
) -> None:
    call = next(recording for recording in read_truth(PRACTICE) if recording.recording_id == "vet-clinic")
    engine = SpeechEngine(TranscriptionSettings())
    try:
        blocks = partial(recogniser_blocks, str(call.audio), limits=MediaLimits())
        [(_, transcription)] = engine.transcribe([SpeechJob("call", blocks, language="en")])
    finally:
        engine.close()
    assert isinstance(transcription, Transcription)

    def covered(transcript: Transcript) -> set[str]:
        findings = detector.detect(DetectionRequest(transcript, call.policies)).findings
        outcomes = judge(call, transcript, findings, Padding()).entities
        return {one.entity.said for one in outcomes if one.covered >= COVERED}

    doubted = covered(transcription.transcript)
    assert doubted - covered(without_doubts(transcription.transcript)) == {"O, Y, E, L"}
