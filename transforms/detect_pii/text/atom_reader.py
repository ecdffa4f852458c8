"""Reading the atoms of a conversation by their numbers: what the grammars have in common."""

from __future__ import annotations

from functools import cached_property

from hushbeam.transforms.detect_pii.text.atoms import NUMBERS, Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation


class AtomReader:
    """Looks at atoms by their numbers; numbers outside of the conversation are of no kind and have no value."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._atoms = conversation.atoms
        self._text = conversation.text
        self._language = conversation.language

    @cached_property
    def _turns(self) -> list[int]:
        """The utterance of each atom."""
        return [self._conversation.turn_of(self._conversation.word_at(atom.start)) for atom in self._atoms]

    def _value(self, position: int) -> str:
        return self._atoms[position].value if 0 <= position < len(self._atoms) else ""

    def _kind(self, position: int) -> Kind | None:
        return self._atoms[position].kind if 0 <= position < len(self._atoms) else None

    def _is_number(self, position: int) -> bool:
        return self._kind(position) in NUMBERS

    def _is_capital(self, position: int) -> bool:
        return self._text[self._atoms[position].start].isupper()

    def _is_glued(self, position: int) -> bool:
        """Whether nothing stands between an atom and the one before it."""
        return 0 < position < len(self._atoms) and self._atoms[position].start == self._atoms[position - 1].end

    def _is_together(self, first: int, second: int) -> bool:
        """Whether two atoms exist and stand in one utterance."""
        if not (0 <= first < len(self._atoms) and 0 <= second < len(self._atoms)):
            return False
        return "\n" not in self._text[self._atoms[first].end : self._atoms[second].start]
