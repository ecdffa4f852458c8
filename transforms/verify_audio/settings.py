"""How redacted recordings are verified: the job's options, checked once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace

from hushbeam.schemas.errors import ConfigurationError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.transcribe.settings import TranscriptionSettings
from hushbeam.transforms.verify_audio.control_words import ControlWordSettings
from hushbeam.transforms.verify_audio.leaks import LeakSettings

SECOND_RECOGNISER = TranscriptionSettings(model="tiny.en", profile="fast")
FAST_SECOND_RECOGNISER = replace(SECOND_RECOGNISER, second_look="parts")
"""What it does not hear at once it need not guess: innocent words prove that it hears."""

OTHER_LANGUAGES = "base"


@dataclass(frozen=True)
class VerifySettings:
    """Settings of the second listening.

    Attributes:
      limits: Of what is decoded.
      mode: `all`, `sample:RATE` with a rate between 0 and 1 (the same recordings in every run), or `off`.
      recogniser: Another model than the one that transcribed, or the same with another decoding.
      other_languages: The model for recordings in a language that `recogniser` does not know. Loaded when one comes.
      around_s: How far around what was muted it listens, in the same channel.
      beside_s: The same in the other channels.
      pad_s: Muted around a leak; twice as much at the second try.
      most_repairs: How often leaks are muted before the recording is given up.
    """

    limits: MediaLimits
    mode: str = "all"
    recogniser: TranscriptionSettings = FAST_SECOND_RECOGNISER
    other_languages: str = OTHER_LANGUAGES
    around_s: float = 10.0
    beside_s: float = 5.0
    pad_s: float = 0.3
    most_repairs: int = 2
    leaks: LeakSettings = field(default_factory=LeakSettings)
    control_words: ControlWordSettings = field(default_factory=ControlWordSettings)

    def __post_init__(self) -> None:
        if self.mode not in ("all", "off") and not 0.0 < self._rate < 1.0:
            raise ConfigurationError("verify: give all, off, or sample:RATE with a rate between 0 and 1")

    @property
    def _rate(self) -> float:
        match = re.fullmatch(r"sample:(\d*\.?\d+)", self.mode)
        return float(match[1]) if match else -1.0

    @property
    def enabled(self) -> bool:
        """Whether any recording is verified."""
        return self.mode != "off"

    def includes(self, recording_id: str) -> bool:
        """Whether this recording is verified."""
        if self.mode in ("all", "off"):
            return self.enabled
        return in_sample(recording_id, self._rate)


def in_sample(recording_id: str, rate: float) -> bool:
    """Whether a recording belongs to a sample of about `rate` of all: decided by its id alone."""
    number = int.from_bytes(hashlib.sha256(recording_id.encode()).digest()[:8], "big")
    return number < rate * 2**64
