"""Settings of muting: what else is muted, and how."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from hushbeam.transforms.base.metavar import Metavar
from hushbeam.transforms.mute_audio.bleed import BleedSettings
from hushbeam.transforms.mute_audio.edges import EdgeSettings
from hushbeam.transforms.mute_audio.untranscribed import UntranscribedMode


class MuteSettings(BaseModel):
    """What is muted beside findings, and how much around them.

    Fields without a description are not options.

    Attributes:
      tone_hz, tone_level_db: Of the method `tone`; the level is relative to full scale.
      edges: Where a span begins and ends.
      bleed: When another channel repeats a span.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    untranscribed: UntranscribedMode = Field(
        "mute", description="what to do with speech that got no words: mute it, flag it (report only) or keep it"
    )
    dtmf: bool = Field(True, description="mute keypad tones: the digits can be read from them")
    padding_s: Annotated[float, Metavar("SECONDS")] = Field(
        0.0, ge=0, le=5, description="extra seconds muted on each side of every span"
    )
    tone_hz: float = 1000.0
    tone_level_db: float = -24.0

    edges: ClassVar[EdgeSettings] = EdgeSettings()
    bleed: ClassVar[BleedSettings] = BleedSettings()
