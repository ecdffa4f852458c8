"""Scripts of calls, which `evaluation.generate_calls` renders.

A script is a text file:

    call NAME FORMAT [mono] [noise DECIBELS]     FORMAT: ulaw (8 kHz WAV), flac, opus, mp3, m4a; DECIBELS: of the
                                                 speech over the noise
    voices CHANNEL-0 CHANNEL-1                   heart, joe, or a voice of Kokoro: af_bella, bm_george, ...; in another
                                                 language es/ef_dora, de/ff_siwis+if_sara (the mean of
                                                 two), es/pico, fr/pico-low, ...; fr/june: prompts
    A: what the first channel says               B: the second; A+: and B+: begin while the other still speaks
    say Siobhan Shivawn                          in the whole file, this word is spoken as if it were written so

Numbers are written as they are spoken. `[phone_number|585-555-0176|five eight five, ...]` marks personal data with
its policy, its value in writing and the words; `[~organization|...|...]` may be redacted or not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Mark:
    """Personal data within a turn: words `first` to `last`, inclusive."""

    policy: str
    value: str
    first: int
    last: int
    neutral: bool


@dataclass(frozen=True)
class Turn:
    channel: int
    overlaps: bool
    words: tuple[str, ...]
    marks: tuple[Mark, ...]


@dataclass
class Call:
    name: str
    format: str
    mono: bool = False
    noise_db: float | None = None
    voices: tuple[str, str] = ("heart", "joe")
    turns: list[Turn] = field(default_factory=list)


def read_script(text: str) -> tuple[list[Call], dict[str, str]]:
    """The calls of a script, and how words are to be spoken. Raises ValueError with the line's number."""
    calls: list[Call] = []
    spoken_as: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        kind, _, rest = line.strip().partition(" ")
        if not kind or kind.startswith("#"):
            continue
        if kind == "call":
            name, audio_format, *options = rest.split()
            noise = float(options[options.index("noise") + 1]) if "noise" in options else None
            calls.append(Call(name, audio_format, "mono" in options, noise))
        elif kind == "voices":
            first, second = rest.split()
            calls[-1].voices = (first, second)
        elif kind == "say":
            word, spoken = rest.split()
            spoken_as[word] = spoken
        elif match := re.fullmatch(r"([AB])(\+?):", kind):
            calls[-1].turns.append(_parse_turn("AB".index(match[1]), bool(match[2]), rest))
        else:
            raise ValueError(f"line {number}: neither call, voices, say, A: nor B:")
    return calls, spoken_as


def _parse_turn(channel: int, overlaps: bool, text: str) -> Turn:
    words: list[str] = []
    marks: list[Mark] = []
    for part in re.split(r"(\[[^]]*\]\S*)", text):
        if match := re.fullmatch(r"\[(~?)([a-z_]+)\|([^|]*)\|([^]]*)\](\S*)", part):
            spoken = (match[4] + match[5]).split()
            marks.append(Mark(match[2], match[3], len(words), len(words) + len(spoken) - 1, bool(match[1])))
            words += spoken
        else:
            words += part.split()
    return Turn(channel, overlaps, tuple(words), tuple(marks))
