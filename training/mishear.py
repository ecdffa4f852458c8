"""Learns how a speech recogniser writes names, places and medicines, by saying them to it.

    python -m training.mishear

Each value is said by a synthetic voice in a short sentence, half of them over a telephone line, and transcribed by
Whisper base; what stands between the words of the sentence is how the value was written. The result,
`training/misheard.json`, is in the repository, so that training does not need a voice. To make it again, install
`hibari-tts` (Apache-2.0).
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from random import Random

import numpy as np
from faster_whisper import WhisperModel
from hibari import Hibari
from numpy.typing import NDArray
from soxr import resample

from training.values import MISHEARD, invented_values

_SENTENCES = (
    "Okay, the name is {}, thank you.",
    "Yes, I am talking about {} again.",
    "It was {} who wrote it down.",
    "So you said {} is correct?",
    "I think {} would be fine.",
    "Please write {} on the form.",
)
_SENTENCES_A_CLIP = 8
_RATE_HZ = 16_000


def main(model: str, count: int) -> None:
    """Says `count` values and writes the pairs."""
    random = Random(20261129)
    voice, recogniser = Hibari(), WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=1)
    pairs: dict[str, list[str]] = {}
    values = list(invented_values(random, count))
    for first in range(0, len(values), _SENTENCES_A_CLIP):
        said = values[first : first + _SENTENCES_A_CLIP]
        sentences = [_SENTENCES[(first + place) % len(_SENTENCES)].format(value) for place, value in enumerate(said)]
        clip = np.concatenate([_spoken(voice, sentence, random) for sentence in sentences])
        segments, _ = recogniser.transcribe(clip, language="en", condition_on_previous_text=False)
        written = " ".join(segment.text.strip() for segment in segments)
        for value, heard in _heard(sentences, said, written):
            pairs.setdefault(value, []).append(heard)
        if first % (50 * _SENTENCES_A_CLIP) == 0:
            print(f"{first} of {len(values)}", flush=True)
            MISHEARD.write_text(
                json.dumps(pairs, ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8"
            )
    MISHEARD.write_text(json.dumps(pairs, ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8")


def _spoken(voice: Hibari, sentence: str, random: Random) -> NDArray[np.float32]:
    """The sentence as samples at 16 kHz, then a pause."""
    samples, rate = voice(sentence, speed=random.uniform(0.85, 1.3), seed=random.getrandbits(31)), voice.sample_rate
    if random.random() < 0.5:
        narrow = resample(samples, rate, 8000)
        noisy = narrow + np.random.default_rng(random.getrandbits(32)).normal(0, 0.004, len(narrow))
        compressed = np.sign(noisy) * np.log1p(255 * np.abs(noisy).clip(max=1)) / np.log1p(255)
        rounded = np.round(compressed * 127) / 127
        narrow = np.sign(rounded) * np.expm1(np.abs(rounded) * np.log1p(255)) / 255
        samples, rate = narrow, 8000
    pause = np.zeros(_RATE_HZ * 4 // 10)
    return np.concatenate([resample(samples, rate, _RATE_HZ), pause]).astype(np.float32)


def _heard(sentences: Sequence[str], values: Sequence[str], written: str) -> Iterator[tuple[str, str]]:
    """For each value, what stands between the words around it; nothing where those words were not written."""
    said: list[str] = []
    owners: list[int | None] = []
    for number, sentence in enumerate(sentences):
        before, after = sentence.split(values[number], maxsplit=1)
        for text, owner in ((before, None), (values[number], number), (after, None)):
            words = text.split()
            said += words
            owners += [owner] * len(words)
    heard = written.split()
    blocks = SequenceMatcher(None, [_plain(word) for word in said], [_plain(word) for word in heard], False)
    place_of = {block.a + step: block.b + step for block in blocks.get_matching_blocks() for step in range(block.size)}
    for number, value in enumerate(values):
        places = [place for place, owner in enumerate(owners) if owner == number]
        start, end = place_of.get(places[0] - 1), place_of.get(places[-1] + 1)
        if start is None or end is None or not 0 < end - start - 1 <= len(places) + 2:
            continue
        yield value, " ".join(heard[start + 1 : end]).strip(" ,.?!")


def _plain(word: str) -> str:
    return re.sub(r"\W", "", word).casefold()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m training.mishear", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="base", help="folder or name of a faster-whisper model")
    parser.add_argument("--count", type=int, default=1600, help="values to say")
    given = parser.parse_args()
    main(given.model, given.count)
