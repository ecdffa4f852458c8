"""What of the known values can still be heard.

Not every likeness is a leak: a wrong one mutes innocent speech, and one that cannot be muted costs the whole recording.
What the first recogniser heard at the same moment, and detection left alone, is therefore no leak; numbers are compared
only near the moment at which they were said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from hushbeam.schemas.spans import TimeSpan
from hushbeam.transforms.detect_pii.names.words import is_common
from hushbeam.transforms.detect_pii.numbers.spoken_numbers import SpokenNumbers
from hushbeam.transforms.detect_pii.text.atoms import Kind
from hushbeam.transforms.detect_pii.text.conversation import Conversation
from hushbeam.transforms.detect_pii.text.sound_alikes import likeness
from hushbeam.transforms.verify_audio.kept_speech import KeptSpeech
from hushbeam.transforms.verify_audio.known_values import SHORTEST_PART, KnownValue
from hushbeam.transforms.verify_audio.nearby import Nearby, apart_s
from hushbeam.transforms.verify_audio.spoken_form import Run, place_of, runs_of_signs

_SHORTEST_ALIKE = 4


@dataclass(frozen=True)
class LeakSettings:
    """When something that was heard again is a leak.

    Attributes:
      near_s: How far from where a number was said it is looked for.
      same_place_s: How far apart two recognisers may time the same word.
      alike: How alike two words must be written and sound to be one name, written by two recognisers; 0 to 1.
    """

    near_s: float = 5.0
    same_place_s: float = 1.0
    alike: float = 0.75


@dataclass(frozen=True)
class Leak:
    """Something that can still be heard, where it was heard.

    Attributes:
      policy, label: Of the value that it gives away.
    """

    policy: str
    label: str
    place: TimeSpan


def find_leaks(
    known: Sequence[KnownValue],
    again: Conversation,
    kept: KeptSpeech,
    policies: Collection[str],
    settings: LeakSettings,
) -> tuple[Leak, ...]:
    """Compares what was heard again with what must not be heard.

    Args:
      again: What the second recogniser heard in the redacted recording.
      kept: What the first recogniser heard and detection left alone.
      policies: What the recording asks for: numbers of these that the first recogniser did not hear at all are leaks,
        known or not.
    """
    found = [
        *_signs_transcribed(known, again, kept, settings),
        *_words_transcribed(known, again, kept, settings),
        *_numbers_missed(again, kept, policies, settings),
    ]
    joined: list[Leak] = []
    for leak in found:
        overlapping = [other for other in joined if _overlap(leak.place, other.place)]
        # A value that is known names what was heard better than its sound alone.
        first = overlapping[0] if overlapping else leak
        joined = [other for other in joined if other not in overlapping]
        joined.append(replace(first, place=_hull([leak.place, *(other.place for other in overlapping)])))
    return tuple(sorted(joined, key=lambda leak: (leak.place.channel, leak.place.start_s)))


def _overlap(one: TimeSpan, other: TimeSpan) -> bool:
    return one.channel == other.channel and apart_s(one, other) == 0.0


def _hull(places: Sequence[TimeSpan]) -> TimeSpan:
    return TimeSpan(places[0].channel, min(place.start_s for place in places), max(place.end_s for place in places))


def _signs_transcribed(
    known: Sequence[KnownValue], again: Conversation, kept: KeptSpeech, settings: LeakSettings
) -> Iterator[Leak]:
    numbers = Nearby((value for value in known if value.signs), lambda value: value.place)
    for run in runs_of_signs(again):
        whole = place_of(again, run[0].word, run[-1].word)
        for value in numbers.within(whole, settings.near_s):
            for part in _telling_parts(run, value.signs):
                transcribed = place_of(again, part[0].word, part[-1].word)
                if not kept.says_signs("".join(sign.value for sign in part), transcribed, settings.same_place_s):
                    yield Leak(value.policy, value.label, transcribed)


def _telling_parts(run: Run, known: Sequence[str]) -> Iterator[Run]:
    """The longest parts of a run that give away one of the known values."""
    transcribed = "".join(sign.value for sign in run)
    for signs in known:
        least = min(SHORTEST_PART, len(signs))
        start = 0
        while start + least <= len(transcribed):
            end = start + least
            if transcribed[start:end] not in signs:
                start += 1
                continue
            while end < len(transcribed) and transcribed[start : end + 1] in signs:
                end += 1
            yield run[start:end]
            start = end


def _words_transcribed(
    known: Sequence[KnownValue], again: Conversation, kept: KeptSpeech, settings: LeakSettings
) -> Iterator[Leak]:
    by_time = Nearby(known, lambda value: value.place)
    by_word: dict[str, list[KnownValue]] = {}
    for value in known:
        for telling in value.words:
            by_word.setdefault(telling, []).append(value)
    for atom in again.atoms:
        if atom.kind is not Kind.WORD:
            continue
        word = again.word_at(atom.start)
        transcribed = place_of(again, word, word)
        if kept.says_word(atom.value, transcribed, settings.same_place_s):
            continue
        said = by_word.get(atom.value, [])
        about = [
            value
            for value in by_time.within(transcribed, settings.near_s)
            if value not in said and _says_about_there(atom.value, transcribed, value, settings)
        ]
        for value in (*said, *about):
            yield Leak(value.policy, value.label, transcribed)


def _says_about_there(word: str, transcribed: TimeSpan, value: KnownValue, settings: LeakSettings) -> bool:
    """Whether a word near a value gives it away because of that: an everyday word, or one written otherwise."""
    beside = transcribed.channel == value.place.channel and apart_s(transcribed, value.place) == 0.0
    if beside and word in value.common_words:
        return True
    if len(word) < _SHORTEST_ALIKE or is_common(word):
        return False
    return any(likeness(word, known) >= settings.alike for known in value.words if len(known) >= _SHORTEST_ALIKE)


def _numbers_missed(
    again: Conversation, kept: KeptSpeech, policies: Collection[str], settings: LeakSettings
) -> Iterator[Leak]:
    """Personal numbers that only the second recogniser heard.

    Numbers alone: without the muted words around them, names and places are guesses (on the labelled calls all that the
    other recognisers report here is wrong).
    """
    said: dict[int, str] = {}
    for run in runs_of_signs(again):
        for sign in run:
            said[sign.word] = said.get(sign.word, "") + sign.value
    for candidate in SpokenNumbers().recognise(again):
        policy = next((name for name in (candidate.policy, *candidate.alternatives) if name in policies), None)
        own = range(candidate.first_word, candidate.last_word + 1)
        signs = "".join(said.get(word, "") for word in own)
        if policy is None or sum(sign.isdigit() for sign in signs) < SHORTEST_PART:
            continue
        transcribed = place_of(again, candidate.first_word, candidate.last_word)
        if not kept.says_signs(signs, transcribed, settings.same_place_s):
            yield Leak(policy, policy.upper(), transcribed)
