"""What a reviewer decided about the mutes of a recording: a part of what is asked for, like its policies."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Protocol

from hushbeam.schemas.coders import travels
from hushbeam.schemas.transcript import TimeSpan


@dataclass(frozen=True)
class MarkedSpan:
    """A stretch of one channel of the file that a person wants muted, and why: a policy."""

    channel: int
    start_s: float
    end_s: float
    policy: str


@travels
@dataclass(frozen=True)
class Corrections:
    """Decisions about one recording.

    Attributes:
      samples: Checksum of the decoded samples that they speak of: of another recording under the same id, the times
        would mean nothing.
      missed: What is to be muted exactly as marked, in the channels of the file.
      needless: What is muted and need not be, in the channels of the file.
    """

    samples: str
    missed: tuple[MarkedSpan, ...] = ()
    needless: tuple[TimeSpan, ...] = ()

    @property
    def identity(self) -> str:
        """The same for the same decisions, in whatever order they were made."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class Place(Protocol):
    """A stretch of one channel, in seconds."""

    @property
    def channel(self) -> int: ...

    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


_ROUNDED_S = 1.0
"""A mark may end so much after the recording: players round its length, and a drag goes beyond its end."""


def lies_within(span: Place, channels: int, duration_s: float) -> bool:
    """Whether a span can be one of a recording of so many channels and seconds."""
    return (
        0 <= span.channel < channels
        and 0.0 <= span.start_s < min(span.end_s, duration_s)
        and span.end_s <= duration_s + _ROUNDED_S
    )


def corrected_identity(output_identity: str, corrections: Corrections | None, *, of_published: bool = False) -> str:
    """The identity of an output with corrections, from that of the output without.

    Args:
      of_published: Whether the published recording was muted further, in the place of its source: other bytes.
    """
    if corrections is None:
        return output_identity
    known = json.dumps([output_identity, corrections.identity, *(["published"] if of_published else [])])
    return hashlib.sha256(known.encode()).hexdigest()
