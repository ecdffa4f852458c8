"""Repetitions of values: read-backs, whole or in part, before and after a finding.

Values are digits and letters: "that's the one ending in 0-1-4-2", "0142, correct?".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from weakref import WeakKeyDictionary

from hushbeam.schemas.finding import Candidate
from hushbeam.schemas.policies import NUMBERS
from hushbeam.transforms.detect_pii.numbers.quantities import find_quantities
from hushbeam.transforms.detect_pii.numbers.runs import Group, find_groups
from hushbeam.transforms.detect_pii.text.conversation import Conversation

_LEAST_PART = 4
_LEAST_WHOLE = 3
_LEAST_END = 3
_SHORTEST_WITH_END = 6
# Values that are found again by their digits. Amounts, dates and ages repeat by chance and are found by themselves.
_REPEATED = {*NUMBERS, "password"} - {"any_number"}


REPEATED = "repeated_values"
"""Name of the detector."""


def repeated_values(
    conversation: Conversation, candidates: Sequence[Candidate], *, ends: bool = False
) -> Iterator[Candidate]:
    """Finds known numbers wherever they are said again. Reports only candidates that are not in `candidates`.

    Args:
      ends: Whether three digits are a repetition of a longer number that ends with them.
    """
    covered = {
        word
        for candidate in candidates
        if candidate.policy != "any_number"
        for word in range(candidate.first_word, candidate.last_word + 1)
    }
    known = {
        candidate.value: candidate
        for candidate in sorted(candidates, key=lambda item: item.score)
        if candidate.policy in _REPEATED and _is_number(candidate.value)
    }
    if not known:
        return
    atoms = conversation.atoms
    for group in number_groups(conversation):
        first, last = conversation.words_of(atoms[group.first].start, atoms[group.last].end)
        if all(word in covered for word in range(first, last + 1)):
            continue
        original = _original(group, known, ends=ends)
        if original is not None:
            yield Candidate(
                original.policy,
                first,
                last,
                min(original.score, 0.8),
                REPEATED,
                original.value,
                original.alternatives,
            )


def number_groups(conversation: Conversation) -> Sequence[Group]:
    """All groups but quantities. Kept as long as the conversation is, which is searched several times."""
    groups = _GROUPS.get(conversation)
    if groups is None:
        groups = _GROUPS[conversation] = tuple(find_groups(conversation, find_quantities(conversation)))
    return groups


_GROUPS: WeakKeyDictionary[Conversation, tuple[Group, ...]] = WeakKeyDictionary()


def _is_number(value: str) -> bool:
    return value.isalnum() and sum(character.isdigit() for character in value) >= _LEAST_WHOLE


def _original(group: Group, known: dict[str, Candidate], *, ends: bool) -> Candidate | None:
    """The number that a group repeats: whole from three digits on, in part from four on, its end from three on."""
    if len(group.value) >= _LEAST_WHOLE and group.value in known:
        return known[group.value]
    if _is_year(group.value):
        return None
    for value, candidate in known.items():
        if group.digits >= _LEAST_PART and group.value in value:
            return candidate
        if ends and group.digits >= _LEAST_END and len(value) >= _SHORTEST_WITH_END and value.endswith(group.value):
            return candidate
    return None


def _is_year(value: str) -> bool:
    return len(value) == 4 and value[:2] in ("19", "20")
