"""Settings of muting: what else is muted, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.transforms.base.metavar import Metavar

UntranscribedMode = Literal["auto", "mute", "flag", "keep"]
"""`mute`: findings that are muted like all others. `flag`: findings that are only reported. `auto`: findings that are
muted where they may hold personal data, otherwise reported. `keep`: no findings."""


class MuteSettings(BaseModel):
    """What is muted beside findings, and how much around them.

    Fields without a description are not options.

    Attributes:
      tone_hz, tone_level_db: Of the method `tone`; the level is relative to full scale.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    untranscribed: UntranscribedMode = Field(
        "auto",
        description="what to do with speech that got no words: `auto` mutes it where personal data may be (beside "
        "findings, in answers, long) and reports the rest, `mute` mutes all, `flag` only reports, `keep` ignores it",
    )
    dtmf: bool = Field(True, description="mute keypad tones: the digits can be read from them")
    padding_s: Annotated[float, Metavar("SECONDS")] = Field(
        0.0, ge=0, le=5, description="extra seconds muted on each side of every span"
    )
    tone_hz: float = 1000.0
    tone_level_db: float = -24.0
