"""Lines without personal data, from hand-written templates with harmless numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from hushbeam.schemas.transcript import Transcript, Utterance, Word
from training.generated import verbalise
from training.generated.calls import SECONDS_A_WORD, LabelledTranscript

_AMOUNTS = (3, 8, 12, 15, 20, 29, 45, 60, 75, 120, 149, 250, 399, 480, 900, 1250, 2400)


def negative_lines(path: Path, count: int, seed: int) -> list[str]:
    """`count` lines, over all templates in turn. The same seed makes the same lines."""
    random = Random(seed)
    templates = [
        line for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")
    ]
    return [_filled(templates[number % len(templates)], random) for number in range(count)]


def words_of_lines(lines: Sequence[str]) -> Iterator[LabelledTranscript]:
    """Each line as a transcript of its own in which nothing is personal data."""
    for number, line in enumerate(lines):
        texts = re.findall(r"\s*\S+", line)
        words = tuple(
            Word(f" {text.strip()}", place * SECONDS_A_WORD, (place + 1) * SECONDS_A_WORD, 0.9, 0)
            for place, text in enumerate(texts)
        )
        utterance = Utterance(0, words)
        yield LabelledTranscript(f"line {number + 1}", Transcript("en", 1.0, words[-1].end_s, 1, (utterance,)), ())


def _filled(template: str, random: Random) -> str:
    in_digits = random.random() < 0.6
    return re.sub(r"\{([^}]*)\}(th\b)?", lambda match: _slot(match[1], bool(match[2]), in_digits, random), template)


def _slot(content: str, is_ordinal: bool, in_digits: bool, random: Random) -> str:
    if content == "price":
        return _price(in_digits, random)
    if content == "clock":
        return _clock(in_digits, random)
    if "|" in content:
        return random.choice(content.split("|"))
    low, _, high = content.partition("-")
    number = random.randint(int(low), int(high))
    if is_ordinal:
        return verbalise.written_ordinal(number) if in_digits else " ".join(verbalise.ordinal(number))
    return str(number) if in_digits else " ".join(verbalise.cardinal(number))


def _price(in_digits: bool, random: Random) -> str:
    whole = random.choice(_AMOUNTS)
    cents = random.choice((0, 0, 50, 95, 99)) if whole < 100 else 0
    if in_digits:
        return f"${whole:,}.{cents:02}" if cents else random.choice((f"${whole:,}", f"{whole} dollars"))
    words = " ".join(verbalise.cardinal(whole))
    return f"{words} {' '.join(verbalise.cardinal(cents))}" if cents else f"{words} dollars"


def _clock(in_digits: bool, random: Random) -> str:
    hour, minute = random.randint(1, 12), random.choice((0, 0, 15, 30, 40))
    if in_digits:
        return f"{hour}:{minute:02}" if minute else random.choice((f"{hour} o'clock", f"{hour} p.m.", f"{hour} a.m."))
    words = verbalise.cardinal(hour)
    if minute == 30:
        return f"half past {' '.join(words)}"
    return " ".join([*words, *verbalise.cardinal(minute)]) if minute else f"{' '.join(words)} o'clock"
