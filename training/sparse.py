"""Sparse conversations: a few turns with personal data, in a conversation that has none.

Most written conversations are full of personal data, and the others have none. A model that reads nothing else learns
that the first mention in a conversation is improbable, however plain it is.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hushbeam.schemas.policies import broader, resolve_policies
from training.conversations import Pair, Turn, WrittenConversation

_PERSONAL = frozenset(resolve_policies(("default",)))
_MOST_TURNS = 5
_LONGEST_GUEST_TURN = 60
"""Words: a turn that is longer is a conversation of its own."""


def is_innocent(conversation: WrittenConversation) -> bool:
    """Whether nothing in a conversation must be redacted under the default policies."""
    return not any(map(_is_personal, conversation.turns))


def spliced(innocent: Pair, full: Pair, random: Random) -> Pair:
    """Puts one to five turns of one conversation, with a mention among them, between two turns of another.

    Args:
      innocent: A conversation without personal data.
      full: Another one.

    Returns:
      The first with turns of the second, the same in both forms. Unchanged if the second has no short mention.
    """
    mentions = [
        number
        for number, turn in enumerate(full[0].turns)
        if _is_personal(turn) and sum(len(piece.text.split()) for piece in turn.pieces) <= _LONGEST_GUEST_TURN
    ]
    if not mentions:
        return innocent
    mention, turns = random.choice(mentions), random.randint(1, _MOST_TURNS)
    first = max(0, mention - random.randrange(turns))
    place = random.randint(0, len(innocent[0].turns))

    def joined(host: WrittenConversation, guest: WrittenConversation) -> WrittenConversation:
        lines = (*host.turns[:place], *guest.turns[first : first + turns], *host.turns[place:])
        return replace(host, name=f"{host.name}+{guest.name}", turns=lines)

    return joined(innocent[0], full[0]), joined(innocent[1], full[1])


def _is_personal(turn: Turn) -> bool:
    return any(
        piece.mark is not None
        and not piece.mark.optional
        and not _PERSONAL.isdisjoint((piece.mark.policy, *broader(piece.mark.policy)))
        for piece in turn.pieces
    )
