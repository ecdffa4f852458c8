"""Recordings for benchmarks, made from the labelled calls: the same seed gives the same audio."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from evaluation.truth import read_truth
from hushbeam.transforms.media.limits import MediaLimits
from hushbeam.transforms.media.recogniser_audio import recogniser_blocks
from hushbeam.transforms.media.samples import RECOGNISER_RATE_HZ

CALLS = Path(__file__).parent.parent / "evaluation"
LABELLED = (CALLS / "dev", CALLS / "telephone")
SEED = 20261123

_FORMATS = (".wav", ".flac")
_PAUSE_S = 1.0
_PERSONAL_SHARE = 0.1

Audio = NDArray[np.int16]


@dataclass(frozen=True)
class Corpus:
    """Recordings on this machine and the manifest that names them.

    Attributes:
      name: As it stands in results.
      recordings: Audio files, in the manifest's order.
      audio_s: Duration of all of them.
      channel_s: The same, summed over the channels: what a recogniser transcribes if it takes each by itself.
    """

    name: str
    manifest: Path
    recordings: tuple[Path, ...]
    audio_s: float
    channel_s: float


def labelled_calls(folder: Path) -> Corpus:
    """A folder of labelled calls as it is, in all its formats."""
    calls = read_truth(folder)
    return Corpus(
        folder.name,
        folder / "manifest.jsonl",
        tuple(call.audio for call in calls),
        audio_s=sum(call.duration_s for call in calls),
        channel_s=sum(call.duration_s * call.channels for call in calls),
    )


def make_short(folder: Path, count: int, seconds: tuple[float, float] = (20.0, 40.0), seed: int = SEED) -> Corpus:
    """Cuts `count` calls of between `seconds[0]` and `seconds[1]` out of the labelled ones, at random places."""
    chance = random.Random(seed)
    calls = [call for call in _labelled_calls() if call.shape[1] >= seconds[0] * RECOGNISER_RATE_HZ]
    name = f"{count} calls of {seconds[0]:g} to {seconds[1]:g} s"
    return _write(name, folder, (_cut(chance.choice(calls), seconds, chance) for _ in range(count)))


def make_long(folder: Path, count: int, minutes: float, seed: int = SEED) -> Corpus:
    """Joins labelled calls, in random order and with a second of silence in between, to `count` long recordings."""
    chance = random.Random(seed)
    calls = [_stereo(call, chance) for call in _labelled_calls()]
    frames = round(minutes * 60 * RECOGNISER_RATE_HZ)
    return _write(f"{count} of {minutes:g} min", folder, (_joined(calls, frames, chance) for _ in range(count)))


def make_archive(folder: Path, ordinary: Path, count: int, minutes: float, seed: int = SEED) -> Corpus:
    """Joins talk without personal data and labelled calls to `count` recordings, of which the calls are a tenth.

    Args:
      ordinary: A folder of labelled recordings, of which those without entities are used.
    """
    chance = random.Random(seed)
    talk = [_read(recording.audio) for recording in read_truth(ordinary) if not recording.entities]
    if not talk:
        raise ValueError(f"{ordinary.name} has no recording without entities")
    frames = round(minutes * 60 * RECOGNISER_RATE_HZ)
    innocent = round(frames * (1 - _PERSONAL_SHARE))
    recordings = (
        np.concatenate(
            [
                _joined([_stereo(one, chance) for one in talk], innocent, chance),
                _joined([_stereo(one, chance) for one in _labelled_calls()], frames - innocent, chance),
            ],
            axis=1,
        )
        for _ in range(count)
    )
    return _write(f"archive, {count} of {minutes:g} min", folder, recordings)


def make_silent(folder: Path, seconds: float = 1.0) -> Corpus:
    """One recording in which nobody speaks: what a job needs for it, it needs for itself."""
    return _write("silence", folder, [np.zeros((1, round(seconds * RECOGNISER_RATE_HZ)), np.int16)])


def _labelled_calls() -> list[Audio]:
    return [_read(labelled.audio) for folder in LABELLED for labelled in read_truth(folder)]


def _read(path: Path) -> Audio:
    samples = np.concatenate(list(recogniser_blocks(path, limits=MediaLimits())), axis=1)
    return (samples * np.iinfo(np.int16).max).round().astype(np.int16)


def _cut(call: Audio, seconds: tuple[float, float], chance: random.Random) -> Audio:
    longest = call.shape[1] / RECOGNISER_RATE_HZ
    frames = round(chance.uniform(seconds[0], min(seconds[1], longest)) * RECOGNISER_RATE_HZ)
    start = chance.randrange(call.shape[1] - frames + 1)
    return call[:, start : start + frames]


def _stereo(call: Audio, chance: random.Random) -> Audio:
    """A call with one channel gets a silent second one, on either side."""
    if call.shape[0] == 2:
        return call
    sides = [call[0], np.zeros_like(call[0])]
    chance.shuffle(sides)
    return np.stack(sides)


def _joined(calls: Sequence[Audio], frames: int, chance: random.Random) -> Audio:
    pause = np.zeros((2, round(_PAUSE_S * RECOGNISER_RATE_HZ)), np.int16)
    parts: list[Audio] = []
    missing = frames
    while missing > 0:
        parts += [chance.choice(calls), pause]
        missing -= parts[-2].shape[1] + parts[-1].shape[1]
    return np.concatenate(parts, axis=1)[:, :frames]


def _write(name: str, folder: Path, audio: Sequence[Audio] | Iterator[Audio]) -> Corpus:
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / "manifest.jsonl"
    recordings: list[Path] = []
    audio_s = channel_s = 0.0
    with manifest.open("w", encoding="utf-8") as lines:
        for number, recording in enumerate(audio):
            path = folder / f"call-{number:04}{_FORMATS[number % len(_FORMATS)]}"
            soundfile.write(path, recording.T, RECOGNISER_RATE_HZ, subtype="PCM_16")
            line = {"recording_id": path.stem, "audio_url": path.name}
            lines.write(json.dumps(line) + "\n")
            recordings.append(path)
            audio_s += recording.shape[1] / RECOGNISER_RATE_HZ
            channel_s += recording.size / RECOGNISER_RATE_HZ
    return Corpus(name, manifest, tuple(recordings), audio_s, channel_s)
