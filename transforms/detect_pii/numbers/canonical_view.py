"""Canonical view of a conversation, as it would be typed: `one ninety-two dot one sixty-eight` becomes `192.168`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from hushbeam.transforms.detect_pii.numbers.runs import Group, find_groups
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation


def canonical_view_of(conversation: Conversation) -> CanonicalView:
    """The view of a conversation, made once: it is kept as long as the conversation is."""
    view = _VIEWS.get(conversation)
    if view is None:
        view = _VIEWS[conversation] = CanonicalView(conversation)
    return view


class CanonicalView:
    """Text for recognisers of written forms, with the place of every character in the conversation.

    Attributes:
      text: Numbers in digits without separators, signs that are said as words written as signs.
    """

    def __init__(self, conversation: Conversation) -> None:
        pieces: list[str] = []
        # Start of each piece in this text, and its characters in the conversation's text.
        self._starts: list[int] = []
        self._sources: list[tuple[int, int, bool]] = []
        self._length = 0
        source = conversation.text
        position = 0
        for start, end, written in _replacements(conversation):
            self._add(pieces, source[position:start], position, start, True)
            self._add(pieces, written, start, end, False)
            position = end
        self._add(pieces, source[position:], position, len(source), True)
        self.text = "".join(pieces)

    def _add(self, pieces: list[str], written: str, start: int, end: int, verbatim: bool) -> None:
        if written:
            pieces.append(written)
            self._starts.append(self._length)
            self._sources.append((start, end, verbatim))
            self._length += len(written)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the conversation's text for a span of this text (end exclusive)."""
        return self._source_of(start)[0], self._source_of(end - 1)[1]

    def _source_of(self, character: int) -> tuple[int, int]:
        piece = bisect_right(self._starts, character) - 1
        start, end, verbatim = self._sources[piece]
        if not verbatim:
            return start, end
        offset = start + character - self._starts[piece]
        return offset, offset + 1


_VIEWS: WeakKeyDictionary[Conversation, CanonicalView] = WeakKeyDictionary()


def _replacements(conversation: Conversation) -> list[tuple[int, int, str]]:
    atoms = conversation.atoms
    groups = find_groups(conversation, ())
    replaced = [
        (atoms[group.first].start, atoms[group.last].end, group.value)
        for group in groups
        if not _is_punctuated(conversation, group)
    ]
    taken = [(start, end) for start, end, _ in replaced]
    return sorted([*replaced, *_signs(conversation, taken)])


def _is_punctuated(conversation: Conversation, group: Group) -> bool:
    """Whether the recogniser wrote it as it would be typed, dots and all."""
    start, end = conversation.atoms[group.first].start, conversation.atoms[group.last].end
    return " " not in conversation.text[start:end] and "-" not in conversation.text[start:end]


def _signs(conversation: Conversation, taken: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """`gmail dot com` is `gmail.com`: a sign takes the spaces around it with it."""
    signs: list[tuple[int, int, str]] = []
    starts = [start for start, _ in taken]
    symbols = conversation.language.symbols
    for atom in conversation.atoms:
        sign = symbols.get(atom.value) if atom.kind is Kind.WORD else None
        if sign is None or sign not in "._-@/":
            continue
        start, end = atom.start, atom.end
        start -= conversation.text[max(0, start - 1) : start] == " "
        end += conversation.text[end : end + 1] == " "
        before = bisect_right(starts, start) - 1
        inside = before >= 0 and start < taken[before][1]
        overlaps_next = before + 1 < len(taken) and end > taken[before + 1][0]
        overlaps_sign = bool(signs) and start < signs[-1][1]
        if not inside and not overlaps_next and not overlaps_sign:
            signs.append((start, end, sign))
    return signs
