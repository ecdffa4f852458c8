"""AuditedRecording: the result of the audit of one recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hushbeam.schemas.coders import travels
from hushbeam.transforms.archive.claims import Problem


@travels
@dataclass(frozen=True, order=True)
class AudiblePlace:
    """Where personal data may still be audible, without what is said there."""

    recording_id: str
    channel: int
    start_s: float
    end_s: float
    policy: str


@travels
@dataclass(frozen=True)
class AuditedRecording:
    """The result of the audit of one recording.

    Attributes:
      audio_s: Duration of the redacted audio; 0 if there is none.
      muted_s: Muted seconds, summed over the channels.
      signed: Whether its certificate is signed.
      verified: Whether a recogniser checked it for leaks.
      audible: Counts of audible personal data by policy. Names and places among them are guesses.
      places: Where it can be heard.
      facts: What its certificate says, as counts by name: `hushbeam.transforms.audit.facts`.
    """

    recording_id: str
    audio_s: float = 0.0
    muted_s: float = 0.0
    signed: bool = False
    verified: bool = False
    audible: Mapping[str, int] = field(default_factory=dict)
    places: tuple[AudiblePlace, ...] = ()
    problems: tuple[Problem, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)
