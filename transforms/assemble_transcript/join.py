"""Joins the transcripts of a recording's spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hushbeam.schemas.errors import RecordingError
from hushbeam.schemas.stages import TranscribedRecording, TranscribedSpan
from hushbeam.schemas.transcript import Transcript


class IncompleteTranscriptError(RecordingError):
    """Some spans of the recording were not transcribed; each of those has an error row of its own."""

    remedy = "See the rows of its spans; run again."

    retryable = True


def join(spans: Iterable[TranscribedSpan]) -> TranscribedRecording:
    """The whole recording, from all its spans in any order.

    Raises:
      IncompleteTranscriptError: A span is missing: part of the recording would be published without being searched.
    """
    transcribed = sorted(spans, key=lambda span: span.span.number)
    first = transcribed[0].span
    if [span.span.number for span in transcribed] != list(range(first.count)):
        raise IncompleteTranscriptError(
            f"{len(transcribed)} of {first.count} spans were transcribed; see the errors of the others"
        )
    transcripts = [span.transcript for span in transcribed]
    whole = Transcript(
        language_code=_language(transcripts),
        language_confidence=min(transcript.language_confidence for transcript in transcripts),
        duration_s=first.samples.frames / transcribed[0].media.sample_rate_hz,
        channels=transcripts[0].channels,
        utterances=tuple(
            sorted(
                (utterance for transcript in transcripts for utterance in transcript.utterances),
                key=lambda utterance: (utterance.start_s, utterance.channel),
            )
        ),
        speech=tuple(span for transcript in transcripts for span in transcript.speech),
    )
    media = transcribed[0].media
    mixed = first.recording.multichannel is False and media.channels > 1
    return TranscribedRecording(first.pending, whole, media, first.samples, mixed)


def _language(transcripts: Iterable[Transcript]) -> str:
    """The language of the most words: the language of a span of silence or music is a guess."""
    words = Counter[str]()
    for transcript in transcripts:
        words[transcript.language_code] += sum(len(utterance.words) for utterance in transcript.utterances)
    return words.most_common(1)[0][0]
