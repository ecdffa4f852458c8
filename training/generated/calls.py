"""Generated calls from dialogue templates, invented values, spoken forms and simulated recogniser errors.

Templates of one file share nothing with those of another: rules are written against `train.txt`, and judged on
`held_out.txt` of `evaluation.text`, whose failures are reported as rates only.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from faker import Faker

from hushbeam.schemas.transcript import Transcript, Utterance, Word
from training.generated import recogniser_noise, verbalise
from training.generated.recogniser_noise import Noise
from training.generated.values import NAMED_SLOTS, NEUTRAL, SLOTS, CallValues
from training.generated.verbalise import Spoken

TRAIN_TEMPLATES = Path(__file__).parent / "train.txt"
EVERYWHERE = "any"
SECONDS_A_WORD = 0.3
TURN_GAP_S = 0.4
LOCALES = ("en_US", "en_US", "en_US", "en_GB", "en_IN")
BACKCHANNELS = ("Mm-hmm.", "Okay.", "Uh-huh.", "Go ahead.", "Yep.", "Right.", "Got it.", "One second.", "And then?")
SPLIT_SHARE = 0.12
"""How often a value of several breaths is broken by the other speaker."""
SLIP_SHARE = 0.05
HESITATION_SHARE = 0.05


@dataclass(frozen=True)
class GoldEntity:
    """Words that say personal data, in one utterance.

    Attributes:
      words: Numbers of words, counted over `Transcript.words`.
    """

    policy: str
    words: tuple[int, ...]


@dataclass(frozen=True)
class LabelledTranscript:
    """A transcript of which every word is known to be personal data or not.

    Attributes:
      name: Of the template that it was made from, and its number.
      neutral: Words that may be redacted or not.
    """

    name: str
    transcript: Transcript
    entities: tuple[GoldEntity, ...]
    neutral: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Turn:
    """What one side says in a template, with slots."""

    channel: int
    text: str


@dataclass
class Domain:
    """The templates of one kind of call: how it opens and ends, and what may come between."""

    name: str
    openings: list[list[Turn]] = field(default_factory=list)
    exchanges: list[list[Turn]] = field(default_factory=list)
    endings: list[list[Turn]] = field(default_factory=list)


@dataclass
class TemplateFile:
    """One split of templates: its domains, what may be said in all of them, and the vocabulary of its slots."""

    domains: list[Domain]
    everywhere: Domain
    vocabulary: dict[str, tuple[str, ...]]


def read_templates(path: Path) -> TemplateFile:
    """Reads a file of templates; `train.txt` says how they are written. Raises ValueError with the line."""
    templates = TemplateFile([], Domain(EVERYWHERE), {})
    domain = templates.everywhere
    block: list[Turn] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        kind, _, rest = line.strip().partition(" ")
        if not kind or kind.startswith("#"):
            continue
        if kind == "words":
            slot, _, listed = rest.partition(":")
            templates.vocabulary[slot] = tuple(word.strip() for word in listed.split(","))
        elif kind == "domain":
            domain = templates.everywhere if rest == EVERYWHERE else Domain(rest)
            if rest != EVERYWHERE:
                templates.domains.append(domain)
        elif kind in ("open", "exchange", "end"):
            block = []
            {"open": domain.openings, "exchange": domain.exchanges, "end": domain.endings}[kind].append(block)
        elif kind in ("A:", "B:"):
            for slot in re.findall(r"\{(\w+?)(?:/\w+)?\}", rest):
                if slot not in SLOTS or (slot in NAMED_SLOTS and slot not in templates.vocabulary):
                    raise ValueError(f"{path.name}, line {number}: no slot or no words for {slot}")
            block.append(Turn("AB".index(kind[0]), rest))
        else:
            raise ValueError(f"{path.name}, line {number}: unknown {kind}")
    return templates


@dataclass(frozen=True)
class _Item:
    """A word as written, and which entity it says: none (-1), or one of the call's, by number."""

    text: str
    entity: int = -1


@dataclass
class _Draft:
    """A call that is being written: utterances of items, and the policies of its entities."""

    utterances: list[tuple[int, list[_Item]]] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)


class CallGenerator:
    """Makes labelled calls of one file of templates. The same seed makes the same calls."""

    def __init__(self, templates: TemplateFile, seed: int, noise: Noise | None = None) -> None:
        self._templates = templates
        self._seed = seed
        self._noise = noise or Noise()
        self._fakers = {locale: Faker(locale) for locale in set(LOCALES)}

    def calls(self, count: int) -> Iterator[LabelledTranscript]:
        """Calls over all domains in turn."""
        for number in range(count):
            domain = self._templates.domains[number % len(self._templates.domains)]
            yield self.call(domain, number)

    def call(self, domain: Domain, number: int) -> LabelledTranscript:
        """One call: an opening, some exchanges in any order, an ending."""
        random = Random(zlib.crc32(f"{self._seed} {domain.name} {number}".encode()))
        faker, names = self._fakers[LOCALES[0]], self._fakers[random.choice(LOCALES)]
        for generator in (faker, names):
            generator.seed_instance(random.getrandbits(32))
        values = CallValues(random, faker, names, self._templates.vocabulary)
        common = self._templates.everywhere.exchanges
        chosen = [
            *random.sample(domain.exchanges, k=min(len(domain.exchanges), random.randint(2, 4))),
            *random.sample(common, k=min(len(common), random.randint(1, 2))),
        ]
        random.shuffle(chosen)
        script = [random.choice(domain.openings), *chosen, random.choice(domain.endings)]
        draft = _Draft()
        for place, block in enumerate(script):
            for turn in block:
                # A slot's number is its own within a block: two blocks never speak of one value by chance.
                self._speak(draft, turn, values, f"{place}." if 0 < place < len(script) - 1 else "")
        return self._finished(draft, f"{domain.name}-{number}", random)

    def _speak(self, draft: _Draft, turn: Turn, values: CallValues, block: str) -> None:
        random = values.random
        items: list[_Item] = []
        for part in re.split(r"(\{\w+(?:/\w+)?\}\S*|\[[^]]*\]\S*)", turn.text):
            if part.startswith("["):
                draft.policies.append(NEUTRAL)
                items += [_Item(f" {word}", len(draft.policies) - 1) for word in re.sub(r"[\[\]]", "", part).split()]
                continue
            match = re.fullmatch(r"\{(\w+?)(?:/(\w+))?\}(\S*)", part)
            if not match:
                items += [_Item(f" {word}") for word in part.split()]
                continue
            slot = SLOTS[match[1]]
            # People are the same in the whole call; `caller` and `agent` are their numbers.
            number = match[2] or ""
            key = number if slot.policy == "person_name" or not number else block + number
            spoken = slot.speak(values, key)
            if random.random() < SLIP_SHARE:
                wrong, apology = verbalise.slip(spoken, random)
                items += self._entity(draft, slot.policy, wrong, random) if wrong else []
                items += self._entity(draft, NEUTRAL, apology, random) if apology else []
            halves = _halves(spoken, random) if random.random() < SPLIT_SHARE else (spoken,)
            for place, half in enumerate(halves):
                if place:
                    draft.utterances.append((turn.channel, items))
                    if random.random() < 0.7:
                        reply = [_Item(f" {word}") for word in random.choice(BACKCHANNELS).split()]
                        draft.utterances.append((1 - turn.channel, reply))
                    items = []
                items += self._entity(draft, slot.policy, half, random)
            items[-1] = _Item(items[-1].text + match[3], items[-1].entity)
        draft.utterances.append((turn.channel, items))

    def _entity(self, draft: _Draft, policy: str, spoken: Spoken, random: Random) -> list[_Item]:
        draft.policies.append(policy)
        entity = len(draft.policies) - 1
        written = recogniser_noise.write(spoken, random, self._noise, is_name=policy == "person_name")
        items = [_Item(text, entity) for text in written]
        if len(items) > 3 and random.random() < HESITATION_SHARE:
            place = random.randrange(1, len(items))
            if items[place].text.startswith(" "):
                items.insert(place, _Item(random.choice((" uh,", " um,", " let me see,")), entity))
        return items

    def _finished(self, draft: _Draft, name: str, random: Random) -> LabelledTranscript:
        lower = random.random() < self._noise.lower_case
        bare = random.random() < self._noise.no_punctuation
        clock, number = 0.5, 0
        utterances: list[Utterance] = []
        places: dict[tuple[int, int], list[int]] = {}
        neutral: set[int] = set()
        for channel, items in draft.utterances:
            words: list[Word] = []
            for item in items:
                text = item.text.lower() if lower else item.text
                text = recogniser_noise.plain_text(text) if bare else text
                words.append(Word(text, clock, clock + SECONDS_A_WORD, 0.9, channel))
                if item.entity >= 0 and draft.policies[item.entity] == NEUTRAL:
                    neutral.add(number)
                elif item.entity >= 0:
                    places.setdefault((item.entity, len(utterances)), []).append(number)
                clock += SECONDS_A_WORD
                number += 1
            utterances.append(Utterance(channel, tuple(words)))
            clock += TURN_GAP_S
        entities = tuple(GoldEntity(draft.policies[entity], tuple(found)) for (entity, _), found in places.items())
        return LabelledTranscript(
            name, Transcript("en", 1.0, clock, 2, tuple(utterances)), entities, frozenset(neutral)
        )


def _halves(spoken: Spoken, random: Random) -> tuple[Spoken, ...]:
    """A value in two, broken where a speaker would pause: between groups of digits."""
    breaks = [
        place
        for place in range(1, len(spoken))
        if spoken[place].kind == spoken[place - 1].kind == "digits" and not spoken[place].glued
    ]
    if not breaks:
        return (spoken,)
    place = random.choice(breaks)
    return spoken[:place], spoken[place:]
