"""Terms that the user names, found in the ways in which they are said and spelled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from transforms.detect_pii.atoms import Atom, Kind, split_into_atoms
from transforms.detect_pii.candidate import Candidate
from transforms.detect_pii.conversation import Conversation

DETECTOR = "static_entities"


def find_static_entities(
    conversation: Conversation, static_entities: Mapping[str, Sequence[str]]
) -> Iterator[Candidate]:
    """Finds terms, by label: written, with other case and punctuation, numbers in words, or letter by letter.

    Spaces do not count either: `Blue Moon` finds `BlueMoon`, `B L U E moon` and `blue-moon's`.
    """
    keys = {
        key: label
        for label, terms in static_entities.items()
        for term in terms
        if (key := "".join(_key(atom) for atom in split_into_atoms(term, conversation.language)))
    }
    if not keys:
        return
    # One string of everything that counts, and the atom behind each of its characters.
    pieces: list[str] = []
    owners: list[int] = []
    starts: set[int] = set()
    ends: set[int] = set()
    for number, atom in enumerate(conversation.atoms):
        key = _key(atom)
        starts.add(len(owners))
        pieces.append(key)
        owners.extend([number] * len(key))
        ends.add(len(owners))
        if key.endswith("s"):
            ends.add(len(owners) - 1)  # a possessive or a plural
    text = "".join(pieces)
    for key, label in keys.items():
        for match in re.finditer(f"(?={re.escape(key)})", text):
            start, end = match.start(), match.start() + len(key)
            if start not in starts or end not in ends:
                continue
            first, last = conversation.atoms[owners[start]], conversation.atoms[owners[end - 1]]
            words = conversation.words_of(first.start, last.end)
            for span in conversation.spans_by_utterance(*words):
                yield Candidate("custom", *span, 1.0, DETECTOR, key, label=label.upper())


def _key(atom: Atom) -> str:
    return "" if atom.kind is Kind.SYMBOL else atom.value.lower()
