"""Personal data that the recogniser misheard and doubted, in kept transcripts: other processors hear other words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evaluation.detect_cached import COVERED, Padding, judge
from evaluation.truth import TRANSCRIPTS, LabelledRecording, read_transcripts, read_truth
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.detect_pii.detector import DetectionRequest, Detector

PRACTICE = Path(__file__).parents[3] / "evaluation" / "practice"


def without_doubts(transcript: Transcript) -> Transcript:
    utterances = tuple(
        replace(one, words=tuple(replace(word, confidence=1.0) for word in one.words)) for one in transcript.utterances
    )
    return replace(transcript, utterances=utterances)


def test_what_was_misheard_is_covered_because_the_recogniser_doubts_it(detector: Detector) -> None:
    def covered(call: LabelledRecording, transcript: Transcript) -> set[tuple[str, str]]:
        findings = detector.detect(DetectionRequest(transcript, call.policies)).findings
        outcomes = judge(call, transcript, findings, Padding()).entities
        return {(call.recording_id, one.entity.said) for one in outcomes if one.covered >= COVERED}

    transcripts = read_transcripts(PRACTICE / TRANSCRIPTS)
    doubted: set[tuple[str, str]] = set()
    certain: set[tuple[str, str]] = set()
    for call in read_truth(PRACTICE):
        transcript = transcripts[call.recording_id]
        doubted |= covered(call, transcript)
        certain |= covered(call, without_doubts(transcript))
    assert doubted > certain, "doubts find what is not found without them, and lose nothing"
