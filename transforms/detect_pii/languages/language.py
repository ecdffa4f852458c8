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
    """Words of one language for numbers, amounts, spelling and e-mail addresses.

    Words are in lower case without apostrophes. Cues are regular expressions over the lower-cased text, in which
    typographic apostrophes are straight.

    Attributes:
      code: ISO 639-1.
      digits, teens, tens: Words to digits: `oh` to `0`, `twelve` to `12`, `forty` to `40`.
      hundreds, thousands: Words that multiply.
      number_phrases: Numbers of several words, or of one word that is not listed above: words to digits.
      repeats: `double` to `2`.
      ordinals: `first` to `1`.
      one_letter_words: Letters that are words by themselves, in upper case: `A`.
      joiners: Words that are said between digits of one number and belong to it: dash, dot.
      fillers: Words that interrupt a number without ending it.
      hesitations: Words that may stand between `double` and its digit: `um`.
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
      asked_words: Words of questions for names, addresses and the like, by policy; `cues` name numbers.
      at_homophones: Words that the recogniser writes for `at`.
      mail_words: Words for an e-mail address.
      page_words: Words before the address of a page: `website at`.
      address_leads: Words after which an address starts: `it's`.
      address_nouns: Words after which `is` starts an address.
      answer_leads: Words at the start of an answer that are not part of the value.
      copulas: `is`, after which an address starts where a noun stands before it or letters after it.
      interjections: Words at the start of an answer.
      titles: Words before a name that are redacted with it.
      greetings: Words before the name of who is greeted: `hi`.
      name_endings: Phrases after the name of who answers the telephone: `speaking`.
      veto_cues: Words before a number that is not personal: room, version.
      quantities: Words of amounts, ages and times.
      spelling_cues: Words that announce spelling.
      spelling_links: Words between spelled letters: `then`.
      digit_announcements: Words before a digit among spelled letters: `and the number` 3.
      letter_marks: Words that describe the spelled letter before them: `accent aigu`.
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
    one_letter_words: frozenset[str]
    joiners: frozenset[str]
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
    number_phrases: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    asked_words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    at_homophones: frozenset[str] = frozenset()
    mail_words: frozenset[str] = frozenset({"email", "mail"})
    page_words: frozenset[str] = frozenset()
    address_leads: frozenset[str] = frozenset()
    address_nouns: frozenset[str] = frozenset()
    answer_leads: frozenset[str] = frozenset()
    copulas: frozenset[str] = frozenset()
    interjections: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    greetings: frozenset[str] = frozenset()
    name_endings: tuple[tuple[str, ...], ...] = ()
    veto_cues: frozenset[str] = frozenset()
    quantities: QuantityWords = field(default_factory=QuantityWords)
    spelling_cues: frozenset[str] = frozenset()
    spelling_links: frozenset[str] = frozenset()
    digit_announcements: frozenset[str] = frozenset()
    letter_marks: frozenset[str] = frozenset()
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
