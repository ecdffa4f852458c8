"""Written sentences with entities, from presidio-research's data set or else from its templates.

The data set (`data/synth_dataset_v2.json`, 1,500 sentences) is in no package. Its templates are in one, and stand in
`templates/presidio.txt`; Faker gives the values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from faker import Faker

from hushbeam.schemas.transcript import Transcript, Utterance, Word
from training.generated.calls import SECONDS_A_WORD, GoldEntity, LabelledTranscript

POLICY_OF_TYPE: Mapping[str, str] = {
    "AGE": "person_age",
    "CREDIT_CARD": "credit_card_number",
    "DATE_TIME": "date",
    "DOMAIN_NAME": "url",
    "EMAIL_ADDRESS": "email_address",
    "GPE": "location",
    "IBAN_CODE": "banking_information",
    "IP_ADDRESS": "ip_address",
    "NRP": "nationality",
    "ORGANIZATION": "organization",
    "PERSON": "person_name",
    "PHONE_NUMBER": "phone_number",
    "STREET_ADDRESS": "location",
    "TITLE": "occupation",
    "US_DRIVER_LICENSE": "drivers_license",
    "US_SSN": "us_social_security_number",
    "ZIP_CODE": "location",
}
"""The 17 types of presidio-research, and what we call them."""

REQUESTED = (*sorted(set(POLICY_OF_TYPE.values())), "date_of_birth", "date_interval", "time")
"""What the detector is asked for on these sentences."""

_NAME_LOCALES = ("en_US", "en_GB", "en_AU", "en_IN", "fr_FR", "de_DE", "es_ES", "it_IT", "nl_NL", "fi_FI", "pl_PL")
_NATIONALITIES = (
    "American",
    "British",
    "Danish",
    "Chinese",
    "Egyptian",
    "Greek",
    "Kenyan",
    "Peruvian",
    "Thai",
    "Irish",
)
_PEOPLES = ("Americans", "Britons", "Danes", "Egyptians", "Greeks", "Kenyans", "Peruvians", "Thais", "Swedes", "Turks")
_COUNTRIES = ("Spain", "Brazil", "Norway", "Vietnam", "Morocco", "Chile", "Japan", "South Africa", "the Netherlands")


@dataclass(frozen=True)
class _Span:
    start: int
    end: int
    entity_type: str


def read_dataset(path: Path) -> list[LabelledTranscript]:
    """The sentences of a file in the format of presidio-research."""
    samples = json.loads(path.read_text(encoding="utf-8"))
    return [
        labelled(
            f"sentence {number}",
            sample["full_text"],
            [_Span(span["start_position"], span["end_position"], span["entity_type"]) for span in sample["spans"]],
        )
        for number, sample in enumerate(samples, 1)
    ]


def generate(templates: Path, count: int, seed: int) -> list[LabelledTranscript]:
    """`count` sentences, each of a template drawn at random. The same seed makes the same sentences."""
    lines = [line for line in templates.read_text(encoding="utf-8").splitlines() if line and not line.startswith("# ")]
    random = Random(seed)
    values = _Values(random)
    sentences = []
    for number in range(1, count + 1):
        text, spans = "", []
        for place, part in enumerate(re.split(r"\{\{(\w+)\}\}", random.choice(lines).replace("\\n", "\n"))):
            if place % 2:
                entity_type, value = values.of(part)
                spans.append(_Span(len(text), len(text) + len(value), entity_type))
                text += value
            else:
                text += part
        sentences.append(labelled(f"sentence {number}", text, spans))
    return sentences


def labelled(name: str, text: str, spans: list[_Span]) -> LabelledTranscript:
    """A sentence as a transcript of one utterance; a word that holds a character of a span belongs to it."""
    places = [match.span() for match in re.finditer(r"\S+", text)]
    words = tuple(
        Word(" " + text[start:end], number * SECONDS_A_WORD, (number + 1) * SECONDS_A_WORD, 0.9, 0)
        for number, (start, end) in enumerate(places)
    )
    entities = []
    for span in spans:
        inside = tuple(number for number, (start, end) in enumerate(places) if start < span.end and span.start < end)
        if inside:
            entities.append(GoldEntity(POLICY_OF_TYPE[span.entity_type], inside))
    transcript = Transcript("en", 1.0, len(words) * SECONDS_A_WORD, 1, (Utterance(0, words),))
    return LabelledTranscript(name, transcript, tuple(entities))


class _Values:
    """Values for the slots of the templates, in the spirit of the package's own providers."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._fakers = {locale: Faker(locale) for locale in _NAME_LOCALES}
        for faker in self._fakers.values():
            faker.seed_instance(random.getrandbits(32))
        american = self._fakers["en_US"]
        self._makers: Mapping[str, tuple[str, Callable[[], str]]] = {
            "person": ("PERSON", self._name),
            "name": ("PERSON", self._name),
            "name_male": ("PERSON", self._name),
            "name_female": ("PERSON", self._name),
            "first_name": ("PERSON", self._first_name),
            "first_name_male": ("PERSON", self._first_name),
            "first_name_female": ("PERSON", self._first_name),
            "first_name_nonbinary": ("PERSON", self._first_name),
            "last_name": ("PERSON", self._last_name),
            "last_name_male": ("PERSON", self._last_name),
            "last_name_female": ("PERSON", self._last_name),
            "prefix": ("TITLE", american.prefix),
            "prefix_male": ("TITLE", american.prefix_male),
            "prefix_female": ("TITLE", american.prefix_female),
            "job": ("TITLE", american.job),
            "organization": ("ORGANIZATION", lambda: str(self._any().company())),
            "address": ("STREET_ADDRESS", self._address),
            "building_number": ("STREET_ADDRESS", american.building_number),
            "street_name": ("STREET_ADDRESS", lambda: str(self._any().street_name())),
            "secondary_address": ("STREET_ADDRESS", american.secondary_address),
            "postcode": ("STREET_ADDRESS", american.postcode),
            "zipcode": ("ZIP_CODE", american.postcode),
            "city": ("GPE", lambda: str(self._any().city())),
            "state_abbr": ("GPE", american.state_abbr),
            "country": ("GPE", lambda: random.choice(_COUNTRIES)),
            "nationality": ("NRP", lambda: random.choice(_NATIONALITIES)),
            "nation_woman": ("NRP", lambda: random.choice(_NATIONALITIES)),
            "nation_plural": ("NRP", lambda: random.choice(_PEOPLES)),
            "credit_card_number": ("CREDIT_CARD", american.credit_card_number),
            "iban": ("IBAN_CODE", american.iban),
            "phone_number": ("PHONE_NUMBER", lambda: str(self._any().phone_number())),
            "email": ("EMAIL_ADDRESS", american.email),
            "url": ("DOMAIN_NAME", american.url),
            "ip_address": ("IP_ADDRESS", self._ip_address),
            "ssn": ("US_SSN", american.ssn),
            "us_driver_license": ("US_DRIVER_LICENSE", lambda: str(american.bothify("?######", "ABCDEFGHKLM"))),
            "age": ("AGE", lambda: str(random.randint(1, 99))),
            "year": ("DATE_TIME", american.year),
            "day_of_week": ("DATE_TIME", american.day_of_week),
            "date_time": ("DATE_TIME", self._date),
            "date_of_birth": ("DATE_TIME", self._date),
        }

    def of(self, slot: str) -> tuple[str, str]:
        """The type and an invented value of a slot."""
        entity_type, make = self._makers[slot]
        return entity_type, make()

    def _any(self) -> Faker:
        return self._fakers[self._random.choice(_NAME_LOCALES)]

    def _name(self) -> str:
        faker = self._any()
        return f"{faker.first_name()} {faker.last_name()}"

    def _first_name(self) -> str:
        return str(self._any().first_name())

    def _last_name(self) -> str:
        return str(self._any().last_name())

    def _address(self) -> str:
        faker = self._any()
        street = f"{faker.building_number()} {faker.street_name()}"
        return self._random.choice(
            (
                f"{street}, {faker.city()}",
                f"{street}\n{faker.city()}\n{faker.postcode()}",
                f"{street}, {faker.city()}, {self._random.choice(_COUNTRIES)}",
                str(self._fakers["en_US"].address()),
            )
        )

    def _ip_address(self) -> str:
        faker = self._fakers["en_US"]
        return str(faker.ipv4() if self._random.random() < 0.8 else faker.ipv6())

    def _date(self) -> str:
        day = self._fakers["en_US"].date_object()
        return self._random.choice((day.isoformat(), f"{day:%m/%d/%Y}", f"{day:%B} {day.day}, {day.year}"))
