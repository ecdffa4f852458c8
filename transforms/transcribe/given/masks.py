"""Masks: places where a service removed personal data from its transcript, which the audio still has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hushbeam.schemas.transcript import Transcript, Utterance
from hushbeam.transforms.base.whole_tokens import spread_over_tokens

_MASK = re.compile(r"\[[^\[\]\s]*(?:\s+[^\[\]\s]+){0,9}\s*\]|[#*\[\]]")
"""`[PII]`, `[PHONE_NUMBER_1].`, `####`, `***`; `[PHONE NUMBER]`, with up to ten words. A bracket whose other half is
missing, or further away, masks the word that it is in."""


def masked_words(utterances: Sequence[Utterance]) -> tuple[int, ...]:
    """Numbers of all words that masks are in, in whole or in part, with the pieces that belong to the same words."""
    words = [word for utterance in utterances for word in utterance.words]
    has_mask = [
        True if outside != word.text else None for word, outside in zip(words, outside_masks(utterances), strict=True)
    ]
    return tuple(number for number, masked in enumerate(spread_over_tokens(has_mask, utterances)) if masked)


def partly_masked(transcript: Transcript) -> set[int]:
    """Numbers of masked words with letters or digits outside masks."""
    if not transcript.masked_words:
        return set()
    outside = outside_masks(transcript.utterances)
    return {number for number in transcript.masked_words if any(map(str.isalnum, outside[number]))}


def wholly_masked(transcript: Transcript) -> set[int]:
    """Numbers of masked words of which nothing else is left: the mask says all that is known of them."""
    return set(transcript.masked_words) - partly_masked(transcript)


def outside_masks(utterances: Sequence[Utterance]) -> list[str]:
    """The text of each word with a space for each character of a mask.

    Masks are looked for in the joined words of a channel: `[PHONE NUMBER]` may be two words, and `[PII]` three pieces.
    """
    words = [word for utterance in utterances for word in utterance.words]
    outside = [""] * len(words)
    for channel in {word.channel for word in words}:
        own = [number for number, word in enumerate(words) if word.channel == channel]
        joined = _MASK.sub(lambda mask: " " * len(mask[0]), "".join(words[number].text for number in own))
        end = 0
        for number in own:
            start, end = end, end + len(words[number].text)
            outside[number] = joined[start:end]
    return outside
