"""Names of one person: first name, surname, misspelt and misheard forms belong to the fullest name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from hushbeam.transforms.detect_pii.text.sound_alikes import sounds_like

_SHORTEST_ALIKE = 4
_ALIKE = 0.78
_SAME_PERSON = 0.85


def same_people(names: Collection[str]) -> dict[str, str]:
    """Maps the names of one conversation to the fullest name of the same person.

    A part of a name is the person's where only one person in the conversation has such a part.

    Args:
      names: Plain names, as candidates carry them: `daniel whitfield`, `daniel`, `witfield`.
    """
    full = sorted({name for name in names if " " in name}, key=lambda name: (-len(name.split()), name))
    people: dict[str, str] = {}
    for name in full:
        people[name] = next((known for known in people.values() if _is_same(name, known)), name)
    persons = sorted(set(people.values()))
    alone: list[str] = []
    for name in sorted(set(names) - people.keys()):
        matching = list(_with_part(name, persons))
        if len(matching) == 1:
            people[name] = matching[0]
        else:
            people[name] = next((known for known in alone if sounds_like(name, known, _SAME_PERSON)), name)
            alone.append(people[name])
    return people


def _is_same(one: str, other: str) -> bool:
    """Whether two full names may be one person's: each word of the shorter has its like in the longer."""
    shorter, longer = sorted((one.split(), other.split()), key=len)
    return all(any(sounds_like(word, candidate, _ALIKE) for candidate in longer) for word in shorter)


def _with_part(part: str, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if any(
            part == word or (len(part) >= _SHORTEST_ALIKE and sounds_like(part, word, _ALIKE)) for word in name.split()
        ):
            yield name
