"""Noise of lines: each kind gives as many samples as asked for, at any level; `add_noise` sets the level."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evaluation.lines.line import Line, Random, Samples, speech_rms

Noise = Callable[[Line, Random, int], Samples]
"""Noise of a number of samples at the line's rate."""

_TALKERS = 6
_CHORDS = ((0, 4, 7, 11), (-3, 0, 4, 7), (5, 9, 12, 16), (7, 11, 14, 17))
"""I, vi, IV and V with a fourth note each, in semitones from the key's note."""
_CHORD_S = 1.6


def white(line: Line, random: Random, count: int) -> Samples:
    """All frequencies of the line alike, as of a poor analogue line."""
    return random.standard_normal(count).astype(np.float32)


def street(line: Line, random: Random, count: int) -> Samples:
    """Traffic: a steady rumble with little above 1 kHz, over which a vehicle passes every few seconds."""
    spectrum = np.fft.rfft(random.standard_normal((2, count)))
    frequencies_hz = np.fft.rfftfreq(count, 1 / line.rate_hz)
    rumble, tyres = np.fft.irfft(
        spectrum
        * [1 / (1 + (frequencies_hz / 250) ** 1.5), (frequencies_hz / 900) / (1 + (frequencies_hz / 900) ** 2.5)],
        count,
    )
    times_s = np.arange(count) / line.rate_hz
    passing = np.zeros(count)
    at_s = random.uniform(0, 3)
    while at_s < times_s[-1]:
        passing += random.uniform(0.5, 1.5) * np.exp(-0.5 * ((times_s - at_s) / random.uniform(0.6, 1.5)) ** 2)
        at_s += random.uniform(2, 6)
    return (rumble / rumble.std() + tyres / tyres.std() * passing).astype(np.float32)


def babble(line: Line, random: Random, count: int) -> Samples:
    """Six talkers of other calls at once, each from a random place of the call and equally loud."""
    if not line.others:
        raise ValueError(f"{line.recording_id}: babble needs other calls beside it")
    mixed = np.zeros(count, np.float32)
    for number in random.choice(len(line.others), _TALKERS, replace=len(line.others) < _TALKERS):
        talker = line.others[number]
        start = int(random.integers(len(talker)))
        mixed += np.resize(np.roll(talker, -start), count) / speech_rms(talker, line.rate_hz)
    return mixed


def music(line: Line, random: Random, count: int) -> Samples:
    """Music on hold: four chords in turn in a random key, plucked one note after another, and a bass."""
    chord = round(_CHORD_S * line.rate_hz)
    times_s = np.arange(2 * chord) / line.rate_hz
    base_hz = 220 * 2 ** (random.integers(-3, 4) / 12)
    played = np.zeros(count + 2 * chord, np.float64)
    for number, start in enumerate(range(0, count, chord)):
        notes = _CHORDS[number % len(_CHORDS)]
        for place, semitones in enumerate((notes[0] - 12, *notes)):
            # Bars are not alike: the order of the notes is random.
            begin = start if place == 0 else start + int(random.integers(4)) * chord // 4
            pitch_hz = base_hz * 2 ** (semitones / 12)
            for overtone in range(1, 6):
                wave = np.sin(2 * np.pi * overtone * pitch_hz * times_s + random.uniform(0, 2 * np.pi))
                tone = wave * np.exp(-times_s * (1.5 + overtone)) / overtone
                if overtone * pitch_hz < line.rate_hz / 2:
                    played[begin : begin + 2 * chord] += tone[: len(played) - begin]
    return played[:count].astype(np.float32)


NOISES: dict[str, Noise] = {"white": white, "street": street, "babble": babble, "music": music}


def add_noise(line: Line, kind: str, snr_db: float) -> Line:
    """Adds noise to each channel, so much weaker than the speech in it.

    Speech counts while somebody speaks, noise all the time. The same noise is used at every level.
    """
    noisy = line.samples.astype(np.float64)
    for channel, speech in enumerate(line.samples):
        noise = NOISES[kind](line, line.random(kind, channel), len(speech)).astype(np.float64)
        level = np.sqrt((noise**2).mean()) * 10 ** (snr_db / 20)
        noisy[channel] += noise * speech_rms(speech, line.rate_hz) / level
    return line.with_samples(noisy)
