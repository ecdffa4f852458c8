"""Settings of verification, and an option group."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hushbeam.transforms.base.metavar import Metavar, Model
from hushbeam.transforms.transcribe.settings import TranscriptionSettings

SECOND_RECOGNISER = TranscriptionSettings(model="tiny.en", profile="fast")
FAST_SECOND_RECOGNISER = SECOND_RECOGNISER.model_copy(update={"second_look": "parts"})
"""Doubtful windows are not transcribed again as a whole: control words prove that it transcribes well enough."""

OTHER_LANGUAGES = "base"


class VerifySettings(BaseModel):
    """Transcribes redacted audio again, and finds what was missed.

    Fields without a description are not options.

    Attributes:
      other_languages: The model for recordings in a language that `model` does not know. Loaded when one comes.
      around_s: Seconds around a muted span that are verified in the same channel.
      beside_s: Seconds around a muted span that are verified in the other channels.
      pad_s: Seconds to mute around a leak; twice as many at the second repair.
      most_repairs: How often leaks are muted before the recording is quarantined.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    mode: Annotated[str, Metavar("SHARE")] = Field(
        "all",
        validation_alias="verify",
        description="which redacted recordings to verify: `all`, `off`, or a share such as `sample:0.1`, the same "
        "recordings in every run",
    )
    model: Model = Field(
        "tiny.en",
        validation_alias="verify_model",
        description="speech model that verifies, as for --model; another model finds words that --model missed, above "
        "all one of another family",
    )
    other_languages: str = OTHER_LANGUAGES
    around_s: float = 10.0
    beside_s: float = 5.0
    pad_s: float = 0.3
    most_repairs: int = 2

    @field_validator("mode")
    @classmethod
    def _check(cls, mode: str) -> str:
        if mode not in ("all", "off") and not 0.0 < _share_of(mode) < 1.0:
            raise ValueError("expected all, off, or sample:SHARE with a share between 0 and 1")
        return mode

    def recogniser(self, first: TranscriptionSettings) -> TranscriptionSettings:
        """The second recogniser, which runs where the first one does."""
        return FAST_SECOND_RECOGNISER.model_copy(
            update={
                "model": self.model,
                "device": first.device,
                "encoder": first.encoder,
                "workers": first.workers,
                "batch_windows": first.batch_windows,
            }
        )

    @property
    def enabled(self) -> bool:
        """Whether any recording is verified."""
        return self.mode != "off"

    def includes(self, recording_id: str) -> bool:
        """Whether this recording is verified."""
        if self.mode in ("all", "off"):
            return self.enabled
        return in_sample(recording_id, _share_of(self.mode))


def in_sample(recording_id: str, share: float) -> bool:
    """Whether a recording belongs to a sample of about `share` of all: decided only by its id."""
    return sample_number(recording_id) < share * 2**64


def sample_number(recording_id: str) -> int:
    """A number below 2**64 from an id: samples hold the recordings with the lowest ones."""
    return int.from_bytes(hashlib.sha256(recording_id.encode()).digest()[:8], "big")


def _share_of(mode: str) -> float:
    match = re.fullmatch(r"sample:(\d*\.?\d+)", mode)
    return float(match[1]) if match else -1.0
