"""Synthetic audio with bursts of noise for speech, and transcripts with the word times that a test needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from hushbeam.schemas.finding import Finding
from hushbeam.schemas.spans import TimeSpan
from hushbeam.schemas.transcript import Transcript, Utterance, Word
from hushbeam.transforms.mute_audio.loudness import LoudnessRange, PauseSettings, Stretch

RATE_HZ = 16_000

Sound = npt.NDArray[np.float32]
ReadRanges = Callable[[Sequence[TimeSpan]], list[Sound]]


def speech(duration_s: float, *bursts: tuple[float, float], noise_db: float = -80.0, seed: int = 1) -> Sound:
    """One channel of 16 kHz sound at -20 dB in `bursts`, and noise elsewhere."""
    random = np.random.default_rng(seed)
    sound = random.standard_normal(round(duration_s * RATE_HZ)) * 10 ** (noise_db / 20)
    for start_s, end_s in bursts:
        start, end = round(start_s * RATE_HZ), round(end_s * RATE_HZ)
        sound[start:end] += random.standard_normal(end - start) * 0.1
    return sound.astype(np.float32)


def reading_from(*channels: Sound) -> ReadRanges:
    """Reads ranges of audio that is in memory."""

    def read_ranges(ranges: Sequence[TimeSpan]) -> list[Sound]:
        assert all(span.start_s >= 0.0 for span in ranges)
        return [channels[s.channel][round(s.start_s * RATE_HZ) : round(s.end_s * RATE_HZ)] for s in ranges]

    return read_ranges


def transcript(
    *words: tuple[str, float, float], duration_s: float = 20.0, channels: int = 1, speech: Sequence[TimeSpan] = ()
) -> Transcript:
    """One utterance on channel 0."""
    said = tuple(Word(f" {text}", start_s, end_s, 0.9, 0) for text, start_s, end_s in words)
    return Transcript("en", 1.0, duration_s, channels, (Utterance(0, said),) if said else (), tuple(speech))


def finding(transcribed: Transcript, first: int, last: int) -> Finding:
    """A finding of words of a transcript, with their times."""
    words = transcribed.words
    return Finding(
        policy="phone_number",
        label="PHONE_NUMBER",
        channel=words[first].channel,
        start_s=words[first].start_s,
        end_s=words[last].end_s,
        score=1.0,
        detector="test",
        first_word=first,
        last_word=last,
    )


def stretches_of_speech(sound: Sound, start_s: float, settings: PauseSettings) -> tuple[Stretch, ...]:
    """The stretches of speech in 16 kHz sound that begin at `start_s` of the recording."""
    return LoudnessRange.of(sound, start_s, settings).stretches(settings)
