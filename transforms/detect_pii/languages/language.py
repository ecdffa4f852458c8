"""Types of a language's data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class QuantityWords:
    """Words of amounts, ages and times.

    Attributes:
      units: Words after a number that make it an amount, by policy; "" for amounts of no policy.
      unit_modifiers: Words before a unit of time: `business` days.
      fraction_words: Words between a number and its unit: `and a half`.
      number_links: Words that join the parts of a number: `two hundred and fifty`.
      range_words: Words that join two numbers to a range: `three to five`.
      rate_words: `a` year, `per` hour.
      rate_adverbs: `monthly`.
      weight_words: Words before pounds of weight.
      ordinal_endings: `3rd`.
      cents: Words for the hundredth of a currency.
      amount_nouns, amount_links: `the deposit` `is`.
      amount_questions: Words that ask for an amount: `how much`.
      price_leads: Words right before a price without a currency: `for`.
      price_talk: Words that show that the talk is about prices.
      age_announcements: Words before an age: `I'm`.
      age_people, age_verbs, age_adverbs: `she` `was` `almost` four.
      relatives: Words for people before an age between commas.
      age_endings: Words after the years of an age: `old`.
      age_questions: Words that ask for an age: `how old`.
      clock_prepositions, hour_prepositions: Words before a time of day; those that a bare hour may follow.
      clock_fractions, clock_relations: `half`, `past`.
      clock_names: `noon`.
      halves_of_day: `pm`.
      clause_starts: Words that start a new clause after a number.
    """

    units: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unit_modifiers: frozenset[str] = frozenset()
    fraction_words: frozenset[str] = frozenset()
    number_links: frozenset[str] = frozenset()
    range_words: frozenset[str] = frozenset({"-"})
    rate_words: frozenset[str] = frozenset()
    rate_adverbs: frozenset[str] = frozenset()
    weight_words: frozenset[str] = frozenset()
    ordinal_endings: frozenset[str] = frozenset()
    cents: frozenset[str] = frozenset()
    amount_nouns: frozenset[str] = frozenset()
    amount_links: frozenset[str] = frozenset()
    amount_questions: tuple[tuple[str, ...], ...] = ()
    price_leads: frozenset[str] = frozenset()
    price_talk: frozenset[str] = frozenset()
    age_announcements: frozenset[str] = frozenset()
    age_people: frozenset[str] = frozenset()
    age_verbs: frozenset[str] = frozenset()
    age_adverbs: frozenset[str] = frozenset()
    relatives: frozenset[str] = frozenset()
    age_endings: tuple[tuple[str, ...], ...] = ()
    age_questions: tuple[tuple[str, ...], ...] = ()
    clock_prepositions: frozenset[str] = frozenset()
    hour_prepositions: frozenset[str] = frozenset()
    clock_fractions: frozenset[str] = frozenset()
    clock_relations: frozenset[str] = frozenset()
    clock_names: frozenset[str] = frozenset()
    halves_of_day: frozenset[str] = frozenset()
    clause_starts: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Language:
    """Data of the number, spelling and address grammars for one language.

    Words are in lower case without apostrophes. Cues are regular expressions over the lower-cased text, in which
    typographic apostrophes are straight.

    Attributes:
      code: ISO 639-1.
      policies: Policies that the grammars find without models; None for all policies.
      digits, teens, tens: Words to digits: `oh` to `0`, `twelve` to `12`, `forty` to `40`.
      hundreds, thousands: Words that multiply.
      number_phrases: Numbers of several words, or of one word that is not listed above: words to digits.
      repeats: `double` to `2`.
      ordinals: `first` to `1`.
      homophones: Words that the recogniser writes for a digit: `for` to `4`. They count as digits only at the edge of a
        number that is too short.
      one_letter_words: Letters that are words by themselves, in upper case: `A`.
      joiners: Words that are said between digits of one number and belong to it: dash, dot.
      list_words: Those of the joiners that also join several numbers to a list: `and`.
      fillers: Words that interrupt a number without ending it.
      hesitations: Words that an answer of nothing but a number may hold beside the number: `um`, `yes`.
      corrections: Phrases after which the number is said again.
      backchannels: Words of which an utterance that only acknowledges is made.
      symbols: Words for signs in addresses and passwords: `underscore` to `_`.
      spelling_alphabet: Words for letters: `tango` for `T`.
      spelling_phrases: Phrases between a letter and its example: `as in`.
      months: Words to numbers 1 to 12.
      weekdays: Names of weekdays.
      articles: Words before a day of the month.
      date_links: Words between a day, its month and its year: `of`.
      interruptions: Hesitations that are not part of a number or a date.
      year_prepositions: Words before a year without a month: `since`.
      cues: Regular expressions by policy, the most specific first, that ask for or announce data.
      phone_prefixes: Phrases that start a telephone number.
      at_homophones: Words that the recogniser writes for `at`.
      mail_words: Words for an e-mail address.
      page_words: Words before the address of a page: `website at`.
      address_leads: Words after which an address starts: `it's`.
      address_nouns: Words after which `is` starts an address.
      answer_leads: Words at the start of an answer that are not part of the value.
      copulas: `is`, after which an address starts where a noun stands before it or letters after it.
      interjections: Words at the start of an answer.
      secret_cues: Regular expressions that announce a `password`, a `username`, the `answer` to a security question, a
        `memory` that counts only during a verification, the `verification` itself, or `another` value of the last
        announced kind.
      secret_links: Words between an announcement and its value.
      secret_pointers: Phrases that refer back to an announcement: `I think it was`.
      secret_leads: Words at the start of an answer that are not part of the secret.
      secret_ends: Words that end a secret.
      not_secrets: Words after "my password is" that describe it: `expired`.
      sentence_words: Words of answers that are sentences, not values.
      cue_links: Words between a number and a cue after it: `is my`.
      veto_cues: Words before a number that is not personal: room, version.
      quantities: Words of amounts, ages and times.
      street_suffixes: Last words of street names.
      ordinary_suffixes: Suffixes that are also ordinary words: `drive`. In lower case they need more evidence.
      not_street_names: Words that are not part of a street's name: `the street`.
      address_cues: Words with which an address is asked for or given.
      address_prompts: Words that may ask for an address: `where`. A number before a name is then an address.
      unit_words: Words for a flat or an office.
      dwelling_words: Those of them with no other meaning: `apartment`.
      directions: Words that may follow a street's name.
      regions: States and provinces before a postal code.
      spelling_cues: Words that announce spelling.
      spelling_links: Words between spelled letters: `then`.
      letter_cases, letter_sizes: Words for the case of the next letter: `capital`; the second also have other meanings.
      digit_announcements: Words before a digit among spelled letters: `and the number` 3.
      letter_marks: Words that describe the spelled letter before them: `accent aigu`.
      name_announcements: Regular expressions after which a name follows: `me llamo`. None in English, which has more.
      name_particles: Words within names that are written small: `de la`.
      letter_words: Words that recognisers write for the name of a letter: `why` for `Y`.
      abbreviations: Words without a vowel that are not spelled letters: `mr`.
      acronyms: Letters that are said one by one but are not a name: `atm`.
    """

    code: str
    digits: Mapping[str, str]
    teens: Mapping[str, str]
    tens: Mapping[str, str]
    hundreds: frozenset[str]
    thousands: frozenset[str]
    repeats: Mapping[str, str]
    ordinals: Mapping[str, str]
    homophones: Mapping[str, str]
    one_letter_words: frozenset[str]
    joiners: frozenset[str]
    list_words: frozenset[str]
    fillers: frozenset[str]
    hesitations: frozenset[str]
    corrections: tuple[str, ...]
    backchannels: frozenset[str]
    symbols: Mapping[str, str]
    spelling_phrases: tuple[tuple[str, ...], ...]
    months: Mapping[str, int]
    weekdays: frozenset[str]
    articles: frozenset[str]
    date_links: frozenset[str]
    interruptions: frozenset[str]
    year_prepositions: frozenset[str]
    cues: Mapping[str, tuple[str, ...]]
    policies: frozenset[str] | None = None
    number_phrases: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    phone_prefixes: tuple[tuple[str, ...], ...] = (("plus",), ("+",))
    at_homophones: frozenset[str] = frozenset()
    mail_words: frozenset[str] = frozenset({"email", "mail"})
    page_words: frozenset[str] = frozenset()
    address_leads: frozenset[str] = frozenset()
    address_nouns: frozenset[str] = frozenset()
    answer_leads: frozenset[str] = frozenset()
    copulas: frozenset[str] = frozenset()
    interjections: frozenset[str] = frozenset()
    secret_cues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    secret_links: frozenset[str] = frozenset()
    secret_pointers: tuple[tuple[str, ...], ...] = ()
    secret_leads: frozenset[str] = frozenset()
    secret_ends: frozenset[str] = frozenset()
    not_secrets: frozenset[str] = frozenset()
    sentence_words: frozenset[str] = frozenset()
    cue_links: frozenset[str] = frozenset()
    veto_cues: frozenset[str] = frozenset()
    quantities: QuantityWords = field(default_factory=QuantityWords)
    street_suffixes: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    ordinary_suffixes: frozenset[str] = frozenset()
    not_street_names: frozenset[str] = frozenset()
    address_cues: frozenset[str] = frozenset()
    address_prompts: frozenset[str] = frozenset()
    unit_words: frozenset[str] = frozenset()
    dwelling_words: frozenset[str] = frozenset()
    directions: frozenset[str] = frozenset()
    spelling_cues: frozenset[str] = frozenset()
    spelling_links: frozenset[str] = frozenset()
    letter_cases: frozenset[str] = frozenset()
    letter_sizes: frozenset[str] = frozenset()
    digit_announcements: frozenset[str] = frozenset()
    letter_marks: frozenset[str] = frozenset()
    name_announcements: tuple[str, ...] = ()
    name_particles: frozenset[str] = frozenset()
    letter_words: Mapping[str, str] = field(default_factory=dict)
    abbreviations: frozenset[str] = frozenset()
    spelling_alphabet: Mapping[str, str] = field(default_factory=dict)
    acronyms: frozenset[str] = frozenset()


def in_order(words: str) -> tuple[str, ...]:
    """The words of a text, in order."""
    return tuple(words.split())


def vocabulary(words: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(words.split())
