"""What is to be rendered otherwise than recordings asked for when they were heard."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from hushbeam.schemas.recording import Recording


@dataclass(frozen=True)
class Changes:
    """The fields of `Recording` that rendering may change; None leaves each recording's own."""

    policies: tuple[str, ...] | None = None
    substitution: str | None = None
    redact_audio: bool | None = None
    audio_quality: str | None = None
    muting: str | None = None
    return_no_speech_audio: bool | None = None

    def of(self, recording: Recording) -> Recording:
        """The request with these changes."""
        return replace(recording, **{name: value for name, value in asdict(self).items() if value is not None})
