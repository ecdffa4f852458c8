"""Invented values for the slots of dialogue templates, with their spoken forms.

`SLOTS` names every slot with the policy of what it says. Faker invents the values; telephone numbers are of ranges
kept for fiction where there are such ranges, and nothing is a person's.
"""

from __future__ import annotations

import datetime
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from faker import Faker

from training.generated import verbalise
from training.generated.verbalise import Spoken

NEUTRAL = "neutral"
"""The policy of what may be redacted or not: dates, organisations, and what no policy was asked for."""


@dataclass
class Person:
    """Someone of the call. The same person is mentioned by several slots."""

    first: str
    last: str


@dataclass
class CallValues:
    """The values of one call: the same slot and number is the same value wherever it is said.

    Attributes:
      faker: Of American values.
      names: Of names of any English-speaking country.
      vocabulary: Lists of names of things (drugs, conditions, jobs, ...), by slot.
    """

    random: Random
    faker: Faker
    names: Faker
    vocabulary: Mapping[str, tuple[str, ...]]
    _people: dict[str, Person] = field(default_factory=dict)
    _values: dict[tuple[str, str], str] = field(default_factory=dict)

    def person(self, number: str) -> Person:
        if number not in self._people:
            self._people[number] = Person(self.names.first_name(), self.names.last_name())
        return self._people[number]

    def once(self, slot: str, number: str, invent: Callable[[], str]) -> str:
        """The value of a numbered slot, invented when it is first asked for."""
        if not number:
            return invent()
        if (slot, number) not in self._values:
            self._values[slot, number] = invent()
        return self._values[slot, number]

    def digits(self, count: int) -> str:
        """Digits of which the first is not zero."""
        return str(self.random.randint(1, 9)) + "".join(self.random.choices(string.digits, k=count - 1))

    def capitals(self, count: int) -> str:
        return "".join(self.random.choices(string.ascii_uppercase, k=count))


@dataclass(frozen=True)
class Slot:
    """What a template may ask for: its policy, and how a value is invented and said."""

    policy: str
    speak: Callable[[CallValues, str], Spoken]


def _person(values: CallValues, number: str) -> Spoken:
    person = values.person(number)
    return verbalise.words(f"{person.first} {person.last}")


def _first_name(values: CallValues, number: str) -> Spoken:
    return verbalise.words(values.person(number).first)


def _last_name(values: CallValues, number: str) -> Spoken:
    return verbalise.words(values.person(number).last)


def _titled(values: CallValues, number: str) -> Spoken:
    title = values.random.choice(("Mister", "Miss", "Missus", "Doctor"))
    return verbalise.words(f"{title} {values.person(number).last}")


def _spelled_last(values: CallValues, number: str) -> Spoken:
    return verbalise.letters(values.person(number).last, values.random)


def _spelled_first(values: CallValues, number: str) -> Spoken:
    return verbalise.letters(values.person(number).first, values.random)


def _phone(values: CallValues, number: str) -> Spoken:
    digits = values.once(
        "phone", number, lambda: values.digits(3) + "555" + "01" + f"{values.random.randint(0, 99):02}"
    )
    return verbalise.grouped(digits, values.random.choice(((3, 3, 4), (3, 3, 4), (3, 3, 2, 2))), values.random)


def _phone_uk(values: CallValues, number: str) -> Spoken:
    digits = values.once("phone_uk", number, lambda: f"07700900{values.random.randint(0, 999):03}")
    return verbalise.grouped(digits, values.random.choice(((5, 3, 3), (3, 2, 3, 3), (4, 4, 3))), values.random)


def _phone_abroad(values: CallValues, number: str) -> Spoken:
    country, length = values.random.choice((("33", 9), ("49", 10), ("61", 9), ("34", 9), ("91", 10), ("353", 9)))
    digits = values.once("phone_abroad", number, lambda: country + values.digits(length))
    groups = verbalise.in_breaths(digits[2:], values.random)
    return (*verbalise.words("plus"), verbalise.digit_group(digits[:2], values.random), *groups)


def _phone_local(values: CallValues, number: str) -> Spoken:
    digits = values.once("phone_local", number, lambda: "555" + values.digits(4))
    return verbalise.grouped(digits, (3, 4), values.random)


def _card_digits(values: CallValues, number: str) -> str:
    kind = values.random.choice(("visa16", "mastercard", "discover", "amex"))
    return values.once("card", number, lambda: str(values.faker.credit_card_number(kind)))


def _card(values: CallValues, number: str) -> Spoken:
    digits = _card_digits(values, number)
    sizes = (4, 6, 5) if len(digits) == 15 else (4, 4, 4, 4)
    return verbalise.grouped(digits, sizes, values.random)


def _card_quarter(quarter: int) -> Callable[[CallValues, str], Spoken]:
    def speak(values: CallValues, number: str) -> Spoken:
        digits = values.once("card", number, lambda: str(values.faker.credit_card_number("visa16")))
        return (verbalise.digit_group(digits[4 * quarter : 4 * quarter + 4], values.random),)

    return speak


def _card_last(values: CallValues, number: str) -> Spoken:
    return (verbalise.digit_group(_card_digits(values, number)[-4:], values.random),)


def _expiry(values: CallValues, number: str) -> Spoken:
    month = int(values.once("expiry_month", number, lambda: str(values.random.randint(1, 12))))
    year = int(values.once("expiry_year", number, lambda: str(values.random.randint(2026, 2033))))
    return verbalise.expiry(month, year, values.random)


def _cvv(values: CallValues, number: str) -> Spoken:
    digits = values.once("cvv", number, lambda: "".join(values.random.choices(string.digits, k=3)))
    return (verbalise.digit_group(digits, values.random),)


def _ssn_digits(values: CallValues, number: str) -> str:
    return values.once("ssn", number, lambda: str(values.faker.ssn()).replace("-", ""))


def _ssn(values: CallValues, number: str) -> Spoken:
    return verbalise.grouped(_ssn_digits(values, number), (3, 2, 4), values.random)


def _ssn_last(values: CallValues, number: str) -> Spoken:
    return (verbalise.digit_group(_ssn_digits(values, number)[-4:], values.random),)


def _account_digits(values: CallValues, number: str) -> str:
    return values.once("account", number, lambda: values.digits(values.random.randint(7, 12)))


def _account(values: CallValues, number: str) -> Spoken:
    return verbalise.in_breaths(_account_digits(values, number), values.random)


def _account_last(values: CallValues, number: str) -> Spoken:
    return (verbalise.digit_group(_account_digits(values, number)[-4:], values.random),)


def _account_mixed(values: CallValues, number: str) -> Spoken:
    """A policy, case or order number with letters in it."""
    text = values.once(
        "account_mixed",
        number,
        lambda: values.random.choice(
            (
                values.capitals(2) + values.digits(7),
                values.capitals(3) + "-" + values.digits(6),
                values.capitals(1) + values.digits(8),
                values.digits(4) + values.capitals(1) + values.digits(4),
            )
        ),
    )
    return verbalise.alphanumeric(text, values.random)


def _identifier(slot: str, letters: int, digits: int) -> Callable[[CallValues, str], Spoken]:
    def speak(values: CallValues, number: str) -> Spoken:
        text = values.once(slot, number, lambda: values.capitals(letters) + values.digits(digits))
        return verbalise.alphanumeric(text, values.random)

    return speak


def _number(slot: str, count: int) -> Callable[[CallValues, str], Spoken]:
    def speak(values: CallValues, number: str) -> Spoken:
        return verbalise.in_breaths(values.once(slot, number, lambda: values.digits(count)), values.random)

    return speak


def _sort_code(values: CallValues, number: str) -> Spoken:
    return verbalise.grouped(values.once("sort_code", number, lambda: values.digits(6)), (2, 2, 2), values.random)


def _iban(values: CallValues, number: str) -> Spoken:
    return verbalise.alphanumeric(values.once("iban", number, lambda: str(values.faker.iban())), values.random)


def _plate(values: CallValues, number: str) -> Spoken:
    return verbalise.alphanumeric(
        values.once("plate", number, lambda: str(values.faker.bothify("???-####", string.ascii_uppercase))),
        values.random,
    )


def _vin(values: CallValues, number: str) -> Spoken:
    allowed = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
    text = values.once("vin", number, lambda: "".join(values.random.choices(allowed, k=17)))
    return verbalise.alphanumeric(text, values.random)


def _birth_date(values: CallValues, number: str) -> Spoken:
    text = values.once("birth", number, lambda: str(values.faker.date_of_birth(minimum_age=3, maximum_age=90)))
    return verbalise.date(datetime.date.fromisoformat(text), values.random)


def _date(values: CallValues, number: str) -> Spoken:
    day = values.faker.date_object()
    return verbalise.date(day, values.random, with_year=False)


def _email(values: CallValues, number: str) -> Spoken:
    def invent() -> str:
        person = values.person(number or "?")
        first, last = person.first.lower(), person.last.lower()
        local = values.random.choice(
            (
                f"{first}.{last}",
                f"{first}_{last}",
                f"{first[0]}{last}{values.random.randint(2, 99)}",
                f"{first}{values.random.randint(1960, 2009)}",
                f"{last}-{first}",
                f"{values.faker.word()}.{values.faker.word()}{values.random.randint(1, 9)}",
            )
        )
        domain = values.random.choice(
            ("gmail.com", "outlook.com", "yahoo.com", "icloud.com", values.faker.domain_name(), "hotmail.co.uk")
        )
        return f"{local}@{domain}"

    return verbalise.email(values.once("email", number, invent), values.random)


def _url(values: CallValues, number: str) -> Spoken:
    def invent() -> str:
        path = values.random.choice(("", f"/{values.faker.word()}"))
        return f"{values.random.choice(('www.', ''))}{values.faker.domain_name()}{path}"

    return verbalise.url(values.once("url", number, invent), values.random)


def _ip_address(values: CallValues, number: str) -> Spoken:
    return verbalise.ip_address(values.once("ip", number, lambda: str(values.faker.ipv4())), values.random)


def _username(values: CallValues, number: str) -> Spoken:
    def invent() -> str:
        return f"{values.faker.word()}{values.random.choice(('_', '.', ''))}{values.random.randint(10, 99)}"

    return verbalise.url(values.once("username", number, invent), values.random)


def _password(values: CallValues, number: str) -> Spoken:
    def invent() -> str:
        return f"{values.faker.word()}{values.random.randint(1, 999)}{values.random.choice(('', '!', '#'))}"

    return verbalise.url(values.once("password", number, invent), values.random)


def _street(values: CallValues, number: str) -> Spoken:
    house = int(values.once("house", number, lambda: str(values.random.randint(3, 9899))))
    street = values.once("street", number, lambda: str(values.faker.street_name()))
    return (verbalise.house_number(house, values.random), *verbalise.words(street))


def _zip_code(values: CallValues, number: str) -> Spoken:
    digits = values.once("zip", number, lambda: f"{values.random.randint(501, 99950):05}")
    return (verbalise.digit_group(digits, values.random, plain=values.random.random() < 0.8),)


def _city(values: CallValues, number: str) -> Spoken:
    return verbalise.words(values.once("city", number, lambda: str(values.faker.city())))


def _state(values: CallValues, number: str) -> Spoken:
    return verbalise.words(values.once("state", number, lambda: str(values.faker.state())))


def _address(values: CallValues, number: str) -> Spoken:
    parts = (_street(values, number), _city(values, number), _state(values, number), _zip_code(values, number))
    with_commas = values.random.random() < 0.7
    return tuple(group for part in parts for group in (verbalise.with_comma(part) if with_commas else part))


def _postcode(values: CallValues, number: str) -> Spoken:
    def invent() -> str:
        return values.random.choice(("BS3 4QN", "M14 6LT", "EH8 9YL", "SW11 2PA", "LE2 7GB", "CF24 4HQ", "G12 8QQ"))

    return verbalise.alphanumeric(values.once("postcode", number, invent).replace(" ", ""), values.random)


def _age(values: CallValues, number: str) -> Spoken:
    years = int(values.once("age", number, lambda: str(values.random.randint(2, 96))))
    return verbalise.amount(years, "years old")


def _money(values: CallValues, number: str) -> Spoken:
    value = int(values.once("money", number, lambda: str(values.random.choice((45, 180, 1250, 62000, 415, 3400)))))
    return verbalise.amount(value, values.random.choice(("dollars", "pounds", "euros")))


def _named(slot: str) -> Callable[[CallValues, str], Spoken]:
    """A thing with a name, out of the vocabulary of the templates."""

    def speak(values: CallValues, number: str) -> Spoken:
        return verbalise.words(values.once(slot, number, lambda: values.random.choice(values.vocabulary[slot])))

    return speak


def _organisation(values: CallValues, number: str) -> Spoken:
    return verbalise.words(values.once("organisation", number, lambda: str(values.faker.company())))


NAMED_SLOTS: Mapping[str, str] = {
    "condition": "medical_condition",
    "drug": "drug",
    "procedure": "medical_process",
    "injury": "injury",
    "occupation": "occupation",
    "nationality": "nationality",
}
"""Slots whose values a template file lists, and their policies."""

SLOTS: Mapping[str, Slot] = {
    "person": Slot("person_name", _person),
    "first": Slot("person_name", _first_name),
    "last": Slot("person_name", _last_name),
    "titled": Slot("person_name", _titled),
    "spelled_last": Slot("person_name", _spelled_last),
    "spelled_first": Slot("person_name", _spelled_first),
    "phone": Slot("phone_number", _phone),
    "phone_uk": Slot("phone_number", _phone_uk),
    "phone_abroad": Slot("phone_number", _phone_abroad),
    "phone_local": Slot("phone_number", _phone_local),
    "card": Slot("credit_card_number", _card),
    "card_1": Slot("credit_card_number", _card_quarter(0)),
    "card_2": Slot("credit_card_number", _card_quarter(1)),
    "card_3": Slot("credit_card_number", _card_quarter(2)),
    "card_4": Slot("credit_card_number", _card_quarter(3)),
    "card_last": Slot("credit_card_number", _card_last),
    "expiry": Slot("credit_card_expiration", _expiry),
    "cvv": Slot("credit_card_cvv", _cvv),
    "ssn": Slot("us_social_security_number", _ssn),
    "ssn_last": Slot("us_social_security_number", _ssn_last),
    "account": Slot("account_number", _account),
    "account_last": Slot("account_number", _account_last),
    "account_mixed": Slot("account_number", _account_mixed),
    "routing": Slot("banking_information", _number("routing", 9)),
    "sort_code": Slot("banking_information", _sort_code),
    "iban": Slot("banking_information", _iban),
    "member": Slot("healthcare_number", _identifier("member", 3, 9)),
    "record": Slot("healthcare_number", _number("record", 7)),
    "passport": Slot("passport_number", _identifier("passport", 1, 8)),
    "licence": Slot("drivers_license", _identifier("licence", 1, 12)),
    "plate": Slot("vehicle_id", _plate),
    "vin": Slot("vehicle_id", _vin),
    "tracking": Slot("number_sequence", _number("tracking", 10)),
    "birth": Slot("date_of_birth", _birth_date),
    "email": Slot("email_address", _email),
    "url": Slot("url", _url),
    "ip": Slot("ip_address", _ip_address),
    "username": Slot("username", _username),
    "password": Slot("password", _password),
    "code": Slot("password", _number("code", 6)),
    "pin": Slot("password", _number("pin", 4)),
    "street": Slot("location", _street),
    "address": Slot("location", _address),
    "zip": Slot("location", _zip_code),
    "postcode": Slot("location", _postcode),
    "city": Slot("location", _city),
    "age": Slot("person_age", _age),
    "money": Slot("money_amount", _money),
    "organisation": Slot(NEUTRAL, _organisation),
    "date": Slot(NEUTRAL, _date),
} | {slot: Slot(policy, _named(slot)) for slot, policy in NAMED_SLOTS.items()}
