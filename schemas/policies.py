"""Catalogue of policies: the kinds of personal data, presets of them, and the names that other systems give them.

`python -m docs.generate` writes `docs/policies.md` from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

Form = Literal["number", "phrase", "term"]


Caution = Literal["low", "standard", "high"]
"""How doubtful words are treated: `high` redacts most."""


class UnknownPolicyError(ValueError):
    """A name that is not a policy, a preset or an alias.

    Attributes:
      position: Position of the name in the given names, from 1.
      advice: Suggests the nearest names. Unlike the message, it does not repeat the given name.
    """

    def __init__(self, name: str, position: int, advice: str) -> None:
        # A URL is a recording that was given after the list. Its query may be a secret.
        scheme, separator, _ = name.partition("://")
        shown = f"{scheme}://…" if separator else name
        super().__init__(f"Unknown policy {shown!r}. {advice}")
        self.position = position
        self.advice = advice


@dataclass(frozen=True)
class Policy:
    """One kind of personal data.

    Attributes:
      name: The name in a manifest: `phone_number`.
      description: One sentence for `docs/policies.md`.
      example: An invented value.
      in_default: Whether the preset `default` contains it.
      parent: The policy that covers this one: `location` covers `location_city`.
      form: How its values are recognised. `number`: digits, or letters and digits, that identify; `phrase`: a grammar
        of how people say, spell or announce it; `term`: lists and models.
    """

    name: str
    description: str
    example: str
    in_default: bool = False
    parent: str | None = None
    form: Form = "term"

    @property
    def label(self) -> str:
        """The text that replaces a value, without brackets: `PHONE_NUMBER`."""
        return self.name.upper()


def _by_name(policies: Iterable[Policy]) -> Mapping[str, Policy]:
    return MappingProxyType({policy.name: policy for policy in policies})


CATALOGUE: Mapping[str, Policy] = _by_name(
    [
        Policy(
            "account_number",
            "Number of a customer, policy, membership, case, claim or order",
            "policy number one zero zero four two, nine nine two",
            in_default=True,
            form="number",
        ),
        Policy(
            "banking_information",
            "Bank account and routing numbers, sort codes, IBANs",
            "routing number 0-4-4, 0-0-0, 0-3-7",
            in_default=True,
            form="number",
        ),
        Policy("blood_type", "Blood group", "AB positive"),
        Policy(
            "credit_card_cvv",
            "Security code of a payment card",
            "the three on the back are 0-8-0",
            True,
            form="number",
        ),
        Policy(
            "credit_card_expiration",
            "Expiry date of a payment card",
            "oh two twenty-eight",
            True,
            form="number",
        ),
        Policy(
            "credit_card_number",
            "Number of a payment card, whole or in part, over one turn or several",
            "4242, 4242, 4242, 4242",
            True,
            form="number",
        ),
        Policy("date", "A calendar date", "December eighteenth", form="phrase"),
        Policy("date_interval", "A month, year, season or range of dates", "from May to July 2021", form="phrase"),
        Policy(
            "date_of_birth",
            "A person's date of birth",
            "oh three, twelve, nineteen fifty-one",
            True,
            "date",
            form="phrase",
        ),
        Policy(
            "drivers_license",
            "Number of a driving licence",
            "S five three zero, four six zero zero",
            True,
            form="number",
        ),
        Policy("drug", "Medicines, vitamins, other drugs", "metformin"),
        Policy("duration", "A length of time", "eight months", form="phrase"),
        Policy(
            "email_address",
            "E-mail address, written, spoken or spelled",
            "jay dot doe at example dot com",
            True,
            form="phrase",
        ),
        Policy("event", "Holidays, festivals, sports events, disasters", "the Olympics"),
        Policy("filename", "Name or path of a file", "taxes dot pdf", form="phrase"),
        Policy("gender", "A person's gender", "non-binary", parent="gender_sexuality"),
        Policy("gender_sexuality", "Gender or sexual orientation", "a gay man"),
        Policy("sexuality", "Sexual orientation", "bisexual", parent="gender_sexuality"),
        Policy(
            "healthcare_number",
            "Number of a patient, medical record, health plan or prescription",
            "member ID 5584-486-674",
            True,
            form="number",
        ),
        Policy("injury", "A bodily injury", "I broke my arm"),
        Policy(
            "ip_address",
            "Address of a device in a network",
            "one ninety-two dot one sixty-eight dot one dot one",
            True,
            form="phrase",
        ),
        Policy("language", "Natural languages", "Spanish"),
        Policy("location", "Any place: covers all location policies", "the corner of Fifth and Main", True),
        Policy(
            "location_address",
            "A postal address, in one piece",
            "twelve forty Maple Grove Avenue, Columbus, Ohio 43215",
            True,
            "location",
        ),
        Policy(
            "location_address_street",
            "House number and street, without a city",
            "1240 Maple Grove Avenue",
            True,
            "location_address",
        ),
        Policy("location_city", "City, town, village, county or part of one", "Leeds", True, "location"),
        Policy("location_state", "State, province or region", "Ohio", True, "location"),
        Policy("location_zip", "Postal code", "LS6 3HN", True, "location", form="number"),
        Policy("location_country", "Country", "Portugal", True, "location"),
        Policy("location_coordinate", "Geographic coordinates", "40.71 north, 74 west", True, "location"),
        Policy("marital_status", "Marital status", "divorced"),
        Policy("medical_condition", "Diseases, symptoms, disorders", "arrhythmia"),
        Policy("medical_process", "Treatments, tests and procedures", "CT scan"),
        Policy("money_amount", "An amount of money", "ninety-four fifty", form="phrase"),
        Policy("nationality", "Nationality, ethnicity or race", "Brazilian"),
        Policy(
            "number_sequence",
            "Identifiers of digits, or letters and digits, that no other policy covers",
            "7-7-0-4-1-9-8",
            True,
            form="number",
        ),
        Policy("occupation", "Job title or profession", "I work as a welder"),
        Policy("organization", "Companies, institutions, associations", "Lockwood Elementary"),
        Policy(
            "organization_medical_facility",
            "Hospitals, clinics, practices, pharmacies",
            "Riverside General Hospital",
            parent="organization",
        ),
        Policy(
            "passport_number",
            "Number of a passport",
            "C zero three zero zero five nine eight",
            True,
            form="number",
        ),
        Policy(
            "password",
            "Passwords, PINs, one-time codes, answers to security questions",
            "my PIN is 9-0-2-1",
            True,
            form="phrase",
        ),
        Policy("person_age", "A person's age", "I'm twenty-seven", form="phrase"),
        Policy(
            "person_name",
            "Names of people, in whole or in part, spoken or spelled",
            "Priya Raghunathan",
            True,
            form="phrase",
        ),
        Policy(
            "phone_number",
            "Telephone and fax numbers",
            "six one four, five five five, oh one nine two",
            True,
            form="number",
        ),
        Policy("physical_attribute", "Height, weight, colour of hair or eyes", "190 centimetres tall"),
        Policy("political_affiliation", "Political party or conviction", "a registered Democrat"),
        Policy("religion", "Religion or belief", "Hindu"),
        Policy("statistics", "Percentages, as of medical findings", "eighteen percent", form="phrase"),
        Policy("time", "A time of day", "ten thirty p.m.", form="phrase"),
        Policy("url", "Address of a web page", "w w w dot example dot com", True, form="phrase"),
        Policy("username", "Name of a user account", "D Miller 94", True, form="phrase"),
        Policy(
            "us_social_security_number",
            "US Social Security number, or the national number of another country, whole or in part",
            "078-05-1120",
            True,
            form="number",
        ),
        Policy(
            "vehicle_id",
            "Licence plates, vehicle identification and serial numbers",
            "eight K J M two one four",
            True,
            form="number",
        ),
        Policy("zodiac_sign", "Signs of the zodiac", "I'm a Leo"),
    ]
)
"""The 54 policies of AssemblyAI's transcript request, under the same names."""

AUDIO_POLICIES: Mapping[str, Policy] = _by_name(
    [
        Policy("untranscribed_speech", "Speech in which no word was recognised", "(audio)"),
        Policy("dtmf", "Keypad tones", "(audio)"),
    ]
)
"""Found in the audio, not in words. The muting options decide about them; no preset contains them."""

OWN_POLICIES: Mapping[str, Policy] = _by_name(
    [
        Policy("any_number", "Every run of three or more digits, whatever it counts", "4-1-7", form="number"),
        Policy("custom", "The terms of `redact_static_entities`, under the user's own labels", "(yours)"),
    ]
)
"""Hushbeam's own policies. `custom`, the policy of `redact_static_entities` and of patterns, is always on."""

NUMBERS = tuple(
    sorted(policy.name for policy in (*CATALOGUE.values(), *OWN_POLICIES.values()) if policy.form == "number")
)
"""Policies for numbers that identify, alone or with letters between the digits."""

_SAFE_HARBOR = (
    "account_number",
    "banking_information",
    "credit_card_cvv",
    "credit_card_expiration",
    "credit_card_number",
    "date",
    "date_interval",
    "drivers_license",
    "email_address",
    "healthcare_number",
    "ip_address",
    "location",
    "number_sequence",
    "passport_number",
    "password",
    "person_age",
    "person_name",
    "phone_number",
    "physical_attribute",
    "url",
    "us_social_security_number",
    "username",
    "vehicle_id",
)
_HEALTH = (
    "blood_type",
    "drug",
    "injury",
    "medical_condition",
    "medical_process",
    "organization_medical_facility",
    "statistics",
)
_DEFAULT = tuple(policy.name for policy in CATALOGUE.values() if policy.in_default)

PRESETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "default": _DEFAULT,
        # A card number whose context was not recognised is found as a number sequence, and a PIN as a password.
        "pci": ("credit_card_cvv", "credit_card_expiration", "credit_card_number", "number_sequence", "password"),
        "phi": (*_SAFE_HARBOR, *_HEALTH),
        "hipaa_safe_harbor": _SAFE_HARBOR,
        # Identifiers, and the special categories of article 9.
        "gdpr": (
            *_DEFAULT,
            *_HEALTH,
            "gender_sexuality",
            "marital_status",
            "nationality",
            "occupation",
            "person_age",
            "physical_attribute",
            "political_affiliation",
            "religion",
        ),
        "numbers": NUMBERS,
        "all": tuple(CATALOGUE),
    }
)

ALIASES_BY_SYSTEM: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Amazon Transcribe, Amazon Comprehend": {
        "ADDRESS": ("location",),
        "AGE": ("person_age",),
        "BANK_ACCOUNT_NUMBER": ("banking_information",),
        "BANK_ROUTING": ("banking_information",),
        "CA_HEALTH_NUMBER": ("healthcare_number",),
        "CA_SOCIAL_INSURANCE_NUMBER": ("number_sequence",),
        "CREDIT_DEBIT_CVV": ("credit_card_cvv",),
        "CREDIT_DEBIT_EXPIRY": ("credit_card_expiration",),
        "CREDIT_DEBIT_NUMBER": ("credit_card_number",),
        "DATE_TIME": ("date", "date_interval", "duration", "time"),
        "DRIVER_ID": ("drivers_license",),
        "EMAIL": ("email_address",),
        "INTERNATIONAL_BANK_ACCOUNT_NUMBER": ("banking_information",),
        "LICENSE_PLATE": ("vehicle_id",),
        "MAC_ADDRESS": ("ip_address",),
        "NAME": ("person_name",),
        "PHONE": ("phone_number",),
        "PIN": ("password",),
        "SSN": ("us_social_security_number",),
        "SWIFT_CODE": ("banking_information",),
        "UK_NATIONAL_HEALTH_SERVICE_NUMBER": ("healthcare_number",),
        "UK_NATIONAL_INSURANCE_NUMBER": ("number_sequence",),
        "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER": ("number_sequence",),
        "VEHICLE_IDENTIFICATION_NUMBER": ("vehicle_id",),
    },
    "Deepgram": {
        "aggressive_numbers": NUMBERS,
        "bank_account": ("banking_information",),
        "condition": ("medical_condition",),
        "credit_card": ("credit_card_number",),
        "cvv": ("credit_card_cvv",),
        "dob": ("date_of_birth",),
        "driver_license": ("drivers_license",),
        "location_coordinates": ("location_coordinate",),
        "money": ("money_amount",),
        "name_family": ("person_name",),
        "name_given": ("person_name",),
        "name_medical_professional": ("person_name",),
        "numerical_pii": ("number_sequence",),
        "origin": ("nationality",),
        "pii": _DEFAULT,
        "routing_number": ("banking_information",),
        "true": NUMBERS,
    },
    "Google Sensitive Data Protection": {
        "CREDIT_CARD_EXPIRATION_DATE": ("credit_card_expiration",),
        "CVV_NUMBER": ("credit_card_cvv",),
        "DOMAIN_NAME": ("url",),
        "ETHNIC_GROUP": ("nationality",),
        "FINANCIAL_ACCOUNT_NUMBER": ("banking_information",),
        "FIRST_NAME": ("person_name",),
        "GENERIC_ID": ("account_number", "number_sequence"),
        "IBAN_CODE": ("banking_information",),
        "LAST_NAME": ("person_name",),
        "LOCATION_COORDINATES": ("location_coordinate",),
        "MEDICAL_RECORD_NUMBER": ("healthcare_number",),
        "MEDICAL_TERM": ("drug", "medical_condition", "medical_process"),
        "ORGANIZATION_NAME": ("organization",),
        "PASSPORT": ("passport_number",),
        "STREET_ADDRESS": ("location_address",),
        "US_BANK_ROUTING_MICR": ("banking_information",),
        "US_DRIVERS_LICENSE_NUMBER": ("drivers_license",),
        "US_PASSPORT": ("passport_number",),
        "US_STATE": ("location_state",),
        "US_VEHICLE_IDENTIFICATION_NUMBER": ("vehicle_id",),
    },
    "Azure AI Language": {
        "ABARoutingNumber": ("banking_information",),
        "CreditCard": ("credit_card_number",),
        "DateTime": ("date", "date_interval", "duration", "time"),
        "InternationalBankingAccountNumber": ("banking_information",),
        "NumericIdentifier": ("account_number", "number_sequence"),
        "Person": ("person_name",),
        "PersonType": ("occupation",),
        "USBankAccountNumber": ("banking_information",),
        "USUKPassportNumber": ("passport_number",),
    },
    "Presidio": {
        "CREDIT_CARD": ("credit_card_number",),
        "NRP": ("nationality", "political_affiliation", "religion"),
        "PERSON": ("person_name",),
        "US_BANK_NUMBER": ("banking_information",),
        "US_DRIVER_LICENSE": ("drivers_license",),
        "US_SSN": ("us_social_security_number",),
    },
}

ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: policies for system in ALIASES_BY_SYSTEM.values() for name, policies in system.items()}
)
"""Policies by the names of other systems. Names that a system shares with the catalogue are left out."""

_MOST_SUGGESTED = 3
_LIKE_A_NAME = 0.6
"""From which likeness on a name is suggested for an unknown one."""


def _key(name: str) -> str:
    """Case and separators do not matter: `USSocialSecurityNumber` is `us_social_security_number`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


_NAMES: dict[str, tuple[str, ...]] = {
    **{_key(name): policies for name, policies in ALIASES.items()},
    **{_key(name): policies for name, policies in PRESETS.items()},
    **{_key(name): (name,) for name in (*CATALOGUE, *AUDIO_POLICIES, *OWN_POLICIES)},
}


def find_policy(name: str) -> Policy:
    """The policy of that name, from any of the three tables.

    Raises:
      KeyError: No policy has that name.
    """
    for policies in (CATALOGUE, AUDIO_POLICIES, OWN_POLICIES):
        if name in policies:
            return policies[name]
    raise KeyError(name)


def broader(name: str) -> tuple[str, ...]:
    """The policies that cover a policy, nearest first: (`location`,) for `location_city`. Empty for unknown names."""
    covering: list[str] = []
    policy = CATALOGUE.get(name)
    while policy is not None and policy.parent is not None:
        covering.append(policy.parent)
        policy = CATALOGUE[policy.parent]
    return tuple(covering)


def resolve_policies(names: Iterable[str]) -> tuple[str, ...]:
    """Policies for names as users write them: policies, presets and other systems' names, in any case.

    A policy includes those that it covers: `location` includes `location_city`.

    Returns:
      Names of policies, sorted, each once.

    Raises:
      UnknownPolicyError: A name is not a policy, a preset or an alias.
    """
    requested: set[str] = set()
    for position, name in enumerate(names, start=1):
        try:
            requested.update(_NAMES[_key(name)])
        except KeyError:
            raise UnknownPolicyError(name, position, _advice(name)) from None
    return tuple(
        sorted(requested | {name for name in CATALOGUE if not requested.isdisjoint(broader(name))}),
    )


def _advice(name: str) -> str:
    known = (*CATALOGUE, *AUDIO_POLICIES, *OWN_POLICIES, *PRESETS, *ALIASES)
    by_key = {_key(candidate): candidate for candidate in known}
    near: dict[tuple[str, ...], str] = {}
    for key in get_close_matches(_key(name), by_key, n=_MOST_SUGGESTED, cutoff=_LIKE_A_NAME):
        near.setdefault(_NAMES[key], _suggested(name, by_key[key]))  # one name for the same policies is enough
    suggested = sorted(near.values(), key=lambda candidate: candidate in ALIASES)
    return f"Did you mean {' or '.join(suggested)}?" if near else "See docs/policies.md for the names."


def _suggested(name: str, near: str) -> str:
    """Instead of another system's name, that of its only policy, if it is like the given name too."""
    policies = _NAMES[_key(near)]
    if near not in ALIASES or len(policies) > 1:
        return near
    is_like = get_close_matches(_key(name), [_key(policies[0])], cutoff=_LIKE_A_NAME)
    return policies[0] if is_like else near
