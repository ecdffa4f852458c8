"""What each stage hands to the next.

Every record keeps the one before it, so a later stage can look up what an earlier one knew, and each can be built in a
test from plain values. From `TranscribedRecording` to `MutedRecording` they hold raw words and stay in one worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from hushbeam.schemas.coders import stays_in_worker, travels, travels_compressed
from hushbeam.schemas.correction import Corrections, in_all_channels
from hushbeam.schemas.finding import Finding, RecogniserReport
from hushbeam.schemas.media import MediaInfo, SampleIdentity, SourceIdentity
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.redacted import PublishedText, RedactedTranscript
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript


class StageInput(Protocol):
    """What every stage needs to know of its input, to say which recording an error belongs to."""

    @property
    def recording_id(self) -> str: ...

    @property
    def manifest(self) -> str: ...

    @property
    def line(self) -> int: ...


class FromRecording:
    """Answers `StageInput` from the recording, which is a field of the first record and looked up in the later ones."""

    if TYPE_CHECKING:  # at run time it would look like the default value of the field

        @property
        def recording(self) -> Recording: ...

    @property
    def recording_id(self) -> str:
        return self.recording.recording_id

    @property
    def manifest(self) -> str:
        return self.recording.manifest

    @property
    def line(self) -> int:
        return self.recording.line


class FromOutput:
    """Answers `StageInput` for a recording that is read from an output root: no line of a manifest asks for it."""

    @property
    def manifest(self) -> str:
        return ""

    @property
    def line(self) -> int:
        return 0


@travels
@dataclass(frozen=True)
class PendingRecording(FromRecording):
    """A recording that has no output yet for this source and this configuration.

    Attributes:
      source: What lay at the URL when the run looked.
      output_identity: Hash over source, configuration and models: names the outputs, and tells a later run whether
        they are up to date.
      replaces: Whether an earlier run committed an output for the same id.
      up_to_date: Whether that output is this one.
      reason: Why it is redacted: a `Reason` of `hushbeam.transforms.archive.ledger_index`.
      corrections: What reviewers decided about it; None: nothing.
      identities: Of the models by use, and of the `configuration`, where they are not those of the job: what is
        rendered from the store was heard by another one.
    """

    recording: Recording
    source: SourceIdentity
    output_identity: str
    replaces: bool = False
    up_to_date: bool = False
    identities: Mapping[str, str] = field(default_factory=dict)
    reason: str = "new"
    corrections: Corrections | None = None


@dataclass(frozen=True)
class PublishedOutput:
    """What is public of a recording that is muted further without its source: more can vanish, nothing comes back.

    Attributes:
      audio: The redacted recording, in the place of the source.
      muted: What is muted in it, in the channels of the file.
      texts: The words that are redacted already, by their number over the transcript: they stay as they are.
      note: How its format differs from its source's.
      verification: What came of listening to it again.
    """

    audio: SourceIdentity
    muted: tuple[TimeSpan, ...]
    texts: Mapping[int, PublishedText]
    note: str
    verification: Verification


@stays_in_worker
@dataclass(frozen=True)
class TranscribedRecording(FromRecording):
    """A recording and what was said in it.

    Attributes:
      transcript: Raw words.
      media: What the file holds.
      samples: Which samples were heard: muting must decode the same ones.
      mixed: Whether several channels were heard as one: the transcript then has one channel, the file more.
      published: What is muted in the place of the source, and which words of the transcript stand for others; None:
        the source.
    """

    pending: PendingRecording
    transcript: Transcript
    media: MediaInfo
    samples: SampleIdentity
    mixed: bool = False
    published: PublishedOutput | None = None

    @property
    def recording(self) -> Recording:
        return self.pending.recording

    @property
    def audio_source(self) -> SourceIdentity:
        """What is read for muting."""
        return self.pending.source if self.published is None else self.published.audio

    @property
    def corrections(self) -> Corrections | None:
        """What reviewers decided about these samples: of others, their times mean nothing."""
        corrections = self.pending.corrections
        return corrections if corrections and corrections.samples == self.samples.sha256 else None

    @property
    def false_positive_spans(self) -> tuple[TimeSpan, ...]:
        """What reviewers called needless, in the channels that were heard."""
        if self.corrections is None or self.published is not None:
            return ()
        false_positives = self.corrections.false_positives
        return in_all_channels(false_positives, self.media.channels) if self.mixed else false_positives

    def __repr__(self) -> str:
        return f"TranscribedRecording({self.recording_id!r})"


@stays_in_worker
@dataclass(frozen=True)
class DetectedRecording(FromRecording):
    """A recording and where personal data is in it.

    Attributes:
      findings: Of what was asked for, in time order.
      reports: What all recognisers said, where it is kept for later; otherwise empty.
    """

    transcribed: TranscribedRecording
    findings: tuple[Finding, ...]
    reports: tuple[RecogniserReport, ...] = ()

    @property
    def pending(self) -> PendingRecording:
        return self.transcribed.pending

    @property
    def recording(self) -> Recording:
        return self.pending.recording

    def __repr__(self) -> str:
        return f"DetectedRecording({self.recording_id!r}, {len(self.findings)} findings)"


@stays_in_worker
@dataclass(frozen=True)
class RedactedRecording(FromRecording):
    """A recording with the transcript that may be read."""

    detected: DetectedRecording
    redacted_transcript: RedactedTranscript

    @property
    def transcribed(self) -> TranscribedRecording:
        return self.detected.transcribed

    @property
    def pending(self) -> PendingRecording:
        return self.detected.pending

    @property
    def recording(self) -> Recording:
        return self.pending.recording

    def __repr__(self) -> str:
        return f"RedactedRecording({self.recording_id!r})"


@travels
@dataclass(frozen=True)
class StagedAudio:
    """A redacted recording on the worker's own disk, to be published or thrown away.

    Attributes:
      path: Local; whoever commits or rejects the recording removes it.
      suffix: What the published name ends in: `.wav`.
      size_bytes, sha256: Of the file.
      duration_s: Of the sound.
      muted: What was muted, after padding, per channel, in order.
      note: Where the output's codec had to differ from the source's, how, and whether the source states no length.
    """

    path: str
    suffix: str
    size_bytes: int
    sha256: str
    duration_s: float
    muted: tuple[TimeSpan, ...]
    note: str = ""

    @property
    def muted_s(self) -> float:
        """Seconds of sound, summed over the channels."""
        return sum(span.end_s - span.start_s for span in self.muted)


@travels
@dataclass(frozen=True)
class Verification:
    """Whether somebody listened to a redacted recording again, and what came of it. No values.

    Attributes:
      outcome: `passed`; `nothing_to_verify` where nothing that can be recognised was muted; `not_sampled`; `off`.
        What does not pass is not published.
      recogniser: Identity of the model that listened; empty where none did.
      verified_s: Seconds of sound, summed over the channels, in the first pass.
      values: How many values it listened for.
      control_words, control_words_found: Innocent words that it should hear, and those of them that it heard.
      leaks: What it heard that it should not, and that was muted then.
      repairs: How often the recording was muted again.
    """

    outcome: str = "off"
    recogniser: str = ""
    verified_s: float = 0.0
    values: int = 0
    control_words: int = 0
    control_words_found: int = 0
    leaks: int = 0
    repairs: int = 0


@stays_in_worker
@dataclass(frozen=True)
class MutedRecording(FromRecording):
    """A recording with the sound that may be heard.

    Attributes:
      audio: None where none was asked for.
      audio_findings: What was found in the sound and not in the words: keypad tones, leaks that verification muted.
    """

    redacted: RedactedRecording
    audio: StagedAudio | None
    audio_findings: tuple[Finding, ...] = ()
    verification: Verification = Verification()

    @property
    def redacted_transcript(self) -> RedactedTranscript:
        return self.redacted.redacted_transcript

    @property
    def detected(self) -> DetectedRecording:
        return self.redacted.detected

    @property
    def transcribed(self) -> TranscribedRecording:
        return self.detected.transcribed

    @property
    def pending(self) -> PendingRecording:
        return self.detected.pending

    @property
    def recording(self) -> Recording:
        return self.pending.recording

    def __repr__(self) -> str:
        return f"MutedRecording({self.recording_id!r})"


@travels_compressed
@dataclass(frozen=True)
class CommittedRecording:
    """A recording whose outputs are durable: rows for the tables and what the notification says.

    Attributes:
      output_identity: Names its outputs.
      status: `redacted_audio_ready`, or `completed` where no audio was asked for.
      redacted_audio_url: None where no audio was asked for.
      transcript_row: A row of `TRANSCRIPTS_SCHEMA` as JSON.
      finding_rows: Rows of `FINDINGS_SCHEMA` as JSON.
      audio_s: Duration.
      replaces: Whether an earlier run may have left rows of the same recording, which this run's take the place of.
      recovered: Whether an earlier run committed it, and was killed before it wrote its tables.
      webhook_url, webhook_auth_header_name, webhook_auth_header_value: As in `Recording`.
      webhook_asked: Whether somebody is to be told. Where it was recovered, the URL is not known: safety copies do not
        hold it, since URLs hold tokens and personal data.
      source, configuration: What of the source (size and version) and the job the output followed from.
    """

    recording_id: str
    manifest: str
    line: int
    output_identity: str
    status: str
    redacted_audio_url: str | None
    transcript_row: str
    finding_rows: tuple[str, ...]
    audio_s: float
    replaces: bool = False
    recovered: bool = False
    webhook_url: str | None = None
    webhook_auth_header_name: str | None = None
    webhook_auth_header_value: str | None = None
    webhook_asked: bool = False
    source: str = ""
    configuration: str = ""

    def __repr__(self) -> str:
        return f"CommittedRecording({self.recording_id!r})"


@travels
@dataclass(frozen=True)
class SpanToTranscribe(FromRecording):
    """A stretch of a long recording, to be heard by itself and joined with the others.

    Attributes:
      pending: The recording.
      samples: Of the whole recording, as it was when its spans were planned.
      number: From 0.
      count: How many spans the recording has.
      start_s, end_s: Seconds of the recording; the spans follow each other without gap or overlap.
    """

    pending: PendingRecording
    samples: SampleIdentity
    number: int
    count: int
    start_s: float
    end_s: float

    @property
    def recording(self) -> Recording:
        return self.pending.recording


@stays_in_worker
@dataclass(frozen=True)
class TranscribedSpan(FromRecording):
    """A span and what was said in it, with times of the recording."""

    span: SpanToTranscribe
    transcript: Transcript
    media: MediaInfo

    @property
    def recording(self) -> Recording:
        return self.span.recording

    def __repr__(self) -> str:
        return f"TranscribedSpan({self.recording_id!r}, {self.span.number + 1} of {self.span.count})"


@travels
@dataclass(frozen=True)
class SealedSpan(FromRecording):
    """A heard span on its way to the others: readable only with the job's key.

    Attributes:
      span: Which one it is.
      sealed: Its transcript and media, encrypted and bound to this span of this output.
    """

    span: SpanToTranscribe
    sealed: bytes

    @property
    def recording(self) -> Recording:
        return self.span.recording

    def __repr__(self) -> str:
        return f"SealedSpan({self.recording_id!r}, {self.span.number + 1} of {self.span.count})"
