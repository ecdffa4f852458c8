"""What an audit of a past run looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hushbeam.schemas.coders import travels


@travels
@dataclass(frozen=True)
class Problem:
    """Something that is not as the run left it, or that the run should not have left.

    Attributes:
      kind: One of a few fixed words: `audio_missing`, `speech_in_muted_range`.
      subject: A recording's id, a run's id, or the name of a file.
      detail: What was expected, in counts, times and hashes; no value.
    """

    kind: str
    subject: str
    detail: str = ""


@travels
@dataclass(frozen=True)
class Claim:
    """What an output root says about one recording.

    Attributes:
      status: Its status object as JSON; None where it has none.
      rows: Its rows of `transcripts/` as JSON.
      findings: Its rows of `findings/` as JSON.
    """

    recording_id: str
    status: str | None
    rows: tuple[str, ...]
    findings: tuple[str, ...] = ()
    manifest: str = ""
    line: int = 0


@travels
@dataclass(frozen=True)
class AuditedRecording:
    """What came of one recording's audit.

    Attributes:
      audio_s: Duration of the redacted sound; 0 where there is none.
      muted_s: Of it, muted, summed over the channels.
      signed: Whether its certificate carries a signature.
      listened: Whether a recogniser listened to it.
      heard: Personal data that seems to be heard, by policy. Names and places among them are guesses.
    """

    recording_id: str
    audio_s: float = 0.0
    muted_s: float = 0.0
    signed: bool = False
    listened: bool = False
    heard: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
