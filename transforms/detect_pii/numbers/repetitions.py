"""Propagation of values: read-backs and repetitions, whole or in part, before and after a finding.

Values are digits and letters: "that's the one ending in 0-1-4-2", "0142, correct?". Names: `names/propagation.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hushbeam.schemas.policies import NUMBERS
from hushbeam.transforms.detect_pii.numbers.quantities import find_quantities
from hushbeam.transforms.detect_pii.numbers.runs import Group, find_groups
from hushbeam.transforms.detect_pii.recogniser import Candidate, Propagation
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation

_LEAST_PART = 4
_LEAST_WHOLE = 3
_LEAST_SECRET = 5
_SECRETS = frozenset({"password", "username"})
# Values that are found again by their digits. Amounts, dates and ages repeat by chance and are found by themselves.
_REPEATED = {*NUMBERS, "password"} - {"any_number"}


class RepeatedValues(Propagation):
    """Finds known numbers, passwords and user names wherever they are said again."""

    name = "repeated_values"

    def propagate(self, conversation: Conversation, candidates: Sequence[Candidate]) -> Iterable[Candidate]:
        covered = {
            word
            for candidate in candidates
            if candidate.policy != "any_number"
            for word in range(candidate.first_word, candidate.last_word + 1)
        }
        yield from self._numbers(conversation, candidates, covered)
        yield from self._secrets(conversation, candidates, covered)

    def _numbers(
        self, conversation: Conversation, candidates: Sequence[Candidate], covered: set[int]
    ) -> Iterator[Candidate]:
        known = {
            candidate.value: candidate
            for candidate in sorted(candidates, key=lambda item: item.score)
            if candidate.policy in _REPEATED and _is_number(candidate.value)
        }
        if not known:
            return
        atoms = conversation.atoms
        for group in find_groups(conversation, find_quantities(conversation)):
            first, last = conversation.words_of(atoms[group.first].start, atoms[group.last].end)
            if all(word in covered for word in range(first, last + 1)):
                continue
            original = _original(group, known)
            if original is not None:
                yield Candidate(
                    original.policy,
                    first,
                    last,
                    min(original.score, 0.8),
                    self.name,
                    original.value,
                    original.alternatives,
                )

    def _secrets(
        self, conversation: Conversation, candidates: Sequence[Candidate], covered: set[int]
    ) -> Iterator[Candidate]:
        atoms = [atom for atom in conversation.atoms if atom.kind is not Kind.SYMBOL]
        values = [atom.value.lower() for atom in atoms]
        for secret in {item.value: item for item in candidates if item.policy in _SECRETS}.values():
            parts = secret.value.split()
            if sum(map(len, parts)) < _LEAST_SECRET:
                continue
            for start in range(len(values) - len(parts) + 1):
                if values[start] != parts[0] or values[start : start + len(parts)] != parts:
                    continue
                first, last = conversation.words_of(atoms[start].start, atoms[start + len(parts) - 1].end)
                if all(word in covered for word in range(first, last + 1)):
                    continue
                for span in conversation.spans_by_utterance(first, last):
                    score = min(secret.score, 0.8)
                    yield Candidate(secret.policy, *span, score, self.name, secret.value, secret.alternatives)


def _is_number(value: str) -> bool:
    return value.isalnum() and sum(character.isdigit() for character in value) >= _LEAST_WHOLE


def _original(group: Group, known: dict[str, Candidate]) -> Candidate | None:
    """The number that a group repeats: whole from three digits on, in part from four on."""
    if len(group.value) >= _LEAST_WHOLE and group.value in known:
        return known[group.value]
    if group.digits >= _LEAST_PART:
        for value, candidate in known.items():
            if group.value in value and not _is_year(group.value):
                return candidate
    return None


def _is_year(value: str) -> bool:
    return len(value) == 4 and value[:2] in ("19", "20")
