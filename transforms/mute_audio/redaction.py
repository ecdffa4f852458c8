"""One recording's way from findings to a redacted file: what to mute, and the copy in which it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import numpy as np

from schemas.finding import Finding
from schemas.stages import HeardRecording, RedactedRecording, StagedAudio
from schemas.transcript import TimeSpan
from transforms.media.hear import HEARING_RATE_HZ, hear_blocks, hear_ranges
from transforms.mute_audio.bleed import BleedSettings, find_bleed
from transforms.mute_audio.dtmf import find_tones
from transforms.mute_audio.edges import EdgeSettings, merge_spans, plan_mutes
from transforms.mute_audio.muting import Muting
from transforms.mute_audio.render import render
from transforms.mute_audio.sound import Samples
from transforms.mute_audio.untranscribed import UntranscribedSettings, find_untranscribed

KEYPAD_POLICY = "dtmf"


@dataclass(frozen=True)
class MuteSettings:
    """How a job mutes; which method is each recording's own choice.

    Attributes:
      edges: Where a span begins and ends.
      bleed: When another channel repeats a span.
      untranscribed: What is done with speech that has no words.
      dtmf: Whether keypad tones are muted.
      tone_hz, tone_level_db: Of the method `tone`; the level is relative to full scale.
      padding_s: Muted on both sides of every span, beyond what `edges` decides.
    """

    edges: EdgeSettings = field(default_factory=EdgeSettings)
    bleed: BleedSettings = field(default_factory=BleedSettings)
    untranscribed: UntranscribedSettings = field(default_factory=UntranscribedSettings)
    dtmf: bool = True
    tone_hz: float = 1000.0
    tone_level_db: float = -24.0
    padding_s: float = 0.0


@dataclass(frozen=True)
class RedactionPlan:
    """What to mute in a recording.

    Attributes:
      spans: Padded and merged, in the channels of the file.
      sound_findings: What was found in the sound and not in the words, muted or only reported.
    """

    spans: tuple[TimeSpan, ...]
    sound_findings: tuple[Finding, ...]


def plan_redaction(recording: RedactedRecording, source: Path, settings: MuteSettings) -> RedactionPlan:
    """Decides what to mute.

    Args:
      source: The recording as a local file.

    Raises:
      SpanTimeError: A finding has no usable time.
      MediaError: The source cannot be decoded.
    """
    heard = recording.detected.heard
    transcript = heard.transcript
    listen = partial(hear_ranges, source, mix=heard.mixed)
    tones = _keypad_tones(source, heard.mixed) if settings.dtmf else ()
    untranscribed = find_untranscribed(transcript, settings.untranscribed)
    muted = [*recording.detected.findings, *tones]
    if settings.untranscribed.mode == "mute":
        muted += untranscribed
    spans = _padded(plan_mutes(transcript, muted, listen, settings.edges), transcript.duration_s, settings)
    bleed = find_bleed(spans, transcript.channels, transcript.duration_s, listen, settings.bleed)
    spans = merge_spans([*spans, *bleed], transcript.duration_s, settings.edges.join_s)
    return RedactionPlan(in_file_channels(heard, spans), (*tones, *untranscribed))


def stage_audio(
    recording: RedactedRecording, source: Path, spans: Sequence[TimeSpan], folder: Path, settings: MuteSettings
) -> StagedAudio:
    """Renders the redacted copy of a recording into a new file of `folder`.

    Args:
      source: The recording as a local file.
      spans: In the channels of the file.

    Raises:
      MediaError: See `transforms.mute_audio.render.render`.
    """
    asked = recording.recording
    rendered = render(
        source,
        folder / uuid4().hex,
        spans,
        muting=Muting(asked.muting, settings.tone_hz, settings.tone_level_db),
        quality=asked.audio_quality,
        expected=recording.detected.heard.samples,
    )
    return StagedAudio(
        path=rendered.path,
        suffix=rendered.suffix,
        size_bytes=rendered.size,
        sha256=rendered.sha256,
        duration_s=rendered.duration_s,
        muted=rendered.touched,
        note=rendered.note,
    )


def in_file_channels(heard: HeardRecording, spans: Sequence[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Spans of what was heard, in the file: what was heard in a mix may be in any of the channels that were mixed."""
    if not heard.mixed:
        return tuple(spans)
    return tuple(
        TimeSpan(channel, span.start_s, span.end_s) for channel in range(heard.media.channels) for span in spans
    )


def _padded(spans: Iterable[TimeSpan], duration_s: float, settings: MuteSettings) -> tuple[TimeSpan, ...]:
    wider = (
        TimeSpan(span.channel, span.start_s - settings.padding_s, span.end_s + settings.padding_s) for span in spans
    )
    return merge_spans(wider, duration_s, settings.edges.join_s)


def _keypad_tones(source: Path, mixed: bool) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            policy=KEYPAD_POLICY,
            label=KEYPAD_POLICY.upper(),
            channel=span.channel,
            start_s=span.start_s,
            end_s=span.end_s,
            score=1.0,
            detector="keypad_tones",
        )
        for span in find_tones(_at_half_rate(hear_blocks(source, mix=mixed)), HEARING_RATE_HZ // 2)
    )


def _at_half_rate(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Each two samples as one. Keypad tones and their harmonics lie below 3.3 kHz: half the rate costs a third."""
    rest: Samples | None = None
    for block in blocks:
        joined = block if rest is None else np.concatenate((rest, block), axis=1)
        pairs = joined.shape[1] // 2 * 2
        rest = joined[:, pairs:]
        yield (joined[:, 0:pairs:2] + joined[:, 1:pairs:2]) / np.float32(2)
