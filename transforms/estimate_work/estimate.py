"""Estimate of hours of audio from counts and a sample of headers. Reads no file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

RECORDINGS, BYTES, SECONDS, UNKNOWN = "recordings", "bytes", "seconds", "unknown_bytes"
GIVEN = "given"
"""Prefix of the counts of recordings with a given transcript. `of_given` adds it."""


@dataclass(frozen=True)
class Probe:
    """The header of one recording.

    Attributes:
      extension: Such as `.mp3`.
      size_bytes: Size of the file.
      duration_s: None if the header does not state it or cannot be read.
    """

    extension: str
    size_bytes: int
    duration_s: float | None


def estimate(counts: Mapping[str, float], probes: Iterable[Probe]) -> dict[str, Any]:
    """The plan, as plain values for JSON.

    An unknown length is estimated from the size of the file, with the seconds per byte of the probed recordings with
    the same extension, or of all probed recordings if none has it.

    Args:
      counts: By name: `recordings.STANDING`, `bytes`, `seconds` (known lengths), `unknown_bytes.EXTENSION` (size of
        recordings of unknown length). With the prefix `given.`, the lengths and sizes of recordings with a given
        transcript, which are in the other counts too.
    """
    probes = list(probes)
    with_length = [probe for probe in probes if probe.duration_s is not None and probe.size_bytes]
    rates = _seconds_per_byte(with_length)
    known_s, estimated_s, unknown_bytes = _lengths(counts, rates)
    given_s, given_estimated_s, _ = _lengths(_group(counts, GIVEN), rates)
    return {
        "recordings": {name: int(number) for name, number in sorted(_group(counts, RECORDINGS).items())},
        "to_do": {
            "bytes": int(counts.get(BYTES, 0)),
            "hours": round((known_s + estimated_s) / 3600, 3),
            "hours_with_transcript": round((given_s + given_estimated_s) / 3600, 3),
            "hours_of_the_manifest": round(known_s / 3600, 3),
            "hours_estimated": round(estimated_s / 3600, 3),
            "bytes_of_unknown_length": int(unknown_bytes),
        },
        "probed": {"headers": len(probes), "without_length": len(probes) - len(with_length)},
    }


def of_given(name: str) -> str:
    """The name of a count over recordings with a given transcript."""
    return f"{GIVEN}.{name}"


def _lengths(counts: Mapping[str, float], rates: Mapping[str, float]) -> tuple[float, float, float]:
    """Known seconds, seconds that follow from sizes, and bytes of which nothing is known."""
    estimated_s, unknown_bytes = 0.0, 0.0
    for extension, size in _group(counts, UNKNOWN).items():
        rate = rates.get(extension, rates.get(""))
        if rate is None:
            unknown_bytes += size
        else:
            estimated_s += size * rate
    return counts.get(SECONDS, 0.0), estimated_s, unknown_bytes


def _seconds_per_byte(probes: Iterable[Probe]) -> dict[str, float]:
    """Seconds per byte by extension; the empty extension stands for all probes."""
    seconds: defaultdict[str, float] = defaultdict(float)
    sizes: defaultdict[str, int] = defaultdict(int)
    for probe in probes:
        for extension in {probe.extension, ""}:
            seconds[extension] += probe.duration_s or 0.0
            sizes[extension] += probe.size_bytes
    return {extension: seconds[extension] / size for extension, size in sizes.items()}


def _group(counts: Mapping[str, float], name: str) -> dict[str, float]:
    return {key.removeprefix(f"{name}."): number for key, number in counts.items() if key.startswith(f"{name}.")}
