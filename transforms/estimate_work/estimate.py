"""From counts and a sample of headers to hours of sound. Touches no file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

RECORDINGS, BYTES, SECONDS, UNTOLD = "recordings", "bytes", "seconds", "untold_bytes"


@dataclass(frozen=True)
class Probe:
    """What the header of one recording said.

    Attributes:
      extension: Such as `.mp3`.
      size_bytes: Of the file.
      duration_s: None where the header does not say, or cannot be read.
    """

    extension: str
    size_bytes: int
    duration_s: float | None


def estimate(counts: Mapping[str, float], probes: Iterable[Probe]) -> dict[str, Any]:
    """The plan, as plain values for JSON.

    The length of a recording that is not known follows from its size: the seconds for each byte are those of the probed
    recordings with the same extension, or of all of them where none was probed.

    Args:
      counts: By name: `recordings.STANDING`, `bytes`, `seconds` (known lengths), `untold_bytes.EXTENSION` (of
        recordings whose length is not known).
    """
    probes = list(probes)
    told = [probe for probe in probes if probe.duration_s is not None and probe.size_bytes]
    estimated_s, unknown_bytes = 0.0, 0.0
    rates = _seconds_per_byte(told)
    for extension, size in _group(counts, UNTOLD).items():
        rate = rates.get(extension, rates.get(""))
        if rate is None:
            unknown_bytes += size
        else:
            estimated_s += size * rate
    known_s = counts.get(SECONDS, 0.0)
    return {
        "recordings": {name: int(number) for name, number in sorted(_group(counts, RECORDINGS).items())},
        "to_do": {
            "bytes": int(counts.get(BYTES, 0)),
            "hours": round((known_s + estimated_s) / 3600, 3),
            "hours_of_the_manifest": round(known_s / 3600, 3),
            "hours_estimated": round(estimated_s / 3600, 3),
            "bytes_of_unknown_length": int(unknown_bytes),
        },
        "probed": {"headers": len(probes), "without_length": len(probes) - len(told)},
    }


def _seconds_per_byte(probes: Iterable[Probe]) -> dict[str, float]:
    """By extension; under the empty one, of all."""
    seconds: defaultdict[str, float] = defaultdict(float)
    sizes: defaultdict[str, int] = defaultdict(int)
    for probe in probes:
        for extension in {probe.extension, ""}:
            seconds[extension] += probe.duration_s or 0.0
            sizes[extension] += probe.size_bytes
    return {extension: seconds[extension] / size for extension, size in sizes.items()}


def _group(counts: Mapping[str, float], name: str) -> dict[str, float]:
    return {key.removeprefix(f"{name}."): number for key, number in counts.items() if key.startswith(f"{name}.")}
