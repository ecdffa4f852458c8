"""Muting of whole recordings in memory, with the class that mutes the blocks of a job."""

from __future__ import annotations

from collections.abc import Sequence

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.media.samples import Samples
from hushbeam.transforms.mute_audio.muting import Muter, Muting
from hushbeam.transforms.mute_audio.room_noise import RoomNoise


def mute(samples: Samples, spans: Sequence[TimeSpan], rate_hz: int, muting: Muting | None = None) -> Samples:
    """`samples` of shape (channels, frames) with `spans` muted; None: with silence."""
    muting = muting or Muting()
    room = RoomNoise.measured([samples], rate_hz, spans) if muting.method == "noise" else None
    return Muter(spans, rate_hz=rate_hz, channels=samples.shape[0], muting=muting, room=room).mute(samples)
