"""One recording's way from findings to a redacted file: what to mute, and the copy in which it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from hushbeam.schemas.correction import REVIEWER, without_false_positives
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import TimeSpan, outside
from hushbeam.schemas.stages import RedactedRecording, StagedAudio, TranscribedRecording
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import stream_ranges
from hushbeam.transforms.media.sample_cache import SampleCache
from hushbeam.transforms.mute_audio.bleed import find_bleed
from hushbeam.transforms.mute_audio.edges import ReadRanges, around, merge_spans, plan_mutes
from hushbeam.transforms.mute_audio.keypad import KeypadDetector
from hushbeam.transforms.mute_audio.muting import FADE_S, Muting
from hushbeam.transforms.mute_audio.render import joined_notes, render
from hushbeam.transforms.mute_audio.settings import MuteSettings
from hushbeam.transforms.mute_audio.untranscribed import UntranscribedSettings, find_untranscribed


@dataclass(frozen=True)
class RedactionPlan:
    """What to mute in a recording.

    Attributes:
      spans: Padded and merged, in the channels of the file.
      audio_findings: What was found in the sound and not in the words, muted or only reported.
    """

    spans: tuple[TimeSpan, ...]
    audio_findings: tuple[Finding, ...]


def plan_redaction(
    recording: RedactedRecording, source: Path | SampleCache, settings: MuteSettings, *, limits: MediaLimits
) -> RedactionPlan:
    """Decides what to mute.

    Args:
      source: The recording as a local file, or what is kept of it.

    Raises:
      SpanTimeError: A finding has no usable time.
      MediaError: The source cannot be decoded.
    """
    transcribed = recording.transcribed
    transcript = transcribed.transcript
    edges = settings.edges
    audio = SampleCache(source, limits) if isinstance(source, Path) else source
    read_ranges = partial(stream_ranges, audio, mix=transcribed.mixed, limits=limits)
    found = [finding for finding in recording.detected.findings if finding.detector != REVIEWER]
    # A person heard where it begins and ends.
    marked = [
        TimeSpan(finding.channel, finding.start_s, finding.end_s)
        for finding in recording.detected.findings
        if finding.detector == REVIEWER
    ]
    if transcribed.published is not None:
        return _plan_further(transcribed, transcribed.published.muted, marked, read_ranges, settings)
    false_positives = transcribed.false_positive_spans
    keypad = KeypadDetector(mix=transcribed.mixed)
    read_first = partial(read_ranges, also=keypad.add) if settings.dtmf else read_ranges
    untranscribed = without_false_positives(
        find_untranscribed(transcript, UntranscribedSettings(mode=settings.untranscribed)), false_positives
    )
    muted = [*found]
    if settings.untranscribed == "mute":
        muted += untranscribed
    spans = plan_mutes(transcript, muted, read_first, edges)
    if settings.dtmf and not keypad.has_audio:
        deque(read_first([]), maxlen=0)
    tones = without_false_positives(keypad.findings(), false_positives)
    spans = merge_spans(
        [*spans, *(around(tone, edges) for tone in tones), *marked], transcript.duration_s, edges.join_s
    )
    spans = _padded(spans, transcript.duration_s, settings)
    bleed = outside(
        find_bleed(spans, transcript.channels, transcript.duration_s, read_ranges, settings.bleed), false_positives
    )
    spans = merge_spans([*spans, *bleed], transcript.duration_s, edges.join_s)
    return RedactionPlan(in_file_channels(transcribed, spans), (*tones, *untranscribed))


def _plan_further(
    transcribed: TranscribedRecording,
    muted: Sequence[TimeSpan],
    marked: Sequence[TimeSpan],
    read_ranges: ReadRanges,
    settings: MuteSettings,
) -> RedactionPlan:
    """What is muted in a published recording, and in addition what a person marked, with its echo."""
    transcript = transcribed.transcript
    spans = _padded(merge_spans(marked, transcript.duration_s), transcript.duration_s, settings)
    bleed = find_bleed(spans, transcript.channels, transcript.duration_s, read_ranges, settings.bleed)
    spans = merge_spans([*spans, *bleed], transcript.duration_s, settings.edges.join_s)
    further = in_file_channels(transcribed, spans)
    # What was touched has its fades; muted as a whole, it would grow with every correction.
    before = (replace(span, start_s=span.start_s + FADE_S, end_s=span.end_s - FADE_S) for span in muted)
    return RedactionPlan(merge_spans([*before, *further], transcript.duration_s), ())


def stage_audio(
    recording: RedactedRecording,
    source: Path | SampleCache,
    spans: Sequence[TimeSpan],
    folder: Path,
    settings: MuteSettings,
    *,
    limits: MediaLimits,
) -> StagedAudio:
    """Renders the redacted copy of a recording into a new file of `folder`.

    Args:
      source: As for `plan_redaction`.
      spans: In the channels of the file.

    Raises:
      MediaError: See `hushbeam.transforms.mute_audio.render.render`.
    """
    asked, published = recording.recording, recording.transcribed.published
    rendered = render(
        source,
        folder / uuid4().hex,
        spans,
        muting=Muting(asked.muting, settings.tone_hz, settings.tone_level_db),
        quality=asked.audio_quality,
        expected=None if published else recording.transcribed.samples,
        limits=limits,
    )
    return StagedAudio(
        path=rendered.path,
        suffix=rendered.suffix,
        size_bytes=rendered.size,
        sha256=rendered.sha256,
        duration_s=rendered.duration_s,
        muted=rendered.touched,
        note=joined_notes(published.note if published else "", rendered.note),
    )


def in_file_channels(transcribed: TranscribedRecording, spans: Sequence[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Spans of what was heard, in the file: what was heard in a mix may be in any of the channels that were mixed."""
    if not transcribed.mixed:
        return tuple(spans)
    return tuple(
        TimeSpan(channel, span.start_s, span.end_s) for channel in range(transcribed.media.channels) for span in spans
    )


def _padded(spans: Iterable[TimeSpan], duration_s: float, settings: MuteSettings) -> tuple[TimeSpan, ...]:
    wider = (
        TimeSpan(span.channel, span.start_s - settings.padding_s, span.end_s + settings.padding_s) for span in spans
    )
    return merge_spans(wider, duration_s, settings.edges.join_s)
