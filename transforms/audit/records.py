"""AuditedRecording: what came of the audit of one recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hushbeam.schemas.coders import travels
from hushbeam.transforms.archive.claims import Problem


@travels
@dataclass(frozen=True)
class AuditedRecording:
    """What came of one recording's audit.

    Attributes:
      audio_s: Duration of the redacted sound; 0 where there is none.
      muted_s: Of it, muted, summed over the channels.
      signed: Whether its certificate carries a signature.
      verified: Whether a recogniser listened to it.
      audible: Personal data that seems to be heard, by policy. Names and places among them are guesses.
    """

    recording_id: str
    audio_s: float = 0.0
    muted_s: float = 0.0
    signed: bool = False
    verified: bool = False
    audible: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
