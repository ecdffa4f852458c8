"""Settings of an audit."""

from __future__ import annotations

from dataclasses import dataclass, field

from hushbeam.transforms.detect_pii.settings import DetectionSettings
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.transcribe.settings import TranscriptionSettings
from hushbeam.transforms.verify_audio.leaks import LeakSettings
from hushbeam.transforms.verify_audio.settings import OTHER_LANGUAGES, SECOND_RECOGNISER


@dataclass(frozen=True)
class AuditSettings:
    """Settings of an audit.

    Attributes:
      limits: Limits on decoding.
      sample: Share of the recordings that a recogniser checks for leaks; the same recordings each time.
      recogniser: The recogniser that checks them.
      other_languages: The model for recordings in a language that `recogniser` does not know.
      public_key: Reference to the public key that must verify all certificates; None if signatures are not checked.
    """

    limits: MediaLimits
    sample: float = 0.1
    recogniser: TranscriptionSettings = SECOND_RECOGNISER
    other_languages: str = OTHER_LANGUAGES
    public_key: str | None = None
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    leaks: LeakSettings = field(default_factory=LeakSettings)
