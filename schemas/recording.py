"""What the manifest asks for: one recording, with the job's defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hushbeam.schemas.coders import travels


@travels
@dataclass(frozen=True)
class Recording:
    """One unit of work: retried, resumed, skipped and reported by itself.

    Built by `hushbeam.transforms.read_manifest` alone, so that every later stage may rely on it being valid.

    Attributes:
      recording_id: Unique within an output root. Names the status object.
      audio_url: Absolute: a local path or an object-store URL.
      policies: What to redact, in the words of `hushbeam.schemas.policies`.
      substitution: How redacted words read: `hash`, `entity_name` or another name of `SUBSTITUTIONS`.
      redact_audio: False where only the transcript is asked for.
      audio_quality: `source` keeps the container and codec; `mp3`, `wav` and `flac` convert.
      muting: `silence`, `tone` or `noise`.
      return_no_speech_audio: Publish audio in which nobody speaks as well.
      static_entities: Literal terms to redact, by label.
      language_code: None asks the recogniser to find it.
      multichannel: None: stereo is two speakers. False: the channels are mixed for hearing and muted together.
      webhook_url: Where to notify; None for the record alone.
      webhook_auth_header_name: A header to send along, with the value that `webhook_auth_header_value` names.
      webhook_auth_header_value: Where the value is kept (as `env:NAME`), never the value.
      redact: False where the line asks for what was said as it was said, which the unredacted output alone takes.
      metadata: Passed through to the transcript, never interpreted.
      published_url: What outputs say in the place of `audio_url`; None: the URL itself.
      manifest: Where the line came from.
      line: 1-based line (or row) of the manifest.
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
    manifest: str = ""
    line: int = 0

    def __repr__(self) -> str:
        # Terms, metadata and URLs may be personal data, and reprs end up in logs and tracebacks.
        return f"Recording({self.recording_id!r}, line {self.line})"
