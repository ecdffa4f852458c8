"""Damage of the kinds that find faults in parsers: cuts, flipped bits, extreme sizes, spliced headers."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000)
_HEAD = 2048


def mutated(original: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """A damaged copy.

    Args:
      others: Files to splice with.
      chance: Decides everything, so that a seed repeats a run.
    """
    content = bytearray(original)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        content = chance.choice(_KINDS)(content, others, chance)
    return bytes(content)


def _place(content: bytearray, chance: random.Random) -> int:
    """Mostly in the head, where a file says what it is."""
    size = len(content) or 1
    return chance.randrange(min(size, _HEAD) if chance.random() < 0.6 else size)


def _truncated(content: bytearray, others: Sequence[bytes], chance: random.Random) -> bytearray:
    return content[: chance.randrange(len(content) + 1)]


def _flipped(content: bytearray, others: Sequence[bytes], chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 4, 32)) if content else 0):
        content[_place(content, chance)] ^= 1 << chance.randrange(8)
    return content


def _with_extreme(content: bytearray, others: Sequence[bytes], chance: random.Random) -> bytearray:
    width, value = chance.choice((1, 2, 4, 8)), chance.choice(_EXTREMES)
    start = _place(content, chance)
    number = (value & (1 << 8 * width) - 1).to_bytes(width, chance.choice(("little", "big")))
    content[start : start + width] = number
    return content


def _spliced(content: bytearray, others: Sequence[bytes], chance: random.Random) -> bytearray:
    """The head of one file, the rest of another."""
    other = chance.choice(others)
    cut = _place(content, chance)
    return content[:cut] + other[chance.randrange(len(other) + 1) :]


def _without_part(content: bytearray, others: Sequence[bytes], chance: random.Random) -> bytearray:
    start = _place(content, chance)
    del content[start : start + chance.choice((1, 4, 64, 4096))]
    return content


def _with_part_twice(content: bytearray, others: Sequence[bytes], chance: random.Random) -> bytearray:
    start = _place(content, chance)
    part = content[start : start + chance.choice((4, 64, 4096))]
    content[start:start] = part * chance.choice((1, 16))
    return content


def _with_noise(content: bytearray, others: Sequence[bytes], chance: random.Random) -> bytearray:
    start, size = _place(content, chance), chance.choice((4, 64, 2048))
    content[start : start + size] = chance.randbytes(size)
    return content


_KINDS: tuple[Callable[[bytearray, Sequence[bytes], random.Random], bytearray], ...] = (
    _truncated,
    _flipped,
    _with_extreme,
    _spliced,
    _without_part,
    _with_part_twice,
    _with_noise,
)
