"""What lines and recorders do to calls besides noise and codecs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evaluation.lines.codecs import TELEPHONE_HZ
from evaluation.lines.line import Line, Samples, active, of_length, resampled

PACKET_S = 0.02
_BURST_PACKETS = 2.0
"""Lost packets come in bursts: this many on average."""
_PITCH_S = (0.0025, 0.015)
_CONCEALED_S = (0.01, 0.06)
"""Until when a lost packet is replaced at full level, and when it is silent (G.711 appendix I)."""


def clipped(line: Line, share: float) -> Line:
    """A microphone turned up until this share of the samples with speech is cut off at full scale."""
    samples = np.zeros_like(line.samples)
    for channel, audio in enumerate(line.samples):
        spoken = np.abs(audio[active(line.speech[channel], line.rate_hz)])
        limit = float(np.quantile(spoken, 1 - share)) if len(spoken) else 1.0
        samples[channel] = np.clip(audio / limit, -1, 1)
    return line.with_samples(samples)


def louder(line: Line, gain_db: float) -> Line:
    """All channels at another level."""
    return line.with_samples(line.samples * 10 ** (gain_db / 20))


def reverberated(line: Line, decay_s: float, direct_to_reverberant_db: float) -> Line:
    """A hands-free set in a room in which a voice takes `decay_s` to decay by 60 dB."""
    count = line.samples.shape[1]
    times_s = np.arange(round(decay_s * line.rate_hz)) / line.rate_hz
    samples = np.zeros_like(line.samples)
    for channel, audio in enumerate(line.samples):
        tail = line.random("room", channel).standard_normal(len(times_s)) * 10 ** (-3 * times_s / decay_s)
        # The first reflection is 5 ms behind the voice.
        tail[: round(0.005 * line.rate_hz)] = 0
        tail *= 10 ** (-direct_to_reverberant_db / 20) / np.sqrt((tail**2).sum())
        tail[0] = 1
        size = count + len(tail)
        samples[channel] = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(tail, size), size)[:count]
    return line.with_samples(samples)


def packets_lost(line: Line, share: float) -> Line:
    """Packets of 20 ms lost in bursts at 8 kHz and concealed by the last pitch period, as G.711 appendix I does."""
    line = line.at_rate(TELEPHONE_HZ)
    packet = round(PACKET_S * line.rate_hz)
    samples = line.samples.copy()
    for channel, audio in enumerate(samples):
        lost = _lost(line.random("packets", channel), len(audio) // packet, share)
        start = 1
        while start < len(lost):
            end = start
            while end < len(lost) and lost[end]:
                end += 1
            if end > start:
                audio[start * packet : end * packet] = _concealment(audio[: start * packet], (end - start) * packet)
            start = end + 1
    return line.with_samples(samples)


def _lost(random: np.random.Generator, count: int, share: float) -> list[bool]:
    """Which packets are lost: a chain of two states (Gilbert)."""
    ends, begins = 1 / _BURST_PACKETS, share / (1 - share) / _BURST_PACKETS
    lost, state = [], False
    for chance in random.uniform(size=count):
        state = chance >= ends if state else chance < begins
        lost.append(bool(state))
    return lost


def _concealment(before: Samples, count: int) -> Samples:
    """The last pitch period before a loss, repeated and faded out."""
    shortest, longest = (round(seconds * TELEPHONE_HZ) for seconds in _PITCH_S)
    recent = of_length(before[::-1], 4 * longest)[::-1]
    pattern = recent[-2 * longest :]
    likeness = [
        float(pattern @ earlier) / (float(np.linalg.norm(earlier)) + 1e-6)
        for lag in range(shortest, longest + 1)
        for earlier in (recent[-2 * longest - lag : -lag],)
    ]
    period = shortest + int(np.argmax(likeness))
    full_s, silent_s = _CONCEALED_S
    fading = np.clip((silent_s - np.arange(count) / TELEPHONE_HZ) / (silent_s - full_s), 0, 1)
    return (np.resize(recent[-period:], count) * fading).astype(np.float32)


def crossed(line: Line, level_db: float) -> Line:
    """Sidetone and cross-talk: in each channel the other one, weaker. Mono recordings stay as they are."""
    if len(line.samples) == 1:
        return line
    return line.with_samples(line.samples + line.samples[::-1] * 10 ** (level_db / 20))


def in_one_channel(line: Line) -> Line:
    """Both sides mixed into one channel."""
    return replace(line, samples=line.samples.sum(0, keepdims=True), speech=line.speech.sum(0, keepdims=True))


def faster(line: Line, tempo: float) -> Line:
    """Everything faster and higher, as in speed perturbation: a change of tempo alone would blur the labelled times."""
    samples, speech = (resampled(audio, round(100 * tempo), 100) for audio in (line.samples, line.speech))
    return replace(line, samples=samples, speech=speech, tempo=line.tempo * tempo)
