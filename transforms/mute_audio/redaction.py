"""Redaction plan of one recording, and the redacted copy that follows from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from uuid import uuid4

from hushbeam.schemas.correction import REVIEWER, without_false_positives
from hushbeam.schemas.finding import FLAGGED, Finding
from hushbeam.schemas.spans import TimeSpan, merged_spans, outside
from hushbeam.schemas.stages import RedactedRecording, StagedAudio, TranscribedRecording
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import stream_ranges
from hushbeam.transforms.media.sample_cache import SampleCache, reading
from hushbeam.transforms.media.samples import FloatSamples
from hushbeam.transforms.mute_audio.bleed import BleedSettings, find_bleed
from hushbeam.transforms.mute_audio.dtmf import KeypadDetector
from hushbeam.transforms.mute_audio.edges import EdgeSettings, around, plan_mutes
from hushbeam.transforms.mute_audio.muting import FADE_S, Muting
from hushbeam.transforms.mute_audio.personal_speech import (
    PersonalSpeechSettings,
    of_failed_channels,
    personal_speech,
)
from hushbeam.transforms.mute_audio.render import joined_notes, render
from hushbeam.transforms.mute_audio.settings import MuteSettings
from hushbeam.transforms.mute_audio.untranscribed import (
    POLICY,
    UntranscribedSettings,
    find_masked,
    find_untranscribed,
)

_EDGES = EdgeSettings()
_BLEED = BleedSettings()


@dataclass(frozen=True)
class RedactionPlan:
    """What to mute in a recording.

    Attributes:
      spans: Padded and merged, in the channels of the file.
      audio_findings: What was found in the audio and not in the words, muted or only reported.
    """

    spans: tuple[TimeSpan, ...]
    audio_findings: tuple[Finding, ...]


def plan_redaction(
    recording: RedactedRecording, source: SampleCache, settings: MuteSettings, *, limits: MediaLimits
) -> RedactionPlan:
    """Decides what to mute.

    Raises:
      SpanTimeError: A finding has no usable time.
      MediaError: The source cannot be decoded.
    """
    planner = _Planner(recording, source, settings, limits)
    published = recording.transcribed.published
    return planner.plan() if published is None else planner.plan_further(published.muted)


class _Planner:
    """The steps from the findings of one recording to the spans of its file."""

    def __init__(
        self, recording: RedactedRecording, source: SampleCache, settings: MuteSettings, limits: MediaLimits
    ) -> None:
        self._transcribed = recording.transcribed
        self._transcript = recording.transcribed.transcript
        self._findings = recording.detected.findings
        self._caution = recording.detected.caution
        self._policies = recording.recording.policies
        self._false_positives = recording.transcribed.false_positive_spans
        self._source = source
        self._settings = settings
        self._limits = limits

    def plan(self) -> RedactionPlan:
        """Mutes what was found in the words and in the audio, and what reviewers marked."""
        masked = self._masked()
        untranscribed = self._untranscribed(masked)
        first_pass = _FirstPass(self._source, self._transcribed.mixed, self._settings, self._limits)
        aligned = self._aligned(untranscribed, masked, first_pass)
        tones = without_false_positives(first_pass.keypad_tones(), self._false_positives)
        around_tones = (around(tone, _EDGES) for tone in tones)
        padded = self._padded([*aligned, *around_tones, *self._marked()])
        spans = self._with_echoes(padded)
        return RedactionPlan(in_file_channels(self._transcribed, spans), (*tones, *untranscribed, *masked))

    def plan_further(self, muted: Sequence[TimeSpan]) -> RedactionPlan:
        """Adds what reviewers marked, with its echo, to what is muted already in a published recording."""
        spans = self._with_echoes(self._padded(self._marked()))
        # The spans of a certificate include their fades; muted as a whole, they would grow with every correction.
        before = (replace(span, start_s=span.start_s + FADE_S, end_s=span.end_s - FADE_S) for span in muted)
        further = in_file_channels(self._transcribed, spans)
        return RedactionPlan(merged_spans([*before, *further], self._transcript.duration_s), ())

    def _untranscribed(self, masked: Sequence[Finding]) -> tuple[Finding, ...]:
        """The speech without words; what is not to be muted has the detector `FLAGGED`."""
        found = find_untranscribed(self._transcript, UntranscribedSettings(mode=self._settings.untranscribed))
        muted = self._to_mute(found, masked)
        found = tuple(one if one in muted else replace(one, detector=FLAGGED) for one in found)
        return without_false_positives(found, self._false_positives)

    def _to_mute(self, untranscribed: Sequence[Finding], masked: Sequence[Finding]) -> Collection[Finding]:
        mode, settings = self._settings.untranscribed, PersonalSpeechSettings()
        if mode == "flag":
            return ()
        if mode == "mute" or self._caution == "high" or POLICY in self._policies:
            return frozenset(untranscribed)
        if self._caution == "low":
            return of_failed_channels(untranscribed, self._transcript, settings)
        found = [*self._findings, *masked]
        return personal_speech(untranscribed, self._transcript, found, self._policies, settings)

    def _masked(self) -> tuple[Finding, ...]:
        return without_false_positives(find_masked(self._transcript), self._false_positives)

    def _aligned(
        self, untranscribed: Sequence[Finding], masked: Sequence[Finding], first_pass: _FirstPass
    ) -> tuple[TimeSpan, ...]:
        """The spans of detected findings, with their edges in the pauses of the audio."""
        found = [*(finding for finding in self._findings if finding.detector != REVIEWER), *masked]
        found += [finding for finding in untranscribed if finding.detector != FLAGGED]
        return plan_mutes(self._transcript, found, first_pass.read_ranges, _EDGES)

    def _marked(self) -> Iterator[TimeSpan]:
        """The spans that reviewers marked, exactly as they marked them: they heard where each begins and ends."""
        return (
            TimeSpan(finding.channel, finding.start_s, finding.end_s)
            for finding in self._findings
            if finding.detector == REVIEWER
        )

    def _padded(self, spans: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
        padding_s = self._settings.padding_s
        return self._merged(TimeSpan(span.channel, span.start_s - padding_s, span.end_s + padding_s) for span in spans)

    def _with_echoes(self, spans: Sequence[TimeSpan]) -> tuple[TimeSpan, ...]:
        """The spans, and where other channels repeat them."""
        read_ranges = partial(stream_ranges, self._source, mix=self._transcribed.mixed, limits=self._limits)
        transcript = self._transcript
        echoes = find_bleed(spans, transcript.channels, transcript.duration_s, read_ranges, _BLEED)
        return self._merged([*spans, *outside(echoes, self._false_positives)])

    def _merged(self, spans: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
        return merged_spans(spans, self._transcript.duration_s, _EDGES.join_s)


class _FirstPass:
    """Reads a recording once, for the edges of spans and for keypad tones."""

    def __init__(self, source: SampleCache, mix: bool, settings: MuteSettings, limits: MediaLimits) -> None:
        self._source = source
        self._mix = mix
        self._limits = limits
        self._keypad = KeypadDetector(mix=mix) if settings.dtmf else None

    def read_ranges(self, ranges: Sequence[TimeSpan]) -> Iterator[FloatSamples]:
        """See `ReadRanges`. Call it at most once."""
        also = self._keypad.add if self._keypad is not None else None
        return stream_ranges(self._source, ranges, mix=self._mix, also=also, limits=self._limits)

    def keypad_tones(self) -> tuple[Finding, ...]:
        """The keypad tones; reads the recording if no ranges were requested."""
        if self._keypad is None:
            return ()
        if not self._keypad.has_audio:
            with reading(self._source, self._limits) as decoded:
                for block in decoded.blocks():
                    self._keypad.add(decoded.info, block)
        return self._keypad.findings()


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
      source: The recording as a local file, or as a cache of its samples.
      spans: In the channels of the file.

    Raises:
      MediaError: See `hushbeam.transforms.mute_audio.render.render`.
    """
    request, published = recording.recording, recording.transcribed.published
    rendered = render(
        source,
        folder / uuid4().hex,
        spans,
        muting=Muting(request.muting, settings.tone_hz, settings.tone_level_db),
        quality=request.audio_quality,
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
    """Spans of transcribed channels as spans of the file: a finding in a mix may be in any of the mixed channels."""
    if not transcribed.mixed:
        return tuple(spans)
    return tuple(
        TimeSpan(channel, span.start_s, span.end_s) for channel in range(transcribed.media.channels) for span in spans
    )
