"""Corrections of muted spans by reviewers. They are a part of the request, like policies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hushbeam.schemas.coders import travels
from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import Place, TimeSpan

REVIEWER = "reviewer"
"""Detector of findings that a reviewer marked."""

_SAME_S = 0.01


@dataclass(frozen=True)
class MarkedSpan:
    """A span of one channel of the file that a reviewer wants muted, under a policy."""

    channel: int
    start_s: float
    end_s: float
    policy: str


@travels
@dataclass(frozen=True)
class Corrections:
    """Corrections of one recording.

    Attributes:
      samples: Checksum of the reviewed samples. The times do not apply to another recording with the same id.
      missed: Spans to mute exactly as marked, in the channels of the file.
      false_positives: Muted spans to restore, in the channels of the file.
    """

    samples: str
    missed: tuple[MarkedSpan, ...] = ()
    false_positives: tuple[TimeSpan, ...] = ()

    @property
    def identity(self) -> str:
        """Hash of the corrections."""
        return _hash(asdict(self))

    @property
    def identity_of_marks(self) -> str:
        """Hash of the marks alone."""
        return _hash({"samples": self.samples, "missed": [asdict(mark) for mark in self.missed]})


def _hash(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


_ROUNDED_S = 1.0
"""A mark may end this many seconds after the recording: players round its length, and drags go beyond its end."""


def lies_within(span: Place, channels: int, duration_s: float) -> bool:
    """Whether a span lies within a recording with these channels and this duration."""
    return (
        0 <= span.channel < channels
        and 0.0 <= span.start_s < min(span.end_s, duration_s)
        and span.end_s <= duration_s + _ROUNDED_S
    )


def corrected_identity(output_identity: str, corrections: Corrections | None, *, of_published: bool = False) -> str:
    """The identity of an output with corrections, from its identity without them.

    Args:
      of_published: Whether the published audio was muted further instead of the source, which gives other bytes.
    """
    if corrections is None:
        return output_identity
    known = json.dumps([output_identity, corrections.identity, *(["published"] if of_published else [])])
    return hashlib.sha256(known.encode()).hexdigest()


def in_all_channels(spans: Sequence[TimeSpan], channels: int) -> tuple[TimeSpan, ...]:
    """False positives of mixed audio: the speech may be in any channel, so they must be marked in every channel."""
    return tuple(
        span
        for span in spans
        if span.channel == 0
        and all(any(_is_same(span, other, channel) for other in spans) for channel in range(channels))
    )


def without_false_positives(findings: Iterable[Finding], false_positives: Sequence[TimeSpan]) -> tuple[Finding, ...]:
    """The findings that are not false positives."""
    return tuple(finding for finding in findings if not is_false_positive(finding, false_positives))


def is_false_positive(finding: Place, false_positives: Sequence[Place]) -> bool:
    """Whether at least half of a finding lies in a false positive of its channel. In doubt, it stays muted."""
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
