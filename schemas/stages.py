"""Records that stages pass on.

Every record contains the previous one, so a later stage can read the results of earlier ones, and a test can build each
record from plain values. From `TranscribedRecording` to `MutedRecording` they contain raw words and stay in one worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hushbeam.schemas.coders import stays_in_worker, travels, travels_compressed
from hushbeam.schemas.correction import Corrections, in_all_channels
from hushbeam.schemas.finding import Finding, RecogniserReport
from hushbeam.schemas.media import MediaInfo, SampleIdentity, SourceIdentity
from hushbeam.schemas.policies import Caution
from hushbeam.schemas.recording import Recording
from hushbeam.schemas.redacted import PublishedText, RedactedTranscript
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript


class StageInput(Protocol):
    """Fields that every stage reads from its input, to name the recording in errors."""

    @property
    def recording_id(self) -> str: ...

    @property
    def manifest(self) -> str: ...

    @property
    def line(self) -> int: ...

    @property
    def source_url(self) -> str | None: ...


class FromRecording:
    """Implements `StageInput` with the recording, a field of the first record and a property of the later ones."""

    if TYPE_CHECKING:  # at run time this property would become the field's default value

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

    @property
    def source_url(self) -> str | None:
        return self.recording.public_url


class FromOutput:
    """Implements `StageInput` for a recording that comes from an output root, not from a manifest line."""

    @property
    def manifest(self) -> str:
        return ""

    @property
    def line(self) -> int:
        return 0

    @property
    def source_url(self) -> str | None:
        return None


@travels
@dataclass(frozen=True)
class PendingRecording(FromRecording):
    """A recording that has no output yet for this source and this configuration.

    Attributes:
      source: Identity of the source when the run looked it up.
      output_identity: Hash of source, configuration and models. It names the outputs, and a later run compares it to
        see whether they are up to date.
      replaces: Whether an earlier run committed an output for the same id.
      up_to_date: Whether that output has the same identity.
      reason: Why it must be processed: a `Reason` of `hushbeam.transforms.archive.ledger_index`.
      corrections: Decisions of reviewers; None without a review.
      transcript: Identity of the given transcript when the run looked it up; None if the recording is transcribed.
      identities: Identities of the models by use and of the `configuration`, if they are not those of the job: a
        recording from the store was transcribed by another job.
      content_sha256: Digest of the bytes of a source from a web server, once it was fetched: a worker that fetches it
        again must get the same.
      local_copy: That source on this worker's disk, a `hushbeam.transforms.sources.spool.Copy`; None on other workers.
    """

    recording: Recording
    source: SourceIdentity
    output_identity: str
    replaces: bool = False
    up_to_date: bool = False
    identities: Mapping[str, str] = field(default_factory=dict)
    reason: str = "new"
    corrections: Corrections | None = None
    transcript: SourceIdentity | None = None
    content_sha256: str | None = None
    local_copy: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class PublishedOutput:
    """Published output of a recording that is muted further without its source. Nothing can be restored.

    Attributes:
      audio: The redacted audio, read instead of the source.
      muted: Muted spans in the channels of the file.
      texts: Words that are redacted already, by their index in the transcript. They are kept.
      note: How its format differs from that of its source.
      verification: Result of its verification.
    """

    audio: SourceIdentity
    muted: tuple[TimeSpan, ...]
    texts: Mapping[int, PublishedText]
    note: str
    verification: Verification


@stays_in_worker
@dataclass(frozen=True)
class TranscribedRecording(FromRecording):
    """A recording with its transcript.

    Attributes:
      transcript: Raw words.
      media: Properties of the file.
      samples: Identity of the transcribed samples. Muting must decode the same ones.
      mixed: Whether several channels were transcribed as one: the transcript then has one channel, the file more.
      published: The published output to mute instead of the source, with its redacted words; None mutes the source.
      given_by: Format of the given transcript that the words came from; None if they were recognised.
    """

    pending: PendingRecording
    transcript: Transcript
    media: MediaInfo
    samples: SampleIdentity
    mixed: bool = False
    published: PublishedOutput | None = None
    given_by: str | None = None

    @property
    def recording(self) -> Recording:
        return self.pending.recording

    @property
    def audio_source(self) -> SourceIdentity:
        """The file to mute."""
        return self.pending.source if self.published is None else self.published.audio

    @property
    def corrections(self) -> Corrections | None:
        """Corrections of these samples; the times of corrections of other samples do not apply."""
        corrections = self.pending.corrections
        return corrections if corrections and corrections.samples == self.samples.sha256 else None

    @property
    def false_positive_spans(self) -> tuple[TimeSpan, ...]:
        """False positives that reviewers marked, in the channels of the transcript."""
        if self.corrections is None or self.published is not None:
            return ()
        false_positives = self.corrections.false_positives
        return in_all_channels(false_positives, self.media.channels) if self.mixed else false_positives

    def __repr__(self) -> str:
        return f"TranscribedRecording({self.recording_id!r})"


@stays_in_worker
@dataclass(frozen=True)
class DetectedRecording(FromRecording):
    """A recording with its findings.

    Attributes:
      findings: Findings under the requested policies, in time order.
      reports: Reports of all recognisers, if they are kept for later; otherwise empty.
      caution: How doubtful words were treated; doubtful speech without words is treated so too.
    """

    transcribed: TranscribedRecording
    findings: tuple[Finding, ...]
    reports: tuple[RecogniserReport, ...] = ()
    caution: Caution = "standard"

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
    """A recording with its redacted transcript."""

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
    """Redacted audio on the worker's disk, to be published or deleted.

    Attributes:
      path: Local path. The stage that commits or rejects the recording removes the file.
      suffix: Suffix of the published name: `.wav`.
      size_bytes, sha256: Size and checksum of the file.
      duration_s: Duration of the audio.
      muted: Muted spans with padding, per channel, in order.
      note: How the codec differs from that of the source, if it must, and whether the source states no length.
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
        """Muted seconds, summed over the channels."""
        return sum(span.end_s - span.start_s for span in self.muted)


@travels
@dataclass(frozen=True)
class Verification:
    """Result of the verification of redacted audio, without values.

    Attributes:
      outcome: `passed`; `nothing_to_verify` if nothing recognisable was muted; `not_sampled`; `off`. A recording that
        does not pass is not published.
      recogniser: Identity of the model that transcribed the redacted audio; empty without verification.
      verified_s: Seconds of audio in the first pass, summed over the channels.
      values: Number of values that it searched for.
      control_words, control_words_found: Number of control words, and of those that it recognised.
      leaks: Number of values that it recognised, which were then muted.
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
    """A recording with its redacted audio.

    Attributes:
      audio: None if no audio was requested.
      audio_findings: Findings in the audio and not in the words: keypad tones, and leaks that verification muted.
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
    """A recording with durable outputs: its rows for the tables and its notification.

    Attributes:
      output_identity: Identity of its outputs.
      status: `redacted_audio_ready`, or `completed` if no audio was requested.
      redacted_audio_url: None if no audio was requested.
      transcript_row: A row of `TRANSCRIPTS_SCHEMA` as JSON.
      finding_rows: Rows of `FINDINGS_SCHEMA` as JSON.
      audio_s: Duration.
      replaces: Whether an earlier run may have left rows of the same recording, which these rows replace.
      recovered: Whether an earlier run committed it, and was killed before it wrote its tables.
      webhook_url, webhook_auth_header_name, webhook_auth_header_value: As in `Recording`.
      webhook_asked: Whether a notification is requested. The URL of a recovered recording is unknown: safety copies
        leave it out, because URLs may contain tokens and personal data.
      source, configuration: Size and version of the source, and configuration of the job, that the output came from.
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
    """A span of a long recording, to be transcribed separately and joined with the other spans.

    Attributes:
      samples: Identity of the samples of the whole recording when its spans were planned.
      number: Index from 0.
      count: Number of spans of the recording.
      start_s, end_s: Seconds of the recording. Spans have no gap and no overlap.
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
    """A span with its transcript, in times of the recording."""

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
    """A transcribed span in encrypted form, which crosses the shuffle.

    Attributes:
      sealed: Its transcript and media, encrypted with the job's key and bound to this span of this output.
    """

    span: SpanToTranscribe
    sealed: bytes

    @property
    def recording(self) -> Recording:
        return self.span.recording

    def __repr__(self) -> str:
        return f"SealedSpan({self.recording_id!r}, {self.span.number + 1} of {self.span.count})"
