"""CorrectFindings: reviewers' decisions, applied to findings before a recording is rendered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import apache_beam as beam

from hushbeam.schemas.correction import REVIEWER, Corrections, MarkedSpan, lies_within, without_false_positives
from hushbeam.schemas.errors import QuarantineError
from hushbeam.schemas.finding import Finding, personal_words
from hushbeam.schemas.spans import TimeSpan, merged
from hushbeam.schemas.stages import DetectedRecording, TranscribedRecording
from hushbeam.schemas.transcript import Utterance, Word
from hushbeam.transforms.base.each_recording import Outcome, RecordingStage, each_recording

_LEAST_SHARE = 1 / 3


class CorrectionError(QuarantineError):
    """A review does not fit this recording, so it is unknown what a person wanted muted."""

    remedy = "Review the recording again, or delete its file in `reviews/`."


class CorrectFindings(beam.PTransform):
    """Adds the ranges that reviewers marked to the findings, and removes their false positives."""

    def __init__(self) -> None:
        super().__init__("CorrectFindings")

    def expand(self, detected: beam.PCollection[DetectedRecording]) -> Outcome[DetectedRecording]:
        return detected | each_recording(_CorrectStage(), DetectedRecording)


class _CorrectStage(RecordingStage[DetectedRecording, DetectedRecording]):
    name = "CorrectFindings"

    def process(self, recording: DetectedRecording) -> DetectedRecording:
        return correct(recording)


def correct(detected: DetectedRecording) -> DetectedRecording:
    """The recording with the ranges that reviewers marked, and without their false positives.

    A published recording that is muted further keeps all of its findings.

    Raises:
      CorrectionError: The corrections do not fit this recording.
    """
    corrections = detected.transcribed.corrections
    if corrections is None:
        return detected
    _require_within(corrections, detected.transcribed)
    findings = detected.findings
    if detected.transcribed.published is None:
        findings = without_false_positives(findings, detected.transcribed.false_positive_spans)
    taken = personal_words(findings)
    known = {_place(finding) for finding in findings if finding.detector == REVIEWER}
    marks = dict.fromkeys(_in_transcribed_channel(mark, detected.transcribed) for mark in corrections.missed)
    for mark in marks:
        if _place(mark) in known:
            continue
        marked = _findings_of(mark, detected.transcribed, taken)
        taken |= personal_words(marked)
        findings = (*findings, *marked)
    return replace(detected, findings=findings)


def _require_within(corrections: Corrections, transcribed: TranscribedRecording) -> None:
    channels, duration_s = transcribed.media.channels, transcribed.transcript.duration_s
    spans: list[MarkedSpan | TimeSpan] = [*corrections.missed, *corrections.false_positives]
    if not all(lies_within(span, channels, duration_s) for span in spans):
        raise CorrectionError(
            "a review marks a time or a channel that the recording does not have: review the recording again, or "
            "delete its file in reviews/"
        )


def _place(marked: Finding | MarkedSpan) -> tuple[str, int, float, float]:
    return marked.policy, marked.channel, round(marked.start_s, 3), round(marked.end_s, 3)


def _in_transcribed_channel(mark: MarkedSpan, transcribed: TranscribedRecording) -> MarkedSpan:
    return replace(mark, channel=0) if transcribed.mixed else mark


def _findings_of(mark: MarkedSpan, transcribed: TranscribedRecording, taken: set[int]) -> tuple[Finding, ...]:
    """A finding for each run of words of one utterance that the mark covers and no other finding does.

    Without such words, one finding for the audio alone. All have the times of the mark, which are muted.
    """
    whole = Finding(mark.policy, mark.policy.upper(), mark.channel, mark.start_s, mark.end_s, 1.0, REVIEWER)
    found = tuple(
        replace(whole, first_word=first_word, last_word=end - 1)
        for utterance, first in _numbered(transcribed.transcript.utterances)
        if utterance.channel == mark.channel
        for first_word, end in merged(
            (number, number + 1)
            for number, word in enumerate(utterance.words, first)
            if number not in taken and _is_covered(word, mark)
        )
    )
    return found or (whole,)


def _is_covered(word: Word, mark: MarkedSpan) -> bool:
    """Whether a third of the word, or of the mark, overlaps: recognisers' times are off by 0.1 or 0.2 s."""
    shared_s = min(word.end_s, mark.end_s) - max(word.start_s, mark.start_s)
    shorter_s = min(word.end_s - word.start_s, mark.end_s - mark.start_s)
    return bool(word.text.strip()) and shared_s > 0 and shared_s >= _LEAST_SHARE * shorter_s


def _numbered(utterances: Iterable[Utterance]) -> Iterator[tuple[Utterance, int]]:
    first = 0
    for utterance in utterances:
        yield utterance, first
        first += len(utterance.words)
