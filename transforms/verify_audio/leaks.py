"""Search for known values in the words that the second recogniser found.

Not every similarity is a leak: a false one mutes other speech, and one that cannot be muted costs the whole recording.
Words that the first recogniser transcribed at the same time, and that belong to no finding, are therefore not leaks.
Numbers are compared only near the time at which they were said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.detect_pii.numbers.spoken_numbers import SpokenNumbers
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.common_words import is_common
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.sound_alikes import likeness
from hushbeam.transforms.verify_audio.kept_speech import KeptSpeech
from hushbeam.transforms.verify_audio.known_values import SHORTEST_PART, KnownValue
from hushbeam.transforms.verify_audio.nearby import Nearby, apart_s
from hushbeam.transforms.verify_audio.spoken_form import Run, place_of, runs_of_signs

_SHORTEST_ALIKE = 4


@dataclass(frozen=True)
class LeakSettings:
    """When words of the second recogniser are a leak.

    Attributes:
      near_s: How far from the time of a number it is searched for.
      same_place_s: How far apart two recognisers may time the same word.
      alike: How alike the spelling and sound of two words must be to be one name of two recognisers; 0 to 1.
    """

    near_s: float = 5.0
    same_place_s: float = 1.0
    alike: float = 0.75


@dataclass(frozen=True)
class Leak:
    """Personal data that can still be heard.

    Attributes:
      policy, label: As in the value that it gives away.
      place: The channel and time at which the second recogniser found it.
    """

    policy: str
    label: str
    place: TimeSpan


def find_leaks(
    known: Sequence[KnownValue],
    second_transcript: Conversation,
    kept: KeptSpeech,
    policies: Collection[str],
    settings: LeakSettings,
) -> tuple[Leak, ...]:
    """The leaks in a redacted recording, joined where they overlap, ordered by channel and start.

    Args:
      second_transcript: The second recogniser's transcript of the redacted recording.
      kept: The first recogniser's words that belong to no finding.
      policies: The policies of the recording. Numbers under these that the first recogniser missed are leaks too.
    """
    found = [
        *_leaked_signs(known, second_transcript, kept, settings),
        *_leaked_words(known, second_transcript, kept, settings),
        *_missed_numbers(second_transcript, kept, policies, settings),
    ]
    joined: list[Leak] = []
    for leak in found:
        overlapping = [other for other in joined if _overlap(leak.place, other.place)]
        # A known value names the leak better than a guess: it was found first.
        first = overlapping[0] if overlapping else leak
        joined = [other for other in joined if other not in overlapping]
        joined.append(replace(first, place=_hull([leak.place, *(other.place for other in overlapping)])))
    return tuple(sorted(joined, key=lambda leak: (leak.place.channel, leak.place.start_s)))


def _overlap(one: TimeSpan, other: TimeSpan) -> bool:
    return one.channel == other.channel and apart_s(one, other) == 0.0


def _hull(places: Sequence[TimeSpan]) -> TimeSpan:
    return TimeSpan(places[0].channel, min(place.start_s for place in places), max(place.end_s for place in places))


def _leaked_signs(
    known: Sequence[KnownValue], second_transcript: Conversation, kept: KeptSpeech, settings: LeakSettings
) -> Iterator[Leak]:
    numbers = Nearby((value for value in known if value.signs), lambda value: value.place)
    for run in runs_of_signs(second_transcript):
        whole = place_of(second_transcript, run[0].word, run[-1].word)
        for value in numbers.within(whole, settings.near_s):
            for part in _telling_parts(run, value.signs):
                place = place_of(second_transcript, part[0].word, part[-1].word)
                if not kept.says_signs("".join(sign.value for sign in part), place, settings.same_place_s):
                    yield Leak(value.policy, value.label, place)


def _telling_parts(run: Run, known: Sequence[str]) -> Iterator[Run]:
    """The longest parts of a run that give away one of the known values."""
    said = "".join(sign.value for sign in run)
    for signs in known:
        least = min(SHORTEST_PART, len(signs))
        start = 0
        while start + least <= len(said):
            end = start + least
            if said[start:end] not in signs:
                start += 1
                continue
            while end < len(said) and said[start : end + 1] in signs:
                end += 1
            yield run[start:end]
            start = end


def _leaked_words(
    known: Sequence[KnownValue], second_transcript: Conversation, kept: KeptSpeech, settings: LeakSettings
) -> Iterator[Leak]:
    by_time = Nearby(known, lambda value: value.place)
    by_word: dict[str, list[KnownValue]] = {}
    for value in known:
        for telling in value.words:
            by_word.setdefault(telling, []).append(value)
    for atom in second_transcript.atoms:
        if atom.kind is not Kind.WORD:
            continue
        word = second_transcript.word_at(atom.start)
        place = place_of(second_transcript, word, word)
        if kept.says_word(atom.value, place, settings.same_place_s):
            continue
        named = by_word.get(atom.value, [])
        nearby = [
            value
            for value in by_time.within(place, settings.near_s)
            if value not in named and _gives_away_nearby(atom.value, place, value, settings)
        ]
        for value in (*named, *nearby):
            yield Leak(value.policy, value.label, place)


def _gives_away_nearby(word: str, place: TimeSpan, value: KnownValue, settings: LeakSettings) -> bool:
    """Whether a word gives away a value because it is near: an everyday word of it, or another spelling of it."""
    is_at_value = place.channel == value.place.channel and apart_s(place, value.place) == 0.0
    if is_at_value and word in value.common_words:
        return True
    if len(word) < _SHORTEST_ALIKE or is_common(word):
        return False
    return any(likeness(word, known) >= settings.alike for known in value.words if len(known) >= _SHORTEST_ALIKE)


def _missed_numbers(
    second_transcript: Conversation, kept: KeptSpeech, policies: Collection[str], settings: LeakSettings
) -> Iterator[Leak]:
    """Personal numbers that only the second recogniser found.

    Other kinds of data are not searched for: without the muted words around them, names and places are guesses. On the
    labelled calls, all findings of the other recognisers are false here.
    """
    said: dict[int, str] = {}
    for run in runs_of_signs(second_transcript):
        for sign in run:
            said[sign.word] = said.get(sign.word, "") + sign.value
    for candidate in SpokenNumbers().recognise(second_transcript):
        policy = next((name for name in (candidate.policy, *candidate.alternatives) if name in policies), None)
        own = range(candidate.first_word, candidate.last_word + 1)
        signs = "".join(said.get(word, "") for word in own)
        if policy is None or sum(sign.isdigit() for sign in signs) < SHORTEST_PART:
            continue
        place = place_of(second_transcript, candidate.first_word, candidate.last_word)
        if not kept.says_signs(signs, place, settings.same_place_s):
            yield Leak(policy, policy.upper(), place)
