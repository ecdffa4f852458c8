"""Labelled calls as they come to verification, with every word and finding right."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evaluation.truth import LabelledRecording, read_truth
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.media import SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.redacted import RedactedTranscript
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.stages import DetectedRecording, PendingRecording, RedactedRecording, TranscribedRecording
from hushbeam.schemas.transcript import Transcript
from hushbeam.transforms.media.decode import inspect
from hushbeam.transforms.media.limits import MediaLimits

FOLDER = Path(__file__).parents[3] / "evaluation" / "dev"


def labelled(recording_id: str) -> LabelledRecording:
    return next(recording for recording in read_truth(FOLDER) if recording.recording_id == recording_id)


def redacted(call: LabelledRecording, *, without: tuple[str, ...] = ()) -> RedactedRecording:
    """A call in which all labelled entities are found but those of the policies `without`."""
    transcript = with_speech(call.perfect_transcript())
    numbered = list(enumerate(transcript.iter_words()))
    findings = []
    for entity in call.entities:
        starts = {word.start_s for word in call.words_of(entity)}
        own = [number for number, word in numbered if word.channel == entity.channel and word.start_s in starts]
        if entity.policy not in without:
            findings.append(
                Finding(
                    policy=entity.policy,
                    label=entity.policy.upper(),
                    channel=entity.channel,
                    start_s=entity.start_s,
                    end_s=entity.end_s,
                    score=1.0,
                    detector="labels",
                    first_word=own[0],
                    last_word=own[-1],
                )
            )
    source = call.audio.resolve()
    inspection = inspect(source, MediaLimits())
    stat = source.stat()
    pending = PendingRecording(
        Recording(call.recording_id, str(source), call.policies),
        SourceIdentity(str(source), stat.st_size, f"mtime_ns:{stat.st_mtime_ns}"),
        output_identity="0" * 64,
    )
    transcribed = TranscribedRecording(pending, transcript, inspection.info, inspection.identity)
    nothing = RedactedTranscript("en", call.duration_s, call.channels, "", (), tuple(None for _ in findings))
    return RedactedRecording(DetectedRecording(transcribed, tuple(findings)), nothing)


def with_speech(transcript: Transcript) -> Transcript:
    """The transcript with speech wherever it has words, cut where there are none."""
    speech: list[TimeSpan] = []
    for word in sorted(transcript.iter_words(), key=lambda word: (word.channel, word.start_s)):
        last = speech[-1] if speech else None
        if last is not None and last.channel == word.channel and word.start_s - last.end_s < 0.3:
            speech[-1] = TimeSpan(word.channel, last.start_s, max(last.end_s, word.end_s))
        else:
            speech.append(TimeSpan(word.channel, word.start_s, word.end_s))
    return replace(transcript, speech=tuple(speech))


def spans_of(recording: RedactedRecording, *, but: Finding | None = None, around_s: float = 0.2) -> list[TimeSpan]:
    """Where the findings are, padded; one of them may be left out."""
    return [
        TimeSpan(finding.channel, max(finding.start_s - around_s, 0.0), finding.end_s + around_s)
        for finding in recording.detected.findings
        if finding is not but
    ]
