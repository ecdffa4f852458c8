"""Renderer of redacted recordings: decodes, mutes and encodes in one streaming pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hushbeam.schemas.media import SampleIdentity
from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.base.checksums import sha256_of
from hushbeam.transforms.media.encode import Encoder
from hushbeam.transforms.media.errors import MediaError
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.output_format import output_format
from hushbeam.transforms.media.sample_cache import SampleCache, reading
from hushbeam.transforms.mute_audio.muting import Muter, Muting, touched
from hushbeam.transforms.mute_audio.room_noise import RoomNoise

LENGTH_NOT_STATED = "the source does not state its length"
"""Note on a source that may be cut off unnoticed."""

LATE_S = 1.0
"""A span that starts this long after the recording's end was found in another recording."""


@dataclass(frozen=True)
class RenderedAudio:
    """A redacted recording on the local disk.

    Attributes:
      path: The file; the destination with `suffix`.
      suffix: With its dot, such as `.wav`.
      duration_s: Of the decoded source, all of which was given to the encoder.
      touched: The muted spans with their fades, in time order for each channel. Outside of them, PCM and FLAC samples
        are those of the source.
      sha256: Hexadecimal digest of the file.
      size: The file's bytes.
      note: How the format differs from that of the source, and whether the source states its length; mostly empty.
    """

    path: str
    suffix: str
    duration_s: float
    touched: tuple[TimeSpan, ...]
    sha256: str
    size: int
    note: str


def render(
    source: str | Path | SampleCache,
    destination: str | Path,
    spans: Sequence[TimeSpan],
    *,
    muting: Muting,
    quality: str,
    expected: SampleIdentity | None,
    limits: MediaLimits,
) -> RenderedAudio:
    """Writes a copy of `source` in which `spans` cannot be heard. On any error no file is left.

    Args:
      source: A local file, or a cache of its samples.
      destination: A local path without suffix; the suffix of the written format is added.
      spans: Padded, in seconds, in any order.
      quality: One of `hushbeam.transforms.media.output_format.QUALITIES`.
      expected: The samples that the recogniser transcribed; None for a published recording that is muted further.

    Raises:
      MediaError: The source cannot be decoded, is not what was transcribed (`identity_differs`), a span lies outside
        of it, or the copy cannot be written.
    """
    room = _room(source, spans, limits) if muting.method == "noise" else None
    file = source.path if isinstance(source, SampleCache) else Path(source)
    with reading(source, limits) as decoder:
        info = decoder.info
        output = output_format(info, quality, file.suffix)
        path = Path(f"{destination}{output.suffix}")
        muter = Muter(spans, rate_hz=info.sample_rate_hz, channels=info.channels, muting=muting, room=room)
        with Encoder(path, file, info, output, limits) as encoder:
            for block in decoder.blocks():
                encoder.write(muter.mute(block))
            _check_samples(decoder.identity, expected)
            _check_within(spans, decoder.identity.frames / info.sample_rate_hz)
        frames = decoder.identity.frames
    return RenderedAudio(
        path=str(path),
        suffix=output.suffix,
        duration_s=frames / info.sample_rate_hz,
        touched=tuple(
            span
            for channel, channel_spans in enumerate(muter.spans)
            for span in touched(channel_spans, frames, info.sample_rate_hz, channel)
        ),
        sha256=sha256_of(path),
        size=path.stat().st_size,
        note=joined_notes(output.note, "" if info.states_length else LENGTH_NOT_STATED),
    )


def joined_notes(*notes: str) -> str:
    """The parts of all notes, each of them once."""
    return "; ".join(dict.fromkeys(part for note in notes for part in note.split("; ") if part))


def _room(source: str | Path | SampleCache, spans: Sequence[TimeSpan], limits: MediaLimits) -> RoomNoise:
    with reading(source, limits) as decoder:
        return RoomNoise.measured(decoder.blocks(), decoder.info.sample_rate_hz, spans)


def _check_samples(identity: SampleIdentity, expected: SampleIdentity | None) -> None:
    if expected is not None and identity != expected:
        raise MediaError("identity_differs", "the samples to mute are not those that were transcribed")


def _check_within(spans: Sequence[TimeSpan], duration_s: float) -> None:
    if any(span.start_s > duration_s + LATE_S for span in spans):
        raise MediaError("span_outside", "a span to mute starts after the recording's end")
