"""Replacement of the values of a conversation by others, the same everywhere in it.

The model must learn how people talk about a value, not the values of 600 conversations: in every pass over the
conversations the names, places, numbers and dates are others, of all origins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from random import Random

from faker import Faker

from hushbeam.transforms.detect_pii.text.tokens import read_terms, word_set
from training.conversations import Mark, Piece, Turn, WrittenConversation


def _words(text: str) -> Sequence[str]:
    return text.split()


_LOCALES = _words(
    "en_US en_GB en_IN en_IE en_NG en_PK en_AU es_MX es_ES pt_BR fr_FR de_DE it_IT nl_NL pl_PL cs_CZ hu_HU ro_RO sv_SE "
    "fi_FI tr_TR vi_VN id_ID fil_PH yo_NG zu_ZA tw_GH hr_HR sk_SK lv_LV et_EE"
)
_NAMES_THAT_ARE_WORDS = _words(
    "Hope Grace Rose Will Mark Bill Summer Dawn Faith Joy Ivy June May April Art Chase Dale Drew Frank Gene Grant "
    "Guy Hunter Jack Jay Lance Miles Norm Pat Ray Reed Rich Rob Sandy Skip Sonny Sterling Ward Wade Wren Violet "
    "Olive Ruby Pearl Opal Amber Crystal Daisy Fern Hazel Heather Iris Jasmine Lily Poppy Sage Holly Robin Martin "
    "Melody Harmony Charity Honor Mercy Patience Prudence Verity Blessing Precious Innocent Goodluck Happy Lucky "
    "Sunday Friday Monday Star Sky River Brook Cliff Rocky Stone Forest Glen Heath Clay Rusty Buddy Ace Duke Earl "
    "King Prince Major Dean Judge Bishop Pope Abbot Carter Mason Taylor Cooper Baker Cook Fisher Gardener Porter "
    "Sawyer Tanner Turner Walker Weaver Young Long Short Small Little Strong Swift Sharp Wise Good Best Rich "
    "Black White Brown Green Gray Day Knight Weeks Winter Snow Frost Rain Gale Storm Waters Lake Pond Wells Field "
    "Hill Dale Banks Ford Bridges Church Temple Cross Parks House Hall Chambers Gates Locke Key Bell Penny Cash "
    "Price Bond Case Page Book Reader Law Power Savage Moody Gentle Noble Love Darling Dear Sweet Bliss Joyce "
    "Merry Gay Bean Rice Berry Plum Olive Peppers Salt Lamb Fox Wolf Bear Hart Drake Swan Crane Finch Sparrow "
    "Hawk Pike Bass Ray Marlin"
)
_STREET_KINDS = word_set(
    "street road avenue lane drive court close way place terrace gardens square crescent boulevard highway "
    "parkway circle trail row hill park mews walk green grove rise view north south east west apartment apt unit "
    "flat suite floor box po p o house building block st rd ave dr ln blvd and of the on at by near opposite "
    "behind corner calle avenida plaza paseo colonia piso puerta número camino carrera rue avenue boulevard place "
    "chemin impasse allée bis ter étage bâtiment straße strasse gasse weg platz allee ring hof de la el las los "
    "le les du des am im an"
)
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}
# Words of the digits 1 to 9: alone, after ten (thirteen), times ten, and as ordinal numbers.
_DIGIT_WORDS = {
    "en": (
        "one two three four five six seven eight nine",
        "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
        "ten twenty thirty forty fifty sixty seventy eighty ninety",
        "first second third fourth fifth sixth seventh eighth ninth",
    ),
    "es": (
        "uno dos tres cuatro cinco seis siete ocho nueve",
        "once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve",
        "diez veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    ),
    "fr": ("un deux trois quatre cinq six sept huit neuf",),
    "de": (
        "eins zwei drei vier fünf sechs sieben acht neun",
        "elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
        "zehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    ),
}
_NUMBER_POLICIES = word_set(
    "account_number banking_information credit_card_cvv credit_card_number drivers_license healthcare_number "
    "ip_address location_address_street location_coordinate location_zip number_sequence passport_number password "
    "phone_number us_social_security_number username vehicle_id email_address url filename"
)
_TIME_POLICIES = word_set(
    "credit_card_expiration date date_interval date_of_birth duration money_amount person_age statistics time"
)
_CODES = word_set(
    "account_number drivers_license healthcare_number location_zip number_sequence passport_number vehicle_id "
    "us_social_security_number banking_information"
)
MISHEARD = Path(__file__).parent / "misheard.json"
_MISHEARD_SHARE = 0.6
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SPELLED = re.compile(r"(?:[^\W\d_][\s,.-]+){2,}[^\W\d_]\.?")


@cache
def _names(kind: str) -> Sequence[str]:
    return sorted(read_terms(kind))


@cache
def _common_words() -> frozenset[str]:
    return read_terms("common_words")


def read_misheard() -> Mapping[str, Sequence[str]]:
    """Names of one word with the ways in which a recogniser wrote them: see `training.mishear`."""
    pairs: dict[str, list[str]] = {}
    for said, written in json.loads(MISHEARD.read_text(encoding="utf-8")).items():
        for heard in written:
            together = zip(said.split(), heard.split(), strict=False)
            if len(said.split()) == 1:
                pairs.setdefault(said, []).append(heard)
            elif len(said.split()) == len(heard.split()):
                for one, other in together:
                    pairs.setdefault(one, []).append(other)
    return {said: heard for said, heard in pairs.items() if any(one.casefold() != said.casefold() for one in heard)}


def _keys(names: Mapping[str, Sequence[str]]) -> Sequence[str]:
    return tuple(names)


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale, use_weighting=False)


@dataclass
class Replacement:
    """Other values for one conversation.

    Attributes:
      misheard: How a recogniser writes names, by name; None to write them as they are.
      keep_names: How often a name stays as it is written.
    """

    random: Random
    language: str
    misheard: Mapping[str, Sequence[str]] | None = None
    keep_names: float = 0.35
    _names: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _digits(self) -> dict[str, str]:
        others = self.random.sample("123456789", 9)
        return {"0": "0", **dict(zip("123456789", others, strict=True))}

    @cached_property
    def _letters(self) -> dict[str, str]:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        return dict(zip(letters, self.random.sample(letters, 26), strict=True))

    @cached_property
    def _number_words(self) -> tuple[dict[str, str], dict[str, str]]:
        """Words for words: in numbers that identify, and in quantities, where tens and teens stay."""
        identifying: dict[str, str] = {}
        counting: dict[str, str] = {}
        for place, words in enumerate(_DIGIT_WORDS[self.language]):
            by_digit = dict(zip("123456789", words.split(), strict=True))
            mapped = {word: by_digit[self._digits[digit]] for digit, word in by_digit.items()}
            identifying |= mapped
            if place in (0, 3):
                counting |= mapped
        return identifying, counting

    @cached_property
    def _months(self) -> dict[str, str]:
        months = _MONTHS[self.language].split()
        return {month.casefold(): other for month, other in zip(months, self.random.sample(months, 12), strict=True)}

    def conversation(self, conversation: WrittenConversation) -> WrittenConversation:
        """The conversation with other values."""
        return replace(conversation, turns=tuple(self._turn(turn) for turn in conversation.turns))

    def _turn(self, turn: Turn) -> Turn:
        return replace(turn, pieces=tuple(self._piece(piece) for piece in turn.pieces))

    def _piece(self, piece: Piece) -> Piece:
        if piece.mark is None:
            return piece
        return replace(piece, text=self._value(piece.text, piece.mark))

    def _value(self, text: str, mark: Mark) -> str:  # noqa: PLR0911 - one way for each kind of value
        policy = mark.policy
        if policy == "person_name":
            return text if mark.optional else self._person(text, mark.key)
        if policy in _NUMBER_POLICIES:
            text = self._numbers(text, policy)
            if policy == "location_address_street":
                return self._each_word(text, self._street_word)
            if policy in ("email_address", "username", "url"):
                return self._each_word(text, self._known_name)
            return text
        if policy in _TIME_POLICIES:
            return self._quantity(text)
        if policy == "location_city" and not mark.optional:
            return self._listed(text, mark.key, "cities", 0.4)
        if policy in ("organization", "organization_medical_facility") and not mark.optional:
            return self._each_word(text, self._organisation_word)
        if policy == "drug" and not mark.optional:
            return self._listed(text, mark.key, "drugs", 0.5)
        return text

    def _person(self, text: str, key: str) -> str:
        if _SPELLED.fullmatch(text.strip()):
            return self._spelled(text, key)
        words = _WORD.findall(text)
        if not words or any(len(word) == 1 for word in words) or len(words) > 3:
            return text
        part = key.rpartition(".")[2]
        surnames = iter([part.startswith(("last", "maiden"))] if len(words) == 1 else [False, True, True])
        return _WORD.sub(lambda found: self._name(found[0], next(surnames)), text)

    def _name(self, word: str, surname: bool) -> str:
        """Another name for a name: the same for the same, wherever it is said."""
        plain = word.casefold()
        if plain not in self._names:
            self._names[plain] = word if self.random.random() < self.keep_names else self.new_name(surname)
        name = self._as_heard(self._names[plain])
        return name.lower() if word.islower() else name

    def _as_heard(self, name: str) -> str:
        """A name as a recogniser writes it, which may differ each time."""
        heard = (self.misheard or {}).get(name)
        return self.random.choice(heard) if heard and self.random.random() < _MISHEARD_SHARE else name

    def new_name(self, surname: bool) -> str:
        if self.misheard and self.random.random() < 0.4:
            return self.random.choice(_keys(self.misheard))
        kind = self.random.random()
        if kind < 0.12:
            return self.random.choice(_NAMES_THAT_ARE_WORDS)
        if kind < 0.55:
            faker = _faker(self.random.choice(_LOCALES))
            faker.seed_instance(self.random.getrandbits(32))
            name = faker.last_name() if surname else faker.first_name()
            return str(name)
        name = self.random.choice(_names("surnames" if surname else "given_names"))
        return name.title()

    def _spelled(self, text: str, key: str) -> str:
        """A spelled name as the name is now, if it is known; otherwise its letters changed."""
        letters = "".join(_WORD.findall(text)).casefold()
        other = self._names.get(letters)
        found = re.findall(r"[^\W\d_]", text)
        separators = re.split(r"[^\W\d_]", text)
        written = [letter for letter in (other or letters) if letter.isalpha()]
        if other is None and self.random.random() < 0.5:
            position = self.random.randrange(len(written))
            written[position] = self.random.choice("abcdefghijklmnopqrstuvwxyz")
        upper = found[0].isupper()
        middle = separators[1] if len(separators) > 2 else " "
        joined = middle.join(letter.upper() if upper else letter.lower() for letter in written)
        return separators[0] + joined + separators[-1]

    def _numbers(self, text: str, policy: str) -> str:
        text = "".join(self._digits.get(character, character) for character in text)
        text = self._each_word(text, lambda word: self._number_words[0].get(word.casefold()))
        if policy in _CODES:
            text = re.sub(r"(?<![^\W_])[A-Z](?![^\W\d_])", lambda found: self._letters[found[0]], text)
        return text

    def _quantity(self, text: str) -> str:
        text = re.sub(r"[1-9](?!\d)", lambda found: self._digits[found[0]], text)
        return self._each_word(
            text, lambda word: self._months.get(word.casefold()) or self._number_words[1].get(word.casefold())
        )

    def _listed(self, text: str, key: str, gazetteer: str, keep: float) -> str:
        plain = text.strip().casefold()
        if plain not in self._names:
            other = self.random.choice(_names(gazetteer))
            self._names[plain] = text.strip() if self.random.random() < keep else other.title()
        other = self._names[plain]
        return text.replace(text.strip(), other.lower() if text.islower() else other)

    def _street_word(self, word: str) -> str | None:
        if not word[0].isupper() or len(word) < 3 or word.casefold() in _STREET_KINDS:
            return None
        if word.casefold() in self._number_words[0] or word.casefold() in self._number_words[0].values():
            return None
        return self._name(word, True)

    def _organisation_word(self, word: str) -> str | None:
        if not word[0].isupper() or word.casefold() in _common_words() or self.random.random() < 0.5:
            return self._names.get(word.casefold())
        return self._name(word, True)

    def _known_name(self, word: str) -> str | None:
        return self._names.get(word.casefold())

    def _each_word(self, text: str, change: Callable[[str], str | None]) -> str:
        def changed(found: re.Match[str]) -> str:
            word = found[0]
            other = change(word)
            if other is None:
                return word
            return other.lower() if word.islower() else other[0].upper() + other[1:] if word[0].isupper() else other

        return _WORD.sub(changed, text)


def invented_values(random: Random, count: int) -> Iterator[str]:
    """Names, places and medicines to say to a recogniser."""
    replacement = Replacement(random, "en", keep_names=0.0)
    for _ in range(count):
        match random.choices(("full", "first", "last", "city", "street", "drug"), (6, 5, 5, 2, 2, 1))[0]:
            case "full":
                yield f"{replacement.new_name(surname=False)} {replacement.new_name(surname=True)}"
            case "first":
                yield replacement.new_name(surname=False)
            case "last":
                yield replacement.new_name(surname=True)
            case "city":
                yield random.choice(_names("cities")).title()
            case "street":
                kind = random.choice(("Street", "Road", "Avenue", "Lane", "Drive", "Court"))
                yield f"{replacement.new_name(surname=True)} {kind}"
            case _:
                yield random.choice(_names("drugs"))
