"""What a reviewer decided about the mutes of a recording: a part of what is asked for, like its policies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from hushbeam.schemas.coders import travels
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import Place, TimeSpan

REVIEWER = "reviewer"
"""The detector of what a person marked."""

_SAME_S = 0.01


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
      false_positives: What is muted and need not be, in the channels of the file.
    """

    samples: str
    missed: tuple[MarkedSpan, ...] = ()
    false_positives: tuple[TimeSpan, ...] = ()

    @property
    def identity(self) -> str:
        """The same for the same decisions, in whatever order they were made."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


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


def in_all_channels(spans: Sequence[TimeSpan], channels: int) -> tuple[TimeSpan, ...]:
    """What is needless in a mix: it may be in any of the channels, so it must have been called so in each of them."""
    return tuple(
        span
        for span in spans
        if span.channel == 0
        and all(any(_is_same(span, other, channel) for other in spans) for channel in range(channels))
    )


def without_false_positives(findings: Iterable[Finding], false_positives: Sequence[TimeSpan]) -> tuple[Finding, ...]:
    """The findings that reviewers want muted."""
    return tuple(finding for finding in findings if not is_false_positive(finding, false_positives))


def is_false_positive(finding: Place, false_positives: Sequence[TimeSpan]) -> bool:
    """Whether at least half of a finding lies in a needless span of its channel: in doubt, all stays muted."""
    return any(
        span.channel == finding.channel
        and min(span.end_s, finding.end_s) - max(span.start_s, finding.start_s) >= (finding.end_s - finding.start_s) / 2
        for span in false_positives
    )


def _is_same(one: TimeSpan, other: TimeSpan, channel: int) -> bool:
    return (
        other.channel == channel
        and abs(one.start_s - other.start_s) <= _SAME_S
        and abs(one.end_s - other.end_s) <= _SAME_S
    )
