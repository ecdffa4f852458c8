"""Recording: one manifest line with the job's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hushbeam.schemas.coders import travels
from hushbeam.schemas.public_urls import without_query


@travels
@dataclass(frozen=True)
class Recording:
    """One unit of work: retried, resumed, skipped and reported by itself.

    Only `hushbeam.transforms.read_manifest` creates it, so every later stage can rely on its being valid.

    Attributes:
      recording_id: Unique within an output root. Names the status object.
      audio_url: Absolute: a local path, an object-store URL, or a web server's URL with its query, which is secret.
        Outputs have `public_url`.
      policies: Names of `hushbeam.schemas.policies`.
      substitution: `hash`, `entity_name` or another name of `SUBSTITUTIONS`.
      redact_audio: False if only the transcript is requested.
      audio_quality: `source` keeps the container and codec; `mp3`, `wav` and `flac` convert.
      muting: `silence`, `tone` or `noise`.
      return_no_speech_audio: Whether to publish audio without speech.
      static_entities: Literal terms to redact, by label.
      language_code: None lets the recogniser detect it.
      multichannel: None: stereo is two speakers. False: the channels are mixed for transcription and muted together.
      webhook_url: URL to notify; None to record the notification without sending it.
      webhook_auth_header_name: A header to send, with the value that `webhook_auth_header_value` refers to.
      webhook_auth_header_value: Reference to the value (such as `env:NAME`), never the value.
      redact: False if the line asks for an unredacted transcript, which only the unredacted output accepts.
      metadata: Copied to the transcript, never interpreted.
      published_url: URL to publish instead of `audio_url`; None publishes `audio_url`.
      transcript_url: A transcript that exists already, instead of transcription; None transcribes. Absolute.
      manifest: The manifest of the line; empty for a recording that was named without one.
      line: 1-based line (or row) of the manifest.
      ignored_keys: Keys of the line that ask for something that Hushbeam does not do, such as `speaker_labels`.
    """

    recording_id: str
    audio_url: str
    policies: tuple[str, ...]
    substitution: str = "hash"
    redact: bool = True
    redact_audio: bool = True
    audio_quality: str = "source"
    muting: str = "silence"
    return_no_speech_audio: bool = False
    static_entities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    language_code: str | None = None
    multichannel: bool | None = None
    webhook_url: str | None = None
    webhook_auth_header_name: str | None = None
    webhook_auth_header_value: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    published_url: str | None = None
    transcript_url: str | None = None
    manifest: str = ""
    line: int = 0
    ignored_keys: tuple[str, ...] = ()

    @property
    def public_url(self) -> str:
        """The URL to publish."""
        return self.published_url or without_query(self.audio_url)

    @property
    def source_url(self) -> str | None:
        """The same, for errors."""
        return self.public_url

    @property
    def without_queries(self) -> Recording:
        """The recording for files that outlive the run."""
        transcript_url = None if self.transcript_url is None else without_query(self.transcript_url)
        return replace(self, audio_url=without_query(self.audio_url), transcript_url=transcript_url)

    def __repr__(self) -> str:
        # Terms, metadata and URLs may be personal data, and reprs end up in logs and tracebacks.
        return f"Recording({self.recording_id!r}, line {self.line})"
