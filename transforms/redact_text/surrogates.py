"""Surrogates: invented values of the same kind, so that redacted text still reads like a conversation."""

from __future__ import annotations

import hashlib
import hmac
import random
from functools import cached_property
from typing import TYPE_CHECKING

import regex

from hushbeam.schemas.policies import NUMBERS

if TYPE_CHECKING:
    from faker import Faker

# Faker's provider for each policy whose values are words. Numbers keep their form instead, and values of any other
# policy are replaced by its label.
_PROVIDERS = {
    "date": "date",
    "email_address": "safe_email",
    "filename": "file_name",
    "ip_address": "ipv4_private",
    "language": "language_name",
    "location": "city",
    "location_address": "street_address",
    "location_address_street": "street_address",
    "location_city": "city",
    "location_country": "country",
    "location_state": "state",
    "nationality": "country",
    "occupation": "job",
    "organization": "company",
    "organization_medical_facility": "company",
    "url": "domain_name",
    "username": "user_name",
}
_LIKE_THE_ORIGINAL = {*NUMBERS, "date_of_birth", "money_amount", "person_age"}
_TITLES = frozenset(["mr", "mrs", "ms", "miss", "mx", "sir", "madam", "doctor", "dr", "professor", "prof"])
_LIKE_WORDS = tuple(
    tuple(words.split())
    for words in (
        "zero one two three four five six seven eight nine",
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "first second third fourth fifth sixth seventh eighth ninth tenth",
        "january february march april may june july august september october november december",
    )
)
_ALPHABETS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
# Unlike `\w`, marks are parts of words, and underscores are not.
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*")


class Surrogates:
    """Derives surrogates from a keyed hash: a value has one surrogate within a recording.

    Args:
      key: Secret. Without it, a surrogate reveals nothing about the value.
      recording_id: A value has different surrogates in different recordings.
      locale: Faker locale.
    """

    def __init__(self, key: bytes, recording_id: str, locale: str) -> None:
        self._key = key
        self._recording_id = recording_id
        self._locale = locale
        self._surnames: set[str] = set()

    def learn(self, policy: str, value: str) -> None:
        """Remembers the last word of a full name as a surname."""
        if policy == "person_name" and len(words := _name_words(value)) > 1:
            self._surnames.add(words[-1])

    def invent(self, policy: str, value: str) -> str | None:
        """A surrogate for a value, never equal to it; None for policies without surrogates."""
        if policy == "person_name":
            return str(_WORD.sub(lambda match: self._name(match[0]), value))
        if policy in _LIKE_THE_ORIGINAL:
            return self._same_form(policy, value)
        provider = _PROVIDERS.get(policy)
        return self._fake(provider, policy, value) if provider else None

    def _name(self, word: str) -> str:
        plain = _plain(word)
        if plain in _TITLES:
            return word
        if len(plain) == 1:
            return self._same_form("person_name", word)
        return self._fake("last_name" if plain in self._surnames else "first_name", "person_name", word)

    def _fake(self, provider: str, policy: str, value: str) -> str:
        plain = _plain(value)
        self._faker.seed_instance(self._seed(policy, plain))
        while _plain(invented := str(getattr(self._faker, provider)())) == plain:
            pass
        return invented

    def _same_form(self, policy: str, value: str) -> str:
        source = random.Random(self._seed(policy, "".join(filter(str.isalnum, value.lower()))))  # noqa: S311 - seeded by an HMAC

        return str(_WORD.sub(lambda match: _other_word(match[0], source), value))

    def _seed(self, policy: str, value: str) -> int:
        message = "\0".join((self._recording_id, policy, value)).encode()
        return int.from_bytes(hmac.new(self._key, message, hashlib.sha256).digest())

    @cached_property
    def _faker(self) -> Faker:
        from faker import Faker  # noqa: PLC0415 - takes a twentieth of a second, and most runs invent nothing

        return Faker(self._locale)


def _other_word(word: str, source: random.Random) -> str:
    for words in _LIKE_WORDS:
        if word.lower() in words:
            chosen = source.choice([other for other in words if other != word.lower()])
            return chosen.capitalize() if word[0].isupper() else chosen
    return "".join(_other_character(character, source) for character in word)


def _other_character(character: str, source: random.Random) -> str:
    for alphabet in _ALPHABETS:
        if character in alphabet:
            return source.choice(alphabet.replace(character, ""))
    return "#" if character.isalnum() else character


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _name_words(value: str) -> list[str]:
    return [word for word in _plain(value).split() if word not in _TITLES]
